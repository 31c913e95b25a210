package queue

import "time"

// A call that an agent makes is served by the script on the agent's channel,
// inside whose Dial the customer talks. To be held or handed over it is turned
// over first: the customer's channel is sent to a script of its own, which takes
// the call up by [Board.Enter], and the agent's script ends. The two may tell
// that in any order.

// turns reports whether an order is about to turn the call over.
func (c *call) turns(now time.Time) bool {
	k := c.ordered(now).kind
	return c.ByAgent() && (k == orderHold || k == orderTransfer)
}

// turnOver gives the call to the customer's script, and does what was ordered.
// A customer who comes without an order is of a talk that calld has lost, or
// that took too long to turn over: that is its end.
func (m *machine) turnOver(c *call, e Entry, t *Ticket) error {
	if c.Phase != Talking || IsOutChannel(e.UniqueID) {
		return ErrDirection
	}
	over := m.now
	if !c.goneAt.IsZero() {
		over = c.goneAt
	}
	if o := c.ordered(m.now); !c.turns(m.now) || o.kind == orderHold && o.left {
		m.end(over, c, Answered, "agent")
		return ErrEnded
	}
	delete(c.line.strangers, e.UniqueID)
	m.serveBy(c, e, t)
	m.talkEnded(over, c, "agent")
	return nil
}

// heardFirst takes a fact about the channel on which an agent has made a call
// that has been turned over since. It counts as long as that agent has the call.
func (m *machine) heardFirst(at time.Time, f Fact) {
	id, ok := OutOf(f.UniqueID)
	if c := m.calls[id]; ok && c != nil && c.FirstAgent() && c.Phase == Talking && f.Kind == CallerGone {
		m.talkerGone(at, c, f.Cause)
	}
}
