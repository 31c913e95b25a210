package queue

import (
	"cmp"
	"slices"
	"time"

	"calld/config"
)

// serve offers waiting callers to free agents until no free agent and no
// caller who could be offered to one remain together. Of all callers that can
// be served, the one whose turn comes first is served first.
func (m *machine) serve() {
	for len(m.marked) > 0 {
		var best *call
		m.marked = slices.DeleteFunc(m.marked, func(l *line) bool {
			c := m.servable(l)
			if c == nil {
				l.marked = false
				return true
			}
			if best == nil || turn(c, best) < 0 {
				best = c
			}
			return false
		})
		switch {
		case best == nil:
		case best.Phase == Booked:
			m.callBack(best, m.pick(best)[0])
		default:
			m.offer(best, m.pick(best))
		}
	}
}

// servable finds the first caller of a line whom a free agent could take; nil
// when there is none. Nobody is served past a caller of the line who is
// expected back.
func (m *machine) servable(l *line) *call {
	if len(l.waiting) == 0 {
		return nil
	}
	s := l.staff(m.now)
	if len(s.free) == 0 {
		return nil
	}
	for _, c := range l.waiting {
		if c.holdsPlace(m.now) || l.holdsUp(c, m.now) {
			return nil
		}
		if m.offerable(c) && slices.ContainsFunc(s.free, func(a *agent) bool { return m.suits(c, a, s) }) {
			return c
		}
	}
	return nil
}

// maxRung is how many phones one offer rings at the most: a longer list of
// dial strings does not fit into one command of every Asterisk (res_agi.c:
// 2,048 bytes before July 2025). The next round begins with the others.
const maxRung = 64

// pick chooses whom to ring for c, of the free agents it suits: the one who
// knows the caller; else, of those who have let this call ring least often, the
// lowest level. That is the first in the queue's order (inline, or to call back), or everybody up
// to that level (all, up to maxRung).
func (m *machine) pick(c *call) []*agent {
	q, s := &c.line.cfg, c.line.staff(m.now)
	able := slices.DeleteFunc(s.free, func(a *agent) bool { return !m.suits(c, a, s) })
	if a := m.known(c); a != nil && slices.Contains(able, a) {
		return []*agent{a}
	}
	byRefusals := func(a, b *agent) int { return cmp.Compare(c.refusals[a].times, c.refusals[b].times) }
	next := slices.MinFunc(able, func(a, b *agent) int {
		return cmp.Or(byRefusals(a, b), cmp.Compare(q.Level(a.cfg.ID), q.Level(b.cfg.ID)))
	})
	level := q.Level(next.cfg.ID)
	if q.Queueing == config.Inline || c.Phase == Booked || c.dialled() { // phones that answer by themselves would all do so
		able = slices.DeleteFunc(able, func(a *agent) bool { return byRefusals(a, next) != 0 || q.Level(a.cfg.ID) != level })
		return []*agent{m.first(c.line, able)}
	}
	able = slices.DeleteFunc(able, func(a *agent) bool { return q.Level(a.cfg.ID) > level })
	if len(able) > maxRung {
		slices.SortStableFunc(able, byRefusals)
		able = able[:maxRung]
	}
	return able
}

// first chooses one of several agents by the queue's order.
func (m *machine) first(l *line, able []*agent) *agent {
	byIdle := func(a, b *agent) int { return a.idleSince.Compare(b.idleSince) }
	switch l.cfg.Order {
	case config.LongestIdle:
		return slices.MinFunc(able, byIdle)
	case config.FewestCalls:
		return slices.MinFunc(able, func(a, b *agent) int {
			return cmp.Or(cmp.Compare(a.calls, b.calls), byIdle(a, b))
		})
	case config.RoundRobin:
		after := slices.Index(l.agents, l.last) + 1
		for i := range l.agents {
			if a := l.agents[(after+i)%len(l.agents)]; slices.Contains(able, a) {
				return a
			}
		}
	case config.Random:
		return able[m.rand.IntN(len(able))]
	case config.Listed:
	}
	return able[0]
}

// offer starts a round of ringing.
func (m *machine) offer(c *call, agents []*agent) {
	c.line.last = agents[len(agents)-1]
	c.line.remove(c)
	m.ringFor(c, agents)
}

