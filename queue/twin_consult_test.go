package queue

import "time"

// The twin's consultations.

type twinConsult struct {
	n       int // which it is
	to      Target
	channel string
	ringFor time.Duration
	due     time.Time // zero: never
	taken   bool
	left    bool // the agent who consults has gone
	told    bool
}

func (t *twin) consult(call, channel, id string, to Target) error {
	c, err := t.inTalk(call)
	switch {
	case err != nil:
		return err
	case c.consult != nil:
		return ErrConsulting
	case to.Agent != "" && to.Agent == c.Agent:
		return ErrTargetBusy
	}
	a := t.agents[to.Agent]
	if to.Agent != "" && (a == nil || a.removed) {
		return ErrUnknownAgent
	} else if to.Agent != "" && !t.free(a) {
		return ErrTargetBusy
	}
	if c.HeldSince == nil {
		t.order(c, orderHold)
		c.channel = channel
	}
	t.consults++
	c.consult = &twinConsult{n: t.consults, to: to, channel: id, ringFor: outsideRing, due: t.now.Add(OrderWait)}
	c.Consult = &Consult{At: t.now, Agent: to.Agent, Number: to.Number}
	if a != nil {
		c.consult.ringFor = t.queues[c.Queue].cfg.RingTimeout
		a.call = c.ID
		t.note(a)
	}
	return nil
}

// consulting finds the call in which an agent's channel consults.
func (t *twin) consulting(id string) *twinCall {
	for _, c := range t.calls {
		if c.consult != nil && c.consult.channel == id {
			return c
		}
	}
	return nil
}

func (t *twin) takeUp(c *twinCall) {
	c.consult.taken, c.consult.due = true, t.now.Add(c.consult.ringFor+ringGuard)
}

func (t *twin) complete(call, channel string) error {
	c, err := t.inTalk(call)
	switch {
	case err != nil:
		return err
	case c.consult == nil:
		return ErrNotConsulting
	case c.HeldSince == nil || c.Consult.Answered == nil || c.consult.left || channel == "":
		return ErrNotAnswered
	}
	t.handToConsulted(c, channel)
	return nil
}

func (t *twin) cancel(call string) error {
	c, err := t.inTalk(call)
	switch {
	case err != nil:
		return err
	case c.consult == nil:
		return ErrNotConsulting
	}
	return t.unhold(call)
}

func (t *twin) handToConsulted(c *twinCall, channel string) {
	to, x := c.consult.to, c.Consult
	limit := c.consult.ringFor
	t.consultEnds(c, TransferAnswered, RingAnswer)
	t.offTalk(c)
	c.talkFrom = t.now
	c.joining = true
	t.direct = append(t.direct, direct{call: c.ID, bridge: channel})
	c.Phase = Transferred
	if to.Agent == "" {
		return
	}
	a := t.agents[to.Agent]
	c.Phase, c.Agent = Talking, to.Agent
	c.offer = &twinOffer{at: t.now, limit: limit, first: len(c.Rings), phones: []string{a.cfg.Phone}}
	c.Rings = append(c.Rings, Ring{Agent: to.Agent, At: x.At, Rang: x.Rang, End: x.Answered, Result: RingAnswer})
	a.call, a.misses, a.answers = c.ID, 0, append(a.answers, t.now)
	t.note(a)
}

// notJoined gives the customer back whom nobody was there to take.
func (t *twin) notJoined(c *twinCall) {
	last := &c.Transfers[len(c.Transfers)-1]
	last.Result = TransferFailed
	t.forgo(c, TransferFailed)
	t.offTalk(c)
	t.giveBack(c, last.From)
}

func (t *twin) consultAnswers(c *twinCall, at time.Time) {
	if c.Consult.Answered != nil {
		return
	}
	at = later(at, c.Consult.At)
	c.Consult.Answered = &at
	if !c.consult.left {
		c.consult.due = time.Time{}
	}
	t.tellConsult(c, TransferAnswered)
	if a := t.agents[c.consult.to.Agent]; a != nil {
		t.note(a)
	}
}

