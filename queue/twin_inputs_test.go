package queue

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// The twin's inputs: what agents, scripts, the exchange and the admin do.

func (t *twin) connect(a *twinAgent) {
	a.sockets++
	if a.loggedIn {
		return
	}
	a.loggedIn, a.misses = true, 0
	if !a.keepAway {
		a.away, a.reason = false, ""
	}
	a.keepAway = false
}

func (t *twin) disconnect(a *twinAgent) {
	a.sockets = max(0, a.sockets-1)
	if a.sockets == 0 {
		a.grace = t.now.Add(Grace)
	}
}

func (t *twin) logout(a *twinAgent) {
	a.loggedIn, a.away, a.reason, a.wrapup = false, false, "", time.Time{}
}

func (t *twin) setAway(a *twinAgent, away bool, reason string) {
	a.away, a.reason = away, ""
	if away {
		a.reason = reason
	} else {
		a.misses, a.wrapup = 0, time.Time{}
	}
}

// release takes an agent off the call in hand, as a supervisor asks.
func (t *twin) release(a *twinAgent) {
	c := t.calls[a.call]
	if c == nil {
		a.wrapup = time.Time{}
		return
	}
	t.freed++
	if c.consult != nil && c.consult.to.Agent == a.cfg.ID {
		t.consultEnds(c, TransferFailed, CutShort)
		return
	}
	if c.Phase == Talking || c.agents() {
		t.end(c, t.now, Failed, "freed")
		a.wrapup = time.Time{}
		return
	}
	t.withdraw(c, a.cfg.ID)
}

// withdraw stops the ringing of one agent.
func (t *twin) withdraw(c *twinCall, agent string) {
	if c.agents() {
		t.end(c, t.now, Failed, "agent_cut_short")
		return
	}
	for _, i := range t.pending(c) {
		if c.Rings[i].Agent == agent {
			t.stopRinging(c, i, t.now, CutShort)
		}
	}
	t.callDue(c)
}

func (t *twin) setDeaf(deaf bool) {
	if t.deaf && !deaf {
		t.hears = t.now
	}
	if deaf && !t.deaf {
		for _, a := range t.agents {
			if a.device == PhoneBusy {
				a.device = PhoneUnknown
			}
		}
		for _, c := range t.inOrder() {
			if c.drop {
				t.end(c, c.gone, Failed, "asterisk_stopped")
			}
		}
	}
	t.deaf = deaf
}

func (t *twin) enter(e Entry, script int) error {
	if c := t.calls[e.ID]; c != nil {
		if c.agents() {
			return t.turnOver(c, e, script)
		}
		if c.Phase == Booked {
			return ErrBooked
		}
		c.script, c.Channel, c.UniqueID, c.gone, c.why, c.drop = script, e.Channel, e.UniqueID, time.Time{}, "", false
		t.forgo(c, TransferFailed)
		switch {
		case c.Phase == Transferred && !e.Answered && c.talkFrom.IsZero():
			t.handBack(c, TransferNoAnswer)
		case e.Answered || c.Phase == Talking && c.HeldSince == nil || c.Phase == Transferred:
			t.talked(c, e)
		case c.Phase == Ringing:
			t.roundLost(c)
		case c.Phase == Messaging:
			t.direct = append(t.direct, direct{call: c.ID, message: true})
		}
		return nil
	}
	q := t.queues[e.Queue]
	if _, ok := t.over[e.ID]; ok {
		return ErrEnded
	}
	if q == nil || q.removed {
		return ErrUnknownQueue
	}
	refused := t.refuses(e.Queue)
	begin := e.Begin
	if begin.IsZero() || begin.After(t.now) {
		begin = t.now
	}
	t.arrived++
	c := &twinCall{
		Call: Call{
			ID: e.ID, Queue: e.Queue, Direction: In, Phase: Greeting, Caller: e.Caller, CallerName: e.CallerName,
			VIP: t.isVIP(e.Caller), Sticky: e.Sticky, Callee: e.Callee, Channel: e.Channel, UniqueID: e.UniqueID, Begin: begin, Record: e.Record,
		},
		order: t.arrived, script: script, alone: map[string]time.Time{}, let: map[string]int{},
	}
	if e.Campaign != "" {
		c.Direction, c.Campaign, c.VIP = Out, e.Campaign, t.isVIP(e.Callee)
		if !e.AnswerBy.IsZero() {
			c.AnswerBy = &e.AnswerBy
		}
	}
	t.calls[e.ID] = c
	if c.Direction == In && (refused == "" || e.Returning || e.Answered) && (e.Answered || !t.isBlocked(e.Caller)) {
		t.takePlace(c)
	}
	if e.Answered {
		t.talked(c, e)
	} else if e.Campaign == "" && t.isBlocked(e.Caller) {
		t.end(c, t.now, Blocked, "")
	} else if refused != "" && !e.Returning && !c.hurried() {
		t.notServed(c, refused)
	}
	return nil
}

