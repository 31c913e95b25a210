package queue

import (
	"errors"
	"fmt"
	"path"
	"time"

	"calld/config"
)

// A caller who waits may hang up and be called back. The call goes on without a
// channel, as [Booked], at its place in the same line as those who stay. When its
// turn comes, a free agent is asked: the board begins an outbound call in which
// that agent's phone rings first ([Call.CallbackFor]). Whoever observes the board
// has the phone rung once that call is on record. So one agent is taken for each
// call back, and a customer who may have been called already is never called
// again before that is known.

// Booking is what is known of a caller who is to be called back.
type Booking struct {
	Number string    `json:"number"`
	At     time.Time `json:"at"`    // when it was asked for
	Until  time.Time `json:"until"` // from when on it is not tried any more
	Tries  int       `json:"tries"` // in which the customer was not reached
	// Asked counts the agents' phones rung, each by a call of its own; Call is the
	// one under way, empty when there is none.
	Asked int    `json:"asked"`
	Call  string `json:"call,omitempty"`
	// Next is when the customer may be tried again; null: at any time.
	Next *time.Time `json:"next,omitempty"`
}

// The causes with which a call ends whose caller was to be called back.
const (
	CauseCalledAgain       = "called_again"        // the customer called again and has the place
	CauseReached           = "reached"             // the customer was called back
	CauseCallbackExpired   = "callback_expired"    // nobody was free in time
	CauseCallbackNoSuccess = "callback_no_success" // the customer did not answer as often as the queue tries
	CauseCallbackCancelled = "callback_cancelled"  // by [Board.CancelCallback]
)

// ErrBooked is what [Board.Enter] returns for a caller who is to be called back,
// and can hang up.
var ErrBooked = errors.New("queue: the caller is to be called back")

// What [Board.CancelCallback] may answer besides [ErrUnknownCall].
var (
	// ErrNotBooked means that the call is not of one who is to be called back.
	ErrNotBooked = errors.New("queue: the caller is not to be called back")
	// ErrCallingBack means that a phone rings for it already: the agent's, or the
	// customer's.
	ErrCallingBack = errors.New("queue: the caller is being called back")
)

// CancelCallback ends a call whose caller is to be called back, and now is not.
// The errors are [ErrUnknownCall], [ErrNotBooked] and [ErrCallingBack].
func (b *Board) CancelCallback(callID string) error {
	return b.withCall(callID, func(m *machine, c *call) error {
		switch {
		case c.Phase != Booked:
			return fmt.Errorf("%w: %s", ErrNotBooked, callID)
		case c.Callback.Call != "":
			return fmt.Errorf("%w: %s", ErrCallingBack, callID)
		}
		m.end(m.now, c, CalledBack, CauseCallbackCancelled)
		return nil
	})
}

// MayBook reports whether the caller could be called back: the queue does so, and
// the number can be dialled.
func (t *Ticket) MayBook() (ok bool) {
	t.do(func(_ *machine, c *call) { _, ok = c.mayBook() })
	return ok
}

// Book has the caller who pressed a key called back, who keeps the place and is
// expected to hang up: the script ends by Detach. It is false when there is something
// else to do first, or the caller can't be called back.
func (t *Ticket) Book(key string) (ok bool) {
	t.do(func(m *machine, c *call) { ok = m.book(c, key) })
	return ok
}

// mayBook returns the number to call, too.
func (c *call) mayBook() (number string, ok bool) {
	if c.line.cfg.Callback.Key == "" || !c.inLine() || c.Direction != In || c.Start != nil {
		return "", false
	}
	number, err := config.DialNumber(c.Caller)
	return number, err == nil
}

func (m *machine) book(c *call, key string) bool {
	number, ok := c.mayBook()
	if !ok {
		return false
	}
	c.Phase, c.Key = Booked, key
	c.Callback = &Booking{Number: number, At: m.now, Until: m.now.Add(c.line.cfg.Callback.Expires)}
	c.goneAt, c.goneWhy, c.dropped = time.Time{}, "", false
	m.booked++
	if m.channels[c.UniqueID] == c {
		delete(m.channels, c.UniqueID)
	}
	m.transferred(c, TransferNoAnswer)
	m.emitCall(CallWaiting, c, nil)
	m.watch(c)
	m.markBooked(c)
	return true
}

// leftBooked takes the end of the script of a caller who is to be called back;
// false when the call is of another kind.
func (m *machine) leftBooked(c *call) bool {
	if c.Phase != Booked {
		return false
	}
	c.ticket = nil
	m.mark(c.line)
	return true
}

// waitedUntil is until when the caller has waited at the telephone, of a call
// that ends at a time.
func (c *call) waitedUntil(at time.Time) time.Time {
	if c.Callback != nil {
		return c.Callback.At
	}
	return at
}

// watchBooked is watch for a caller who is to be called back.
func (m *machine) watchBooked(c *call) {
	m.at(c.Callback.Until, timer{call: c})
	if c.Callback.Next != nil {
		m.at(*c.Callback.Next, timer{call: c})
	}
	m.watchTurn(c)
}

