package queue

import (
	"fmt"
	"time"
)

// What Transfer.Result may be.
const (
	TransferPending    = ""            // it is under way
	TransferAnswered   = "answered"    // the target talks with the customer, or has
	TransferNoAnswer   = "no_answer"   // the target let it ring
	TransferBusy       = "busy"        // the target is busy or has refused
	TransferFailed     = "failed"      // the target can't be reached
	TransferCallerLeft = "caller_left" // the customer hung up meanwhile
	// TransferCancelled: who was consulted was not given the call.
	TransferCancelled = "cancelled"
)

// What Transfer.Kind may be.
const (
	Blind        = "blind"        // the target answers to the customer
	Consultative = "consultative" // the agent has talked with the target first, or tried to
)

// outsideRing is how long a number outside may ring.
const outsideRing = 30 * time.Second

// Target says whom a call is handed to: one of the three.
type Target struct {
	Number string // outside
	Agent  string
	Queue  string
	// Headers are SIP headers for the channel to a number or an agent.
	Headers map[string]string
}

func (t *Target) String() string { return t.Number + t.Agent + t.Queue }

// Outside asks a script to call a number outside.
type Outside struct {
	Number string
	// CallerID is the number shown there.
	CallerID string
}

// handover is a call on its way from an agent to a target.
type handover struct {
	to   Target
	from *agent
	// done gets the transfer once its result is known, and for a queue when
	// the customer stands in it.
	done chan<- Transfer
}

// Transfer tells that the talk is about to be handed over: when the agent's leg
// has been taken out of it, the customer is taken to the target. A held call is
// handed over at once. What came of it is sent on the channel, once: when the
// talk ends otherwise, or something else is ordered, [TransferCallerLeft] or
// [TransferFailed], which is on no record; nothing while the talk goes on. A
// target that does not answer sends the customer back to the agent, or in line
// when that one is not free.
//
// The errors are [ErrUnknownCall], [ErrNotTalking], [ErrOrdered], [ErrDirection],
// [ErrDetached], [ErrConsulting], [ErrUnknownAgent], [ErrTargetBusy] and
// [ErrUnknownQueue].
func (b *Board) Transfer(callID string, to Target) (<-chan Transfer, error) {
	done := make(chan Transfer, 1)
	err := b.withTalk(callID, func(m *machine, c *call) error {
		if c.consult != nil {
			return fmt.Errorf("%w: %s", ErrConsulting, callID)
		}
		if err := m.checkTarget(c, &to); err != nil {
			return err
		}
		h := &handover{to: to, from: m.agents[c.Agent], done: done}
		if c.HeldSince != nil {
			m.handOver(c, h)
			return nil
		}
		m.order(c, order{kind: orderTransfer, handover: h})
		return nil
	})
	return done, err
}

func (m *machine) checkTarget(c *call, to *Target) error {
	switch {
	case to.Agent != "":
		a := m.agents[to.Agent]
		if a == nil || a.removed {
			return fmt.Errorf("%w: %q", ErrUnknownAgent, to.Agent)
		}
		if !a.isFree(m.now) {
			return fmt.Errorf("%w: %q is %s", ErrTargetBusy, to.Agent, a.state(m.now))
		}
	case to.Queue != "":
		if l := m.lines[to.Queue]; l == nil || l.removed {
			return fmt.Errorf("%w: %q", ErrUnknownQueue, to.Queue)
		}
	}
	return nil
}

// handOver takes the agent off the call and the customer to the target.
func (m *machine) handOver(c *call, h *handover) {
	c.Transfers = append(c.Transfers, m.transferOf(c, h))
	m.leave(c)
	c.handover = h
	switch {
	case h.to.Agent != "":
		if a := m.agents[h.to.Agent]; a != nil && a.isFree(m.now) {
			m.ringFor(c, []*agent{a})
			return
		}
		m.handBack(c, TransferBusy)
	case h.to.Queue != "":
		l := m.lines[h.to.Queue]
		if l == nil || l.removed {
			m.handBack(c, TransferFailed)
			return
		}
		m.touchLine(c.line)
		old := c.line
		c.line, c.Queue = l, l.cfg.ID
		m.dropIfDone(old)
		m.inform(c)
		m.waitAgain(c)
	default:
		m.callOutside(c, h.to.Number, h.to.Headers)
	}
}

// callOutside has a number outside called for a customer who talks with nobody.
func (m *machine) callOutside(c *call, number string, headers map[string]string) {
	c.Phase = Transferred
	c.line.talking++
	m.offers++
	c.outside = m.offers
	m.tell(c.ticket, instruction{offer: &Offer{
		ID: c.outside, Outside: &Outside{Number: number, CallerID: c.line.cfg.Number}, RingFor: outsideRing,
		Music: c.line.cfg.Music, Headers: headers,
	}, notices: c.takeNotices()})
	m.emitCall(CallChanged, c, nil)
}

// transferOf is a hand-over as it begins.
func (m *machine) transferOf(c *call, h *handover) Transfer {
	return Transfer{At: m.now, To: h.to.String(), Kind: Blind, From: c.Agent, Queue: c.Queue}
}

