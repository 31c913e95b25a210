package queue

import (
	"slices"
	"time"

	"calld/config"
)

// KindOverflow is the kind of a [Transfer] that nobody has asked for: a queue
// that does not serve the call led it on, for the Reason.
const KindOverflow = "overflow"

// leaving is a call that its queue leads on.
type leaving struct {
	call *call
	why  Outcome
}

// notServed ends a call that its queue does not serve, or has it led on. The
// latter is done when everything that is due has been looked at: of several
// calls that leave at once the one whose turn comes first goes first.
func (m *machine) notServed(c *call, why Outcome) {
	if c.dialled() { // what it hears, its script knows
		m.end(m.now, c, why, "")
		return
	}
	to := c.line.overflow(why)
	if to.Message && c.mayLeaveMessage() {
		c.hears(to)
		m.takeMessage(c, why)
		m.askMessage(c)
		return
	}
	if !m.leads(c, to) {
		c.hears(to)
		m.end(m.now, c, why, "")
		return
	}
	if !slices.ContainsFunc(m.leaving, func(x leaving) bool { return x.call == c }) {
		m.leaving = append(m.leaving, leaving{c, why})
	}
}

// overflow is what the queue does with calls that it does not serve.
func (l *line) overflow(why Outcome) *config.Overflow {
	switch {
	case why == Closed && l.opening.Holiday != "":
		return &l.cfg.OnHoliday
	case why == Closed:
		return &l.cfg.OnClosed
	case why == Full:
		return &l.cfg.OnFull
	case why == NoAgent:
		return &l.cfg.OnNoAgent
	}
	return &l.cfg.OnMaxWait
}

// leads reports whether the call can go where the overflow says. A call is led
// to each queue once, unless an agent has handed it over meanwhile: so every
// chain of overflows ends.
func (m *machine) leads(c *call, to *config.Overflow) bool {
	if to.Queue == "" {
		return to.Number != ""
	}
	if l := m.lines[to.Queue]; l == nil || l.removed || l == c.line {
		return false
	}
	for _, t := range slices.Backward(c.Transfers) {
		if t.Kind != KindOverflow {
			break
		}
		if t.Queue == to.Queue {
			return false
		}
	}
	return true
}

// leadOn leads on the calls that leave their queues.
func (m *machine) leadOn() {
	if len(m.leaving) == 0 {
		return
	}
	list := m.leaving
	m.leaving = nil
	slices.SortFunc(list, func(a, b leaving) int { return turn(a.call, b.call) })
	for _, x := range list {
		if x.call.Phase != Ended {
			m.overflow(x.call, x.why)
		}
	}
}

// overflow leads a call through all queues that do not serve it at once. What
// they have to say is told in one go.
func (m *machine) overflow(c *call, why Outcome) {
	for {
		to := c.line.overflow(why)
		c.hears(to)
		switch {
		case to.Message && c.mayLeaveMessage():
			m.takeMessage(c, why)
			m.askMessage(c)
			return
		case !m.leads(c, to):
			m.end(m.now, c, why, "")
			return
		case to.Number != "":
			m.overflowOutside(c, to.Number, why)
			return
		}
		m.overflowTo(c, m.lines[to.Queue], why)
		if why = c.line.refuses(m.now); why == "" {
			break
		}
	}
	c.line.insert(c)
	m.tell(c.ticket, instruction{offer: &Offer{Moved: true}, notices: c.takeNotices()})
	m.emitCall(CallWaiting, c, nil)
	m.watch(c)
}

// refuses tells why the queue takes no further call now; empty: it does.
func (l *line) refuses(now time.Time) Outcome {
	switch {
	case !l.opening.Open:
		return Closed
	case l.cfg.MaxWaiting > 0 && l.callers()-len(l.free(now)) >= l.cfg.MaxWaiting:
		return Full
	}
	return ""
}

// callers counts those in line who are on the telephone.
func (l *line) callers() (n int) {
	for _, c := range l.waiting {
		if c.Phase != Booked {
			n++
		}
	}
	return n
}

// hears adds what an overflow has to say to what the caller is to hear.
func (c *call) hears(to *config.Overflow) {
	if !to.Empty() {
		c.notices = append(c.notices, to.Notice)
	}
}

// takeNotices is what the caller is to hear first.
func (c *call) takeNotices() []config.Notice {
	notices := c.notices
	c.notices = nil
	return notices
}

// overflowTo puts a call into another queue, as one that hears what it is told.
func (m *machine) overflowTo(c *call, l *line, why Outcome) {
	m.leftQueue(c, l.cfg.ID, why)
	old := c.line
	m.touchLine(old)
	c.line, c.Queue, c.Phase = l, l.cfg.ID, Greeting
	m.dropIfDone(old)
}

// overflowOutside has a number outside called for a call.
func (m *machine) overflowOutside(c *call, number string, why Outcome) {
	m.leftQueue(c, number, why)
	m.callOutside(c, number, nil)
}

// leftQueue notes that a call's queue leads it on.
func (m *machine) leftQueue(c *call, to string, why Outcome) {
	m.transferred(c, TransferNoAnswer)
	c.Transfers = append(c.Transfers, Transfer{At: m.now, To: to, Kind: KindOverflow, Queue: c.Queue, Reason: why})
	c.line.remove(c)
	c.waitFrom = m.now
}

// overflown tells why the call was led where it is; empty: it was not.
func (c *Call) overflown() Outcome {
	if n := len(c.Transfers); n > 0 && c.Transfers[n-1].Kind == KindOverflow {
		return c.Transfers[n-1].Reason
	}
	return ""
}

// FirstQueue is the queue that was called.
func (c *Call) FirstQueue() string {
	if len(c.Transfers) > 0 {
		return c.Transfers[0].Queue
	}
	return c.Queue
}
