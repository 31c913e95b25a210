package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"calld/campaign"
)

const (
	// dialledFor is for how long it is known when a number was dialled: as long as
	// campaign.Plan.MaxTries24h looks back.
	dialledFor = 24 * time.Hour
	// dialledStep is how many tries are forgotten for each that is noted: more than
	// one, so that what a busy day leaves does not stay.
	dialledStep = 2
)

// Tried tells when campaigns have dialled numbers, however they are written, since
// a time within the last 24 hours: all tries that count, of all lists, the first
// of them first. Of one try it tells once.
func (s *Store) Tried(numbers []string, since time.Time) (times []time.Time, err error) {
	var keys []string
	for _, tel := range numbers {
		keys = append(keys, s.spellings(tel)...)
	}
	slices.Sort(keys)
	err = s.view(func(t *tables) error {
		c := t.dialled.Cursor()
		for _, key := range slices.Compact(keys) {
			prefix := term(key)
			for k, _ := c.Seek(join(prefix, timeKey(since))); bytes.HasPrefix(k, prefix); k, _ = c.Next() {
				times = append(times, keyTime(k[len(prefix):len(prefix)+timeLen]))
			}
		}
		return nil
	})
	slices.SortFunc(times, time.Time.Compare)
	return times, err
}

// noteDialled notes a try that has ended, if it counts, and forgets some of those
// before the last 24 hours.
func (t *tables) noteDialled(try *campaign.Result) error {
	key := number(try.Number)
	if !try.Counts() || key == "" {
		return nil
	}
	if _, err := t.forgetDialled(timeKey(try.Dialled.Add(-dialledFor)), dialledStep); err != nil {
		return err
	}
	place := join(term(key), entryKey(*try.Dialled, try.ID))
	err := t.dialled.Put(place, nil)
	if err == nil {
		err = t.dialledAt.Put(dialledAtKey(place), place)
	}
	if err != nil {
		return fmt.Errorf("store: note try %s: %w", try.ID, err)
	}
	return nil
}

// dialledAtKey is the key by time of a key by number: what follows the number.
func dialledAtKey(place []byte) []byte {
	return place[2+int(binary.BigEndian.Uint16(place)):]
}

// forgetDialled forgets the first tries before a time.
func (t *tables) forgetDialled(before []byte, most int) (n int, err error) {
	keys := oldest(t.dialledAt, nil, before)
	for _, key := range keys[:min(len(keys), most)] {
		if err := t.removeDialled(bytes.Clone(t.dialledAt.Get(key))); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

func (t *tables) purgeDialled(before []byte) (n int, err error) {
	return t.forgetDialled(before, purgeStep)
}

func (t *tables) removeDialled(place []byte) error {
	if len(place) < 2 || len(place) < 2+int(binary.BigEndian.Uint16(place)) {
		return fmt.Errorf("%w: number %x of a try", ErrDamaged, place)
	}
	err := t.dialled.Delete(place)
	if err == nil {
		err = t.dialledAt.Delete(dialledAtKey(place))
	}
	if err != nil {
		return fmt.Errorf("store: forget try %x: %w", place, err)
	}
	return nil
}

// dialled removes when the person was dialled.
func (p *person) dialled(ctx context.Context, s *Store) error {
	for _, key := range p.spellings {
		err := p.each(ctx, s, func(t *tables) *bbolt.Bucket { return t.dialled }, term(key),
			func(*tables, []byte, []byte) (bool, error) { return true, nil },
			func(ctx context.Context, places [][]byte) error {
				return s.update(ctx, func(t *tables) error {
					for _, place := range places {
						if err := t.removeDialled(place); err != nil {
							return err
						}
					}
					return nil
				})
			})
		if err != nil {
			return err
		}
	}
	return nil
}

// dialled checks that tries stand under their numbers just if they do by time.
func (f *findings) dialled(t *tables, want map[*bbolt.Bucket]int) {
	f.each(t.dialledAt, func(key, place []byte) error {
		want[t.dialled]++
		if t.dialled.Get(place) == nil {
			f.add("try %x is not found by its number", key)
		}
		return nil
	})
}
