package store

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
	"unicode/utf8"

	"go.etcd.io/bbolt"

	"calld/queue"
)

const (
	// MaxRecord bounds one call's record in bytes; a usual one has 600.
	MaxRecord = 1 << 20
	maxID     = 255 // bytes
)

// change is one call's record on its way to the file, or a post.
type change struct {
	post   *Post // nil of a call's record
	call   *queue.Call
	keys   []string // spellings of the customer's number
	value  []byte
	ended  bool
	missed []Missed // what became of the missed calls; set by apply
}

// newChange encodes a call. Whatever can never be written is refused here, as
// ErrInvalid, and so can't spoil a transaction that it shares with others.
func (s *Store) newChange(c *queue.Call, ended bool) (*change, error) {
	invalid := func(why string) error {
		return fmt.Errorf("%w: call %.40q: %s", ErrInvalid, c.ID, why)
	}
	switch {
	case c.ID == "" || len(c.ID) > maxID || !utf8.ValidString(c.ID):
		return nil, invalid("the id must have 1 to 255 bytes of UTF-8")
	case c.Begin.Before(time.Unix(0, 0)) || c.Begin.After(time.Unix(0, math.MaxInt64)):
		return nil, invalid("the begin must be between 1970 and 2262")
	case ended != (c.Phase == queue.Ended) || ended != (c.Outcome != ""):
		return nil, invalid("an ended call, and no other, has an outcome and the phase ended")
	}
	value, err := json.Marshal(c)
	if err != nil {
		return nil, invalid(err.Error())
	}
	if len(value) > MaxRecord {
		return nil, invalid(fmt.Sprintf("%d bytes, the limit is %d", len(value), MaxRecord))
	}
	ch := &change{call: c, value: value, ended: ended}
	if ended || c.Start != nil { // else it changes no missed call
		ch.keys = s.spellings(customer(c))
	}
	return ch, nil
}

// apply writes the record and what follows from it. A transaction may be
// repeated, so it starts afresh each time; a call that has ended already
// changes the missed calls no more.
func (ch *change) apply(t *tables) (err error) {
	if ch.post != nil {
		return t.putPost(ch.post, ch.value)
	}
	ch.missed = nil
	c, id := ch.call, []byte(ch.call.ID)
	begin := t.ids.Get(id)
	switch {
	case !ch.ended && begin != nil:
		return nil // late: the call has ended
	case !ch.ended:
		if err := t.live.Put(id, ch.value); err != nil {
			return fmt.Errorf("store: put live call %s: %w", c.ID, err)
		}
	case begin != nil:
		old, err := t.getCall(join(begin, id))
		if err != nil {
			return err
		}
		if err := t.removeCall(old); err != nil {
			return err
		}
		return t.putCall(c, ch.value)
	default:
		if err := t.live.Delete(id); err != nil {
			return fmt.Errorf("store: remove live call %s: %w", c.ID, err)
		}
		if err := t.putCall(c, ch.value); err != nil {
			return err
		}
	}
	switch {
	case c.Missed():
		m, err := t.addMissed(c, ch.keys)
		if err != nil {
			return err
		}
		ch.missed = []Missed{m}
	case c.Start != nil: // we talk, or have talked, to the customer
		ch.missed, err = t.settle(c, ch.keys)
	case ch.ended && c.Direction == queue.Out:
		ch.missed, err = t.tried(c, ch.keys)
	}
	return err
}

// index is one entry under which an ended call is found.
type index struct {
	table *bbolt.Bucket
	key   []byte
}

// indexes lists every index entry of an ended call.
func (t *tables) indexes(c *queue.Call) []index {
	key := entryKey(c.Begin, c.ID)
	entries := []index{{t.byQueue, join(term(c.Queue), key)}}
	if n := number(customer(c)); n != "" {
		entries = append(entries, index{t.byCaller, join(term(n), key)})
	}
	if c.Agent != "" {
		entries = append(entries, index{t.byAgent, join(term(c.Agent), key)})
	}
	return entries
}

