package store

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"calld/campaign"
)

// CreateList keeps a new, empty dial list and returns it with its id and
// revision.
func (s *Store) CreateList(ctx context.Context, l campaign.DialList, at time.Time) (campaign.DialList, error) {
	l.Entries, l.Open, l.States = 0, 0, map[campaign.EntryState]int{}
	return create(ctx, s, dialLists(), l, at)
}

// EditList replaces what a dial list says of itself; its entries stay. It is
// refused as [Store.EditPlan].
func (s *Store) EditList(ctx context.Context, l campaign.DialList, at time.Time) (campaign.DialList, error) {
	return edit(ctx, s, dialLists(), l, at)
}

// DeleteList removes a dial list that no campaign uses, with its entries, in
// steps that let other writers in between. When it is broken off, the list
// stays with the entries that are left. It is refused as [Store.EditPlan].
func (s *Store) DeleteList(ctx context.Context, id string, revision uint64) error {
	for {
		left := false
		err := s.decide(ctx, func(t *tables) error {
			l, err := current(t, dialLists(), id, revision)
			if err == nil {
				err = dialLists().free(t, &l)
			}
			if err != nil {
				return err
			}
			keys := t.someEntries(id)
			for _, key := range keys {
				if err := t.removeEntry(&l, key); err != nil {
					return err
				}
			}
			if left = len(keys) == purgeStep; left {
				return put(t.lists, id, l)
			}
			if err := t.lists.Delete([]byte(id)); err != nil {
				return fmt.Errorf("store: remove dial list %s: %w", id, err)
			}
			return nil
		})
		if err != nil || !left {
			return err
		}
	}
}

// Lists returns all dial lists, the oldest first.
func (s *Store) Lists() ([]campaign.DialList, error) { return readAll(s, dialLists()) }

// List returns a dial list, or campaign.ErrUnknown.
func (s *Store) List(id string) (campaign.DialList, error) { return read(s, dialLists(), id) }

// AddEntries adds new entries at the end of a list, in one transaction: some
// hundred at a time let other writers in. Their numbers are as they are to be
// dialled. Each gets its id and is open. One that has the key or a number of
// another entry of the list is refused with a [*campaign.DuplicateError] in its
// place of refused, and the others are added all the same. What one entry has of
// a number in several spellings is kept in the first.
func (s *Store) AddEntries(ctx context.Context, listID string, entries []campaign.Entry) (refused []error, err error) {
	err = s.decide(ctx, func(t *tables) error {
		refused = make([]error, len(entries))
		l, err := get[campaign.DialList](t.lists, "dial list", listID)
		if err != nil {
			return err
		}
		for i := range entries {
			e := entries[i]
			e.Numbers = s.once(e.Numbers)
			if refused[i] = s.duplicate(t, listID, &e); refused[i] != nil {
				continue
			}
			n, err := t.entries.NextSequence()
			if err != nil {
				return fmt.Errorf("store: number of a new entry: %w", err)
			}
			e.ID, e.List, e.State, e.Try, e.Last = entryID(listID, n), listID, campaign.EntryOpen, "", nil
			if err := t.addEntry(&l, &e, n); err != nil {
				return err
			}
		}
		return put(t.lists, listID, l)
	})
	return refused, err
}

// once drops numbers that stand before in another spelling.
func (s *Store) once(numbers []campaign.Number) []campaign.Number {
	if len(numbers) < 2 {
		return numbers
	}
	var kept []campaign.Number
	for _, n := range numbers {
		spellings := s.spellings(n.Number)
		if !slices.ContainsFunc(kept, func(k campaign.Number) bool { return slices.Contains(spellings, number(k.Number)) }) {
			kept = append(kept, n)
		}
	}
	return kept
}

func (s *Store) duplicate(t *tables, listID string, e *campaign.Entry) error {
	prefix := term(listID)
	if e.Key != "" {
		if n := t.byKey.Get(join(prefix, term(e.Key))); n != nil {
			return &campaign.DuplicateError{Field: "key", Value: e.Key, Entry: entryID(listID, binary.BigEndian.Uint64(n))}
		}
	}
	for i, tel := range e.Numbers {
		for _, key := range s.spellings(tel.Number) {
			if n := t.byNumber.Get(join(prefix, term(key))); n != nil {
				return &campaign.DuplicateError{
					Field: "number" + strconv.Itoa(i+1), Value: tel.Number, Entry: entryID(listID, binary.BigEndian.Uint64(n)),
				}
			}
		}
	}
	return nil
}

