package queue

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// The twin's outbound calls.

func (t *twin) callOut(o OutCall) error {
	a, q := t.agents[o.Agent], t.queues[o.Queue]
	switch {
	case a == nil || a.removed:
		return ErrUnknownAgent
	case q == nil || q.removed:
		return ErrUnknownQueue
	case a.cfg.Phone == "":
		return ErrNoPhone
	case !slices.Contains(q.members, o.Agent):
		return ErrNotServed
	case t.deaf:
		return ErrDeaf
	case a.call == "" && !a.loggedIn:
		return ErrAgentOffline
	case a.call != "" || a.device == PhoneBusy:
		return ErrAgentBusy
	case a.device == PhoneUnreachable:
		return ErrPhoneAway
	}
	t.ringFirst(o, a, q)
	return nil
}

// ringFirst begins a call that an agent makes.
func (t *twin) ringFirst(o OutCall, a *twinAgent, q *twinQueue) {
	t.arrived++
	t.calls[o.ID] = &twinCall{
		Call: Call{
			ID: o.ID, Queue: o.Queue, Direction: Out, Phase: Ringing, Caller: q.cfg.Number, Callee: o.Number, Agent: o.Agent,
			UniqueID: "calld-out-" + o.ID, Begin: t.now, Record: o.Record,
			VIP: t.isVIP(o.Number), Rings: []Ring{{Agent: o.Agent, At: t.now}},
		},
		order: t.arrived, lost: t.now, alone: map[string]time.Time{}, let: map[string]int{},
		offer: &twinOffer{at: t.now, limit: q.cfg.RingTimeout, phones: []string{a.cfg.Phone}},
	}
	a.call = o.ID
	t.note(a)
}

func (t *twin) callOff(id string) {
	if c := t.calls[id]; c != nil && c.agents() && c.Phase == Ringing {
		t.end(c, t.now, Failed, "why")
	}
}

func (t *twin) pickUp(id, channel string, script int) error {
	c := t.calls[id]
	switch _, over := t.over[id]; {
	case over:
		return ErrEnded
	case c == nil:
		return ErrUnknownCall
	case !c.agents():
		return ErrDirection
	}
	c.script, c.gone, c.why, c.drop = script, time.Time{}, "", false
	if c.Phase != Talking {
		c.Channel = channel
	}
	t.pickedUp(c, t.now)
	return nil
}

// agents reports whether the agent's channel has the call's script.
func (c *twinCall) agents() bool { return c.UniqueID == "calld-out-"+c.ID }

// firstTalk reports whether the talk is turned over, and still that of the
// agent who made the call.
func (c *twinCall) firstTalk() bool {
	for _, x := range c.Transfers {
		if x.Kind != "consultative" || x.Result == TransferAnswered {
			return false
		}
	}
	for _, r := range c.Rings[min(1, len(c.Rings)):] {
		if r.Result == RingAnswer {
			return false // somebody has answered the customer since
		}
	}
	return c.Direction == Out && !strings.HasPrefix(c.UniqueID, "calld-try-") && !c.agents() && c.Phase == Talking
}

func (c *twinCall) customer() string { return oneOf(len(c.Direction)-len(In), "caller", "customer") }

// holds reports whether the agent who made the call is on the line.
func (t *twin) holds(c *twinCall, channels []Channel) bool {
	return c.firstTalk() && slices.ContainsFunc(channels, func(ch Channel) bool { return ch.UniqueID == "calld-out-"+c.ID })
}

func (c *twinCall) turns(now time.Time) bool {
	return now.Before(c.orderBy) && (c.ordered == orderHold || c.ordered == orderTransfer)
}

// turnOver lets the customer's script take up a call that an agent has made.
func (t *twin) turnOver(c *twinCall, e Entry, script int) error {
	over := t.now
	if !c.gone.IsZero() {
		over = c.gone
	}
	switch {
	case c.Phase != Talking:
		return ErrDirection
	case !c.turns(t.now), c.ordered == orderHold && c.agentLeft:
		t.end(c, over, Answered, "agent")
		return ErrEnded
	}
	c.script, c.Channel, c.UniqueID, c.gone, c.why, c.drop = script, e.Channel, e.UniqueID, time.Time{}, "", false
	t.talkEnded(c, over, "agent")
	return nil
}

// own is the ring of the agent who makes the call.
func (c *twinCall) own() *Ring { return &c.Rings[0] }