// talked ends a call that comes back from a talk.
func (t *twin) talked(c *twinCall, e Entry) {
	cause, over := "agent", t.now
	if c.Phase == Ringing {
		t.answer(c, t.likely(c, e.Phone), t.now.Add(-e.Talked))
	}
	if c.Phase == Transferred {
		cause = "target"
		t.outsideAnswers(c, t.now.Add(-e.Talked))
	}
	if c.talkFrom.IsZero() {
		start := later(t.now.Add(-e.Talked), c.since())
		c.talkFrom, cause = start, "unrecorded"
		last := t.cutShort(c, e.Phone)
		if id := t.ofPhone(e.Phone); last < 0 && id != "" {
			last = len(c.Rings)
			c.Rings = append(c.Rings, Ring{Agent: id, At: start, Result: CutShort})
		}
		if last >= 0 {
			at := c.Rings[last].At
			c.talkFrom = later(start, at)
			start = c.talkFrom
			c.Agent, cause = c.Rings[last].Agent, "agent"
			for i := range c.Rings {
				if r := &c.Rings[i]; r.At.Equal(at) && r.Result == CutShort {
					r.Result = Elsewhere
				}
			}
			c.Rings[last].Result, c.Rings[last].End = RingAnswer, &start
			a := t.agents[c.Agent]
			a.answers = append(a.answers, start)
		}
		if c.Start == nil {
			c.Start = &start
		}
	}
	if e.Talked > 0 && c.talkFrom.Add(e.Talked).Before(t.now) {
		over = c.talkFrom.Add(e.Talked)
	}
	t.end(c, over, Answered, cause)
}

// likely is the ring of who answered: that phone's, or one still ringing.
func (t *twin) likely(c *twinCall, phone string) int {
	if i := t.ringOf(c, phone); i >= 0 {
		return i
	}
	if p := t.pending(c); len(p) > 0 {
		return p[0]
	}
	return c.offer.first
}

func (t *twin) ready(c *twinCall) {
	if c.Phase == Greeting {
		c.Phase = Waiting
	}
}

func (t *twin) detach(c *twinCall) {
	if c.script = 0; c.Phase != Booked {
		c.lost = t.now
	}
}

// leave ends a call whose caller has gone.
func (t *twin) leave(c *twinCall) {
	if c.Phase == Booked {
		c.script = 0
		return
	}
	at, outcome, why := t.now, Abandoned, c.why
	if !c.gone.IsZero() {
		at = c.gone
	}
	if c.agents() {
		t.leaveOut(c, at)
		return
	}
	if !c.talkFrom.IsZero() {
		outcome = Answered
	} else if c.Phase == Messaging {
		outcome = c.Unserved
	}
	if why == "" {
		why = c.customer()
	}
	t.end(c, at, outcome, why)
}

// drop takes the end of a channel by the exchange, which may be going down.
func (t *twin) drop(c *twinCall, why string) {
	if c.Phase == Booked {
		c.script = 0
		return
	}
	if c.gone.IsZero() {
		c.gone = t.now
	}
	c.goneBy, c.why, c.drop = t.now.Add(goneWait), why, true
}

func by(code int, who string) string {
	if code > 0 {
		return fmt.Sprintf("%d %s", code, who)
	}
	return who
}

func (t *twin) dialled(c *twinCall, r DialReport) {
	if c.joining && (c.outside == r.Offer || c.offer != nil && c.offer.id == r.Offer) {
		c.joining = false
		if r.Unjoined && !r.CallerGone {
			t.notJoined(c)
			return
		}
	}
	if c.outside != 0 && c.outside == r.Offer {
		t.outsideOver(c, r)
		return
	}
	known := c.offer != nil && r.Offer != 0 && c.offer.id == r.Offer
	over := t.now
	if !c.gone.IsZero() {
		over = c.gone
	}
	if r.CallerGone && !r.Dropped {
		c.why = by(r.Cause, c.customer())
	}
	if known && r.Result == RingAnswer && c.Phase == Ringing {
		t.answer(c, t.likely(c, r.Phone), t.now.Add(-max(0, r.Talked)))
	}
	switch {
	case r.Dropped && (known || r.CallerGone):
		t.drop(c, by(r.Cause, "asterisk"))
	case known && c.Phase == Talking && r.CallerGone:
		t.end(c, over, Answered, c.why)
	case known && c.Phase == Talking:
		t.talkEnded(c, over, by(r.Cause, "agent"))
	case r.CallerGone:
		t.leave(c)
	case known:
		t.roundOver(c, r.Result)
	}
}

