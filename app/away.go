package app

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"calld/queue"
	"calld/store"
)

// awayKeeper writes down who is away, so that a restart gives nobody a call
// during a break. It keeps the latest state of each agent: there is nothing
// to overflow.
type awayKeeper struct {
	store *store.Store
	log   *slog.Logger
	wake  chan struct{}

	mu      sync.Mutex
	pending map[string]*queue.AgentStatus
	away    map[string]string // what is on disk
}

func newAwayKeeper(s *store.Store, log *slog.Logger) *awayKeeper {
	return &awayKeeper{
		store: s, log: log, wake: make(chan struct{}, 1),
		pending: map[string]*queue.AgentStatus{}, away: map[string]string{},
	}
}

// Observe notes changed agents. A call in hand does not change who is away.
func (k *awayKeeper) Observe(e *queue.Event) {
	if e.Kind != queue.AgentChanged || e.Agent.State == queue.AgentRings || e.Agent.State == queue.AgentTalks {
		return
	}
	k.mu.Lock()
	k.pending[e.Agent.ID] = e.Agent
	k.mu.Unlock()
	select {
	case k.wake <- struct{}{}:
	default: // a wake-up is already pending
	}
}

// Run writes until ctx ends. What could not be written is tried again with the
// next change: losing it costs an agent one click.
func (k *awayKeeper) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-k.wake:
		}
		k.mu.Lock()
		pending := k.pending
		k.pending = map[string]*queue.AgentStatus{}
		k.mu.Unlock()
		for id, s := range pending {
			if err := k.write(ctx, id, s); err != nil && ctx.Err() == nil {
				k.log.Warn("away state not written", "agent", id, "err", err)
			}
		}
	}
}

func (k *awayKeeper) write(ctx context.Context, id string, s *queue.AgentStatus) error {
	reason, was := k.away[id]
	if s.State != queue.Away {
		if !was {
			return nil
		}
		delete(k.away, id)
		return k.store.ClearAway(ctx, id)
	}
	if was && reason == s.Reason {
		return nil
	}
	k.away[id] = s.Reason
	return k.store.PutAway(ctx, store.Away{Agent: id, Reason: s.Reason, Since: s.Since})
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
	y, m, d := now.In(loc).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, loc)
}
