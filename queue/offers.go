package queue

import (
	"cmp"
	"slices"
	"time"

	"calld/config"
)

// serve offers waiting callers to free agents until no free agent and no
// caller who could be offered to one remain together. Of all callers that can
// be served, the one who came first is served first.
func (m *machine) serve(now time.Time) {
	for len(m.marked) > 0 {
		var best *call
		m.marked = slices.DeleteFunc(m.marked, func(l *line) bool {
			c := m.servable(now, l)
			if c == nil {
				l.marked = false
				return true
			}
			if best == nil || c.before(best) {
				best = c
			}
			return false
		})
		if best != nil {
			m.offer(now, best, m.pick(now, best))
		}
	}
}

// servable finds the longest waiting caller of a line whom a free agent could
// take; nil when there is none. Nobody is served past an older caller of the
// line who is expected back.
func (m *machine) servable(now time.Time, l *line) *call {
	if len(l.waiting) == 0 {
		return nil
	}
	free := l.free(now)
	if len(free) == 0 {
		return nil
	}
	for _, c := range l.waiting {
		if c.holdsPlace(now) {
			return nil
		}
		if c.offerable(now) && slices.ContainsFunc(free, func(a *agent) bool { return !c.cooling(a, now) }) {
			return c
		}
	}
	return nil
}

// pick chooses whom to ring for c: every free agent the call does not leave
// alone (all), or the first of them in the queue's order (inline). An agent
// who has let this call ring comes after those who have not.
func (m *machine) pick(now time.Time, c *call) []*agent {
	var able []*agent
	fewest := 0
	for _, a := range c.line.free(now) {
		if c.cooling(a, now) {
			continue
		}
		n := c.refusals[a].times
		if c.line.cfg.Queueing == config.Inline {
			if len(able) > 0 && n > fewest {
				continue
			}
			if n < fewest {
				able = able[:0]
			}
			fewest = n
		}
		able = append(able, a)
	}
	if c.line.cfg.Queueing == config.All || len(able) < 2 {
		return able
	}
	return []*agent{m.first(now, c.line, able)}
}

// first chooses one of several agents by the queue's order.
func (m *machine) first(now time.Time, l *line, able []*agent) *agent {
	byIdle := func(a, b *agent) int { return a.idleSince.Compare(b.idleSince) }
	switch l.cfg.Order {
	case config.LongestIdle:
		return slices.MinFunc(able, byIdle)
	case config.FewestCalls:
		return slices.MinFunc(able, func(a, b *agent) int {
			return cmp.Or(cmp.Compare(a.callsToday(now, m.loc), b.callsToday(now, m.loc)), byIdle(a, b))
		})
	case config.RoundRobin:
		n := len(l.agents)
		return slices.MinFunc(able, func(a, b *agent) int {
			turn := func(x *agent) int { return (slices.Index(l.agents, x) - l.next + n) % n }
			return cmp.Compare(turn(a), turn(b))
		})
	case config.Random:
		return able[m.rand.IntN(len(able))]
	case config.Listed:
	}
	return able[0]
}

// offer starts a round of ringing.
func (m *machine) offer(now time.Time, c *call, agents []*agent) {
	l := c.line
	ringFor, cut := l.cfg.RingTimeout, false
	if at, ok := c.deadline(); ok && at.Sub(now) < ringFor {
		ringFor, cut = at.Sub(now), true
	}
	l.next = (slices.Index(l.agents, agents[len(agents)-1]) + 1) % len(l.agents)
	l.remove(c)
	l.ringing++
	c.Phase = Ringing
	m.offers++
	o := &offer{id: m.offers, at: now, ringFor: ringFor, cut: cut}
	c.offer = o
	out := &Offer{ID: o.id, RingFor: ringFor, Music: l.cfg.Music, Recording: l.cfg.Recording}
	for _, a := range agents {
		c.Rings = append(c.Rings, Ring{Agent: a.cfg.ID, At: now})
		o.legs = append(o.legs, &leg{agent: a, phone: a.cfg.Phone, ring: len(c.Rings) - 1})
		a.call = c
		m.setSince(now, a)
		out.Agents = append(out.Agents, OfferedAgent{ID: a.cfg.ID, Phone: a.cfg.Phone})
	}
	m.tell(c.ticket, instruction{offer: out})
	m.touchLine(l)
	if m.deaf {
		m.alert(now, c)
	} else {
		m.at(now.Add(ringUnheard), timer{call: c})
	}
	m.at(now.Add(ringFor+ringGuard), timer{call: c})
}

// alert tells pages of every leg that they have not been told of.
func (m *machine) alert(now time.Time, c *call) {
	var rings []Ring
	for _, l := range c.offer.legs {
		if !l.told && c.Rings[l.ring].Result == Pending {
			l.told = true
			rings = append(rings, c.Rings[l.ring])
		}
	}
	c.offer.alerted = true
	if len(rings) > 0 {
		m.emitCall(now, CallRinging, c, rings)
	}
}

