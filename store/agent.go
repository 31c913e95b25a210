package store

import (
	"context"
	"encoding/json"
	"fmt"
)

// Agent is a user who was made over the REST API, with the keys of [agents.ID]
// in the configuration file.
type Agent struct {
	ID          string   `json:"id"`
	Password    string   `json:"password"` // a hash
	Name        string   `json:"name"`
	Role        string   `json:"role"`
	Queues      []string `json:"queues"`
	Phone       string   `json:"phone"`
	WebPhone    bool     `json:"web_phone"`
	PhoneSecret string   `json:"phone_secret,omitempty"`
}

// PutAgent keeps an agent, in the place of the one with the same id if there
// is one. The caller has checked it by the rules of the configuration.
func (s *Store) PutAgent(ctx context.Context, a Agent) error {
	if a.ID == "" || len(a.ID) > maxID {
		return fmt.Errorf("%w: agent id %.40q", ErrInvalid, a.ID)
	}
	return s.update(ctx, func(t *tables) error { return put(t.agents, a.ID, a) })
}

// DeleteAgent removes an agent and ends its sessions; an unknown one is no
// error.
func (s *Store) DeleteAgent(ctx context.Context, id string) error {
	return s.update(ctx, func(t *tables) error {
		if err := t.endSessions(id); err != nil {
			return err
		}
		if err := t.agents.Delete([]byte(id)); err != nil {
			return fmt.Errorf("store: remove agent %s: %w", id, err)
		}
		return nil
	})
}

// Agents lists the agents, sorted by id.
func (s *Store) Agents() (list []Agent, err error) {
	err = s.view(func(t *tables) error {
		return t.agents.ForEach(func(id, v []byte) error {
			a, err := decodeAgent(id, v)
			list = append(list, a)
			return err
		})
	})
	return list, err
}

func decodeAgent(id, v []byte) (a Agent, err error) {
	if err := json.Unmarshal(v, &a); err != nil {
		return a, fmt.Errorf("%w: agent %q: %w", ErrDamaged, id, err)
	}
	return a, nil
}
