package queue

import (
	"time"

	"calld/config"
)

// call is a live call.
type call struct {
	Call
	line    *line
	arrival uint64
	// ticket is the script that serves the call; nil while there is none:
	// it was lost, or this calld has not met it yet.
	ticket *Ticket
	// lostAt is when the script was lost; meaningful while ticket is nil.
	lostAt time.Time
	// goneAt is when the caller's channel or the talking agent's ended, as far
	// as it was heard; zero until then. Until goneBy the script's word is waited for.
	goneAt  time.Time
	goneBy  time.Time
	goneWhy string
	// dropped: the script has told that the exchange itself ended the channel.
	// Whether it is going down is waited for until goneBy.
	dropped  bool
	offer    *offer
	refusals map[*agent]refusal
	order    order     // what the talk is about to become; the zero value: nobody has said
	consult  *consult  // with whom the agent who holds talks meanwhile; nil: with nobody
	handover *handover // what became of it: on the way to a target; nil when not
	outside  uint64    // the id under which a number outside is called; 0: none is
	// joining: whoever was consulted has been given the call, and the script has
	// not reported of it yet.
	joining bool
	// talkFrom is when whoever talks now answered; zero when nobody talks.
	talkFrom time.Time
	// waitFrom is when a call that was answered before, or in another queue,
	// began to wait again.
	waitFrom time.Time
	// again: the customer has called again while being called back.
	again bool
	// notices are what the caller is to hear first, with the next instruction.
	notices []config.Notice
}

// refusal remembers that an agent did not take this call.
type refusal struct {
	times int
	until time.Time // not rung again by this call before
}

// offer is a round of ringing.
type offer struct {
	id      uint64
	at      time.Time
	ringFor time.Duration
	cut     bool // ringFor is shorter than the queue's ring_timeout
	legs    []*leg
	alerted bool // pages have been told of every leg
	// doubtful is when it was heard that the phone of the agent who makes the call
	// was not reached; zero when it was not.
	doubtful time.Time
}

// leg is one agent being rung, or talked with, for a call.
type leg struct {
	agent *agent
	phone string
	ring  int // index in Call.Rings
	told  bool
}

// dialled reports whether the call is that of a customer whom a campaign has
// dialled and for whom an agent must answer at once: it comes after those who
// have called, holds nobody's place, and may take the last moment.
func (c *call) dialled() bool { return c.AnswerBy != nil && c.Start == nil }

func (c *call) before(d *call) bool {
	if !c.Begin.Equal(d.Begin) {
		return c.Begin.Before(d.Begin)
	}
	return c.arrival < d.arrival
}

// expected reports whether the call's script was lost and may come back.
func (c *call) expected() bool { return c.ticket == nil }

// holdsPlace reports whether the call keeps younger ones of its queue from
// being served although it can't be served itself.
func (c *call) holdsPlace(now time.Time) bool {
	return c.expected() && c.Phase != Booked && !c.dialled() && c.goneAt.IsZero() && now.Before(c.lostAt.Add(ReturnGrace))
}

// deadline is when the call has waited too long; ok is false when it never
// has.
func (c *call) deadline() (at time.Time, ok bool) {
	if c.dialled() {
		return *c.AnswerBy, true
	}
	if c.line.cfg.MaxWait <= 0 {
		return time.Time{}, false
	}
	return c.waitsFrom().Add(c.line.cfg.MaxWait), true
}

// waitsFrom is since when the call waits for an agent.
func (c *call) waitsFrom() time.Time {
	if c.waitFrom.IsZero() {
		return c.Begin
	}
	return c.waitFrom
}

// noAgentAt is when the call ends as no_agent if nobody logs in before; ok is
// false while somebody is logged in, or when the queue does not care.
func (c *call) noAgentAt() (at time.Time, ok bool) {
	l := c.line
	if l.emptySince.IsZero() || l.cfg.NoAgentWait <= 0 {
		return time.Time{}, false
	}
	from := l.emptySince
	if since := c.waitsFrom(); since.After(from) {
		from = since
	}
	return from.Add(l.cfg.NoAgentWait), true
}

// offerable reports whether the call could be offered to somebody now.
func (m *machine) offerable(c *call) bool {
	if c.Phase == Booked {
		return m.mayCallBack(c)
	}
	if c.Phase != Waiting || c.expected() || !c.goneAt.IsZero() {
		return false
	}
	at, ok := c.deadline()
	return !ok || c.dialled() || at.Sub(m.now) >= minRing
}

