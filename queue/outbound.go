package queue

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"
)

// The errors of a call that an agent wants to make, besides [ErrUnknownAgent]
// and [ErrUnknownQueue].
var (
	ErrNotServed    = errors.New("queue: the agent does not serve the queue")
	ErrAgentOffline = errors.New("queue: the agent is not logged in")
	ErrAgentBusy    = errors.New("queue: the agent or the agent's phone has a call")
	ErrNoPhone      = errors.New("queue: the agent has no phone")
	ErrPhoneAway    = errors.New("queue: the agent's phone can't be reached")
	ErrDeaf         = errors.New("queue: the telephone exchange can't be reached")
	ErrDirection    = errors.New("queue: the call is of the other direction")
)

const (
	// CustomerRing is how long a customer's phone may ring.
	CustomerRing = 45 * time.Second
	// orderTime is how long after an order its channel may still have to come
	// about, so that nobody misses it.
	orderTime = 5 * time.Second
)

// OutCall is a call that an agent wants to be made.
type OutCall struct {
	ID     string // the call's id, unique for ever; see NewCallID
	Agent  string
	Queue  string // for which the agent calls: its number is shown, its rules hold
	Number string // the customer's, as it is to be dialled
	Record string
	// Campaign, Customer and Shown, if set, are those of a campaign that has the
	// customer dialled; Shown is the number that the customer sees instead of the queue's.
	Campaign string
	Customer *Customer
	Shown    string

	callbackFor string // the id of the call whose caller is called back
}

// ReachReport is what became of dialling the customer of an outbound call, as
// the script's Dial returned it.
type ReachReport struct {
	Result DialResult
	// Talked is how long the conversation lasted.
	Talked time.Duration
	// AgentGone: the agent has hung up.
	AgentGone bool
	// Dropped: the agent's channel has ended and it was not the agent's doing:
	// the exchange itself ended it.
	Dropped bool
	Cause   int // hang-up cause (Q.850); 0: not known
}

// CallOut takes in a call that an agent wants to make, and reserves the agent.
// Whoever orders then has the agent's phone rung, on a channel with the unique
// id [OutChannel], and says [Board.CallOff] when that fails.
//
// An agent may call out who is logged in and has no call: available, away or
// in after-call work. The errors are [ErrUnknownAgent], [ErrUnknownQueue],
// [ErrNoPhone], [ErrNotServed], [ErrAgentOffline], [ErrAgentBusy],
// [ErrPhoneAway] and [ErrDeaf].
func (b *Board) CallOut(o OutCall) (c Call, err error) {
	b.do(func(m *machine) { c, err = m.callOut(o) })
	return c, err
}

// RingFor is for how long the phone of the agent who makes a call may ring, as
// the call's queue had it when it began: that may be no more. The error is
// [ErrEnded] once the phone is not to be rung.
func (b *Board) RingFor(callID string) (time.Duration, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.m.calls[callID]
	if c == nil || !c.ByAgent() || c.Phase != Ringing {
		return 0, ErrEnded
	}
	return c.offer.ringFor, nil
}

// CallOff tells that the agent's phone can't be rung for a call.
func (b *Board) CallOff(callID, why string) {
	b.do(func(m *machine) {
		if c := m.calls[callID]; c != nil && c.ByAgent() && c.Phase == Ringing {
			m.end(m.now, c, Failed, why)
		}
	})
}

// PickUp gives an outbound call, whose agent's phone has answered, its script.
// The script dials the customer and says [Ticket.Reached], or at the end
// [Ticket.Detach]; it gets no offers. The errors are [ErrUnknownCall],
// [ErrEnded] and [ErrDirection].
func (b *Board) PickUp(callID, channel string) (t *Ticket, rec Call, err error) {
	t = &Ticket{board: b, id: callID, in: make(chan instruction, ticketSize)}
	b.do(func(m *machine) {
		c := m.calls[callID]
		if c == nil {
			err = fmt.Errorf("%w: %q", ErrUnknownCall, callID)
			if _, ok := m.ended[callID]; ok {
				err = ErrEnded
			}
			return
		}
		if !c.ByAgent() {
			err = ErrDirection
			return
		}
		m.pickUp(c, channel, t)
		rec = c.clone()
	})
	if err != nil {
		return nil, Call{}, err
	}
	return t, rec, nil
}

