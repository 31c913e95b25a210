package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"go.etcd.io/bbolt"
)

// Away is why an agent takes no calls, kept so that a restart of calld gives
// nobody a call during a break.
type Away struct {
	Agent  string    `json:"agent"`
	Reason string    `json:"reason"`
	Since  time.Time `json:"since"`
}

// PutAway stores that an agent is away.
func (s *Store) PutAway(ctx context.Context, a Away) error {
	if a.Agent == "" || len(a.Agent) > maxID {
		return fmt.Errorf("%w: agent id %.40q", ErrInvalid, a.Agent)
	}
	if err := checkLength("reason", &a.Reason, MaxReason); err != nil {
		return err
	}
	return s.update(ctx, func(t *tables) error { return put(t.away, a.Agent, a) })
}

// ClearAway stores that an agent is away no more.
func (s *Store) ClearAway(ctx context.Context, agent string) error {
	return s.update(ctx, func(t *tables) error {
		if err := t.away.Delete([]byte(agent)); err != nil {
			return fmt.Errorf("store: agent %s back: %w", agent, err)
		}
		return nil
	})
}

// AgentsAway returns who is away, by agent id.
func (s *Store) AgentsAway() (map[string]Away, error) {
	away := map[string]Away{}
	err := s.view(func(t *tables) error {
		return t.away.ForEach(func(id, v []byte) error {
			var a Away
			if err := json.Unmarshal(v, &a); err != nil {
				return fmt.Errorf("%w: away reason of agent %q: %w", ErrDamaged, id, err)
			}
			away[a.Agent] = a
			return nil
		})
	})
	return away, err
}

// put stores a value as JSON.
func put(b *bbolt.Bucket, key string, value any) error {
	v, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("%w: %s: %w", ErrInvalid, key, err)
	}
	if err := b.Put([]byte(key), v); err != nil {
		return fmt.Errorf("store: put %s: %w", key, err)
	}
	return nil
}