func (t *twin) pickedUp(c *twinCall, at time.Time) {
	if c.Phase == Ringing {
		c.Phase, c.own().Result, c.own().End = Dialling, RingAnswer, &at
		if c.script == 0 {
			c.lost = t.now
		}
		t.note(t.agents[c.Agent])
	}
}

func (t *twin) talksOut(c *twinCall, at time.Time) {
	if at.Before(c.Begin) {
		at = c.Begin
	}
	t.pickedUp(c, at)
	if c.Phase != Dialling {
		return
	}
	c.Phase, c.Start, c.talkFrom, c.WaitMS = Talking, &at, at, at.Sub(c.Begin).Milliseconds()
	// After a restart the agent may not have been found again; one whom another
	// call took may have been removed.
	if c.offer != nil && !slices.Contains(c.offer.forgot, c.Agent) {
		a := t.agents[c.Agent]
		a.misses, a.answers = 0, append(a.answers, at)
		t.note(a)
	}
	if b := t.calls[c.CallbackFor]; b != nil && b.Phase == Booked {
		t.end(b, t.now, CalledBack, "reached")
	}
}

func (t *twin) silentOut(c *twinCall, at time.Time, result RingResult) {
	if c.Phase != Ringing {
		return
	}
	early := at.Before(c.offer.at.Add(c.offer.limit - refusalMargin))
	if result == NoAnswer && early || result == Unreachable && c.own().Rang != nil {
		result = Refused
	}
	if result == CallerLeft {
		result = CutShort
	}
	c.own().Result, c.own().End = result, &at
	t.end(c, at, Failed, "agent_"+string(result))
}

func (t *twin) reached(c *twinCall, r ReachReport) {
	if r.Result == DialAnswered {
		t.talksOut(c, t.now.Add(-r.Talked))
	}
	over, who := t.now, "customer"
	if !c.gone.IsZero() {
		over = c.gone
	}
	if r.AgentGone {
		who = "agent"
	}
	switch {
	case r.Dropped:
		t.drop(c, by(r.Cause, "asterisk"))
	case c.Phase == Talking && !r.AgentGone && c.turns(t.now):
		c.gone, c.goneBy, c.why = over, t.now.Add(goneWait), by(r.Cause, "customer")
	case c.Phase == Talking:
		t.end(c, over, Answered, by(r.Cause, who))
	case r.AgentGone:
		t.end(c, over, Abandoned, by(r.Cause, who))
	default:
		t.end(c, t.now, Failed, by(r.Cause, string(r.Result)))
	}
}

func (t *twin) heardOut(c *twinCall, at time.Time, f Fact) {
	if at.Before(c.Begin) {
		at = c.Begin
	}
	switch f.Kind {
	case PhoneRings:
		if c.Phase == Ringing && c.own().Rang == nil {
			c.own().Rang = &at
		}
	case PhoneAnswers:
		t.pickedUp(c, at)
	case PhoneDone:
		t.silentOut(c, at, f.Result)
	case NotReached:
		if c.Phase == Ringing && c.offer.doubt.IsZero() {
			c.offer.doubt = t.now
		}
	case CustomerAnswers:
		t.talksOut(c, at)
	case CallerGone:
		if c.Phase == Ringing {
			result := NoAnswer
			if !c.offer.doubt.IsZero() {
				result = Unreachable
			}
			t.silentOut(c, at, result)
			return
		}
		c.agentLeft = true
		t.heardOver(c, at, by(f.Cause, "agent"))
	case TalkOver:
	}
}

// leaveOut ends a call whose agent has gone.
func (t *twin) leaveOut(c *twinCall, at time.Time) {
	outcome, why := Failed, c.why
	switch c.Phase {
	case Dialling:
		outcome = Abandoned
	case Talking:
		outcome = Answered
	default:
	}
	if why == "" {
		why = "lost"
	}
	t.end(c, at, outcome, why)
}

func (t *twin) outDue(c *twinCall) {
	if c.Phase == Ringing && !c.offer.doubt.IsZero() && t.past(c.offer.doubt.Add(overtaken)) {
		t.silentOut(c, c.offer.doubt, Unreachable)
	} else if c.Phase == Ringing && t.past(c.offer.at.Add(c.offer.limit+ringGuard)) {
		t.freed++
		t.silentOut(c, t.now, NoAnswer)
	} else if c.Phase == Dialling && c.script == 0 && t.past(c.lost.Add(LostAfter)) {
		t.freed++
		t.end(c, t.now, Failed, "lost")
	}
}