// ringDue looks at what time changes of a call that rings.
func (m *machine) ringDue(now time.Time, c *call) {
	o := c.offer
	if !o.alerted && !now.Before(o.at.Add(ringUnheard)) {
		m.alert(now, c)
	}
	if now.Before(o.at.Add(o.ringFor + ringGuard)) {
		return
	}
	// The script has not reported. Take the agents back; the call itself goes
	// on when the script does report, or is found gone by the sweeper.
	for _, l := range o.legs {
		if c.Rings[l.ring].Result == Pending {
			m.freed++
			m.legOver(now, c, l, CutShort)
		}
	}
	if c.expected() {
		m.closeRound(now, c, CutShort)
	}
}

// rings tells that an agent's phone was heard to ring.
func (m *machine) rings(now time.Time, c *call, l *leg) {
	r := &c.Rings[l.ring]
	if r.Result != Pending || r.Rang != nil {
		return
	}
	r.Rang = &now
	if l.told {
		return // the alert went out without it
	}
	l.told = true
	m.emitCall(now, CallRinging, c, []Ring{*r})
}

// answered tells that an agent has answered at the given time.
func (m *machine) answered(now time.Time, c *call, l *leg) {
	if c.Phase != Ringing || c.Rings[l.ring].Result != Pending {
		return
	}
	if now.Before(c.offer.at) {
		now = c.offer.at
	}
	c.line.ringing--
	c.line.talking++
	c.Phase = Talking
	c.Agent = l.agent.cfg.ID
	c.Start = &now
	c.WaitMS = now.Sub(c.Begin).Milliseconds()
	r := &c.Rings[l.ring]
	r.Result, r.End = RingAnswer, &now
	l.agent.answeredOne(now, m.loc)
	m.setSince(now, l.agent)
	rings := []Ring{*r}
	for _, other := range c.offer.legs {
		if or := &c.Rings[other.ring]; other != l && or.Result == Pending {
			m.legOver(now, c, other, Elsewhere)
			rings = append(rings, *or)
		}
	}
	m.emitCall(now, CallAnswered, c, rings)
}

// legOver ends the ringing of one agent without an answer, and frees the
// agent.
func (m *machine) legOver(now time.Time, c *call, l *leg, result RingResult) {
	r := &c.Rings[l.ring]
	if r.Result != Pending {
		return
	}
	if result == NoAnswer {
		switch o := c.offer; {
		case now.Before(o.at.Add(o.ringFor - refusalMargin)):
			result = Refused
		case o.cut:
			result = CutShort
		}
	}
	r.Result, r.End = result, &now
	switch result {
	case NoAnswer, Refused, Unreachable:
		f := c.refusals[l.agent]
		f.times++
		f.until = now.Add(c.line.cfg.RetryPause)
		c.refusals[l.agent] = f
		m.at(f.until, timer{call: c})
		m.missedOne(now, l.agent, c.line.cfg.AwayAfter)
	case CutShort:
		// Nobody's fault, but don't ring the same phone again in the same
		// instant if something odd keeps cutting the ringing short.
		f := c.refusals[l.agent]
		f.until = now.Add(minRing)
		c.refusals[l.agent] = f
		m.at(f.until, timer{call: c})
	case Pending, RingAnswer, Elsewhere, CallerLeft:
	}
	if l.agent.call == c {
		m.freeAgent(now, l.agent, 0)
	}
}

// closeRound ends an offer that nobody took: the call waits again.
func (m *machine) closeRound(now time.Time, c *call, result RingResult) {
	if c.Phase != Ringing {
		return
	}
	var rings []Ring
	for _, l := range c.offer.legs {
		m.legOver(now, c, l, result)
		rings = append(rings, c.Rings[l.ring])
	}
	c.offer = nil
	c.line.ringing--
	c.Phase = Waiting
	c.line.insert(c)
	m.emitCall(now, CallWaiting, c, rings)
	m.callDue(now, c)
	m.lineDue(now, c.line)
}

// dialled takes the script's report of a finished offer.
func (m *machine) dialled(now time.Time, c *call, r DialReport) {
	if c.Phase == Ended || c.offer == nil || c.offer.id != r.Offer {
		if r.CallerGone && c.Phase != Ended {
			m.gone(now, c)
		}
		return
	}
	if r.Result == RingAnswer && c.Phase == Ringing {
		l := c.legOf(r.Phone)
		if l == nil || c.Rings[l.ring].Result != Pending {
			l = nil
			for _, x := range c.offer.legs { // the phone is not known: one of those still ringing
				if c.Rings[x.ring].Result == Pending {
					l = x
					break
				}
			}
		}
		if l != nil {
			m.answered(now.Add(-max(0, r.Talked)), c, l)
		}
	}
	switch {
	case c.Phase == Talking && r.CallerGone:
		m.end(now, c, Answered, causeText(r.Cause, "caller"))
	case c.Phase == Talking:
		m.end(now, c, Answered, causeText(r.Cause, "agent"))
	case r.Result == RingAnswer:
		m.end(now, c, Answered, causeText(r.Cause, ""))
	case r.CallerGone:
		c.goneWhy = causeText(r.Cause, "caller")
		m.gone(now, c)
	default:
		m.closeRound(now, c, r.Result)
	}
}