func (t *twin) tellConsult(c *twinCall, result string) (x Transfer) {
	x = Transfer{At: c.Consult.At, To: c.consult.to.String(), Kind: "consultative", From: c.Agent, Queue: c.Queue, Result: result}
	if !c.consult.told {
		c.consult.told = true
		t.told = append(t.told, x)
	}
	return x
}

// consultEnds takes a consultation off the call; the agent who was consulted
// has no call any more.
func (t *twin) consultEnds(c *twinCall, result string, ring RingResult) {
	c.Transfers = append(c.Transfers, t.tellConsult(c, result))
	a, answered := t.agents[c.consult.to.Agent], c.Consult.Answered != nil
	c.consult, c.Consult = nil, nil
	if a == nil {
		return
	}
	if !answered && (ring == NoAnswer || ring == Refused || ring == Unreachable) {
		limit := t.queues[c.Queue].cfg.AwayAfter
		if a.misses++; limit > 0 && a.misses >= limit {
			a.away, a.reason, a.misses = true, "no_answer", 0
		}
	}
	if a.call == c.ID {
		a.call = ""
	}
	if result != TransferAnswered {
		t.note(a)
	}
}

func (t *twin) consultDue(c *twinCall) {
	x := c.consult
	switch {
	case x.due.IsZero() || !t.past(x.due):
	case x.left:
		t.freed++
		t.comeBack(c)
	case !x.taken:
		t.freed++
		t.consultEnds(c, TransferFailed, CutShort)
	default:
		t.consultAnswers(c, t.now)
	}
}

// comeBack gives the customer back whose agent has hung up.
func (t *twin) comeBack(c *twinCall) {
	t.consultEnds(c, TransferCancelled, CutShort)
	t.offTalk(c)
	t.giveBack(c, c.Agent)
}

// consulterGone takes the end of the channel of the agent who consults.
func (t *twin) consulterGone(c *twinCall) {
	switch x := c.consult; {
	case c.Consult.Answered == nil:
		t.comeBack(c)
	case !x.left:
		x.left, x.due = true, t.now.Add(goneWait)
	}
}

func (t *twin) heardConsult(c *twinCall, at time.Time, f Fact) {
	a := t.agents[c.consult.to.Agent]
	switch {
	case f.Kind == CallerGone:
		t.agentGone(c, at, f)
	case a != nil && f.Phone != a.cfg.Phone:
	case f.Kind == PhoneAnswers:
		t.consultAnswers(c, at)
	case f.Kind == PhoneRings && c.Consult.Rang == nil:
		at = later(at, c.Consult.At)
		c.Consult.Rang = &at
	}
}

func (t *twin) consulted(c *twinCall, r ConsultReport) {
	if r.Result == RingAnswer {
		t.consultAnswers(c, t.now)
	}
	answered := c.Consult.Answered != nil
	switch {
	case r.AgentGone && c.HeldSince == nil:
		t.consultEnds(c, TransferCancelled, CutShort)
	case r.AgentGone && answered && r.Channel != "" && c.script != 0:
		t.handToConsulted(c, r.Channel)
	case r.AgentGone:
		t.comeBack(c)
	case answered:
		t.consultEnds(c, TransferCancelled, RingAnswer)
	default:
		early := t.now.Before(c.Consult.At.Add(c.consult.ringFor - refusalMargin))
		if r.Result == Unreachable && c.Consult.Rang != nil || r.Result == NoAnswer && early {
			r.Result = Refused
		}
		t.consultEnds(c, resultOf(r.Result), r.Result)
	}
}

// consultRestored is what a restart leaves of a consultation.
func consultRestored(c *Call) {
	if x := c.Consult; x != nil {
		c.Transfers = append(c.Transfers, Transfer{
			At: x.At, To: x.Agent + x.Number, Kind: "consultative", From: c.Agent, Queue: c.Queue, Result: TransferFailed,
		})
		c.Consult = nil
	}
}

func sameConsult(a, b *Consult) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.At.Equal(b.At) && a.Agent == b.Agent && a.Number == b.Number && sameTime(a.Rang, b.Rang) && sameTime(a.Answered, b.Answered)
}