func entryID(listID string, n uint64) string { return listID + "-" + strconv.FormatUint(n, 10) }

// splitEntryID is the way back; ok is false for what was never an id.
func splitEntryID(id string) (listID string, n uint64, ok bool) {
	listID, rest, ok := strings.Cut(id, "-")
	n, err := strconv.ParseUint(rest, 10, 64)
	return listID, n, ok && err == nil && entryID(listID, n) == id
}

func entryTableKey(listID string, n uint64) []byte {
	return binary.BigEndian.AppendUint64(term(listID), n)
}

// entryIndexes lists every index entry of an entry of a dial list.
func (t *tables) entryIndexes(e *campaign.Entry, n uint64) []index {
	prefix, place := term(e.List), binary.BigEndian.AppendUint64(nil, n)
	var entries []index
	if e.State == campaign.EntryOpen {
		entries = append(entries, index{t.due, join(prefix, timeKey(e.Due), place)})
	}
	if e.Key != "" {
		entries = append(entries, index{t.byKey, join(prefix, term(e.Key))})
	}
	// One number may stand in an entry in two spellings.
	tels := make([]string, len(e.Numbers))
	for i, tel := range e.Numbers {
		tels[i] = number(tel.Number)
	}
	slices.Sort(tels)
	for _, tel := range slices.Compact(tels) {
		entries = append(entries, index{t.byNumber, join(prefix, term(tel))})
	}
	return entries
}

func (t *tables) addEntry(l *campaign.DialList, e *campaign.Entry, n uint64) error {
	place := binary.BigEndian.AppendUint64(nil, n)
	for _, x := range t.entryIndexes(e, n) {
		if err := x.table.Put(x.key, place); err != nil {
			return fmt.Errorf("store: put entry %s: %w", e.ID, err)
		}
	}
	count(l, "", e.State)
	return put(t.entries, string(entryTableKey(e.List, n)), e)
}

// someEntries returns the keys of the first entries of a list, at most
// purgeStep.
func (t *tables) someEntries(listID string) (keys [][]byte) {
	prefix := term(listID)
	c := t.entries.Cursor()
	for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix) && len(keys) < purgeStep; k, _ = c.Next() {
		keys = append(keys, bytes.Clone(k))
	}
	return keys
}

func (t *tables) removeEntry(l *campaign.DialList, key []byte) error {
	e, err := t.decodeEntry(key, t.entries.Get(key))
	if err != nil {
		return err
	}
	err = t.entries.Delete(key)
	for _, x := range t.entryIndexes(&e, binary.BigEndian.Uint64(key[len(key)-8:])) {
		err = cmp.Or(err, x.table.Delete(x.key))
	}
	if err != nil {
		return fmt.Errorf("store: remove entry %s: %w", e.ID, err)
	}
	count(l, e.State, "")
	return nil
}

// count moves an entry from one state to another in the counts of its list;
// empty is none.
func count(l *campaign.DialList, from, to campaign.EntryState) {
	if l.States == nil {
		l.States = map[campaign.EntryState]int{}
	}
	if from != "" {
		l.States[from]--
		l.Entries--
		if l.States[from] == 0 {
			delete(l.States, from)
		}
	}
	if to != "" {
		l.States[to]++
		l.Entries++
	}
	l.Open = l.States[campaign.EntryOpen]
}

func (t *tables) decodeEntry(key, value []byte) (e campaign.Entry, err error) {
	if err := json.Unmarshal(value, &e); err != nil {
		return e, fmt.Errorf("%w: entry %x of a dial list: %w", ErrDamaged, key, err)
	}
	return e, nil
}

// EntryQuery says which entries of a list are wanted.
type EntryQuery struct {
	List  string
	State campaign.EntryState // empty: all
	// Text is looked for, whatever its case, in name, key, numbers and the
	// values of the variables.
	Text   string
	Limit  int    // 0: DefaultLimit
	Cursor string // EntryPage.Next of the page before
}

