// Package tally counts by the values of a closed list, such as why connections
// ended, for metrics that are to show each of them from the start on.
//
//	ended := tally.New(Reasons())
//	ended.Add(Gone)
//	ended.Counts()
//
// All methods may be called from any goroutine. To add a value that is not on
// the list is a fault of the program, and panics.
package tally

import "sync/atomic"

// Tally is a count for each value of a list. The map itself never changes.
type Tally[K comparable] map[K]*atomic.Uint64

// New makes a Tally of a list, all at zero.
func New[K comparable](keys []K) Tally[K] {
	t := make(Tally[K], len(keys))
	for _, k := range keys {
		t[k] = new(atomic.Uint64)
	}
	return t
}

// Add counts one more.
func (t Tally[K]) Add(k K) { t[k].Add(1) }

// Counts returns every count, zeros included.
func (t Tally[K]) Counts() map[K]uint64 {
	m := make(map[K]uint64, len(t))
	for k, n := range t {
		m[k] = n.Load()
	}
	return m
}
