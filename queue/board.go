package queue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"calld/config"
)

// The errors of a board.
var (
	ErrUnknownQueue = errors.New("queue: no such queue")
	ErrUnknownAgent = errors.New("queue: no such agent")
	ErrEnded        = errors.New("queue: the call is already over")
)

// Options say how a board is made.
type Options struct {
	Config *config.Config
	// Observers are told every event. They can't be added later, so that
	// none misses the beginning.
	Observers []Observer
	// Now is the clock; nil: time.Now.
	Now func() time.Time
	// Seed seeds the random order of agents; 0: from the clock.
	Seed uint64
	Log  *slog.Logger
}

// Board is the live call centre. All methods may be called from any
// goroutine; none blocks beyond the board's own mutex, under which nothing
// waits.
type Board struct {
	now       func() time.Time
	log       *slog.Logger
	observers []Observer
	wake      chan struct{}

	mu sync.Mutex
	m  *machine
}

// New makes a board. It works at once, but [Board.Run] must run for anything
// that depends on time.
func New(o Options) *Board {
	b := &Board{now: o.Now, log: o.Log, observers: o.Observers, wake: make(chan struct{}, 1)}
	if b.now == nil {
		b.now = time.Now
	}
	if b.log == nil {
		b.log = slog.New(slog.DiscardHandler)
	}
	now := b.now()
	if o.Seed == 0 {
		o.Seed = uint64(now.UnixNano())
	}
	b.m = newMachine(o.Config.Server.Timezone, o.Seed)
	b.do(func(m *machine) { m.configure(o.Config) })
	return b
}

// Run drives the board's clock until ctx ends.
func (b *Board) Run(ctx context.Context) error {
	alarm := time.NewTimer(0)
	defer alarm.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-b.wake:
		case <-alarm.C:
			b.do(func(*machine) {})
		}
		b.mu.Lock()
		at, ok := b.m.next()
		b.mu.Unlock()
		if ok {
			alarm.Reset(max(0, at.Sub(b.now())))
		} else {
			alarm.Stop()
		}
	}
}

// do runs one input and carries out what it decides.
func (b *Board) do(input func(*machine)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	before, had := b.m.next()
	for _, e := range b.m.step(b.now(), input) {
		switch {
		case e.done != nil:
			e.done <- e.transfer // has room: there is one for each
			continue
		case e.consult != nil:
			e.consult <- e.how // has room: a consultation ends once
			continue
		case e.event == nil:
			e.ticket.put(e.instruction)
			continue
		}
		for _, o := range b.observers {
			o.Observe(e.event)
		}
	}
	if at, ok := b.m.next(); ok && (!had || at.Before(before)) {
		select {
		case b.wake <- struct{}{}:
		default: // a wake-up is already pending
		}
	}
}

// QueueForNumber finds the queue of a consultation number.
func (b *Board) QueueForNumber(number string) (config.Queue, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	l, ok := b.m.numbers[number]
	if !ok {
		return config.Queue{}, false
	}
	return l.cfg, true
}

// OutcomeOf tells how a call ended that ended not long ago.
func (b *Board) OutcomeOf(callID string) (Outcome, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	o, ok := b.m.ended[callID]
	return o, ok
}

// Connect counts a page connection of an agent; the first one logs the agent
// in and makes it available.
func (b *Board) Connect(agentID string) error {
	return b.withAgent(agentID, func(m *machine, a *agent) { m.connect(a) })
}

// Disconnect takes back one Connect. [Grace] after the last, the agent is
// offline. It also counts for an agent who was removed: a reload may bring the
// agent back.
func (b *Board) Disconnect(agentID string) error {
	err := fmt.Errorf("%w: %q", ErrUnknownAgent, agentID)
	b.do(func(m *machine) {
		if a := m.agents[agentID]; a != nil {
			m.disconnect(a)
			err = nil
		} else if m.closePage(agentID) {
			err = nil
		}
	})
	return err
}

// Logout makes an agent offline at once. A call in hand goes on.
func (b *Board) Logout(agentID string) error {
	return b.withAgent(agentID, func(m *machine, a *agent) { m.logOff(a) })
}

// SetState makes an agent available or away, with a reason for the latter.
// During a call it takes effect when the call is over; becoming available
// ends after-call work.
func (b *Board) SetState(agentID string, away bool, reason string) error {
	return b.withAgent(agentID, func(m *machine, a *agent) { m.setAway(a, away, reason) })
}

// RestoreAway sets what an agent was before a restart; the next log-in keeps
// it.
func (b *Board) RestoreAway(agentID, reason string) error {
	return b.withAgent(agentID, func(m *machine, a *agent) {
		a.away, a.reason, a.keepAway = true, reason, true
		m.changed(a)
	})
}

// RestoreCalls sets how many calls an agent has answered today.
func (b *Board) RestoreCalls(agentID string, answered int) error {
	return b.withAgent(agentID, func(m *machine, a *agent) {
		a.calls = answered
		m.touch(a)
	})
}

// EndWrapup ends an agent's after-call work early.
func (b *Board) EndWrapup(agentID string) error {
	return b.withAgent(agentID, func(m *machine, a *agent) { m.endWrapup(a) })
}

func (b *Board) withAgent(id string, f func(*machine, *agent)) error {
	var err error
	b.do(func(m *machine) {
		a := m.agents[id]
		if a == nil || a.removed {
			err = fmt.Errorf("%w: %q", ErrUnknownAgent, id)
			return
		}
		f(m, a)
	})
	return err
}

// Heard takes a fact from the telephone exchange.
func (b *Board) Heard(f Fact) {
	b.do(func(m *machine) { m.heard(f) })
}

// Phone tells the state of a telephone. Numbers that are no agent's are
// ignored.
func (b *Board) Phone(number string, s PhoneState) {
	b.do(func(m *machine) {
		if a := m.phones[number]; a != nil {
			m.setDevice(a, s)
		}
	})
}

// Deaf tells whether the exchange's events are missing. A new board is deaf.
func (b *Board) Deaf(deaf bool) {
	b.do(func(m *machine) { m.setDeaf(deaf) })
}

// Reload puts a new configuration in force. Agents and queues no longer in
// it finish the calls they have.
func (b *Board) Reload(cfg *config.Config) {
	b.do(func(m *machine) { m.configure(cfg) })
}

// Restore puts calls on the board that were live when the last calld ended,
// before any script comes back. It returns those that can't be put on it,
// because their queue is gone.
func (b *Board) Restore(calls []Call) (unknown []Call) {
	b.do(func(m *machine) { unknown = m.restore(calls) })
	return unknown
}

// Reconcile compares the board with the exchange's live channels, as they
// were listed at asOf, and ends every call whose channel is gone. started is
// when the exchange was started. It returns how many calls it ended.
func (b *Board) Reconcile(asOf, started time.Time, channels []Channel) (ended int) {
	b.do(func(m *machine) { ended = m.reconcile(asOf, started, channels) })
	if ended > 0 {
		b.log.Warn("calls without a channel ended", "calls", ended)
	}
	return ended
}

// Freed counts what guards and the sweeper had to take back since the start:
// zero on a sound system.
func (b *Board) Freed() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.m.freed
}

// Snapshot is everything live, consistent with the last event's Seq.
func (b *Board) Snapshot() Snapshot {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.m.snapshot()
	s.At = b.now()
	return s
}

// Call returns a live call.
func (b *Board) Call(id string) (Call, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.m.calls[id]
	if c == nil {
		return Call{}, false
	}
	return c.clone(), true
}
