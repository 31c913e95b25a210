package agi

import (
	"errors"
	"sync/atomic"
)

// Reason says why the server refused a session or cut it off.
type Reason uint8

// The reasons. They are a closed list, fit for a metric's label.
const (
	NotAllowed      Reason = iota // its address is not in Allow
	TooManySessions               // MaxSessions were open
	ShuttingDown                  // it came in the middle of Shutdown
	BadEnvironment                // what it sent first was not an AGI environment
	SlowHandshake                 // its environment was not complete within HandshakeTimeout
	BrokenHandshake               // it left before its environment was complete
	LineTooLong                   // it sent a line or an answer of more than MaxLine bytes
	BadAnswer                     // it sent something that is no answer, or an answer to nothing
	StalledWrite                  // it took no command for WriteTimeout
	NoAnswer                      // it said HANGUP and then did not say where the channel is
)

const numReasons = int(NoAnswer) + 1

// Reasons lists every reason.
func Reasons() []Reason {
	all := make([]Reason, numReasons)
	for i := range all {
		all[i] = Reason(i)
	}
	return all
}

// String gives the reason as a metric's label.
func (r Reason) String() string {
	switch r {
	case NotAllowed:
		return "not_allowed"
	case TooManySessions:
		return "too_many"
	case ShuttingDown:
		return "shutting_down"
	case BadEnvironment:
		return "bad_environment"
	case SlowHandshake:
		return "handshake_timeout"
	case BrokenHandshake:
		return "handshake_broken"
	case LineTooLong:
		return "line_too_long"
	case BadAnswer:
		return "bad_answer"
	case StalledWrite:
		return "write_timeout"
	case NoAnswer:
		return "no_answer"
	}
	return "unknown"
}

// Stats are a server's counters since it was made. Each connection is counted
// once in Accepted; Refused counts those that were refused or cut off later.
type Stats struct {
	Open     int               // sessions open now, handshakes included
	Accepted uint64            // connections accepted
	Refused  map[Reason]uint64 // has every reason
	Panics   uint64            // handlers that panicked
	// Hangups, Redirects and Dead count the sessions that ended by these causes.
	Hangups, Redirects, Dead uint64
}

type counters struct {
	accepted, panics         atomic.Uint64
	hangups, redirects, dead atomic.Uint64
	refused                  [numReasons]atomic.Uint64
	logged                   [numReasons]atomic.Int64 // when last logged, in Unix nanoseconds
}

// Stats returns the counters as they are now.
func (srv *Server) Stats() Stats {
	c := &srv.counts
	st := Stats{
		Accepted:  c.accepted.Load(),
		Refused:   make(map[Reason]uint64, numReasons),
		Panics:    c.panics.Load(),
		Hangups:   c.hangups.Load(),
		Redirects: c.redirects.Load(),
		Dead:      c.dead.Load(),
	}
	for _, r := range Reasons() {
		st.Refused[r] = c.refused[r].Load()
	}
	srv.mu.Lock()
	st.Open = len(srv.sessions)
	srv.mu.Unlock()
	return st
}

func (c *counters) died(cause error) {
	switch {
	case errors.Is(cause, ErrHangup):
		c.hangups.Add(1)
	case errors.Is(cause, ErrRedirected):
		c.redirects.Add(1)
	default:
		c.dead.Add(1)
	}
}
