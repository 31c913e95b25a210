package api

import (
	"sync"
	"time"
)

// loginsAtOnce bounds the passwords being checked: each check costs some
// 20 ms and 19 MiB. It also bounds the guesses made before the first of them
// counts.
const loginsAtOnce = 2

// Limits of failed log-ins within guessWindow. Many agents may share an address,
// and an IPv6 site has addresses without end: it counts as one host.
const (
	guessWindow    = time.Minute
	guessesByHost  = 50
	guessesByAgent = 10
	// maxGuessed bounds the hosts and ids remembered. Over it nobody new is
	// let in until the window is over: a flood of made-up ids must not wash
	// out the count of a real one.
	maxGuessed = 50_000
)

// guesses counts failed log-ins, so that passwords can't be tried out. Counts
// start anew with each window.
type guesses struct {
	mu     sync.Mutex
	begin  time.Time
	counts map[string]int
}

// wait tells how long it is until a log-in from host for the id may be tried; 0:
// now.
func (g *guesses) wait(now time.Time, host, id string) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.roll(now)
	if len(g.counts) < maxGuessed && g.counts["host "+siteOf(host)] < guessesByHost && g.counts["id "+id] < guessesByAgent {
		return 0
	}
	return g.begin.Add(guessWindow).Sub(now)
}

// failed counts a wrong password.
func (g *guesses) failed(now time.Time, host, id string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.roll(now)
	g.counts["host "+siteOf(host)]++
	g.counts["id "+id]++
}

func (g *guesses) roll(now time.Time) {
	if g.counts == nil || now.Sub(g.begin) >= guessWindow {
		g.begin, g.counts = now, map[string]int{}
	}
}
