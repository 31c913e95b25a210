package ami

import (
	"sync/atomic"
	"time"
)

// Stats is the client's state and what it counted since New.
type Stats struct {
	Up      bool
	Since   time.Time // when it went up; zero while down
	Version string    // of the protocol, as last greeted: 5.0.4 is Asterisk 16.28, 11.0.0 is 22.10

	// Ended counts connections, and tries to connect, by why they ended.
	Ended map[Reason]uint64

	Handled   uint64 // events given to handlers
	Ignored   uint64 // events without a handler
	Lost      uint64 // events dropped: one at each overflow, and the queue's rest when Run ends
	Damaged   uint64 // events left out because a line of theirs is no header
	Unmatched uint64 // answers to no action, such as those that came too late
	Malformed uint64 // lines without a key, and messages that are neither event nor response
	Bytes     uint64 // received

	Queued   int // events that wait for their handlers
	InFlight int // actions that wait for their answers

	RoundTrip   time.Duration // of the last ping
	ClockOffset time.Duration // Asterisk's clock minus this machine's, by the last ping
	// Lag is by how much the latest event came late, by Asterisk's own clock,
	// among those handled since the last but one ping. It is 0 unless
	// manager.conf has timestampevents=yes.
	Lag time.Duration
}

// Stats returns the client's state and counters.
func (c *Client) Stats() Stats {
	n := &c.counters
	s := Stats{
		Ended:       make(map[Reason]uint64),
		Handled:     n.handled.Load(),
		Ignored:     n.ignored.Load(),
		Lost:        n.lost.Load(),
		Damaged:     n.damaged.Load(),
		Unmatched:   n.unmatched.Load(),
		Malformed:   n.malformed.Load(),
		Bytes:       n.bytes.Load(),
		RoundTrip:   time.Duration(n.roundTrip.Load()),
		ClockOffset: time.Duration(n.clockOffset.Load()),
		Lag:         time.Duration(max(n.lag.Load(), n.lagBefore.Load())),
	}
	for i, reason := range reasons() {
		s.Ended[reason] = n.ended[i].Load()
	}
	c.mu.Lock()
	cn := c.conn
	s.Up, s.Since, s.Version = !c.up.IsZero(), c.up, c.version
	c.mu.Unlock()
	if cn != nil {
		s.Queued, s.InFlight = len(cn.events), cn.inFlight()
	}
	return s
}

// counters are the parts of Stats that change all the time.
type counters struct {
	ended [numReasons]atomic.Uint64 // by the index in reasons

	handled, ignored, lost, damaged, unmatched, malformed, bytes atomic.Uint64

	roundTrip, clockOffset atomic.Int64 // nanoseconds
	clockKnown             atomic.Bool
	lag, lagBefore         atomic.Int64 // nanoseconds: since the last ping, and from the one before to it
}

func (n *counters) countEnd(r Reason) {
	for i, reason := range reasons() {
		if r == reason {
			n.ended[i].Add(1)
		}
	}
}

// noteLag notes how late an event came, if it tells when it was made. Only
// the reader calls it.
func (n *counters) noteLag(f *Fields) {
	if !n.clockKnown.Load() {
		return
	}
	made, ok := parseTimestamp(f.Bytes("Timestamp"))
	if !ok {
		return
	}
	lag := int64(time.Since(made)) + n.clockOffset.Load()
	if lag > n.lag.Load() {
		n.lag.Store(lag)
	}
}

// turnLag begins a new time of measurement and returns the lag of the last.
func (n *counters) turnLag() time.Duration {
	lag := n.lag.Swap(0)
	n.lagBefore.Store(lag)
	return time.Duration(lag)
}