// ringFor has agents rung for a call that stands in no line.
func (m *machine) ringFor(c *call, agents []*agent) {
	l := c.line
	ringFor, cut := l.cfg.RingTimeout, false
	switch at, ok := c.deadline(); {
	case !ok || at.Sub(m.now) >= ringFor || c.dialled() && !l.cfg.AutoAnswer:
	case c.dialled():
		ringFor = max(at.Sub(m.now), minAutoRing) // a phone that does not answer by itself has failed
	default:
		ringFor, cut = at.Sub(m.now), true
	}
	l.ringing++
	c.Phase = Ringing
	m.offers++
	o := &offer{id: m.offers, at: m.now, ringFor: ringFor, cut: cut}
	c.offer = o
	out := &Offer{ID: o.id, RingFor: ringFor, Music: l.cfg.Music}
	switch {
	case c.handover != nil:
		out.Headers = c.handover.to.Headers
	case c.dialled() && l.cfg.AutoAnswer:
		out.Headers = autoAnswer()
	}
	for _, a := range agents {
		c.Rings = append(c.Rings, Ring{Agent: a.cfg.ID, At: m.now})
		o.legs = append(o.legs, &leg{agent: a, phone: a.cfg.Phone, ring: len(c.Rings) - 1})
		a.call = c
		m.setSince(a)
		out.Agents = append(out.Agents, OfferedAgent{ID: a.cfg.ID, Phone: a.cfg.Phone})
	}
	m.tell(c.ticket, instruction{offer: out})
	if m.deaf {
		m.alert(c)
	} else {
		m.emitCall(CallRinging, c, nil)
		m.at(m.now.Add(ringUnheard), timer{call: c})
	}
	m.at(m.now.Add(ringFor+ringGuard), timer{call: c})
}

// autoAnswer is how phones are asked to answer by themselves: each kind knows one
// of these headers (RFC 5373 is older than what they have come to understand).
func autoAnswer() map[string]string {
	return map[string]string{"Call-Info": "<sip:calld>;answer-after=0", "Alert-Info": "info=alert-autoanswer"}
}

// alert tells pages of every leg that they have not been told of.
func (m *machine) alert(c *call) {
	var rings []Ring
	for _, l := range c.offer.legs {
		if !l.told && c.Rings[l.ring].Result == Pending {
			l.told = true
			rings = append(rings, c.Rings[l.ring])
		}
	}
	c.offer.alerted = true
	if len(rings) > 0 {
		m.emitCall(CallRinging, c, rings)
	}
}

// ringDue looks at what time changes of a call that rings.
func (m *machine) ringDue(c *call) {
	o := c.offer
	if !o.alerted && !m.now.Before(o.at.Add(ringUnheard)) {
		m.alert(c)
	}
	over := o.at.Add(o.ringFor)
	if m.hearsSince.After(over) {
		over = m.hearsSince
	}
	if m.now.Before(over.Add(ringGuard)) {
		return
	}
	var pending []*leg
	for _, l := range o.legs {
		if c.Rings[l.ring].Result == Pending {
			pending = append(pending, l)
		}
	}
	if m.deaf && len(pending) == 1 {
		// Nobody hears an answer now, and a Dial without one would have
		// returned: this agent talks.
		return
	}
	// The script has not reported. Take the agents back; the call itself goes
	// on when the script does report, or is found gone by the sweeper.
	var rings []Ring
	for _, l := range pending {
		m.freed++
		m.legOver(m.now, c, l, CutShort)
		rings = append(rings, c.Rings[l.ring])
	}
	if c.expected() {
		m.closeRound(c, CutShort)
	} else if len(rings) > 0 {
		m.emitCall(CallRinging, c, rings)
	}
}

// rings tells that an agent's phone was heard to ring.
func (m *machine) rings(at time.Time, c *call, l *leg) {
	r := &c.Rings[l.ring]
	if r.Result != Pending || r.Rang != nil {
		return
	}
	r.Rang = &at
	var alert []Ring
	if !l.told { // else the alert went out without it
		l.told = true
		alert = []Ring{*r}
	}
	m.emitCall(CallRinging, c, alert)
}

// answerer is who answered, as far as can be told: the leg of that phone, else
// one that still rings.
func (o *offer) answerer(c *call, phone string) *leg {
	if l := c.legOf(phone); l != nil {
		return l
	}
	for _, l := range o.legs {
		if c.Rings[l.ring].Result == Pending {
			return l
		}
	}
	return o.legs[0]
}

// take puts an agent who answered at the given time onto the call. That wins
// over whatever was thought of the agent since, such as that the script is
// stuck and the agent can ring for another call.
func (m *machine) take(at time.Time, a *agent, c *call) {
	if m.agents[a.cfg.ID] != a {
		return // forgotten meanwhile
	}
	switch d := a.call; {
	case d == nil || d == c:
	case d.consult != nil && d.consult.agent == a:
		m.consultOver(d, TransferFailed, CutShort)
	case d.Phase == Ringing:
		m.withdraw(a)
	}
	a.call = c
	a.misses = 0
	if !at.Before(m.today) {
		a.calls++
	}
	m.setSince(a)
}