// answer puts the agent of a ring onto the call.
func (t *twin) answer(c *twinCall, ring int, at time.Time) {
	if c.Phase != Ringing {
		return
	}
	r := &c.Rings[ring]
	if at.Before(r.At) {
		at = r.At
	}
	c.Phase, c.Agent, c.talkFrom = Talking, r.Agent, at
	if c.Start == nil {
		c.Start, c.WaitMS = &at, at.Sub(c.Begin).Milliseconds()
	}
	t.transferred(c, TransferAnswered)
	r.Result, r.End = RingAnswer, &at
	if a := t.agents[r.Agent]; a != nil && !slices.Contains(c.offer.forgot, r.Agent) {
		if other := t.calls[a.call]; other != nil && other != c && other.consult != nil && other.consult.to.Agent == r.Agent {
			t.consultEnds(other, TransferFailed, CutShort)
		} else if other != nil && other != c && other.Phase == Ringing {
			t.withdraw(other, r.Agent)
		}
		a.call, a.misses, a.answers = c.ID, 0, append(a.answers, at)
		t.note(a)
	}
	for i := c.offer.first; i < len(c.Rings); i++ {
		if c.offer.phones[i-c.offer.first] == notRung {
			continue
		}
		switch c.Rings[i].Result {
		case Pending:
			t.stopRinging(c, i, at, Elsewhere)
		case CallerLeft:
			c.Rings[i].Result = Elsewhere
		default:
		}
	}
}

// stopRinging ends one agent's ringing without an answer.
func (t *twin) stopRinging(c *twinCall, ring int, at time.Time, result RingResult) {
	r := &c.Rings[ring]
	if r.Result != Pending {
		return
	}
	if result == Unreachable && r.Rang != nil {
		result = Refused
	} else if result == NoAnswer && at.Before(c.offer.at.Add(c.offer.limit-refusalMargin)) {
		result = Refused
	} else if result == NoAnswer && c.offer.cut {
		result = CutShort
	}
	r.Result, r.End = result, &at
	a, q := t.agents[r.Agent], t.queues[c.Queue].cfg
	switch result {
	case NoAnswer, Refused, Unreachable:
		c.let[r.Agent]++
		c.alone[r.Agent] = at.Add(q.RetryPause)
		a.misses++
		if q.AwayAfter > 0 && a.misses >= q.AwayAfter {
			a.away, a.reason, a.misses = true, "no_answer", 0
		}
	case CutShort:
		c.alone[r.Agent] = at.Add(minRing)
	default:
	}
	a.call = ""
	t.note(a)
}

// roundOver puts a call back in line after a round that nobody answered.
func (t *twin) roundOver(c *twinCall, result RingResult) {
	for _, i := range t.pending(c) {
		t.stopRinging(c, i, t.now, result)
	}
	c.offer, c.Phase = nil, Waiting
	if c.hand != nil && c.hand.to.Agent != "" {
		t.handBack(c, resultOf(c.Rings[len(c.Rings)-1].Result))
	}
}

// cutShort is the last ringing of a phone's agent that was cut short; -1: none.
func (t *twin) cutShort(c *twinCall, phone string) int {
	for i, r := range slices.Backward(c.Rings) {
		if a := t.agents[r.Agent]; a != nil && !a.removed && a.cfg.Phone == phone && r.Result == CutShort {
			return i
		}
	}
	return -1
}

// ofPhone is whose phone it is, "" when nobody's.
func (t *twin) ofPhone(phone string) string {
	for id, a := range t.agents {
		if a.cfg.Phone == phone && phone != "" && !a.removed {
			return id
		}
	}
	return ""
}

// roundLost puts a call back in line whose script was lost while it rang.
func (t *twin) roundLost(c *twinCall) {
	pending := t.pending(c)
	t.roundOver(c, CutShort)
	for _, i := range pending {
		delete(c.alone, c.Rings[i].Agent)
	}
}

