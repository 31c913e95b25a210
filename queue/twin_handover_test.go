package queue

import (
	"slices"
	"time"
)

// The twin's talks: held, handed over, and ended by order.

// inTalk finds a call on which an agent talks.
func (t *twin) inTalk(call string) (*twinCall, error) {
	c := t.calls[call]
	switch {
	case c == nil:
		return nil, ErrUnknownCall
	case c.Phase != Talking:
		return nil, ErrNotTalking
	case c.agents() && (t.queues[c.Queue].removed || t.queues[c.Queue].cfg.Number != c.Caller):
		return nil, ErrDirection
	case c.script == 0:
		return nil, ErrDetached
	case (c.ordered == orderTransfer || c.ordered == orderHold && c.agents()) && !t.past(c.orderBy):
		return nil, ErrOrdered
	}
	return c, nil
}

func (t *twin) order(c *twinCall, kind orderKind) {
	t.forgo(c, TransferFailed)
	c.ordered, c.orderBy, c.agentLeft = kind, t.now.Add(OrderWait), false
}

// forgo forgets what was ordered and has not come about.
func (t *twin) forgo(c *twinCall, result string) {
	if h := c.handNext; h != nil {
		t.told = append(t.told, Transfer{At: t.now, To: h.to.String(), Kind: "blind", From: c.Agent, Queue: c.Queue, Result: result})
	}
	c.ordered, c.handNext = orderNone, nil
}

func (t *twin) hangup(call string) error {
	c := t.calls[call]
	switch {
	case c == nil:
		return ErrUnknownCall
	case c.Phase != Talking && !c.agents():
		return ErrNotTalking
	case c.HeldSince != nil:
		t.end(c, t.now, Answered, "agent")
	default:
		t.order(c, orderHangup)
	}
	return nil
}

func (t *twin) hold(call, channel string) error {
	c, err := t.inTalk(call)
	switch {
	case err != nil:
		return err
	case c.HeldSince != nil:
		return ErrHeld
	case c.consult != nil:
		return ErrConsulting
	}
	t.order(c, orderHold)
	c.channel = channel
	return nil
}

func (t *twin) unhold(call string) error {
	c, err := t.inTalk(call)
	switch {
	case err != nil:
		return err
	case c.HeldSince == nil:
		return ErrNotHeld
	}
	if c.consult != nil {
		t.consultEnds(c, TransferCancelled, CallerLeft)
	}
	t.direct = append(t.direct, direct{call: call, bridge: c.HeldChannel})
	c.HeldSince, c.HeldChannel = nil, ""
	return nil
}

func (t *twin) transfer(call string, to Target) error {
	c, err := t.inTalk(call)
	if err != nil {
		return err
	}
	if c.consult != nil {
		return ErrConsulting
	}
	if to.Agent != "" {
		a := t.agents[to.Agent]
		if a == nil || a.removed {
			return ErrUnknownAgent
		}
		if !t.free(a) {
			return ErrTargetBusy
		}
	}
	if q := t.queues[to.Queue]; to.Queue != "" && (q == nil || q.removed) {
		return ErrUnknownQueue
	}
	h := &twinHand{to: to, from: c.Agent, forgot: t.agents[c.Agent] == nil}
	if c.HeldSince == nil {
		t.order(c, orderTransfer)
		c.handNext = h
		return nil
	}
	t.handOver(c, h)
	return nil
}

// talkEnded decides what becomes of a talk that has ended.
func (t *twin) talkEnded(c *twinCall, over time.Time, why string) {
	kind := c.ordered
	if t.past(c.orderBy) {
		kind = orderNone
	}
	switch {
	case kind == orderHold && c.gone.IsZero():
		c.ordered = orderNone
		now := t.now
		c.HeldSince, c.HeldChannel = &now, c.channel
	case kind == orderTransfer:
		h := c.handNext
		c.ordered, c.handNext = orderNone, nil
		t.handOver(c, h)
	default:
		t.end(c, over, Answered, why)
	}
}

func (t *twin) handOver(c *twinCall, h *twinHand) {
	c.Transfers = append(c.Transfers, Transfer{At: t.now, To: h.to.String(), Kind: "blind", From: c.Agent, Queue: c.Queue})
	t.offTalk(c)
	c.hand = h
	switch {
	case h.to.Agent != "":
		if a := t.agents[h.to.Agent]; a != nil && t.free(a) {
			t.ringOne(c, h.to.Agent)
		} else {
			t.handBack(c, TransferBusy)
		}
	case h.to.Queue != "":
		if q := t.queues[h.to.Queue]; q == nil || q.removed {
			t.handBack(c, TransferFailed)
			return
		}
		c.Queue = h.to.Queue
		t.tell(c)
		t.callDue(c)
	default:
		c.Phase = Transferred
		t.direct = append(t.direct, direct{call: c.ID, number: h.to.Number})
	}
}