// Reached reports what became of dialling the customer, which ends the call,
// unless it is being turned over: then the customer's script has it from now on.
func (t *Ticket) Reached(r ReachReport) (turned bool) {
	turned = true // another script has it already
	t.do(func(m *machine, c *call) { turned = m.reachOver(c, r) })
	return turned
}

// mayCall tells why the agent can't make a call now; nil: the agent can.
func (a *agent) mayCall(now time.Time) error {
	switch a.state(now) {
	case Offline:
		return ErrAgentOffline
	case AgentRings, AgentTalks:
		return ErrAgentBusy
	case PhoneAway, Available, Away, AgentWrapup:
	}
	switch a.device {
	case PhoneBusy:
		return ErrAgentBusy
	case PhoneUnreachable:
		return ErrPhoneAway
	case PhoneIdle, PhoneUnknown:
	}
	return nil
}

// callOut begins an outbound call: the agent's phone is to ring.
func (m *machine) callOut(o OutCall) (Call, error) {
	a, l := m.agents[o.Agent], m.lines[o.Queue]
	switch {
	case a == nil || a.removed:
		return Call{}, fmt.Errorf("%w: %q", ErrUnknownAgent, o.Agent)
	case l == nil || l.removed:
		return Call{}, fmt.Errorf("%w: %q", ErrUnknownQueue, o.Queue)
	case a.cfg.Phone == "": // who is of no queue's agents either
		return Call{}, ErrNoPhone
	case !slices.Contains(l.agents, a):
		return Call{}, ErrNotServed
	case m.deaf:
		return Call{}, ErrDeaf
	}
	if err := a.mayCall(m.now); err != nil {
		return Call{}, err
	}
	c := m.ringFirst(o, a, l)
	return c.clone(), nil
}

// ringFirst begins a call that an agent makes, or is asked to make.
func (m *machine) ringFirst(o OutCall, a *agent, l *line) *call {
	m.arrival++
	m.offers++
	c := &call{
		Call: Call{
			ID: o.ID, Queue: o.Queue, CallbackFor: o.callbackFor, Direction: Out, Phase: Ringing,
			Caller: cmp.Or(o.Shown, l.cfg.Number), Callee: o.Number, Agent: a.cfg.ID, Campaign: o.Campaign, Customer: o.Customer,
			UniqueID: OutChannel(o.ID), Begin: m.now, Record: o.Record,
			VIP: m.callers.VIP.Has(&m.numbering, o.Number), Rings: []Ring{{Agent: a.cfg.ID, At: m.now}},
		},
		line: l, arrival: m.arrival, refusals: map[*agent]refusal{},
		offer: &offer{id: m.offers, at: m.now, ringFor: l.cfg.RingTimeout, alerted: true},
	}
	c.offer.legs = []*leg{{agent: a, phone: a.cfg.Phone, told: true}}
	m.calls[c.ID] = c
	m.channels[c.UniqueID] = c
	l.ringing++
	a.call = c
	m.setSince(a)
	m.emitCall(CallRinging, c, nil)
	m.at(m.now.Add(c.offer.ringFor+ringGuard), timer{call: c})
	return c
}

// pickUp gives an outbound call its script, whose start tells that the agent's
// phone has answered.
func (m *machine) pickUp(c *call, channel string, t *Ticket) {
	if c.ticket != nil {
		m.tell(c.ticket, instruction{superseded: true})
	}
	c.ticket = t
	c.goneAt, c.goneWhy, c.dropped = time.Time{}, "", false
	switch c.Phase {
	case Ringing:
		c.Channel = channel
		m.pickedUp(m.now, c)
	case Dialling: // the answer was heard before
		c.Channel = channel
		m.emitCall(CallRinging, c, nil)
	default:
	}
}

