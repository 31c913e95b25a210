package store

import (
	"bytes"
	"slices"

	"go.etcd.io/bbolt"
)

// stream reads the keys under one prefix from the newest to the oldest. Its
// entries are what follows the prefix: time, then id.
type stream struct {
	cursor *bbolt.Cursor
	prefix []byte
	floor  []byte // the oldest entry wanted

	entry, value []byte // entry is nil at the end
}

func newStream(b *bbolt.Bucket, prefix, floor, ceiling []byte) *stream {
	s := &stream{cursor: b.Cursor(), prefix: prefix, floor: floor}
	// Seek finds the first key that is not wanted: the newest is before it.
	var k, v []byte
	if first, _ := s.cursor.Seek(join(prefix, ceiling)); first != nil {
		k, v = s.cursor.Prev()
	} else {
		k, v = s.cursor.Last()
	}
	s.set(k, v)
	return s
}

func (s *stream) advance() { s.set(s.cursor.Prev()) }

func (s *stream) set(k, v []byte) {
	s.entry, s.value = nil, nil
	if k == nil || !bytes.HasPrefix(k, s.prefix) {
		return
	}
	if entry := k[len(s.prefix):]; bytes.Compare(entry, s.floor) >= 0 {
		s.entry, s.value = entry, v
	}
}

// scan is several streams read as one.
type scan []*stream

// newest returns the stream with the newest entry, nil at the end.
func (sc scan) newest() *stream {
	var best *stream
	for _, s := range sc {
		if s.entry != nil && (best == nil || bytes.Compare(s.entry, best.entry) > 0) {
			best = s
		}
	}
	return best
}

// entryRange says which entries a page reads: from floor to below ceiling.
type entryRange struct{ floor, ceiling []byte }

// newest is above every entry: times are below 1<<63.
func wholeRange() entryRange { return entryRange{ceiling: []byte{0xff}} }

// below moves the ceiling down to what a cursor says.
func (r entryRange) below(l listing, cursor string) (entryRange, error) {
	if cursor == "" {
		return r, nil
	}
	at, err := parseCursor(l, cursor)
	if err != nil {
		return r, err
	}
	if bytes.Compare(at, r.ceiling) < 0 {
		r.ceiling = at
	}
	return r, nil
}

func (r entryRange) read(b *bbolt.Bucket, prefix []byte) *stream {
	return newStream(b, prefix, r.floor, r.ceiling)
}

// readEach reads several terms of an index as one, each of them once.
func (r entryRange) readEach(b *bbolt.Bucket, prefix []byte, terms []string) scan {
	var sc scan
	for _, name := range slices.Compact(slices.Sorted(slices.Values(terms))) {
		sc = append(sc, r.read(b, join(prefix, term(name))))
	}
	return sc
}
