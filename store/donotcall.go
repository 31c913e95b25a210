package store

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"calld/campaign"
)

// Bar adds numbers to the do-not-call list, in one transaction: some hundred
// at a time let other writers in. A number that is on it already, however it is
// written, is noted anew. It returns how many were not on it.
func (s *Store) Bar(ctx context.Context, numbers []campaign.Barred) (added int, err error) {
	for _, b := range numbers {
		if n := number(b.Number); n == "" || len(n) > maxID {
			return 0, fmt.Errorf("%w: number %.40q", ErrInvalid, b.Number)
		}
	}
	err = s.update(ctx, func(t *tables) error {
		added = 0
		for _, b := range numbers {
			removed, err := t.unbar(s.spellings(b.Number))
			if err != nil {
				return err
			}
			if !removed {
				added++
			}
			if err := put(t.barred, number(b.Number), b); err != nil {
				return err
			}
		}
		return nil
	})
	return added, err
}

// Unbar takes a number, however it is written, off the do-not-call list, or
// says that it is not on it: campaign.ErrUnknown.
func (s *Store) Unbar(ctx context.Context, tel string) error {
	return s.decide(ctx, func(t *tables) error {
		if number(tel) != "" {
			if removed, err := t.unbar(s.spellings(tel)); removed || err != nil {
				return err
			}
		}
		return fmt.Errorf("%w: number %.40q is not on the do-not-call list", campaign.ErrUnknown, tel)
	})
}

// unbar takes a number off the list in all its spellings, and tells whether it
// was on it.
func (t *tables) unbar(spellings []string) (removed bool, err error) {
	for _, key := range spellings {
		if t.barred.Get([]byte(key)) == nil {
			continue
		}
		removed = true
		if err := t.barred.Delete([]byte(key)); err != nil {
			return removed, fmt.Errorf("store: take %s off the do-not-call list: %w", key, err)
		}
	}
	return removed, nil
}

// DoNotCall tells whether a number must not be dialled, however it is written.
func (s *Store) DoNotCall(tel string) (barred bool, err error) {
	if number(tel) == "" {
		return false, nil
	}
	spellings := s.spellings(tel)
	err = s.view(func(t *tables) error {
		barred = slices.ContainsFunc(spellings, func(key string) bool { return t.barred.Get([]byte(key)) != nil })
		return nil
	})
	return barred, err
}

// BarredPage is a part of the do-not-call list, in the order of the numbers.
// Next is empty at the end; a page may be shorter than the limit with a Next.
type BarredPage struct {
	Numbers []campaign.Barred `json:"numbers"`
	Next    string            `json:"next"`
}

// Barred lists the do-not-call list: numbers and notes that have text in them,
// or all. ErrCursor and ErrLimit refuse a bad query; limit 0 is DefaultLimit.
func (s *Store) Barred(text string, limit int, cursor string) (BarredPage, error) {
	page := BarredPage{Numbers: []campaign.Barred{}}
	limit, err := pageLimit(limit)
	if err != nil {
		return page, err
	}
	var after []byte
	if cursor != "" {
		if after, err = parseCursor(listBarred, cursor); err != nil {
			return page, err
		}
		after = after[timeLen:]
	}
	want := s.sought(text)
	err = s.view(func(t *tables) error {
		c := t.barred.Cursor()
		k, v := c.Seek(after)
		if bytes.Equal(k, after) {
			k, v = c.Next()
		}
		var last []byte
		for looked := 0; k != nil; looked++ {
			if looked == maxScan || len(page.Numbers) == limit {
				page.Next = formatCursor(listBarred, entryKey(time.Time{}, string(last)))
				return nil
			}
			last = k
			var b campaign.Barred
			if err := json.Unmarshal(v, &b); err != nil {
				return fmt.Errorf("%w: do-not-call number %q: %w", ErrDamaged, k, err)
			}
			if want.text == "" || strings.Contains(strings.ToLower(b.Number+"\n"+b.Note), want.text) || want.inNumber(string(k)) {
				page.Numbers = append(page.Numbers, b)
			}
			k, v = c.Next()
		}
		return nil
	})
	return page, err
}