// end gives a call its outcome.
func (t *twin) end(c *twinCall, at time.Time, o Outcome, cause string) {
	if at.Before(c.Begin) {
		at = c.Begin
	}
	if c.Start != nil && at.Before(*c.Start) {
		at = *c.Start
	}
	if c.offer != nil {
		result := CutShort
		if o == Abandoned {
			result = CallerLeft
		}
		for _, i := range t.pending(c) {
			t.stopRinging(c, i, at, result)
		}
	}
	if c.consult != nil {
		result := TransferFailed
		if o != Failed && strings.HasSuffix(cause, c.customer()) {
			result = TransferCallerLeft
		}
		t.consultEnds(c, result, CallerLeft)
	}
	for _, a := range t.agents {
		if a.call == c.ID {
			a.call = ""
			if wrapup := t.queues[c.Queue].cfg.Wrapup; a.loggedIn && wrapup > 0 && c.Start != nil {
				a.wrapup = t.now.Add(wrapup)
			}
			t.note(a)
		}
	}
	if c.Start == nil {
		c.WaitMS = at.Sub(c.Begin).Milliseconds()
		if c.Callback != nil {
			c.WaitMS = c.Callback.At.Sub(c.Begin).Milliseconds()
		}
		if c.MessageMS == 0 {
			c.Record = ""
		}
	} else {
		c.WaitMS = c.Start.Sub(c.Begin).Milliseconds()
		if !c.talkFrom.IsZero() {
			c.TalkMS += max(0, at.Sub(c.talkFrom)).Milliseconds()
		}
	}
	t.transferred(c, map[Outcome]string{
		Abandoned: TransferCallerLeft, Answered: TransferAnswered, Failed: TransferFailed, Timeout: TransferNoAnswer, NoAgent: TransferNoAnswer, Full: TransferNoAnswer, Closed: TransferNoAnswer, CalledBack: TransferNoAnswer,
	}[o])
	if o != Failed && strings.HasSuffix(cause, c.customer()) {
		t.forgo(c, TransferCallerLeft)
	} else {
		t.forgo(c, TransferFailed)
	}
	c.HeldSince, c.HeldChannel = nil, ""
	if c.Direction == Out && c.Start != nil && o != Failed {
		o = Answered
	}
	c.Phase, c.Outcome, c.Cause, c.End, c.Unserved = Ended, o, cause, &at, ""
	delete(t.calls, c.ID)
	t.over[c.ID] = o
	t.ended = append(t.ended, c.Call)
	t.hungUp(c)
}

func (t *twin) heard(f Fact) {
	var c *twinCall
	at := f.At
	if at.IsZero() || at.After(t.now) {
		at = t.now
	}
	if x := t.consulting(f.UniqueID); x != nil && (f.Kind != CallerGone || !x.agents()) {
		t.heardConsult(x, at, f)
		return
	}
	for _, x := range t.calls {
		if x.UniqueID == f.UniqueID && x.Phase != Booked {
			c = x
		} else if "calld-out-"+x.ID == f.UniqueID {
			if x.firstTalk() && f.Kind == CallerGone {
				t.agentGone(x, at, f)
			}
			return
		}
	}
	if c == nil {
		return
	}
	if c.agents() {
		t.heardOut(c, at, f)
		return
	}
	if f.Kind == CallerGone {
		t.heardOver(c, at, by(f.Cause, c.customer()))
		return
	}
	if c.Phase == Transferred && f.Kind == PhoneAnswers {
		t.outsideAnswers(c, at)
		return
	}
	i := t.ringOf(c, f.Phone)
	if i < 0 {
		return
	}
	if at.Before(c.offer.at) {
		at = c.offer.at
	}
	r := &c.Rings[i]
	switch f.Kind {
	case PhoneRings:
		if r.Result == Pending && r.Rang == nil {
			r.Rang = &at
		}
	case PhoneAnswers:
		t.answer(c, i, at)
	case PhoneDone:
		if c.Phase == Ringing {
			t.stopRinging(c, i, at, f.Result)
		}
	case TalkOver:
		if c.Phase == Talking && r.Result == RingAnswer {
			t.agentGone(c, at, f)
		}
	case CallerGone, CustomerAnswers, NotReached:
	}
}

// agentGone takes the end of the channel of the agent who talks or holds.
func (t *twin) agentGone(c *twinCall, at time.Time, f Fact) {
	if c.HeldSince != nil && c.consult != nil {
		t.consulterGone(c)
		return
	}
	if c.HeldSince != nil {
		t.end(c, at, Answered, by(f.Cause, "agent"))
		return
	}
	t.heardOver(c, at, by(f.Cause, "agent"))
}

// heardOver takes the end of one of the two channels: the script is asked who
// hung up, if there is one.
func (t *twin) heardOver(c *twinCall, at time.Time, why string) {
	switch {
	case !c.gone.IsZero():
	case c.script == 0:
		c.gone, c.why = at, why
		t.leave(c)
	default:
		c.gone, c.goneBy, c.why = at, t.now.Add(goneWait), why
	}
}
