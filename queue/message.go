package queue

import "time"

// MayLeaveMessage reports whether the caller could leave a voice message.
func (t *Ticket) MayLeaveMessage() (ok bool) {
	t.do(func(_ *machine, c *call) { ok = c.inLine() && c.mayLeaveMessage() })
	return ok
}

// LeaveMessage takes a caller who waits and pressed a key out of the line, to leave
// a voice message: the script records it and says [Ticket.MessageLeft]. It is false
// when there is something else to do first, or somebody has talked with the caller
// already.
func (t *Ticket) LeaveMessage(key string) (ok bool) {
	t.do(func(m *machine, c *call) {
		if ok = c.inLine() && c.mayLeaveMessage(); ok {
			c.Key = key
			m.takeMessage(c, Abandoned)
			m.emitCall(CallChanged, c, nil)
		}
	})
	return ok
}

// MessageReport is what became of a voice message.
type MessageReport struct {
	Record string        // its path below the recordings folder
	Length time.Duration // 0: none was left
	// CallerGone: the caller has hung up, with the Cause (Q.850); 0: not known.
	CallerGone bool
	Cause      int
}

// MessageLeft ends a call whose caller was to leave a voice message: as abandoned
// if a key was pressed for it, or by why the queue did not serve the call.
func (t *Ticket) MessageLeft(r MessageReport) {
	t.do(func(m *machine, c *call) {
		if c.Phase != Messaging {
			return
		}
		if r.Length > 0 {
			c.Record, c.MessageMS = r.Record, r.Length.Milliseconds()
		}
		at, cause := m.now, ""
		if !c.goneAt.IsZero() {
			at = c.goneAt
		}
		if r.CallerGone {
			cause = causeText(r.Cause, c.customer())
		}
		m.end(at, c, c.Unserved, cause)
	})
}

// mayLeaveMessage reports whether a message is all that there will be of the call.
func (c *call) mayLeaveMessage() bool { return c.Direction == In && c.Start == nil }

// inLine reports whether the caller is on the telephone and waits.
func (c *call) inLine() bool { return c.Phase == Greeting || c.Phase == Waiting }

// takeMessage takes a caller out of the line; the call ends as why when the
// message is over.
func (m *machine) takeMessage(c *call, why Outcome) {
	c.line.remove(c)
	c.line.messages++
	c.Phase, c.Unserved = Messaging, why
	m.transferred(c, TransferNoAnswer)
	m.mark(c.line) // it may have held a place
}

// askMessage has the script take a message.
func (m *machine) askMessage(c *call) {
	m.tell(c.ticket, instruction{offer: &Offer{Message: true}, notices: c.takeNotices()})
	m.emitCall(CallChanged, c, nil)
}
