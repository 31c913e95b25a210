package store

import (
	"cmp"
	"context"
	"log/slog"
	"sync"
	"time"

	"calld/queue"
)

const (
	// StateQueue bounds the changes of agents' states that wait for the disk:
	// some minutes of a full disk with a thousand agents at work.
	StateQueue = 65_536

	stateGather = time.Second      // for how long changes are gathered
	aliveEvery  = 30 * time.Second // how often it is written that calld runs
)

// StateRecorder writes the changes of agents' states that a board tells of,
// without ever making the board wait. A change is on disk within some two
// seconds. What was open when calld ended, however it ended, is closed by
// [Store.CloseAgentStates] at the next start.
//
// While the disk fails, changes wait in the bounded queue; those beyond it are
// logged and counted: the state before them then seems to last.
type StateRecorder struct {
	store *Store
	log   *slog.Logger
	limit int

	mu      sync.Mutex // no I/O under it: Observe is called with the board locked
	waiting []AgentState
	last    map[string]AgentState // by agent
	served  map[string]string     // the queue of the call an agent talks on, or did last
	lost    uint64
	unsaid  uint64 // of the lost: not in the log yet
}

// NewStateRecorder makes a StateRecorder; Run starts it. limit 0 is
// [StateQueue].
func NewStateRecorder(s *Store, limit int, log *slog.Logger) *StateRecorder {
	return &StateRecorder{
		store: s, log: log, limit: cmp.Or(limit, StateQueue), last: map[string]AgentState{}, served: map[string]string{},
	}
}

// Observe takes the changes of agents' states. It is a [queue.Observer].
func (r *StateRecorder) Observe(e *queue.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e.Call != nil && e.Call.Agent != "" && e.Call.Phase == queue.Talking {
		r.served[e.Call.Agent] = e.Call.Queue
	}
	if e.Kind != queue.AgentChanged {
		return
	}
	a := AgentState{Agent: e.Agent.ID, State: e.Agent.State, Reason: e.Agent.Reason, From: e.At}
	if a.State == queue.AgentWrapup {
		a.Queue = r.served[a.Agent]
	}
	before, known := r.last[a.Agent]
	if before.State == a.State && before.Reason == a.Reason || !known && a.State == queue.Offline {
		return
	}
	r.last[a.Agent] = a
	if len(r.waiting) >= r.limit {
		r.lost++
		r.unsaid++
		return
	}
	r.waiting = append(r.waiting, a)
}

// StateStats counts what became of the changes.
type StateStats struct {
	Waiting int    // not yet on disk
	Lost    uint64 // to a full queue
}

// Stats returns the counts so far.
func (r *StateRecorder) Stats() StateStats {
	r.mu.Lock()
	defer r.mu.Unlock()
	return StateStats{Waiting: len(r.waiting), Lost: r.lost}
}

// Run writes until ctx ends and then, once, what still waits. Stop whatever
// calls Observe before.
func (r *StateRecorder) Run(ctx context.Context) error {
	tick := time.NewTicker(stateGather)
	defer tick.Stop()
	var written time.Time // when it was last written that calld runs
	failing := false
	for {
		select {
		case <-ctx.Done():
			drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), DrainTime)
			defer cancel()
			return r.drain(drain)
		case now := <-tick.C:
			r.sayLost()
			batch := r.take()
			if len(batch) == 0 && now.Sub(written) < aliveEvery {
				continue
			}
			err := r.write(ctx, batch, now)
			switch {
			case err == nil:
				written = now
				if failing {
					r.log.Info("changes of agents' states are written again")
				}
				failing = false
			case !failing && ctx.Err() == nil: // else the last try is still to come
				failing = true
				r.log.Error("changes of agents' states can't be written, trying again", "err", err)
			}
		}
	}
}

func (r *StateRecorder) drain(ctx context.Context) error {
	for {
		batch := r.take()
		if err := r.write(ctx, batch, time.Now()); err != nil {
			r.log.Error("changes of agents' states not written before the end", "changes", r.Stats().Waiting, "err", err)
			return err
		}
		if len(batch) < maxBatch {
			return nil
		}
	}
}

func (r *StateRecorder) take() []AgentState {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.waiting[:min(len(r.waiting), maxBatch)]
}

// write writes the head of what waits, and takes it out once it is on disk.
func (r *StateRecorder) write(ctx context.Context, batch []AgentState, now time.Time) error {
	if err := r.store.PutAgentStates(ctx, batch, now); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waiting = append([]AgentState(nil), r.waiting[len(batch):]...)
	return nil
}

func (r *StateRecorder) sayLost() {
	r.mu.Lock()
	n := r.unsaid
	r.unsaid = 0
	r.mu.Unlock()
	if n > 0 {
		r.log.Error("changes of agents' states lost: the disk does not take them", "changes", n)
	}
}