// pickedUp tells that the agent's phone has answered: the customer is dialled.
func (m *machine) pickedUp(at time.Time, c *call) {
	if c.Phase != Ringing {
		return
	}
	l := c.offer.legs[0]
	r := &c.Rings[l.ring]
	r.Result, r.End = RingAnswer, &at
	c.Phase = Dialling
	m.setSince(l.agent)
	m.emitCall(CallRinging, c, []Ring{*r})
	if c.expected() {
		m.lost(c) // the script is on its way
	}
}

// notPickedUp ends an outbound call whose agent did not answer the phone.
func (m *machine) notPickedUp(at time.Time, c *call, result RingResult) {
	if c.Phase != Ringing {
		return
	}
	l := c.offer.legs[0]
	r := &c.Rings[l.ring]
	switch {
	case result == Unreachable && r.Rang != nil:
		result = Refused
	case result == NoAnswer && at.Before(c.offer.at.Add(c.offer.ringFor-refusalMargin)):
		result = Refused
	case result == CallerLeft:
		result = CutShort
	}
	r.Result, r.End = result, &at
	m.freeAgent(l.agent, 0)
	m.end(at, c, Failed, "agent_"+string(result))
}

// customerAnswers begins the talk of an outbound call.
func (m *machine) customerAnswers(at time.Time, c *call) {
	if at.Before(c.Begin) {
		at = c.Begin
	}
	m.pickedUp(at, c) // should that have gone unheard
	if c.Phase != Dialling {
		return
	}
	c.line.ringing--
	c.line.talking++
	c.Phase = Talking
	c.Start, c.talkFrom = &at, at
	c.WaitMS = at.Sub(c.Begin).Milliseconds()
	for _, l := range c.offer.legs {
		if m.agents[l.agent.cfg.ID] != l.agent {
			continue // taken by another call, then removed
		}
		l.agent.misses = 0
		if !at.Before(m.today) {
			l.agent.calls++
		}
		m.setSince(l.agent)
	}
	m.emitCall(CallAnswered, c, nil)
	m.reachedBack(c)
}

// reachOver takes the script's report of how its Dial ended.
func (m *machine) reachOver(c *call, r ReachReport) (turned bool) {
	if r.Result == DialAnswered {
		m.customerAnswers(m.now.Add(-max(0, r.Talked)), c)
	}
	over := m.now
	if !c.goneAt.IsZero() {
		over = c.goneAt
	}
	switch {
	case r.Dropped:
		m.drop(c, causeText(r.Cause, "asterisk"))
	case c.Phase == Talking && !r.AgentGone && c.turns(m.now):
		// Should the customer's script not come, the call has ended here.
		m.awaitReport(over, c)
		c.goneWhy = causeText(r.Cause, "customer")
		return true
	case c.Phase == Talking && r.AgentGone:
		m.end(over, c, Answered, causeText(r.Cause, "agent"))
	case c.Phase == Talking:
		m.end(over, c, Answered, causeText(r.Cause, "customer"))
	case r.AgentGone:
		m.end(over, c, Abandoned, causeText(r.Cause, "agent"))
	default:
		m.end(m.now, c, Failed, causeText(r.Cause, string(r.Result)))
	}
	return false
}