// EntryPage is a part of a list, in the order of loading. Next is empty at the
// end. A page may be shorter than the limit, even empty, with a Next.
type EntryPage struct {
	Entries []campaign.Entry `json:"entries"`
	Next    string           `json:"next"`
}

// Entries lists entries. ErrCursor and ErrLimit refuse a bad query,
// campaign.ErrUnknown an unknown list.
func (s *Store) Entries(q EntryQuery) (EntryPage, error) {
	page := EntryPage{Entries: []campaign.Entry{}}
	limit, err := pageLimit(q.Limit)
	if err != nil {
		return page, err
	}
	prefix := term(q.List)
	after := prefix
	if q.Cursor != "" {
		after, err = parseCursor(listEntries, q.Cursor)
		if err == nil && !bytes.HasPrefix(after, prefix) {
			err = fmt.Errorf("%w: of another list", ErrCursor)
		}
		if err != nil {
			return page, err
		}
	}
	want := s.sought(q.Text)
	err = s.view(func(t *tables) error {
		if _, err := get[campaign.DialList](t.lists, "dial list", q.List); err != nil {
			return err
		}
		c := t.entries.Cursor()
		k, v := c.Seek(after)
		if bytes.Equal(k, after) {
			k, v = c.Next()
		}
		var last []byte
		for looked := 0; bytes.HasPrefix(k, prefix); looked++ {
			if looked == maxScan || len(page.Entries) == limit {
				page.Next = formatCursor(listEntries, last)
				return nil
			}
			last = k
			e, err := t.decodeEntry(k, v)
			if err != nil {
				return err
			}
			if (q.State == "" || q.State == e.State) && want.inEntry(&e) {
				page.Entries = append(page.Entries, e)
			}
			k, v = c.Next()
		}
		return nil
	})
	return page, err
}

func (w *sought) inEntry(e *campaign.Entry) bool {
	if w.text == "" {
		return true
	}
	has := func(s string) bool { return strings.Contains(strings.ToLower(s), w.text) }
	for _, n := range e.Numbers {
		if has(n.Number) || w.inNumber(n.Number) {
			return true
		}
	}
	for _, v := range e.Variables {
		if has(v) {
			return true
		}
	}
	return has(e.Name) || has(e.Key)
}

// Entry returns an entry, or campaign.ErrUnknown.
func (s *Store) Entry(id string) (e campaign.Entry, err error) {
	err = s.view(func(t *tables) (err error) {
		e, _, err = t.getEntry(id)
		return err
	})
	return e, err
}

func (t *tables) getEntry(id string) (e campaign.Entry, n uint64, err error) {
	listID, n, ok := splitEntryID(id)
	if !ok {
		return e, 0, fmt.Errorf("%w: entry %.40q", campaign.ErrUnknown, id)
	}
	key := entryTableKey(listID, n)
	v := t.entries.Get(key)
	if v == nil {
		return e, 0, fmt.Errorf("%w: entry %.40q", campaign.ErrUnknown, id)
	}
	e, err = t.decodeEntry(key, v)
	return e, n, err
}

// changeEntry writes an entry in place of the former one. Its key, numbers and
// list are those it was loaded with.
func (t *tables) changeEntry(old, e *campaign.Entry, n uint64) error {
	place := binary.BigEndian.AppendUint64(nil, n)
	var err error
	if old.State == campaign.EntryOpen {
		err = t.due.Delete(join(term(e.List), timeKey(old.Due), place))
	}
	if e.State == campaign.EntryOpen {
		err = cmp.Or(err, t.due.Put(join(term(e.List), timeKey(e.Due), place), place))
	}
	if err != nil {
		return fmt.Errorf("store: due time of entry %s: %w", e.ID, err)
	}
	if old.State != e.State {
		l, err := get[campaign.DialList](t.lists, "dial list", e.List)
		if err != nil {
			return fmt.Errorf("%w: list of entry %s: %w", ErrDamaged, e.ID, err)
		}
		count(&l, old.State, e.State)
		if err := put(t.lists, l.ID, l); err != nil {
			return err
		}
	}
	return put(t.entries, string(entryTableKey(e.List, n)), e)
}
