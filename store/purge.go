package store

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"go.etcd.io/bbolt"
)

// purgeStep bounds the calls that one transaction removes, and so the time
// that other writers wait for it.
const purgeStep = 100

// Purge removes the ended calls that began before a time, with their memos,
// the resolved missed calls whose last try was before it, and from before it the
// entries of the audit trail, the results of campaigns and the changes of
// agents' states. What is open stays, and so does the state that an agent was in
// at that time. It returns how many calls
// it removed and the paths of their recordings, which the caller deletes; also
// with an error it returns what it removed until then.
func (s *Store) Purge(ctx context.Context, before time.Time) (n int, recordings []string, err error) {
	for {
		var done int
		var paths []string
		err := s.update(ctx, func(t *tables) (err error) {
			done, paths, err = t.purgeCalls(timeKey(before))
			return err
		})
		if err != nil {
			return n, recordings, fmt.Errorf("store: purge history: %w", err)
		}
		n += done
		recordings = append(recordings, paths...)
		if done < purgeStep {
			break
		}
	}
	for _, others := range []struct {
		what string
		step func(*tables, []byte) (int, error)
	}{
		{"missed calls", (*tables).purgeMissed},
		{"audit trail", (*tables).purgeAudit},
		{"results of campaigns", (*tables).purgeResults},
		{"numbers dialled", (*tables).purgeDialled},
		{"states of agents", (*tables).purgeAgentStates},
	} {
		for more := true; more; {
			err := s.update(ctx, func(t *tables) error {
				done, err := others.step(t, timeKey(before))
				more = done >= purgeStep
				return err
			})
			if err != nil {
				return n, recordings, fmt.Errorf("store: purge %s: %w", others.what, err)
			}
		}
	}
	return n, recordings, nil
}

func (t *tables) purgeCalls(before []byte) (n int, recordings []string, err error) {
	for _, key := range oldest(t.calls, nil, before) {
		c, err := t.getCall(key)
		if err != nil {
			return 0, nil, err
		}
		if err := t.removeCall(c); err != nil {
			return 0, nil, err
		}
		if err := t.memos.Delete([]byte(c.ID)); err != nil {
			return 0, nil, fmt.Errorf("store: remove memo of call %s: %w", c.ID, err)
		}
		if c.Record != "" {
			recordings = append(recordings, c.Record)
		}
		n++
	}
	return n, recordings, nil
}

func (t *tables) purgeMissed(before []byte) (n int, err error) {
	state := term(string(MissedResolved))
	for _, key := range oldest(t.missedByTime, state, before) {
		m, err := t.indexedMissed(key[len(state)+timeLen:])
		if err != nil {
			return 0, err
		}
		if err := t.unindexMissed(&m); err != nil {
			return 0, err
		}
		if err := t.missed.Delete([]byte(m.ID)); err != nil {
			return 0, fmt.Errorf("store: remove missed call %s: %w", m.ID, err)
		}
		n++
	}
	return n, nil
}

// oldest returns the first keys under a prefix whose time is before a bound,
// at most purgeStep. Keys are collected before anything is removed: a bbolt
// cursor loses its place when its table changes.
func oldest(b *bbolt.Bucket, prefix, before []byte) (keys [][]byte) {
	c := b.Cursor()
	end := join(prefix, before)
	for k, _ := c.Seek(prefix); k != nil && bytes.Compare(k, end) < 0 && len(keys) < purgeStep; k, _ = c.Next() {
		keys = append(keys, bytes.Clone(k))
	}
	return keys
}