// heardOut takes a fact about an outbound call. Of those about phones only the
// agent's is rung by us: the fact need not name it.
func (m *machine) heardOut(at time.Time, c *call, f Fact) {
	if at.Before(c.Begin) {
		at = c.Begin
	}
	switch f.Kind {
	case PhoneRings:
		if c.Phase != Ringing {
			return
		}
		if r := &c.Rings[c.offer.legs[0].ring]; r.Rang == nil {
			r.Rang = &at
			m.emitCall(CallRinging, c, nil)
		}
	case PhoneAnswers:
		m.pickedUp(at, c)
	case PhoneDone:
		m.notPickedUp(at, c, f.Result)
	case NotReached:
		if c.Phase == Ringing && c.offer.doubtful.IsZero() {
			c.offer.doubtful = m.now
			m.at(m.now.Add(overtaken), timer{call: c})
		}
	case CustomerAnswers:
		m.customerAnswers(at, c)
	case CallerGone:
		// Of a phone that has rung to the end of the time this is all that is
		// heard at first.
		result := NoAnswer
		if c.Phase == Ringing && !c.offer.doubtful.IsZero() {
			result = Unreachable // its refusal would have come before
		}
		m.notPickedUp(at, c, result)
		c.order.left = true
		if c.Phase != Ended {
			m.heardGone(at, c, causeText(f.Cause, "agent"))
		}
	case TalkOver:
	}
}

// outDue looks at what time changes of an outbound call.
func (m *machine) outDue(c *call) {
	switch {
	case c.Phase == Ringing && !c.offer.doubtful.IsZero() && !m.now.Before(c.offer.doubtful.Add(overtaken)):
		m.notPickedUp(c.offer.doubtful, c, Unreachable)
	case c.Phase == Ringing && !m.now.Before(c.offer.at.Add(c.offer.ringFor+ringGuard)):
		m.freed++
		m.notPickedUp(m.now, c, NoAnswer)
	case c.Phase == Dialling && c.expected() && !m.now.Before(c.lostAt.Add(LostAfter)):
		m.freed++
		m.end(m.now, c, Failed, "lost")
	}
}

// outcomeOfGone is how an outbound call ends whose agent's channel is gone.
func (c *call) outcomeOfGone() (Outcome, string) {
	cause := c.goneWhy
	if cause == "" {
		cause = "lost"
	}
	switch c.Phase {
	case Talking:
		return Answered, cause
	case Dialling:
		return Abandoned, cause
	default:
		return Failed, cause
	}
}

// reconcileOut compares an outbound call with its channel; it reports whether
// that has ended it.
func (m *machine) reconcileOut(asOf, started time.Time, c *call, ch Channel, lives bool) (ended bool) {
	switch {
	case c.Phase == Ended: // just now: its agent was found in another call
	case lives && ch.Bridged:
		m.customerAnswers(asOf, c)
	case lives, !c.Begin.Add(orderTime).Before(asOf):
	case c.Begin.Before(started):
		m.end(m.now, c, Failed, "asterisk_restarted")
		return true
	case !c.goneAt.IsZero(): // it is about to end
	case c.expected():
		m.gone(c)
		return true
	default:
		m.awaitReport(m.now, c)
	}
	return false
}

// restoreOut takes up an outbound call of the last calld.
func (m *machine) restoreOut(c *call) {
	m.offers++
	c.offer = &offer{id: m.offers, at: m.now, ringFor: c.line.cfg.RingTimeout, alerted: true}
	want := RingAnswer
	if c.Phase == Ringing {
		want = Pending
	}
	for i := range c.Rings {
		r := &c.Rings[i]
		a := m.agents[r.Agent]
		if r.Result != want {
			continue
		}
		if a == nil || a.call != nil {
			if want == Pending {
				now := m.now
				r.Result, r.End = CutShort, &now
			}
			continue
		}
		a.call = c
		c.offer.legs = append(c.offer.legs, &leg{agent: a, phone: a.cfg.Phone, ring: i, told: true})
		m.setSince(a)
	}
	if c.Phase == Talking {
		c.talkFrom = *c.Start
		c.line.talking++
		return
	}
	c.line.ringing++
	if c.Phase == Ringing && len(c.offer.legs) == 0 {
		m.end(m.now, c, Failed, "lost")
		return
	}
	m.at(m.now.Add(c.offer.ringFor+ringGuard), timer{call: c})
}

// customer is what the customer is called in a cause.
func (c *call) customer() string {
	if c.Direction == Out {
		return "customer"
	}
	return "caller"
}
