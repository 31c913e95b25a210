package store

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"go.etcd.io/bbolt"
)

// forgetStep bounds the entries that one transaction looks at or removes.
const forgetStep = 200

// Forgotten counts what there is of one person, or was.
type Forgotten struct {
	Calls      int `json:"calls" doc:"Ended calls from and to the number, with all that is written about them."`
	Memos      int `json:"memos"`
	Recordings int `json:"recordings"`
	Missed     int `json:"missed" doc:"Entries of the list of missed calls."`
	Audit      int `json:"audit" doc:"Entries of the audit trail that name the number: they stay, without it."`
	Entries    int `json:"entries" doc:"Entries of dial lists that have the number, with all their numbers."`
	Results    int `json:"results" doc:"What became of campaigns' tries of the number."`
	Events     int `json:"events" doc:"Events of calls that wait for webhooks."`
	Transfers  int `json:"transfers" doc:"Other people's calls that were handed to the number: they stay, without it."`
	Live       int `json:"live" doc:"Calls that have not ended, and entries that are being dialled. They are not removed: ask again when they are over."`
}

// CountPerson counts what Forget would remove. ErrInvalid: there is no number.
func (s *Store) CountPerson(ctx context.Context, tel string) (Forgotten, error) {
	p, err := s.newPerson(tel, true)
	if err != nil {
		return Forgotten{}, err
	}
	err = p.run(ctx, s)
	return p.found, err
}

// Forget removes what there is of the customer with a number, however it is
// written: ended calls from and to it, their memos, recordings and entries among
// the missed calls, entries of dial lists, results of campaigns and events for
// webhooks; and takes the number out of the audit trail and of other people's
// calls that were handed to it. remove deletes
// a recording before its call is removed; when it fails the call stays, so that
// forgetting again goes on there. Writers wait for no more than a step.
//
// What people wrote into memos of other calls is not found. The do-not-call list stays: it keeps the person from
// being called.
func (s *Store) Forget(ctx context.Context, tel string, remove func(recording string) error) (Forgotten, error) {
	p, err := s.newPerson(tel, false)
	if err != nil {
		return Forgotten{}, err
	}
	p.remove = remove
	err = p.run(ctx, s)
	return p.found, err
}

// person is one number being counted or forgotten.
type person struct {
	spellings []string // as keys
	dry       bool
	remove    func(string) error
	found     Forgotten
}

func (s *Store) newPerson(tel string, dry bool) (*person, error) {
	if number(tel) == "" {
		return nil, fmt.Errorf("%w: no number", ErrInvalid)
	}
	return &person{spellings: s.spellings(tel), dry: dry}, nil
}

// is reports whether a number is the person's.
func (p *person) is(tel string) bool { return slices.Contains(p.spellings, number(tel)) }

// run goes through the tables that know customers by number. A table that comes
// to hold numbers gets a line here.
func (p *person) run(ctx context.Context, s *Store) error {
	for _, part := range []struct {
		what string
		run  func(context.Context, *Store) error
	}{
		{"calls", p.calls},
		{"missed calls", p.missed},
		{"audit trail", p.audit},
		{"dial lists", p.entries},
		{"results of campaigns", p.results},
		{"numbers dialled", p.dialled},
		{"events for webhooks", p.events},
		{"transfers", p.transfers},
		{"live calls", p.live},
	} {
		if err := part.run(ctx, s); err != nil {
			return fmt.Errorf("store: forget %s: %w", part.what, err)
		}
	}
	return nil
}