// cooling reports whether agent a is left alone by this call.
func (c *call) cooling(a *agent, now time.Time) bool {
	return now.Before(c.refusals[a].until)
}

func (c *call) legOf(phone string) *leg {
	if c.offer == nil {
		return nil
	}
	for _, l := range c.offer.legs {
		if l.phone == phone {
			return l
		}
	}
	return nil
}

func (c *call) talker() *leg {
	if c.offer == nil || c.Phase != Talking {
		return nil
	}
	for _, l := range c.offer.legs {
		if c.Rings[l.ring].Result == RingAnswer {
			return l
		}
	}
	return nil
}

// enter takes in a caller, or one who comes back after the script was lost.
func (m *machine) enter(e Entry, t *Ticket) error {
	if c := m.calls[e.ID]; c != nil {
		switch {
		case c.ByAgent():
			return m.turnOver(c, e, t)
		case c.Phase == Booked:
			return ErrBooked
		}
		m.reenter(c, e, t)
		return nil
	}
	if _, ok := m.ended[e.ID]; ok {
		return ErrEnded
	}
	l := m.lines[e.Queue]
	if l == nil || l.removed {
		return ErrUnknownQueue
	}
	begin := e.Begin
	if begin.IsZero() || begin.After(m.now) {
		begin = m.now
	}
	m.arrival++
	c := &call{
		Call: Call{
			ID: e.ID, Queue: e.Queue, Direction: In, Phase: Greeting,
			Caller: e.Caller, CallerName: e.CallerName, Callee: e.Callee,
			Channel: e.Channel, UniqueID: e.UniqueID, Begin: begin, Record: e.Record,
			VIP: m.callers.VIP.Has(&m.numbering, e.Caller), Sticky: e.Sticky, Rings: []Ring{},
		},
		line: l, arrival: m.arrival, ticket: t,
		refusals: map[*agent]refusal{},
	}
	if e.Campaign != "" {
		c.Direction, c.Campaign, c.Customer = Out, e.Campaign, e.Customer
		c.VIP = m.callers.VIP.Has(&m.numbering, c.CustomerNumber())
		if !e.AnswerBy.IsZero() {
			c.AnswerBy = &e.AnswerBy
		}
	}
	m.calls[c.ID] = c
	m.channels[c.UniqueID] = c
	delete(l.strangers, c.UniqueID)
	if e.Campaign == "" && m.callers.IsBlocked(&m.numbering, e.Caller) && !e.Answered {
		l.insert(c)
		m.end(m.now, c, Blocked, "")
		return nil
	}
	refused := l.refuses(m.now)
	if c.dialled() || e.Answered || e.Returning {
		refused = "" // it was taken before, or calld itself has called: the plan's hours hold, and the wait is short
	}
	if c.Direction == In && refused == "" {
		m.takePlace(c)
	}
	l.insert(c)
	if e.Ready {
		c.Phase = Waiting
	}
	m.emitEntry(c, refused)
	switch {
	case e.Answered:
		m.talked(c, e)
	case refused != "":
		m.notServed(c, refused)
	case c.Phase == Waiting:
		m.watch(c)
		m.callDue(c)
	default:
		m.watch(c)
	}
	return nil
}

// serveBy gives a live call its new script, and that one's channel.
func (m *machine) serveBy(c *call, e Entry, t *Ticket) {
	if c.ticket != nil {
		m.tell(c.ticket, instruction{superseded: true})
	}
	c.ticket = t
	c.Channel = e.Channel
	if c.UniqueID != e.UniqueID {
		if m.channels[c.UniqueID] == c {
			delete(m.channels, c.UniqueID)
		}
		c.UniqueID = e.UniqueID
		m.channels[c.UniqueID] = c
	}
	c.goneAt, c.goneWhy, c.dropped = time.Time{}, "", false
}

// reenter takes up a live call whose caller comes back.
func (m *machine) reenter(c *call, e Entry, t *Ticket) {
	m.serveBy(c, e, t)
	m.dropOrder(c, TransferFailed)
	switch {
	case c.Phase == Transferred && !e.Answered && c.talkFrom.IsZero():
		c.line.talking--
		c.Phase = Waiting
		m.handBackFrom(c, TransferNoAnswer)
	case e.Answered || c.Phase == Talking && c.HeldSince == nil || c.Phase == Transferred:
		m.talked(c, e)
	case c.Phase == Ringing:
		m.lostRound(c) // the Dial that the lost script started has returned
	case c.HeldSince != nil:
		m.emitCall(CallChanged, c, nil)
	case c.Phase == Messaging:
		m.askMessage(c)
	default:
		m.emitCall(CallWaiting, c, nil)
		m.watch(c)
	}
	m.mark(c.line) // its place no longer holds others up
}