// offTalk takes the agent off a call that goes on.
func (t *twin) offTalk(c *twinCall) {
	c.TalkMS += max(0, t.now.Sub(c.talkFrom)).Milliseconds()
	c.talkFrom, c.HeldSince, c.HeldChannel, c.gone, c.why, c.drop = time.Time{}, nil, "", time.Time{}, "", false
	c.Phase, c.waitFrom, c.offer = Waiting, t.now, nil
	for _, a := range t.agents {
		if a.call == c.ID {
			a.call = ""
			if wrapup := t.queues[c.Queue].cfg.Wrapup; a.loggedIn && wrapup > 0 {
				a.wrapup = t.now.Add(wrapup)
			}
			t.note(a)
		}
	}
}

func (t *twin) ringOne(c *twinCall, agent string) {
	t.ring(c, []string{agent})
	t.direct = append(t.direct, direct{call: c.ID, agent: agent})
	t.note(t.agents[agent])
}

// handBack takes a call back to the agent who handed it over, or in line.
func (t *twin) handBack(c *twinCall, result string) {
	if c.overflown() {
		why := c.Transfers[len(c.Transfers)-1].Reason
		t.transferred(c, result)
		t.end(c, t.now, why, "number_"+result)
		return
	}
	h := c.hand
	if h == nil {
		h = &twinHand{from: c.Agent}
	}
	t.transferred(c, result)
	if h.forgot {
		h.from = ""
	}
	t.giveBack(c, h.from)
}

// giveBack rings an agent for a call that comes back, or puts it in line.
func (t *twin) giveBack(c *twinCall, to string) {
	c.Phase, c.waitFrom, c.outside = Waiting, t.now, 0
	if a := t.agents[to]; a != nil && c.script != 0 {
		if a.call == "" {
			a.wrapup = time.Time{}
			t.note(a)
		}
		if t.free(a) {
			t.ringOne(c, to)
			return
		}
	}
	t.callDue(c)
}

// transferred notes what came of the transfer under way.
func (t *twin) transferred(c *twinCall, result string) {
	if n := len(c.Transfers); n > 0 && c.Transfers[n-1].Result == TransferPending {
		c.Transfers[n-1].Result = result
		t.tell(c)
		c.hand = nil
	}
}

func (t *twin) tell(c *twinCall) {
	if c.hand != nil && !c.hand.told {
		c.hand.told = true
		t.told = append(t.told, c.Transfers[len(c.Transfers)-1])
	}
}

func (t *twin) outsideAnswers(c *twinCall, at time.Time) {
	if c.talkFrom.IsZero() {
		at = later(at, c.waitFrom)
		c.talkFrom = at
		if c.Start == nil {
			c.Start, c.WaitMS = &at, at.Sub(c.Begin).Milliseconds()
		}
		t.transferred(c, TransferAnswered)
	}
}

func (t *twin) outsideOver(c *twinCall, r DialReport) {
	if r.Result == RingAnswer {
		t.outsideAnswers(c, t.now.Add(-max(0, r.Talked)))
	}
	c.outside = 0
	switch {
	case r.Dropped:
		t.drop(c, by(r.Cause, "asterisk"))
	case r.CallerGone:
		c.why = by(r.Cause, c.customer())
		t.leave(c)
	case !c.talkFrom.IsZero():
		t.end(c, t.now, Answered, by(r.Cause, "target"))
	default:
		t.handBack(c, resultOf(r.Result))
	}
}

// sameTransfers compares what was told of transfers, in any order.
func sameTransfers(a, b []Transfer) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	order := func(x, y Transfer) int { return x.At.Compare(y.At) }
	slices.SortStableFunc(a, order)
	slices.SortStableFunc(b, order)
	return slices.EqualFunc(a, b, func(x, y Transfer) bool {
		return x.At.Equal(y.At) && x.To == y.To && x.Kind == y.Kind && x.Result == y.Result && x.From == y.From && x.Queue == y.Queue && x.Reason == y.Reason
	})
}