// each tells the entries under a prefix in steps, each step a transaction of its
// own, and lets change alter those that look has picked.
func (p *person) each(ctx context.Context, s *Store, table func(*tables) *bbolt.Bucket, prefix []byte,
	look func(t *tables, key, value []byte) (picked bool, err error), change func(ctx context.Context, keys [][]byte) error,
) error {
	for next := append([]byte{}, prefix...); next != nil; {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		var picked [][]byte
		err := s.view(func(t *tables) error {
			c := table(t).Cursor()
			k, v := c.Seek(next)
			for range forgetStep {
				if k == nil || !bytes.HasPrefix(k, prefix) {
					next = nil
					return nil
				}
				ok, err := look(t, k, v)
				if err != nil {
					return err
				}
				if ok {
					picked = append(picked, bytes.Clone(k))
				}
				k, v = c.Next()
			}
			next = bytes.Clone(k)
			return nil
		})
		if err != nil {
			return err
		}
		if len(picked) > 0 && !p.dry {
			if err := change(ctx, picked); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *person) calls(ctx context.Context, s *Store) error {
	for _, key := range p.spellings {
		if err := p.callsOf(ctx, s, term(key)); err != nil {
			return err
		}
	}
	return nil
}

// callsOf removes the calls that the index has under a prefix.
func (p *person) callsOf(ctx context.Context, s *Store, prefix []byte) error {
	var recordings []string // of the calls picked
	return p.each(ctx, s, func(t *tables) *bbolt.Bucket { return t.byCaller }, prefix, func(t *tables, key, _ []byte) (bool, error) {
		c, err := t.getCall(key[len(prefix):])
		if err != nil {
			return false, err
		}
		p.found.Calls++
		if t.memos.Get([]byte(c.ID)) != nil {
			p.found.Memos++
		}
		if c.Record != "" {
			p.found.Recordings++
			recordings = append(recordings, c.Record)
		}
		return true, nil
	}, func(ctx context.Context, keys [][]byte) error {
		for _, r := range recordings {
			if err := p.remove(r); err != nil {
				return fmt.Errorf("recording: %w", err)
			}
		}
		recordings = nil
		return s.update(ctx, func(t *tables) error {
			for _, key := range keys {
				entry := key[len(prefix):]
				if t.calls.Get(entry) == nil { // purged meanwhile
					continue
				}
				c, err := t.getCall(entry)
				if err != nil {
					return err
				}
				if err := cmp.Or(t.removeCall(c), t.memos.Delete([]byte(c.ID))); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

func (p *person) missed(ctx context.Context, s *Store) error {
	return p.each(ctx, s, func(t *tables) *bbolt.Bucket { return t.missed }, nil, func(t *tables, id, _ []byte) (bool, error) {
		m, err := t.getMissed(string(id))
		if err != nil || !p.is(m.Caller) {
			return false, err
		}
		p.found.Missed++
		return true, nil
	}, func(ctx context.Context, ids [][]byte) error {
		return s.update(ctx, func(t *tables) error {
			for _, id := range ids {
				if t.missed.Get(id) == nil {
					continue
				}
				m, err := t.getMissed(string(id))
				if err != nil {
					return err
				}
				if err := cmp.Or(t.unindexMissed(&m), t.missed.Delete(id)); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// audit takes the number out of what entries say was done: called, or handed a
// call to.
func (p *person) audit(ctx context.Context, s *Store) error {
	read := func(key, v []byte) (a Audit, err error) {
		if err := json.Unmarshal(v, &a); err != nil {
			return a, fmt.Errorf("%w: audit entry %x: %w", ErrDamaged, key, err)
		}
		return a, nil
	}
	return p.each(ctx, s, func(t *tables) *bbolt.Bucket { return t.audit }, nil, func(_ *tables, key, v []byte) (bool, error) {
		a, err := read(key, v)
		if err != nil || !p.is(a.Detail) {
			return false, err
		}
		p.found.Audit++
		return true, nil
	}, func(ctx context.Context, keys [][]byte) error {
		return s.update(ctx, func(t *tables) error {
			for _, key := range keys {
				v := t.audit.Get(key)
				if v == nil {
					continue
				}
				a, err := read(key, v)
				if err != nil {
					return err
				}
				a.Detail = ""
				if err := putAudit(t.audit, key, a); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

func (p *person) live(_ context.Context, s *Store) error {
	return s.view(func(t *tables) error {
		return t.live.ForEach(func(id, v []byte) error {
			c, err := decodeCall(id, v)
			if err == nil && p.is(customer(&c)) {
				p.found.Live++
			}
			return err
		})
	})
}