// answered tells that an agent has answered at the given time. An answer wins
// over every other result of that leg.
func (m *machine) answered(at time.Time, c *call, l *leg) {
	if c.Phase != Ringing {
		return
	}
	r := &c.Rings[l.ring]
	if at.Before(r.At) {
		at = r.At
	}
	c.line.ringing--
	c.line.talking++
	c.Phase = Talking
	c.Agent = l.agent.cfg.ID
	c.talkFrom = at
	if c.Start == nil {
		c.Start = &at
		c.WaitMS = at.Sub(c.Begin).Milliseconds()
	}
	m.transferred(c, TransferAnswered)
	r.Result, r.End = RingAnswer, &at
	m.take(at, l.agent, c)
	rings := []Ring{*r}
	for _, other := range c.offer.legs {
		or := &c.Rings[other.ring]
		switch or.Result {
		case Pending:
			m.legOver(at, c, other, Elsewhere)
		case CallerLeft: // Asterisk cancels the others before it tells of the answer
			or.Result = Elsewhere
		default:
			continue
		}
		rings = append(rings, *or)
	}
	m.emitCall(CallAnswered, c, rings)
}

// legOver ends the ringing of one agent without an answer, and frees the
// agent.
func (m *machine) legOver(at time.Time, c *call, l *leg, result RingResult) {
	r := &c.Rings[l.ring]
	if r.Result != Pending {
		return
	}
	if result == Unreachable && r.Rang != nil {
		result = Refused // what has rung can be reached: Asterisk says so of a 603 and of a lost phone
	}
	if result == NoAnswer {
		switch o := c.offer; {
		case at.Before(o.at.Add(o.ringFor - refusalMargin)):
			result = Refused
		case o.cut:
			result = CutShort
		}
	}
	r.Result, r.End = result, &at
	switch result {
	case NoAnswer, Refused, Unreachable:
		f := c.refusals[l.agent]
		f.times++
		f.until = at.Add(c.line.cfg.RetryPause)
		c.refusals[l.agent] = f
		m.at(f.until, timer{call: c})
		l.agent.missedOne(c.line.cfg.AwayAfter)
	case CutShort:
		// Nobody's fault, but don't ring the same phone again in the same
		// instant if something odd keeps cutting the ringing short.
		f := c.refusals[l.agent]
		f.until = at.Add(minRing)
		c.refusals[l.agent] = f
		m.at(f.until, timer{call: c})
	case Pending, RingAnswer, Elsewhere, CallerLeft:
	}
	m.freeAgent(l.agent, 0)
}

// closeRound ends an offer that nobody took: the call waits again.
func (m *machine) closeRound(c *call, result RingResult) {
	if c.Phase != Ringing {
		return
	}
	var rings []Ring
	for _, l := range c.offer.legs {
		m.legOver(m.now, c, l, result)
		rings = append(rings, c.Rings[l.ring])
	}
	c.offer = nil
	c.line.ringing--
	c.Phase = Waiting
	if h := c.handover; h != nil && h.to.Agent != "" {
		m.handBack(c, resultOf(c.Rings[len(c.Rings)-1].Result))
		return
	}
	c.line.insert(c)
	m.emitCall(CallWaiting, c, rings)
	m.watch(c)
	m.callDue(c)
}

// lostRound ends a round whose script is gone. Nobody knows for how long the
// phones have been silent: no agent is left alone for it.
func (m *machine) lostRound(c *call) {
	var rang []*agent
	for _, l := range c.offer.legs {
		if c.Rings[l.ring].Result == Pending {
			rang = append(rang, l.agent)
		}
	}
	m.closeRound(c, CutShort)
	for _, a := range rang {
		f := c.refusals[a]
		f.until = time.Time{}
		c.refusals[a] = f
	}
}

// dialled takes the script's report of a finished offer.
func (m *machine) dialled(c *call, r DialReport) {
	if c.joining && (c.outside == r.Offer || c.offer != nil && c.offer.id == r.Offer) {
		if c.joining = false; r.Unjoined && !r.CallerGone {
			m.notJoined(c)
			return
		}
	}
	if c.outside != 0 && c.outside == r.Offer {
		m.outsideOver(c, r)
		return
	}
	if c.offer == nil || c.offer.id != r.Offer {
		switch {
		case r.CallerGone && r.Dropped:
			m.drop(c, causeText(r.Cause, "asterisk"))
		case r.CallerGone:
			c.goneWhy = causeText(r.Cause, c.customer())
			m.gone(c)
		}
		return
	}
	if r.Result == RingAnswer && c.Phase == Ringing {
		m.answered(m.now.Add(-max(0, r.Talked)), c, c.offer.answerer(c, r.Phone))
	}
	over := m.now
	if !c.goneAt.IsZero() {
		over = c.goneAt
	}
	switch {
	case r.Dropped:
		m.drop(c, causeText(r.Cause, "asterisk"))
	case c.Phase == Talking && r.CallerGone:
		m.end(over, c, Answered, causeText(r.Cause, c.customer()))
	case c.Phase == Talking:
		m.talkEnded(over, c, causeText(r.Cause, "agent"))
	case r.CallerGone:
		c.goneWhy = causeText(r.Cause, c.customer())
		m.gone(c)
	default:
		m.closeRound(c, r.Result)
	}
}
