package announce

import (
	"maps"
	"sync"
	"time"
)

// Stats are figures since the start, except where said.
type Stats struct {
	Played    uint64            // results of kind Play
	Skipped   uint64            // results of kind Skip
	Stale     uint64            // of Played: an old copy, since the web side failed
	Fallbacks map[Reason]uint64 // results of kind Fallback; every reason is present

	Downloads uint64 // requests for {"audio"} addresses that were sent
	Converted uint64 // sounds decoded and written
	Spoken    uint64 // sentences spoken by the engine

	Fetching int   // now under way
	Files    int   // kept now
	Bytes    int64 // kept now
}

// Stats returns the current figures.
func (s *Service) Stats() Stats {
	st := s.stats.snapshot()
	st.Fetching = len(s.fetches)
	st.Files, st.Bytes = s.sounds.size()
	return st
}

type counters struct {
	mu sync.Mutex
	s  Stats
}

func newCounters() counters {
	fallbacks := make(map[Reason]uint64)
	for _, r := range Reasons() {
		fallbacks[r] = 0
	}
	return counters{s: Stats{Fallbacks: fallbacks}}
}

func (c *counters) snapshot() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	st := c.s
	st.Fallbacks = maps.Clone(st.Fallbacks)
	return st
}

func (c *counters) result(r Result) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch r.Kind {
	case Play:
		c.s.Played++
		if r.Stale {
			c.s.Stale++
		}
	case Skip:
		c.s.Skipped++
	case Fallback:
		c.s.Fallbacks[r.Reason]++
	}
}

func (c *counters) downloaded() { c.add(func(s *Stats) { s.Downloads++ }) }
func (c *counters) converted()  { c.add(func(s *Stats) { s.Converted++ }) }
func (c *counters) spoken()     { c.add(func(s *Stats) { s.Spoken++ }) }

func (c *counters) add(f func(*Stats)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f(&c.s)
}

// warnEvery is the least time between two warnings of the same reason: a dead
// server under 100 calls a second must not fill the disk with its log.
const warnEvery = time.Second

// reasonStale stands for the stale copies among the reasons of warnings.
const reasonStale Reason = "stale"

// warnings thins out equal warnings. The keys are reasons, a closed list.
type warnings struct {
	mu   sync.Mutex
	last map[Reason]time.Time
	left map[Reason]int
}

// may reports whether a warning is due, and how many were left out since the
// last one.
func (w *warnings) may(r Reason, now time.Time) (ok bool, left int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if last, seen := w.last[r]; seen && now.Sub(last) < warnEvery {
		w.left[r]++
		return false, 0
	}
	if w.last == nil {
		w.last, w.left = make(map[Reason]time.Time), make(map[Reason]int)
	}
	left = w.left[r]
	w.last[r], w.left[r] = now, 0
	return true, left
}