// bookedDue looks at what time changes of a caller who is to be called back. A
// call under way is not cut short.
func (m *machine) bookedDue(c *call) {
	if c.Callback.Call == "" && !m.now.Before(c.Callback.Until) {
		m.end(m.now, c, Abandoned, CauseCallbackExpired)
		return
	}
	m.mark(c.line)
}

// mayCallBack reports whether the customer may be called now: not while talking
// to us.
func (m *machine) mayCallBack(c *call) bool {
	b := c.Callback
	return c.ticket == nil && b.Call == "" && !m.deaf && c.line.opening.Open &&
		(b.Next == nil || !m.now.Before(*b.Next)) && m.now.Before(b.Until) && !m.onTheLine(c)
}

// onTheLine reports whether the customer of a call has another one that lives.
func (m *machine) onTheLine(c *call) bool {
	for _, d := range m.calls {
		if d != c && d.Phase != Booked && m.sameCustomer(d, c) {
			return true
		}
	}
	return false
}

func (m *machine) sameCustomer(a, b *call) bool {
	n := m.numbering.Same(a.CustomerNumber())
	return n != "" && n == m.numbering.Same(b.CustomerNumber())
}

// callBack has an agent asked to call the customer back.
func (m *machine) callBack(c *call, a *agent) {
	l, b := c.line, c.Callback
	l.last = a
	l.remove(c)
	b.Asked++
	b.Call, b.Next = fmt.Sprintf("%s-%d", c.ID, b.Asked), nil
	m.emitCall(CallWaiting, c, nil)
	o := OutCall{ID: b.Call, Agent: a.cfg.ID, Queue: l.cfg.ID, Number: b.Number, callbackFor: c.ID}
	if c.Record != "" {
		o.Record = path.Join(path.Dir(c.Record), b.Call+path.Ext(c.Record))
	}
	m.ringFirst(o, a, l)
}

// reachedBack ends the call of a customer who has answered a call back.
func (m *machine) reachedBack(out *call) {
	if c := m.calls[out.CallbackFor]; c != nil && c.Phase == Booked {
		m.end(m.now, c, CalledBack, CauseReached)
	}
}

// hungUp looks at those who are to be called back when another call has ended.
func (m *machine) hungUp(over *call) {
	if m.booked == 0 {
		return
	}
	if c := m.calls[over.CallbackFor]; c != nil && c.Phase == Booked && c.Callback.Call == over.ID {
		m.notReachedBack(c, over)
	}
	m.markBooked(over)
}

// markBooked has those looked at whom the customer of a call kept from being
// called back.
func (m *machine) markBooked(over *call) {
	for _, c := range m.calls {
		if c.Phase == Booked && m.sameCustomer(c, over) {
			m.mark(c.line)
		}
	}
}

// notReachedBack puts a customer whom a call back has not reached back in line. If
// it was the agent who did not answer, another one is asked, or the same after the
// queue's retry_pause.
func (m *machine) notReachedBack(c, out *call) {
	b, cfg := c.Callback, &c.line.cfg
	b.Call = ""
	if c.again {
		m.end(m.now, c, CalledBack, CauseCalledAgain)
		return
	}
	if ring := out.Rings[0]; ring.Result == RingAnswer {
		if b.Tries++; b.Tries >= cfg.Callback.Attempts {
			m.end(m.now, c, Abandoned, CauseCallbackNoSuccess)
			return
		}
		next := m.now.Add(cfg.Callback.Retry)
		b.Next = &next
	} else if a := m.agents[ring.Agent]; a != nil {
		f := c.refusals[a]
		f.times++
		f.until = m.now.Add(max(minRing, cfg.RetryPause))
		c.refusals[a] = f
		m.at(f.until, timer{call: c})
		if ring.Result != CutShort && (ring.Result != NoAnswer || ring.Rang != nil) { // else it may never have rung
			a.missedOne(cfg.AwayAfter)
			m.changed(a)
		}
	}
	c.line.insert(c)
	m.emitCall(CallWaiting, c, nil)
	m.watch(c)
	m.bookedDue(c)
}

// takePlace gives a call the place of an earlier one of the customer in the same
// queue, who was to be called back: that one is over. While the customer is being
// called back already, it is over when that has failed.
func (m *machine) takePlace(c *call) {
	if m.booked == 0 {
		return
	}
	for _, b := range m.sortedCalls() {
		if b.Phase != Booked || b.line != c.line || !m.sameCustomer(b, c) {
			continue
		}
		place := b.Begin
		if b.Place != nil {
			place = *b.Place
		}
		if place.Before(c.Begin) {
			c.Place = &place
		}
		if b.again = b.Callback.Call != ""; !b.again {
			m.end(m.now, b, CalledBack, CauseCalledAgain)
		}
	}
}

// restoreBooked takes up a caller who is to be called back, whom an earlier calld
// may be calling.
func (m *machine) restoreBooked(c *call, calls []Call) {
	m.booked++
	under := false
	for i := range calls {
		out := &calls[i]
		if out.CallbackFor != c.ID {
			continue
		}
		if out.Start != nil { // noted of the talk, but not here yet
			m.end(m.now, c, CalledBack, CauseReached)
			return
		}
		under = under || out.ID == c.Callback.Call
	}
	if !under {
		c.Callback.Call = ""
		c.line.insert(c)
	}
	m.touchLine(c.line)
	m.watch(c)
}