func (t *twin) reconcileOut(c *twinCall, asOf, started time.Time, channels []Channel, i int) (ended int) {
	switch {
	case c.Phase == Ended:
	case i >= 0:
		if channels[i].Bridged {
			t.talksOut(c, asOf)
		}
	case asOf.Sub(c.Begin) <= orderTime:
	case c.Begin.Before(started):
		t.end(c, t.now, Failed, "asterisk_restarted")
		return 1
	case c.gone.IsZero() && c.script == 0:
		t.leave(c)
		return 1
	case c.gone.IsZero():
		c.gone, c.goneBy = t.now, t.now.Add(goneWait)
	}
	return 0
}

func (t *twin) restoreOut(c *twinCall) {
	if c.Phase == Talking {
		c.talkFrom = *c.Start
	}
	a := t.agents[c.Agent]
	if a != nil && a.call == "" {
		a.call = c.ID
		c.offer = &twinOffer{at: t.now, limit: t.queues[c.Queue].cfg.RingTimeout, phones: []string{a.cfg.Phone}}
	} else if c.Phase == Ringing {
		now := t.now
		c.own().Result, c.own().End = CutShort, &now
		t.end(c, t.now, Failed, "lost")
	}
}

// applyOut plays an input about outbound calls.
func (w *world) applyOut(o op) {
	switch o.kind {
	case opCallOut:
		w.entered++
		order := OutCall{
			ID: fmt.Sprintf("c%d", w.entered), Agent: fmt.Sprintf("a%d", o.n[0]%modelAgents),
			Queue: fmt.Sprintf("q%d", o.n[1]%modelQueues), Number: oneOf(o.n[2], "010", "0101", "+82101"), Record: "r.wav",
		}
		if a := w.twin.agents[order.Agent]; a != nil && len(a.cfg.Queues) > 0 && o.n[2]%8 > 0 {
			order.Queue = a.cfg.Queues[o.n[1]%len(a.cfg.Queues)]
		}
		w.say("order %+v", order)
		var err error
		w.do(func() { _, err = w.board.CallOut(order) }, func() {
			if want := w.twin.callOut(order); !errors.Is(err, want) {
				w.fail("CallOut: %v, want %v", err, want)
			}
		})
	case opCallOff:
		id := w.pick(o.n[0])
		w.say("%s can't be ordered", id)
		w.do(func() { w.board.CallOff(id, "why") }, func() { w.twin.callOff(id) })
	case opPickUp:
		s := &script{id: w.nextScript(), call: w.pickOut(o.n[0])}
		w.say("script %d picks up %s", s.id, s.call)
		var err error
		w.do(func() {
			if s.ticket, _, err = w.board.PickUp(s.call, "SIP/y"); err == nil {
				w.scripts = append(w.scripts, s)
			}
		}, func() {
			if want := w.twin.pickUp(s.call, "SIP/y", s.id); !errors.Is(err, want) {
				w.fail("PickUp: %v, want %v", err, want)
			}
		})
	case opReached:
		i := slices.IndexFunc(w.scripts, func(s *script) bool {
			c := w.twin.calls[s.call]
			return c != nil && c.agents()
		})
		if i < 0 {
			return
		}
		s := w.scripts[i]
		r := ReachReport{
			Result:    oneOf(o.n[1], DialAnswered, DialAnswered, DialBusy, DialNoAnswer, DialFailed),
			Talked:    time.Duration(o.n[3]%5000) * time.Millisecond,
			AgentGone: o.n[2]%3 == 0, Dropped: o.n[1]%17 == 0, Cause: oneOf(o.n[2], 0, 16, 17),
		}
		w.reached(s, r)
	}
}

func (w *world) reached(s *script, r ReachReport) {
	w.say("script %d of %s: %+v", s.id, s.call, r)
	w.do(func() { s.ticket.Reached(r) }, w.served(s, func(c *twinCall) { w.twin.reached(c, r) }))
}

// pickOut chooses an outbound call; sometimes another.
func (w *world) pickOut(n int) string {
	var out []string
	for _, c := range w.twin.inOrder() {
		if c.Direction == Out {
			out = append(out, c.ID)
		}
	}
	if len(out) == 0 || n%8 == 0 {
		return w.pick(n / 8)
	}
	return out[n/8%len(out)]
}
