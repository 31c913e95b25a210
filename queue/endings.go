package queue

import (
	"strconv"
	"time"
)

// detach tells that the call's script is lost though the caller may live: the
// connection broke, or this calld is shutting down.
func (m *machine) detach(c *call) {
	if m.leftBooked(c) {
		return
	}
	c.ticket = nil
	m.lost(c)
	m.callDue(c)
}

// lost notes that from now on the call's script is expected back.
func (m *machine) lost(c *call) {
	c.lostAt = m.now
	m.at(m.now.Add(ReturnGrace), timer{call: c})
	m.at(m.now.Add(LostAfter), timer{call: c})
}

// gone ends a call whose caller has left.
func (m *machine) gone(c *call) {
	if m.leftBooked(c) {
		return
	}
	at := m.now
	if !c.goneAt.IsZero() {
		at = c.goneAt
	}
	if c.ByAgent() {
		outcome, cause := c.outcomeOfGone()
		m.end(at, c, outcome, cause)
		return
	}
	cause := c.goneWhy
	if cause == "" {
		cause = c.customer()
	}
	if !c.talkFrom.IsZero() {
		m.end(at, c, Answered, cause)
		return
	}
	if c.Phase == Messaging {
		m.end(at, c, c.Unserved, cause)
		return
	}
	m.end(at, c, Abandoned, cause)
}

// drop takes the end of the channel by the exchange itself. It does so when it
// is stopped, and tells that a moment later; or because somebody at it wanted
// so, and then the call ends like any other.
func (m *machine) drop(c *call, why string) {
	if m.leftBooked(c) {
		return
	}
	at := m.now
	if !c.goneAt.IsZero() {
		at = c.goneAt
	}
	m.awaitReport(at, c)
	c.goneWhy, c.dropped = why, true
}

// end gives the call its outcome, once.
func (m *machine) end(at time.Time, c *call, o Outcome, cause string) {
	if c.Phase == Ended {
		return
	}
	if at.Before(c.Begin) {
		at = c.Begin
	}
	if c.Start != nil && at.Before(*c.Start) {
		at = *c.Start
	}
	rings := m.release(at, c, o)
	if x := c.consult; x != nil {
		m.out = append(m.out, effect{consult: x.end, how: CallOver})
		rings = append(rings, m.endConsult(at, c, orderAt(c, o, cause), CallerLeft)...)
	}
	m.transferred(c, transferAt(o))
	m.dropOrder(c, orderAt(c, o, cause))
	if c.Direction == Out && c.Start != nil && o != Failed {
		o = Answered // whatever became of it when it was handed over
	}
	switch c.Phase {
	case Talking, Transferred:
		c.line.talking--
	case Ringing, Dialling:
		c.line.ringing--
	case Messaging:
		c.line.messages--
	case Booked:
		m.booked--
		c.line.remove(c)
	default:
		c.line.remove(c)
	}
	m.talkPaused(at, c)
	c.Phase, c.Outcome, c.Cause, c.Unserved = Ended, o, cause, ""
	c.End, c.HeldSince, c.HeldChannel = &at, nil, ""
	if c.Start != nil {
		c.WaitMS = c.Start.Sub(c.Begin).Milliseconds()
	} else {
		if c.MessageMS == 0 {
			c.Record = "" // there was no conversation
		}
		c.WaitMS = c.waitedUntil(at).Sub(c.Begin).Milliseconds()
	}
	delete(m.calls, c.ID)
	if m.channels[c.UniqueID] == c {
		delete(m.channels, c.UniqueID)
	}
	m.remember(c.ID, o)
	if c.ticket != nil {
		m.tell(c.ticket, instruction{ended: o, notices: c.takeNotices()})
	}
	m.emitCall(CallEnded, c, rings)
	m.mark(c.line) // it may have held a place
	m.hungUp(c)
	m.dropIfDone(c.line)
}

// transferAt is what the end of a call makes of a transfer under way.
func transferAt(o Outcome) string {
	switch o {
	case Abandoned:
		return TransferCallerLeft
	case Answered:
		return TransferAnswered
	case Failed:
		return TransferFailed
	default:
		return TransferNoAnswer
	}
}

func (m *machine) remember(id string, o Outcome) {
	if len(m.endedRing) < maxEnded {
		m.endedRing = append(m.endedRing, id)
	} else {
		delete(m.ended, m.endedRing[m.endedNext])
		m.endedRing[m.endedNext] = id
		m.endedNext = (m.endedNext + 1) % maxEnded
	}
	m.ended[id] = o
}

// release takes all agents off the call as it ends; it returns their rings.
func (m *machine) release(at time.Time, c *call, o Outcome) []Ring {
	if c.offer == nil {
		return nil
	}
	result := CallerLeft
	if o != Abandoned {
		result = CutShort
	}
	var rings []Ring
	for _, l := range c.offer.legs {
		r := &c.Rings[l.ring]
		if r.Result == Pending {
			m.legOver(at, c, l, result)
		} else if r.Result == RingAnswer && l.agent.call == c {
			wrapup := c.line.cfg.Wrapup
			if c.Start == nil {
				wrapup = 0 // the customer was not reached
			}
			m.freeAgent(l.agent, wrapup)
		}
		rings = append(rings, *r)
	}
	c.offer = nil
	return rings
}

func causeText(code int, who string) string {
	if code <= 0 {
		return who
	}
	return strconv.Itoa(code) + " " + who
}
