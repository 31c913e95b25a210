package queue

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// What [Board.Hangup], [Board.Hold], [Board.Unhold] and [Board.Transfer] may answer.
var (
	// ErrUnknownCall means that no live call has that id.
	ErrUnknownCall = errors.New("queue: no such live call")
	// ErrNotTalking means that no agent talks on the call now.
	ErrNotTalking = errors.New("queue: no agent talks on the call")
	// ErrOrdered means that the talk is about to be held or handed over, by an order
	// before.
	ErrOrdered = errors.New("queue: the call is being held or handed over")
	// ErrHeld means that the customer is held already, ErrNotHeld not at all.
	ErrHeld    = errors.New("queue: the call is held already")
	ErrNotHeld = errors.New("queue: the call is not held")
	// ErrDetached means that no script serves the talk, as after a restart of
	// calld: its end is all that can be ordered. A held call's comes back within
	// moments; that of another talk only when the talk has ended.
	ErrDetached = errors.New("queue: no script serves the call")
	// ErrTargetBusy means that the agent whom a call is to be handed to is not
	// free.
	ErrTargetBusy = errors.New("queue: the agent is not free")
)

// OrderWait is how long after an order the talk may end by it. What ends later
// has ended by itself.
const OrderWait = 5 * time.Second

// orderKind says what a talk is to become.
type orderKind int

const (
	orderNone orderKind = iota
	orderHangup
	orderHold
	orderTransfer
)

// order says what a talk is to become when its agent's leg is taken out of it,
// which whoever gives the order is about to do.
type order struct {
	kind     orderKind
	until    time.Time
	channel  string // of the agent who holds
	left     bool   // that channel has ended meanwhile
	handover *handover
}

// Hangup tells that the talk is about to be ended by the agent's wish, or at any
// moment a call that the agent makes. A held one ends at once. The errors are
// [ErrUnknownCall] and [ErrNotTalking].
func (b *Board) Hangup(callID string) error {
	return b.withCall(callID, func(m *machine, c *call) error {
		switch {
		case c.Phase != Talking && !c.ByAgent():
			return fmt.Errorf("%w: it is %s", ErrNotTalking, c.Phase)
		case c.HeldSince != nil:
			m.end(m.now, c, Answered, "agent")
		default:
			m.order(c, order{kind: orderHangup})
		}
		return nil
	})
}

// Hold tells that the agent's channel is about to be taken out of the talk, to
// wait elsewhere while the customer hears music. The customer of a call that an
// agent has made is turned over by it (see [Call.ByAgent]). The errors are
// [ErrUnknownCall], [ErrNotTalking], [ErrOrdered], [ErrDirection], [ErrDetached],
// [ErrHeld] and [ErrConsulting].
func (b *Board) Hold(callID, channel string) error {
	return b.withTalk(callID, func(m *machine, c *call) error {
		switch {
		case c.HeldSince != nil:
			return fmt.Errorf("%w: %s", ErrHeld, callID)
		case c.consult != nil:
			return fmt.Errorf("%w: %s", ErrConsulting, callID)
		}
		m.order(c, order{kind: orderHold, channel: channel})
		return nil
	})
}

// Unhold joins a held customer and the agent again; that is the end of a
// consultation. The errors are
// [ErrUnknownCall], [ErrNotTalking], [ErrOrdered], [ErrDirection], [ErrDetached]
// and [ErrNotHeld].
func (b *Board) Unhold(callID string) error {
	return b.withTalk(callID, func(m *machine, c *call) error {
		return m.unhold(c)
	})
}

func (m *machine) unhold(c *call) error {
	if c.HeldSince == nil {
		return fmt.Errorf("%w: %s", ErrNotHeld, c.ID)
	}
	var rings []Ring
	if c.consult != nil {
		rings = m.endConsult(m.now, c, TransferCancelled, CallerLeft)
	}
	m.tell(c.ticket, instruction{offer: &Offer{ID: c.offer.id, Bridge: c.HeldChannel}})
	c.HeldSince, c.HeldChannel = nil, ""
	m.emitCall(CallChanged, c, rings)
	return nil
}

