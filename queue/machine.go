package queue

import (
	"container/heap"
	"math/rand/v2"
	"slices"
	"time"

	"calld/config"
	"calld/hours"
)

// Times that are not worth a key in the configuration.
const (
	// Grace is how long an agent stays logged in after the last page
	// connection dropped (a reload, a short network outage).
	Grace = 15 * time.Second
	// ReturnGrace is how long the place of a caller whose script was lost is
	// kept free: nobody younger of that queue is served before. The generated
	// dialplan comes back within 5 s.
	ReturnGrace = 10 * time.Second
	// LostAfter is when a caller whose script was lost, and of whom nothing
	// was heard since, is given up.
	LostAfter = 2 * time.Minute
	// ringGuard is added to an offer's time limit before its agents are taken
	// back from a script that does not report.
	ringGuard = 10 * time.Second
	// ringUnheard is how long after an offer pages are alerted although no
	// phone was heard to ring.
	ringUnheard = time.Second
	// minRing is the shortest ringing worth an offer when max_wait is nearly
	// over.
	minRing = config.ShortestRing
	// minAutoRing is the shortest ringing of a phone that is asked to answer by
	// itself: Asterisk counts it in seconds.
	minAutoRing = time.Second
	// goneWait is how long a script has to report after the caller's channel
	// was heard to end, before the call is ended without it.
	goneWait = 3 * time.Second
	// refusalMargin: ringing that ended on its own this long before the time
	// limit was refused, not left unanswered. Phones that decline with 603 or
	// 480 are reported by Asterisk as NOANSWER, like a time-out.
	refusalMargin = time.Second
	// overtaken is how long after word that a phone was not reached it may still be
	// heard that it was, and refused: Asterisk writes that word at once, and what
	// channels do in its turn (manager.c, stasis).
	overtaken = 500 * time.Millisecond
	// statsEvery bounds how often a queue's figures are published.
	statsEvery = 250 * time.Millisecond
)

// maxEnded bounds how many outcomes of ended calls are remembered, for
// channels that come back after their call was over.
const maxEnded = 8192

// machine is the whole live state. Its methods are the decisions; see the
// package comment.
type machine struct {
	loc       *time.Location
	lines     map[string]*line  // by queue id
	numbers   map[string]*line  // by consultation number
	agents    map[string]*agent // by id
	pages     map[string]int    // page connections of agents who were removed and forgotten
	phones    map[string]*agent // by phone
	calls     map[string]*call  // live, by id
	channels  map[string]*call  // live, by unique id of the caller's channel
	consults  map[string]*call  // live, by unique id of the channel of an agent who consults
	callers   config.Callers    // who is treated differently
	numbering config.Numbering  // which numbers are one
	ended     map[string]Outcome
	endedRing []string // ids in ended, oldest first once full
	endedNext int

	now     time.Time // of the running input
	seq     uint64    // of events
	arrival uint64    // of calls
	offers  uint64    // ids of offers
	deaf    bool      // no events come from the exchange
	// hearsSince is when the exchange's events last came back.
	hearsSince time.Time
	met        bool // the exchange's channels have been seen once
	timers     timers
	pruneAt    int // how many timers to hold before the dead ones are looked for
	rand       *rand.Rand
	booked     int    // calls that are Booked
	freed      uint64 // agents and calls taken back by a guard or the sweeper
	// today is the last midnight, tomorrow the next one.
	today, tomorrow time.Time

	// What the running input has produced.
	out         []effect
	dirtyAgents []*agent
	dirtyLines  []*line // their figures changed
	marked      []*line // an agent or a call of theirs may have become free to be served
	leaving     []leaving
	reshaped    bool // agents, queues or calls came or went in a way no other event tells
}

// effect is one thing to be done: an event to be published, or an instruction
// to be put into a ticket.
type effect struct {
	event       *Event
	ticket      *Ticket
	instruction instruction
	done        chan<- Transfer // gets the transfer
	transfer    Transfer
	consult     chan<- ConsultEnd // gets how
	how         ConsultEnd
}

