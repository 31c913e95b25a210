package queue

import (
	"errors"
	"fmt"
	"time"
)

// ErrNotTalking means that no agent talks on the call now.
var ErrNotTalking = errors.New("queue: no agent talks on the call")

// ErrUnknownCall means that no live call has that id.
var ErrUnknownCall = errors.New("queue: no such live call")

// OrderWait is how long after an order the talk may end by it. What ends later
// has ended by itself.
const OrderWait = 5 * time.Second

// OrderKind says what a talk is to become.
type OrderKind int

// The kinds of order.
const (
	OrderHangup OrderKind = iota + 1 // the end of the call
)

// Order says what a talk is to become when its agent's leg is taken out of it,
// which whoever gives the order is about to do.
type Order struct {
	Kind OrderKind
}

// order is an order under way.
type order struct {
	Order
	until time.Time
}

// Order tells what a talk, or a call that an agent makes, is about to become. The errors are [ErrUnknownCall]
// and [ErrNotTalking]. Another order takes the place of an earlier one.
func (b *Board) Order(callID string, o Order) error {
	err := fmt.Errorf("%w: %s", ErrUnknownCall, callID)
	b.do(func(m *machine) {
		if c := m.calls[callID]; c != nil {
			err = m.order(c, o)
		}
	})
	return err
}

func (m *machine) order(c *call, o Order) error {
	if c.Phase != Talking && c.Direction == In {
		return fmt.Errorf("%w: it is %s", ErrNotTalking, c.Phase)
	}
	c.order = order{o, m.now.Add(OrderWait)}
	return nil
}

// ordered reports whether the talk's end would be by order.
func (c *call) ordered(now time.Time) bool { return c.order.Kind != 0 && now.Before(c.order.until) }

// Ordered tells whether the board has ordered the end of the talk that the
// script is in: then neither side has hung up, and the call may go on.
func (t *Ticket) Ordered() (ordered bool) {
	t.do(func(m *machine, c *call) { ordered = c.ordered(m.now) })
	return ordered
}
