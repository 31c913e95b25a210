// Package storetest gives tests a store of their own.
package storetest

import (
	"path/filepath"
	"testing"

	"calld/store"
)

// Open makes a store in a temporary folder. When the test ends it is checked,
// to the last page and index entry, and closed; a finding fails the test.
// Don't close it yourself.
func Open(tb testing.TB) *store.Store {
	tb.Helper()
	return OpenFile(tb, filepath.Join(tb.TempDir(), "calld.db"), store.Options{})
}

// OpenFile is Open for a file that the test has made or will look at, with options.
func OpenFile(tb testing.TB, path string, o store.Options) *store.Store {
	tb.Helper()
	s, err := store.Open(path, o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Check(); err != nil {
			tb.Errorf("check of %s: %v", path, err)
		}
		if err := s.Close(); err != nil {
			tb.Errorf("close of %s: %v", path, err)
		}
	})
	return s
}