// Countermand takes back an order whose talk goes on, because its agent's leg
// could not be taken out.
func (b *Board) Countermand(callID string) {
	b.do(func(m *machine) {
		if c := m.calls[callID]; c != nil {
			m.dropOrder(c, TransferFailed)
			if c.consult != nil && !c.consult.taken {
				m.consultOver(c, TransferFailed, CutShort)
			}
		}
	})
}

func (b *Board) withCall(callID string, f func(*machine, *call) error) error {
	err := fmt.Errorf("%w: %s", ErrUnknownCall, callID)
	b.do(func(m *machine) {
		if c := m.calls[callID]; c != nil {
			err = f(m, c)
		}
	})
	return err
}

// withTalk is withCall for a talk of an agent with a customer. A customer who
// is still to be turned over needs the number of the queue for that. One whose
// script is lost can't be kept at all: when the agent's leg is taken out, the
// dialplan comes back with a talk that has ended, and hangs up.
func (b *Board) withTalk(callID string, f func(*machine, *call) error) error {
	return b.withCall(callID, func(m *machine, c *call) error {
		switch {
		case c.Phase != Talking:
			return fmt.Errorf("%w: it is %s", ErrNotTalking, c.Phase)
		case c.ByAgent() && m.numbers[c.Caller] != c.line:
			return fmt.Errorf("%w: %s", ErrDirection, callID)
		case c.expected():
			return fmt.Errorf("%w: %s", ErrDetached, callID)
		case c.ordered(m.now).kind == orderTransfer, c.turns(m.now):
			// By a click before. Nothing of it may be taken back, nor a customer who is
			// on the way to a script be sent there again.
			return fmt.Errorf("%w: %s", ErrOrdered, callID)
		}
		return f(m, c)
	})
}

func (m *machine) order(c *call, o order) {
	m.dropOrder(c, TransferFailed)
	o.until = m.now.Add(OrderWait)
	c.order = o
}

// dropOrder forgets an order that has not been carried out; whoever asked for a
// transfer is told what came of it.
func (m *machine) dropOrder(c *call, result string) {
	if h := c.order.handover; h != nil {
		x := m.transferOf(c, h)
		x.Result = result
		m.out = append(m.out, effect{done: h.done, transfer: x})
	}
	c.order = order{}
}

// orderAt is what a call's end makes of a transfer that has not begun.
func orderAt(c *call, o Outcome, cause string) string {
	if o != Failed && strings.HasSuffix(cause, c.customer()) {
		return TransferCallerLeft
	}
	return TransferFailed
}

// ordered takes the order by which a talk has ended; its kind is orderNone when
// the talk has ended by itself.
func (c *call) ordered(now time.Time) order {
	o := c.order
	if !now.Before(o.until) {
		return order{}
	}
	return o
}

// Ordered tells whether the board has ordered the end of the talk that the
// script is in: then neither side has hung up, and the call may go on.
func (t *Ticket) Ordered() (ordered bool) {
	t.do(func(m *machine, c *call) { ordered = c.ordered(m.now).kind != orderNone })
	return ordered
}

// talkEnded decides what becomes of a call whose talk is over while the
// customer is still there.
func (m *machine) talkEnded(over time.Time, c *call, why string) {
	o := c.ordered(m.now)
	switch {
	case o.kind == orderHold && c.goneAt.IsZero():
		c.order = order{}
		now := m.now
		c.HeldSince, c.HeldChannel = &now, o.channel
		m.emitCall(CallChanged, c, nil)
	case o.kind == orderTransfer:
		c.order = order{}
		m.handOver(c, o.handover)
	default:
		m.end(over, c, Answered, why)
	}
}
