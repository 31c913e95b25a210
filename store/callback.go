package store

import (
	"context"
	"time"

	"calld/queue"
)

// Callback is a call back of a missed call that did not reach the customer.
type Callback struct {
	At    time.Time `json:"at"`    // when it began
	By    string    `json:"by"`    // the agent
	Call  string    `json:"call"`  // its id
	Cause string    `json:"cause"` // as in queue.Call
}

// tried notes an outbound call that has not reached the customer with all that
// is open of the number, and ends the claim that it was made on. A claim made
// anew since then is that of a later call.
func (t *tables) tried(c *queue.Call, keys []string) ([]Missed, error) {
	var changed []Missed
	for _, id := range t.openOf(keys) {
		old, err := t.indexedMissed(id)
		if err != nil {
			return nil, err
		}
		m := old
		m.Callbacks++
		m.LastCallback = &Callback{At: c.Begin, By: c.Agent, Call: c.ID, Cause: c.Cause}
		if m.Owner == c.Agent && m.OwnerSince != nil && (c.End == nil || !m.OwnerSince.After(*c.End)) {
			m.Owner, m.OwnerSince = "", nil
		}
		if err := t.putMissed(&old, &m); err != nil {
			return nil, err
		}
		changed = append(changed, m)
	}
	return changed, nil
}

// ReleaseClaims ends the claims of missed calls that no live call of their
// owner to the number carries, as after a crash between claim and call. It
// returns what it changed.
func (s *Store) ReleaseClaims(ctx context.Context) (released []Missed, err error) {
	type carried struct{ agent, number string }
	err = s.update(ctx, func(t *tables) error {
		released = nil // a transaction may be repeated
		carries := map[carried]bool{}
		err := t.live.ForEach(func(id, v []byte) error {
			// A record that can't be read carries nothing; Live tells of it.
			if c, err := decodeCall(id, v); err == nil && c.Direction == queue.Out {
				carries[carried{c.Agent, s.same(customer(&c))}] = true
			}
			return nil
		})
		if err != nil {
			return err
		}
		var claimed []Missed
		err = t.claims.ForEach(func(_, id []byte) error {
			m, err := t.indexedMissed(id)
			if err == nil && !carries[carried{m.Owner, s.same(m.Caller)}] {
				claimed = append(claimed, m)
			}
			return err
		})
		if err != nil {
			return err
		}
		for _, m := range claimed {
			old := m
			m.Owner, m.OwnerSince = "", nil
			if err := t.putMissed(&old, &m); err != nil {
				return err
			}
			released = append(released, m)
		}
		return nil
	})
	return released, err
}
