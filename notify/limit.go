package notify

import (
	"sync"
	"time"
)

// Limits on what clients send.
const (
	// frameRate and frameBurst bound a client's frames: so many a second, and
	// so many at once.
	frameRate  = 20
	frameBurst = 40
	// guessWindow is how long a wrong password counts.
	guessWindow = time.Minute
	// guessesPerID and guessesPerAddr bound the wrong passwords in a
	// guessWindow. Many agents may share one address.
	guessesPerID   = 10
	guessesPerAddr = 50
	// maxGuessers bounds how many ids and addresses are remembered; beyond it
	// some are forgotten early.
	maxGuessers = 4096
	// loginsAtOnce bounds the passwords being checked: each check costs some
	// 20 ms and 19 MiB.
	loginsAtOnce = 2
)

// bucket is a token bucket: it holds frameBurst tokens and gets frameRate a
// second.
type bucket struct {
	tokens float64
	at     time.Time
}

// take reports whether there was a token, and takes it.
func (b *bucket) take(now time.Time) bool {
	if b.at.IsZero() {
		b.tokens = frameBurst
	} else {
		b.tokens = min(frameBurst, b.tokens+frameRate*now.Sub(b.at).Seconds())
	}
	b.at = now
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}

// guesses counts wrong passwords by id and by address.
type guesses struct {
	now func() time.Time

	mu    sync.Mutex
	wrong map[guesser]wrongs
}

// guesser is an id or an address; the other field is empty.
type guesser struct{ id, addr string }

type wrongs struct {
	n     int
	until time.Time
}

func newGuesses(now func() time.Time) guesses {
	return guesses{now: now, wrong: map[guesser]wrongs{}}
}

// allowed reports whether a password may be tried for id from addr.
func (g *guesses) allowed(id, addr string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	few := func(k guesser, limit int) bool {
		w := g.wrong[k]
		return w.n < limit || !now.Before(w.until)
	}
	return few(guesser{id: id}, guessesPerID) && few(guesser{addr: addr}, guessesPerAddr)
}

// failed counts a wrong password.
func (g *guesses) failed(id, addr string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	for _, k := range []guesser{{id: id}, {addr: addr}} {
		w, ok := g.wrong[k]
		if !ok && len(g.wrong) >= maxGuessers {
			g.makeRoom(now)
		}
		if !now.Before(w.until) {
			w = wrongs{until: now.Add(guessWindow)}
		}
		w.n++
		g.wrong[k] = w
	}
}

// makeRoom forgets what is over, and else whoever comes first, until an
// eighth of the places is free.
func (g *guesses) makeRoom(now time.Time) {
	for k, w := range g.wrong {
		if !now.Before(w.until) {
			delete(g.wrong, k)
		}
	}
	for k := range g.wrong {
		if len(g.wrong) <= maxGuessers-maxGuessers/8 {
			return
		}
		delete(g.wrong, k)
	}
}
