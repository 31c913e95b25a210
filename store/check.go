package store

import (
	"bytes"
	"errors"
	"fmt"
	"maps"

	"go.etcd.io/bbolt"

	"calld/campaign"
	"calld/queue"
)

// maxFindings bounds what Check reports: a damaged file has thousands.
const maxFindings = 20

// Check reads the whole file: that bbolt's pages are sound, that every record
// can be read, and that records and indexes agree. Writers wait until it is
// done, half a minute for a million calls: check a backup of a store that is
// in use. The findings are joined into one error that is ErrDamaged.
func (s *Store) Check() error {
	err := s.translate(guard(func() error {
		// bbolt checks its free pages only safely where no other transaction
		// frees some: in the one that may write.
		tx, err := s.db.Begin(true)
		if err != nil {
			return err
		}
		defer tx.Rollback() //nolint:errcheck // nothing was written
		var f findings
		for err := range tx.Check() {
			f.add("%w", err)
		}
		if f.errs == nil {
			f.tables(tx)
		}
		return errors.Join(f.errs...)
	}))
	if err != nil && !errors.Is(err, ErrClosed) {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return err
}

type findings struct{ errs []error }

func (f *findings) add(format string, args ...any) {
	if len(f.errs) < maxFindings {
		f.errs = append(f.errs, fmt.Errorf(format, args...))
	}
}

func (f *findings) tables(tx *bbolt.Tx) {
	t, err := openTables(tx)
	if err != nil {
		f.add("%w", err)
		return
	}
	want := map[*bbolt.Bucket]int{}
	f.each(t.calls, func(key, v []byte) error {
		want[t.ids]++
		c, err := t.decodeCall(key, v)
		if err != nil {
			return err
		}
		if !bytes.Equal(t.ids.Get([]byte(c.ID)), key[:timeLen]) {
			f.add("ended call %q is not found by its id", c.ID)
		}
		f.indexed(t.indexes(&c), "ended call", c.ID, want)
		return nil
	})
	f.each(t.missed, func(id, _ []byte) error {
		m, err := t.getMissed(string(id))
		if err != nil {
			return err
		}
		f.indexed(t.missedIndexes(&m), "missed call", m.ID, want)
		return nil
	})
	f.each(t.live, func(id, v []byte) error {
		if t.ids.Get(id) != nil {
			f.add("call %q is both live and ended", id)
		}
		_, err := decodeCall(id, v)
		return err
	})
	f.each(t.memos, func(id, _ []byte) error {
		return t.joinMemo(&queue.Call{ID: string(id)})
	})
	f.each(t.outbox, func(key, value []byte) error {
		_, _, err := decodePost(key, value)
		return err
	})
	f.outbound(t, want)
	f.dialled(t, want)
	f.each(t.agents, func(id, v []byte) error {
		_, err := decodeAgent(id, v)
		return err
	})
	// Every record has its entries; as many entries as records: then no entry
	// is without its record.
	for _, b := range []*bbolt.Bucket{t.ids, t.byQueue, t.byCaller, t.byAgent, t.missedOpen, t.missedByTime, t.missedByQ, t.claims, t.due, t.byNumber, t.byKey, t.dialled} {
		n := 0
		f.each(b, func(_, _ []byte) error { n++; return nil })
		if n != want[b] {
			f.add("an index has %d entries for %d records", n, want[b])
		}
	}
}

// outbound checks the entries of dial lists, the counts of each list, and the
// tries under way.
func (f *findings) outbound(t *tables, want map[*bbolt.Bucket]int) {
	counted := map[string]campaign.DialList{}
	f.each(t.entries, func(key, v []byte) error {
		e, err := t.decodeEntry(key, v)
		if err != nil {
			return err
		}
		listID, n, ok := splitEntryID(e.ID)
		if !ok || listID != e.List || !bytes.Equal(key, entryTableKey(listID, n)) {
			f.add("entry %q stands under another key", e.ID)
			return nil
		}
		l := counted[listID]
		count(&l, "", e.State)
		counted[listID] = l
		f.indexed(t.entryIndexes(&e, n), "entry", e.ID, want)
		if (e.State == campaign.EntryDialling) != (e.Try != "") || e.Try != "" && t.tries.Get([]byte(e.Try)) == nil {
			f.add("entry %q is %s with the try %q", e.ID, e.State, e.Try)
		}
		return nil
	})
	f.each(t.lists, func(id, _ []byte) error {
		l, err := get[campaign.DialList](t.lists, "dial list", string(id))
		if err != nil {
			return err
		}
		c := counted[l.ID]
		delete(counted, l.ID)
		if l.Entries != c.Entries || l.Open != c.Open || !maps.Equal(l.States, c.States) {
			f.add("dial list %q counts %v, and has %v", l.ID, l.States, c.States)
		}
		return nil
	})
	for id := range counted {
		f.add("the entries of dial list %q are without it", id)
	}
}

func (f *findings) each(b *bbolt.Bucket, look func(k, v []byte) error) {
	err := b.ForEach(func(k, v []byte) error {
		if err := look(k, v); err != nil {
			f.add("%w", err)
		}
		return nil
	})
	if err != nil {
		f.add("%w", err)
	}
}

func (f *findings) indexed(entries []index, what, id string, want map[*bbolt.Bucket]int) {
	for _, x := range entries {
		want[x.table]++
		if x.table.Get(x.key) == nil {
			f.add("%s %q is missing in an index", what, id)
		}
	}
}
