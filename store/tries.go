package store

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"calld/campaign"
)

// Due returns up to n open entries of a list that are due at now, the longest
// due first, then in the order of loading, and when the first of the others is
// due: now if it is already, zero when there is none. Entries in skip are left
// out of both.
func (s *Store) Due(listID string, now time.Time, n int, skip map[string]bool) (due []campaign.Entry, next time.Time, err error) {
	prefix, until := term(listID), timeKey(now)
	err = s.view(func(t *tables) error {
		if _, err := get[campaign.DialList](t.lists, "dial list", listID); err != nil {
			return err
		}
		c := t.due.Cursor()
		for k, place := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, place = c.Next() {
			if len(place) != 8 || len(k) != len(prefix)+timeLen+8 {
				return fmt.Errorf("%w: due time %x of an entry", ErrDamaged, k)
			}
			at, id := k[len(prefix):len(prefix)+timeLen], entryID(listID, binary.BigEndian.Uint64(place))
			switch {
			case skip[id]:
				continue
			case bytes.Compare(at, until) > 0:
				next = time.Unix(0, int64(binary.BigEndian.Uint64(at))) //nolint:gosec // timeKey wrote it from an int64
				return nil
			case len(due) >= n:
				next = now
				return nil
			}
			e, _, err := t.getEntry(id)
			if errors.Is(err, campaign.ErrUnknown) {
				err = fmt.Errorf("%w: entry %s is in an index only", ErrDamaged, id)
			}
			if err != nil {
				return err
			}
			due = append(due, e)
		}
		return nil
	})
	return due, next, err
}

// Claim makes an open entry that of a try, before it is dialled, and keeps the
// try as under way. It fails with campaign.ErrClaimed when the entry is not
// open, or has not the try's number any more.
func (s *Store) Claim(ctx context.Context, try campaign.Result) error {
	if try.ID == "" || len(try.ID) > maxID {
		return fmt.Errorf("%w: id %.40q of a try", ErrInvalid, try.ID)
	}
	return s.decide(ctx, func(t *tables) error {
		old, n, err := t.getEntry(try.Entry)
		if err != nil {
			return err
		}
		has := try.Index >= 0 && try.Index < len(old.Numbers) && old.Numbers[try.Index].Number == try.Number
		if old.State != campaign.EntryOpen || !has || t.tries.Get([]byte(try.ID)) != nil {
			return fmt.Errorf("%w: entry %s is %s", campaign.ErrClaimed, old.ID, old.State)
		}
		e := old
		e.State, e.Try = campaign.EntryDialling, try.ID
		if err := t.changeEntry(&old, &e, n); err != nil {
			return err
		}
		return put(t.tries, try.ID, try)
	})
}

// Amend keeps what has become known of a try under way. Of one that is over
// nothing is kept: its result is written.
func (s *Store) Amend(ctx context.Context, try campaign.Result) error {
	return s.update(ctx, func(t *tables) error {
		if t.tries.Get([]byte(try.ID)) == nil {
			return nil
		}
		return put(t.tries, try.ID, try)
	})
}

// Settle ends a try: its result is written, and the entry, as it is from now
// on, is free of it and has it as its Last. What an entry was loaded with stays
// as it was. Settling twice changes nothing.
func (s *Store) Settle(ctx context.Context, try campaign.Result, e campaign.Entry) error {
	return s.update(ctx, func(t *tables) error {
		if t.tries.Get([]byte(try.ID)) == nil {
			return nil
		}
		key := join(term(try.Campaign), entryKey(resultTime(&try), try.ID))
		if err := t.tries.Delete([]byte(try.ID)); err != nil {
			return fmt.Errorf("store: settle try %s: %w", try.ID, err)
		}
		if err := put(t.results, string(key), try); err != nil {
			return err
		}
		if err := t.noteDialled(&try); err != nil {
			return err
		}
		old, n, err := t.getEntry(try.Entry)
		if errors.Is(err, campaign.ErrUnknown) {
			return nil // its list is gone
		}
		if err != nil || old.Try != try.ID {
			return err
		}
		now := loaded(&old, e)
		now.Try, now.Last = "", &try
		return t.changeEntry(&old, &now, n)
	})
}

// PutOpen changes entries without a try: when they are due, or a state such as
// blocked. One that is not open any more, or not there, stays as it is.
func (s *Store) PutOpen(ctx context.Context, entries []campaign.Entry) error {
	return s.update(ctx, func(t *tables) error {
		for _, e := range entries {
			old, n, err := t.getEntry(e.ID)
			switch {
			case errors.Is(err, campaign.ErrUnknown):
				continue
			case err != nil:
				return err
			case old.State != campaign.EntryOpen:
				continue
			}
			now := loaded(&old, e)
			now.Try, now.Last = "", old.Last
			if err := t.changeEntry(&old, &now, n); err != nil {
				return err
			}
		}
		return nil
	})
}

// loaded is a changed entry with what it was loaded with.
func loaded(old *campaign.Entry, e campaign.Entry) campaign.Entry {
	e.ID, e.List, e.Key, e.Name, e.Timezone, e.Variables = old.ID, old.List, old.Key, old.Name, old.Timezone, old.Variables
	changed := e.Numbers
	e.Numbers = slices.Clone(old.Numbers)
	for i := range min(len(changed), len(e.Numbers)) {
		n := e.Numbers[i].Number
		e.Numbers[i] = changed[i]
		e.Numbers[i].Number = n
	}
	return e
}

// Claims are the tries under way.
func (s *Store) Claims() (tries []campaign.Result, err error) {
	err = s.view(func(t *tables) (err error) {
		tries, err = every[campaign.Result](t.tries, "try")
		return err
	})
	return tries, err
}

// resultTime is where a result stands among the others: when it was dialled,
// or else when it ended.
func resultTime(r *campaign.Result) time.Time {
	if at := cmp.Or(r.Dialled, r.End); at != nil {
		return *at
	}
	return time.Time{}
}