func newMachine(loc *time.Location, seed uint64) *machine {
	return &machine{
		loc:      loc,
		lines:    map[string]*line{},
		numbers:  map[string]*line{},
		agents:   map[string]*agent{},
		pages:    map[string]int{},
		phones:   map[string]*agent{},
		calls:    map[string]*call{},
		channels: map[string]*call{},
		consults: map[string]*call{},
		ended:    map[string]Outcome{},
		deaf:     true,
		rand:     rand.New(rand.NewPCG(seed, 0)),
	}
}

// line is a queue and the callers standing in it.
type line struct {
	cfg      config.Queue
	schedule hours.Schedule
	opening  hours.Opening // as the schedule says now
	removed  bool          // taken out of the configuration: finishes the calls it has
	agents   []*agent      // in the order of the file
	waiting  []*call       // greeting and waiting, who is served first first
	// strangers hold places too, by the unique ids of their channels.
	strangers map[string]stranger
	ringing   int
	talking   int
	messages  int    // callers who leave one
	last      *agent // round-robin: the last one rung
	// emptySince is when the last agent logged out; zero while somebody is
	// logged in.
	emptySince time.Time
	dirty      bool
	marked     bool
	statsAt    time.Time // when the figures were last published
	statsLater bool      // a timer will publish what is held back
	// handling is the moving average of what one call takes of an agent: talk
	// and after-call work.
	handling time.Duration
}

// step runs one input at the given time: first what has become due before it,
// then the input, then what the input has made due.
func (m *machine) step(now time.Time, input func(*machine)) []effect {
	m.now = now
	if !now.Before(m.tomorrow) {
		m.newDay()
	}
	m.tick()
	input(m)
	m.tick()
	return m.settle()
}

// settle finishes an input: serves whom it has made it possible to serve, then
// publishes the state of what changed.
func (m *machine) settle() []effect {
	m.serve()
	for _, a := range m.dirtyAgents {
		a.dirty = false
		s := a.status(m.now)
		if !a.told || s.differs(&a.last) {
			a.told, a.last = true, s
			m.emit(Event{Kind: AgentChanged, Agent: &s})
		}
		if a.removed && a.call == nil {
			m.forget(a)
		}
	}
	m.dirtyAgents = m.dirtyAgents[:0]
	for _, l := range m.dirtyLines {
		l.dirty = false
		switch due := l.statsAt.Add(statsEvery); {
		case m.lines[l.cfg.ID] != l: // dropped
		case !m.now.Before(due):
			l.statsAt = m.now
			s := l.status(m.now)
			m.emit(Event{Kind: QueueChanged, Queue: &s})
		case !l.statsLater:
			l.statsLater = true
			m.at(due, timer{line: l})
		}
	}
	m.dirtyLines = m.dirtyLines[:0]
	if m.reshaped {
		m.reshaped = false
		m.emit(Event{Kind: Reconfigured})
	}
	out := m.out
	m.out = nil
	return out
}

// newDay counts the agents' calls from zero again.
func (m *machine) newDay() {
	day := hours.DateOf(m.now.In(m.loc))
	m.today = day.Begin(m.loc)
	day.Day++
	m.tomorrow = day.Begin(m.loc)
	m.at(m.tomorrow, timer{})
	for _, a := range m.sortedAgents() {
		a.calls = 0
		m.touch(a)
	}
	for _, l := range m.sortedLines() { // a change may have come into sight
		m.lookAtClock(l)
	}
}

func (m *machine) emit(e Event) {
	m.seq++
	e.Seq, e.At = m.seq, m.now
	m.out = append(m.out, effect{event: &e})
}

// emitCall publishes a change of a call; rings are those it is about.
func (m *machine) emitCall(kind Kind, c *call, rings []Ring) {
	rec := c.clone()
	m.emit(Event{Kind: kind, Call: &rec, Ring: rings})
	m.touchLine(c.line)
}

// emitEntry tells of a call that has come in, and whether its queue refuses it.
func (m *machine) emitEntry(c *call, refused Outcome) {
	rec := c.clone()
	m.emit(Event{Kind: CallWaiting, Call: &rec, Refused: refused})
	m.touchLine(c.line)
}

