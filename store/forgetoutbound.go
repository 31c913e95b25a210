package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"go.etcd.io/bbolt"

	"calld/campaign"
	"calld/queue"
)

// entries removes the person from dial lists: an entry with the number is this
// person's, with all its numbers. One that is being dialled stays for now; the
// dialler passes over one that goes before it is.
func (p *person) entries(ctx context.Context, s *Store) error {
	return p.each(ctx, s, func(t *tables) *bbolt.Bucket { return t.entries }, nil, func(t *tables, key, v []byte) (bool, error) {
		e, err := t.decodeEntry(key, v)
		switch {
		case err != nil || !p.has(&e):
			return false, err
		case e.Try != "":
			p.found.Live++
			return false, nil
		}
		p.found.Entries++
		return true, nil
	}, func(ctx context.Context, keys [][]byte) error {
		return s.update(ctx, func(t *tables) error {
			for _, key := range keys {
				v := t.entries.Get(key)
				if v == nil {
					continue
				}
				e, err := t.decodeEntry(key, v)
				if err != nil {
					return err
				}
				if e.Try != "" { // claimed meanwhile
					p.found.Entries--
					p.found.Live++
					continue
				}
				l, err := get[campaign.DialList](t.lists, "dial list", e.List)
				if errors.Is(err, campaign.ErrUnknown) {
					err = fmt.Errorf("%w: list of entry %s", ErrDamaged, e.ID)
				}
				if err != nil {
					return err
				}
				if err := t.removeEntry(&l, key); err != nil {
					return err
				}
				if err := put(t.lists, l.ID, l); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

func (p *person) has(e *campaign.Entry) bool {
	for i := range e.Numbers {
		if p.is(e.Numbers[i].Number) {
			return true
		}
	}
	return false
}

// results removes what became of the tries of the number.
func (p *person) results(ctx context.Context, s *Store) error {
	return p.each(ctx, s, func(t *tables) *bbolt.Bucket { return t.results }, nil, func(_ *tables, key, v []byte) (bool, error) {
		var r campaign.Result
		if err := json.Unmarshal(v, &r); err != nil {
			return false, fmt.Errorf("%w: result %x: %w", ErrDamaged, key, err)
		}
		if !p.is(r.Number) {
			return false, nil
		}
		p.found.Results++
		return true, nil
	}, func(ctx context.Context, keys [][]byte) error {
		return s.update(ctx, func(t *tables) error { return deleteAll(t.results, keys) })
	})
}

// events removes what webhooks have not been told yet.
func (p *person) events(ctx context.Context, s *Store) error {
	return p.each(ctx, s, func(t *tables) *bbolt.Bucket { return t.outbox }, nil, func(_ *tables, key, v []byte) (bool, error) {
		_, body, err := decodePost(key, v)
		if err != nil {
			return false, err
		}
		var event struct {
			Call *queue.Call `json:"call"`
		}
		if err := json.Unmarshal(body, &event); err != nil || event.Call == nil || !p.is(customer(event.Call)) {
			return false, nil //nolint:nilerr // an event that is not about a call has none of that form
		}
		p.found.Events++
		return true, nil
	}, func(ctx context.Context, keys [][]byte) error {
		return s.update(ctx, func(t *tables) error { return deleteAll(t.outbox, keys) })
	})
}

func deleteAll(b *bbolt.Bucket, keys [][]byte) error {
	for _, key := range keys {
		if err := b.Delete(key); err != nil {
			return err
		}
	}
	return nil
}

// transfers takes the number out of other people's calls that were handed to it.
func (p *person) transfers(ctx context.Context, s *Store) error {
	named := func(c *queue.Call) (found bool) {
		for i := range c.Transfers {
			if p.is(c.Transfers[i].To) {
				c.Transfers[i].To, found = "", true
			}
		}
		return found
	}
	return p.each(ctx, s, func(t *tables) *bbolt.Bucket { return t.calls }, nil, func(t *tables, key, v []byte) (bool, error) {
		if !bytes.Contains(v, []byte(`"transfers"`)) { // nearly all: most of a year's calls need no decoding
			return false, nil
		}
		c, err := t.decodeCall(key, v)
		if err != nil || !named(&c) {
			return false, err
		}
		p.found.Transfers++
		return true, nil
	}, func(ctx context.Context, keys [][]byte) error {
		return s.update(ctx, func(t *tables) error {
			for _, key := range keys {
				v := t.calls.Get(key)
				if v == nil { // purged meanwhile
					continue
				}
				c, err := t.decodeCall(key, v)
				if err != nil {
					return err
				}
				named(&c)
				if err := put(t.calls, string(key), c); err != nil {
					return err
				}
			}
			return nil
		})
	})
}