// leave ends the agent's part of a call that goes on.
func (m *machine) leave(c *call) {
	l := c.talker()
	m.talkPaused(m.now, c)
	c.HeldSince, c.HeldChannel = nil, ""
	c.goneAt, c.goneWhy, c.dropped = time.Time{}, "", false
	c.offer = nil
	c.line.talking--
	c.Phase = Waiting
	c.waitFrom = m.now
	if l != nil && l.agent.call == c {
		m.freeAgent(l.agent, c.line.cfg.Wrapup)
	}
}

// talkPaused adds what has been talked since the last answer.
func (m *machine) talkPaused(at time.Time, c *call) {
	if c.talkFrom.IsZero() {
		return
	}
	talk := max(0, at.Sub(c.talkFrom))
	c.TalkMS += talk.Milliseconds()
	if c.Direction == In && c.Phase != Transferred { // what the others in line wait for
		c.line.handled(talk)
	}
	c.talkFrom = time.Time{}
}

// waitAgain puts a call in line that was answered before.
func (m *machine) waitAgain(c *call) {
	c.Phase = Waiting
	c.line.insert(c)
	m.emitCall(CallWaiting, c, nil)
	m.watch(c)
	m.callDue(c)
}

// handBack takes a customer whose target did not answer back to the agent, or
// in line when that one is not free. A queue that led the call on does not take
// it back.
func (m *machine) handBack(c *call, result string) {
	if why := c.overflown(); why != "" {
		m.transferred(c, result)
		m.end(m.now, c, why, "number_"+result)
		return
	}
	back := c.handover.from
	m.transferred(c, result)
	m.giveBack(c, back)
}

// giveBack rings an agent for a customer who comes back, or puts that one in
// line.
func (m *machine) giveBack(c *call, back *agent) {
	c.waitFrom, c.outside = m.now, 0
	if back != nil && !c.expected() && m.agents[back.cfg.ID] == back {
		if back.call == nil {
			back.wrapupEnd = time.Time{} // it is the same call
			m.changed(back)
		}
		if back.isFree(m.now) {
			m.ringFor(c, []*agent{back})
			return
		}
	}
	m.waitAgain(c)
}

// transferred notes what came of the transfer under way, if there is one.
func (m *machine) transferred(c *call, result string) {
	n := len(c.Transfers)
	if n == 0 || c.Transfers[n-1].Result != TransferPending {
		return
	}
	c.Transfers[n-1].Result = result
	m.inform(c)
	c.handover = nil
}

// inform tells whoever asked for the transfer, once.
func (m *machine) inform(c *call) {
	if c.handover != nil && c.handover.done != nil {
		m.out = append(m.out, effect{done: c.handover.done, transfer: c.Transfers[len(c.Transfers)-1]})
		c.handover.done = nil
	}
}

// outsideAnswers tells that the number outside has answered.
func (m *machine) outsideAnswers(at time.Time, c *call) {
	if !c.talkFrom.IsZero() {
		return
	}
	at = later(at, c.waitFrom)
	c.talkFrom = at
	if c.Start == nil {
		c.Start = &at
		c.WaitMS = at.Sub(c.Begin).Milliseconds()
	}
	m.transferred(c, TransferAnswered)
	m.emitCall(CallChanged, c, nil)
}

// outsideOver takes the script's report of a call to a number outside.
func (m *machine) outsideOver(c *call, r DialReport) {
	if r.Result == RingAnswer {
		m.outsideAnswers(m.now.Add(-max(0, r.Talked)), c)
	}
	answered := !c.talkFrom.IsZero()
	c.outside = 0
	switch {
	case r.Dropped:
		m.drop(c, causeText(r.Cause, "asterisk"))
	case r.CallerGone:
		c.goneWhy = causeText(r.Cause, c.customer())
		m.gone(c)
	case answered:
		m.end(m.now, c, Answered, causeText(r.Cause, "target"))
	default:
		c.line.talking--
		c.Phase = Waiting
		m.handBackFrom(c, resultOf(r.Result))
	}
}

// handBackFrom is handBack also for a call whose transfer an earlier calld
// began: the record tells who handed it over.
func (m *machine) handBackFrom(c *call, result string) {
	if c.handover == nil {
		c.handover = &handover{from: m.agents[c.Agent]}
	}
	m.handBack(c, result)
}

// resultOf is what ringing the target in vain makes of a transfer.
func resultOf(r RingResult) string {
	switch r {
	case NoAnswer, CutShort, CallerLeft:
		return TransferNoAnswer
	case Refused:
		return TransferBusy
	default:
		return TransferFailed
	}
}

// done reports whether the queue has no call.
func (l *line) done() bool { return len(l.waiting)+l.ringing+l.talking+l.messages == 0 }

// dropIfDone forgets a removed queue that has no call any more.
func (m *machine) dropIfDone(l *line) {
	if l.removed && l.done() {
		m.dropLine(l)
	}
}
