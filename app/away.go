package app

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"calld/hours"
	"calld/queue"
	"calld/store"
)

// awayKeeper writes down who is away, so that a restart gives nobody a call
// during a break. It keeps the latest state of each agent: there is nothing
// to overflow.
//
// A state that says nothing of being away changes nothing: a call in hand,
// after-call work, and being offline before the first log-in, which each start
// begins with.
type awayKeeper struct {
	store *store.Store
	log   *slog.Logger
	wake  chan struct{}

	mu       sync.Mutex
	loggedIn map[string]bool // seen logged in since the start
	pending  map[string]*queue.AgentStatus

	away map[string]string // what is on disk; for the goroutine of Run alone
}

// awayRetry is how long after a failed write the next try is made.
const awayRetry = 5 * time.Second

func newAwayKeeper(s *store.Store, log *slog.Logger) *awayKeeper {
	return &awayKeeper{
		store: s, log: log, wake: make(chan struct{}, 1),
		loggedIn: map[string]bool{}, pending: map[string]*queue.AgentStatus{}, away: map[string]string{},
	}
}

// Observe notes changed agents.
func (k *awayKeeper) Observe(e *queue.Event) {
	if e.Kind != queue.AgentChanged || !k.note(e.Agent) {
		return
	}
	select {
	case k.wake <- struct{}{}:
	default: // a wake-up is already pending
	}
}

// note reports whether there is something to write.
func (k *awayKeeper) note(s *queue.AgentStatus) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch s.State {
	case queue.AgentRings, queue.AgentTalks:
		return false
	case queue.AgentWrapup:
		k.loggedIn[s.ID] = true
		return false
	case queue.Offline:
		if !k.loggedIn[s.ID] {
			return false
		}
	default:
		k.loggedIn[s.ID] = true
	}
	k.pending[s.ID] = s
	return true
}

// Run writes until ctx ends, and then what is left. What could not be written
// is tried again.
func (k *awayKeeper) Run(ctx context.Context) error {
	retry := time.NewTimer(awayRetry)
	defer retry.Stop()
	for {
		select {
		case <-ctx.Done():
			k.flush(context.WithoutCancel(ctx))
			return nil
		case <-k.wake:
		case <-retry.C:
		}
		if !k.flush(ctx) {
			retry.Reset(awayRetry)
		}
	}
}

// flush writes what is pending; false when some of it is pending again.
func (k *awayKeeper) flush(ctx context.Context) (done bool) {
	k.mu.Lock()
	pending := k.pending
	k.pending = map[string]*queue.AgentStatus{}
	k.mu.Unlock()
	done = true
	for id, s := range pending {
		err := k.write(ctx, id, s)
		if err == nil {
			continue
		}
		done = false
		if ctx.Err() == nil { // else the last flush is still to come
			k.log.Warn("away state not written", "agent", id, "err", err)
		}
		k.mu.Lock()
		if k.pending[id] == nil { // else there is a newer one
			k.pending[id] = s
		}
		k.mu.Unlock()
	}
	return done
}

func (k *awayKeeper) write(ctx context.Context, id string, s *queue.AgentStatus) error {
	reason, was := k.away[id]
	if s.State != queue.Away {
		if !was {
			return nil
		}
		if err := k.store.ClearAway(ctx, id); err != nil {
			return err
		}
		delete(k.away, id)
		return nil
	}
	if was && reason == s.Reason {
		return nil
	}
	if err := k.store.PutAway(ctx, store.Away{Agent: id, Reason: s.Reason, Since: s.Since}); err != nil {
		return err
	}
	k.away[id] = s.Reason
	return nil
}

// restore sets the agents away who were so when the last calld ended.
func (k *awayKeeper) restore(b *queue.Board) error {
	away, err := k.store.AgentsAway()
	if err != nil {
		return err
	}
	for id, a := range away {
		k.away[id] = a.Reason
		if err := b.RestoreAway(id, a.Reason); err != nil {
			k.log.Debug("agent is no longer configured", "agent", id)
		}
	}
	return nil
}

// startOfDay is midnight in the given zone.
func startOfDay(now time.Time, loc *time.Location) time.Time {
	return hours.DateOf(now.In(loc)).Begin(loc)
}