func (m *machine) touch(a *agent) {
	if !a.dirty {
		a.dirty = true
		m.dirtyAgents = append(m.dirtyAgents, a)
	}
	for _, l := range a.lines {
		m.touchLine(l)
	}
}

func (m *machine) touchLine(l *line) {
	if !l.dirty {
		l.dirty = true
		m.dirtyLines = append(m.dirtyLines, l)
	}
}

// mark asks settle to look for callers of the line who can be served now.
func (m *machine) mark(l *line) {
	if !l.marked {
		l.marked = true
		m.marked = append(m.marked, l)
	}
}

func (m *machine) tell(t *Ticket, i instruction) {
	m.out = append(m.out, effect{ticket: t, instruction: i})
}

// timer asks for something to be looked at again. It carries no decision: a
// timer that comes after its reason has gone finds nothing to do.
type timer struct {
	at    time.Time
	call  *call
	agent *agent
	line  *line
}

type timers []timer

func (t timers) Len() int           { return len(t) }
func (t timers) Less(i, j int) bool { return t[i].at.Before(t[j].at) }
func (t timers) Swap(i, j int)      { t[i], t[j] = t[j], t[i] }
func (t *timers) Push(x any)        { *t = append(*t, x.(timer)) }
func (t *timers) Pop() any {
	old := *t
	x := old[len(old)-1]
	old[len(old)-1] = timer{}
	*t = old[:len(old)-1]
	return x
}

func (m *machine) at(t time.Time, what timer) {
	if len(m.timers) >= m.pruneAt {
		m.timers = slices.DeleteFunc(m.timers, func(t timer) bool { return t.call != nil && t.call.Phase == Ended })
		heap.Init(&m.timers)
		m.pruneAt = max(1024, 2*len(m.timers))
	}
	what.at = t
	heap.Push(&m.timers, what)
}

// next tells when tick is due; ok is false when nothing is pending.
func (m *machine) next() (at time.Time, ok bool) {
	if len(m.timers) == 0 {
		return time.Time{}, false
	}
	return m.timers[0].at, true
}

// tick looks at what has become due.
func (m *machine) tick() {
	for len(m.timers) > 0 && !m.timers[0].at.After(m.now) {
		t := heap.Pop(&m.timers).(timer)
		switch {
		case t.call != nil:
			m.callDue(t.call)
		case t.agent != nil:
			m.agentDue(t.agent)
		case t.line != nil:
			m.lineDue(t.line)
		}
	}
	m.leadOn()
}

// lineDue looks at everything about a queue that time can change.
func (m *machine) lineDue(l *line) {
	if m.lines[l.cfg.ID] != l {
		return // dropped
	}
	if until := l.opening.Until; until != nil && !m.now.Before(*until) {
		m.lookAtClock(l)
	}
	l.statsLater = false
	m.touchLine(l)
	m.mark(l) // a stranger's place may be given up
}

// insert puts c into the line at its place.
func (l *line) insert(c *call) {
	i, _ := slices.BinarySearchFunc(l.waiting, c, turn)
	l.waiting = slices.Insert(l.waiting, i, c)
}

func (l *line) remove(c *call) {
	if i := slices.Index(l.waiting, c); i >= 0 {
		l.waiting = slices.Delete(l.waiting, i, i+1)
	}
}

// free lists the line's agents who could be offered a call now.
func (l *line) free(now time.Time) []*agent {
	var free []*agent
	for _, a := range l.agents {
		if a.isFree(now) {
			free = append(free, a)
		}
	}
	return free
}

func (l *line) status(now time.Time) QueueStatus {
	s := QueueStatus{
		ID: l.cfg.ID, Name: l.cfg.Name, Number: l.cfg.Number,
		Waiting: len(l.waiting), Ringing: l.ringing, Talking: l.talking,
		Agents: map[AgentState]int{}, Hours: l.opening,
	}
	for _, c := range l.waiting {
		if c.Phase == Booked {
			continue
		}
		if s.LongestSince == nil || c.Begin.Before(*s.LongestSince) {
			s.LongestSince = cloneTime(&c.Begin)
		}
	}
	for _, a := range l.agents {
		s.Agents[a.state(now)]++
	}
	return s
}