// talked ends a call whose channel comes back from a talk with an agent. When
// the talk was not heard of, nobody can tell any more when it began; nor when
// it ended, for the caller has heard music since.
func (m *machine) talked(c *call, e Entry) {
	talked := max(0, e.Talked)
	if c.Phase == Ringing {
		m.answered(m.now.Add(-talked), c, c.offer.answerer(c, e.Phone))
	}
	over, cause := m.now, "agent"
	if c.Phase == Transferred {
		cause = "target"
		m.outsideAnswers(m.now.Add(-talked), c)
	}
	if c.talkFrom.IsZero() {
		c.talkFrom = later(m.now.Add(-talked), c.waitsFrom())
		if !m.credit(c, e.Phone) {
			cause = "unrecorded"
		}
		if c.Start == nil {
			start := c.talkFrom
			c.Start = &start
		}
	}
	if by := c.talkFrom.Add(talked); talked > 0 && by.Before(over) {
		over = by
	}
	m.end(over, c, Answered, cause)
}

// credit notes who answered a call whose round of ringing had been given up.
func (m *machine) credit(c *call, phone string) bool {
	a := m.phones[phone]
	if a == nil {
		return false
	}
	last := -1 // the last time that it rang the agent
	for i, r := range c.Rings {
		if r.Agent == a.cfg.ID && r.Result == CutShort {
			last = i
		}
	}
	if last < 0 { // what calld knew of the call is lost
		last = len(c.Rings)
		c.Rings = append(c.Rings, Ring{Agent: a.cfg.ID, At: c.talkFrom, Result: CutShort})
	}
	at := c.Rings[last].At
	c.talkFrom = later(c.talkFrom, at)
	answered := c.talkFrom
	for i := range c.Rings {
		if r := &c.Rings[i]; r.At.Equal(at) && r.Result == CutShort {
			r.Result = Elsewhere
		}
	}
	c.Rings[last].Result, c.Rings[last].End = RingAnswer, &answered
	c.Agent = a.cfg.ID
	if !answered.Before(m.today) {
		a.calls++
		m.touch(a)
	}
	return true
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// talks reports whether somebody may be talking with the customer.
func (c *call) talks() bool { return c.Phase == Talking || c.Phase == Transferred }

// watch sets the timers of a call that waits.
func (m *machine) watch(c *call) {
	if c.Phase == Booked {
		m.watchBooked(c)
		return
	}
	if at, ok := c.deadline(); ok {
		m.at(at, timer{call: c})
	}
	if at, ok := c.noAgentAt(); ok {
		m.at(at, timer{call: c})
	}
	m.watchTurn(c)
}

// ready tells that the announcement is over.
func (m *machine) ready(c *call) {
	if c.Phase != Greeting {
		return
	}
	c.Phase = Waiting
	m.emitCall(CallWaiting, c, nil)
	m.callDue(c) // its time may have run out meanwhile
}

// callDue looks at everything about a call that time can change.
func (m *machine) callDue(c *call) {
	if c.Phase == Ended {
		return
	}
	if !c.goneAt.IsZero() && !m.now.Before(c.goneBy) {
		if !c.dropped {
			m.freed++
		}
		m.gone(c)
		return
	}
	if c.consult != nil {
		if m.consultDue(c); c.Phase == Ended {
			return
		}
	}
	if c.ByAgent() {
		m.outDue(c)
		return
	}
	if c.Phase == Booked {
		m.bookedDue(c)
		return
	}
	if c.expected() && !c.talks() && !m.now.Before(c.lostAt.Add(LostAfter)) {
		m.freed++
		m.end(m.now, c, Failed, "lost")
		return
	}
	if c.Phase == Ringing {
		m.ringDue(c)
	}
	if c.Phase == Waiting && !c.expected() {
		if at, ok := c.deadline(); ok && !m.now.Before(at) {
			m.notServed(c, Timeout)
			return
		}
		if at, ok := c.noAgentAt(); ok && !m.now.Before(at) {
			m.notServed(c, NoAgent)
			return
		}
	}
	m.mark(c.line)
}