func (t *tables) putCall(c *queue.Call, value []byte) error {
	key := entryKey(c.Begin, c.ID)
	err := cmp.Or(t.calls.Put(key, value), t.ids.Put([]byte(c.ID), key[:timeLen]))
	for _, x := range t.indexes(c) {
		err = cmp.Or(err, x.table.Put(x.key, []byte(c.Outcome)))
	}
	if err != nil {
		return fmt.Errorf("store: put ended call %s: %w", c.ID, err)
	}
	return nil
}

// removeCall removes an ended call and its index entries, not its memo.
func (t *tables) removeCall(c queue.Call) error {
	err := cmp.Or(t.calls.Delete(entryKey(c.Begin, c.ID)), t.ids.Delete([]byte(c.ID)))
	for _, x := range t.indexes(&c) {
		err = cmp.Or(err, x.table.Delete(x.key))
	}
	if err != nil {
		return fmt.Errorf("store: remove ended call %s: %w", c.ID, err)
	}
	return nil
}

// getCall reads an ended call without its memo.
func (t *tables) getCall(key []byte) (queue.Call, error) {
	v := t.calls.Get(key)
	if v == nil {
		return queue.Call{}, fmt.Errorf("%w: call %q is in an index and not in the history", ErrDamaged, key[timeLen:])
	}
	return t.decodeCall(key, v)
}

// decodeCall reads the call under a key of the history.
func (t *tables) decodeCall(key, value []byte) (queue.Call, error) {
	return decodeCall(key[min(timeLen, len(key)):], value)
}

func decodeCall(id, value []byte) (c queue.Call, err error) {
	if err := json.Unmarshal(value, &c); err != nil {
		return c, fmt.Errorf("%w: record of call %q: %w", ErrDamaged, id, err)
	}
	return c, nil
}

// customer is the number outside: who called, or was called.
func customer(c *queue.Call) string {
	if c.Direction == queue.Out {
		return c.Callee
	}
	return c.Caller
}

// PutLive stores a call that has not ended, replacing its former state. A put
// that comes after the call's end changes nothing. It returns the missed
// calls that the call has resolved: those of its customer, once it is answered.
func (s *Store) PutLive(ctx context.Context, c *queue.Call) ([]Missed, error) {
	return s.put(ctx, c, false)
}

// Finish stores how a call ended, in the history and in the missed calls, and
// removes the live record. It returns the missed calls that this changed.
// Finishing a call again replaces its record and changes no missed call.
func (s *Store) Finish(ctx context.Context, c *queue.Call) ([]Missed, error) {
	return s.put(ctx, c, true)
}

func (s *Store) put(ctx context.Context, c *queue.Call, ended bool) ([]Missed, error) {
	ch, err := s.newChange(c, ended)
	if err != nil {
		return nil, err
	}
	if err := s.update(ctx, ch.apply); err != nil {
		return nil, err
	}
	return ch.missed, nil
}

// Live returns the calls that have not ended as far as the store was told,
// the longest first. After a crash these are the calls to look for. Records
// that can't be read are left out, and told in an error beside the others.
func (s *Store) Live() (calls []queue.Call, err error) {
	var damaged []error
	err = s.view(func(t *tables) error {
		return t.live.ForEach(func(id, v []byte) error {
			c, err := decodeCall(id, v)
			if err == nil {
				err = t.joinMemo(&c)
			}
			if err != nil {
				damaged = append(damaged, err)
				return nil
			}
			calls = append(calls, c)
			return nil
		})
	})
	slices.SortFunc(calls, func(a, b queue.Call) int {
		return cmp.Or(a.Begin.Compare(b.Begin), cmp.Compare(a.ID, b.ID))
	})
	return calls, errors.Join(append(damaged, err)...)
}

// Call returns one call, live or ended, or ErrNotFound.
func (s *Store) Call(id string) (c queue.Call, err error) {
	err = s.view(func(t *tables) (err error) {
		if begin := t.ids.Get([]byte(id)); begin != nil {
			c, err = t.getCall(join(begin, []byte(id)))
		} else if v := t.live.Get([]byte(id)); v != nil {
			c, err = decodeCall([]byte(id), v)
		} else {
			return fmt.Errorf("%w: call %.40q", ErrNotFound, id)
		}
		if err != nil {
			return err
		}
		return t.joinMemo(&c)
	})
	return c, err
}
