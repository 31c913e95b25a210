package notify

import (
	"sync/atomic"

	"calld/tally"
)

// Reason tells why a socket ended, as a close code and as a metric's label.
type Reason string

// The reasons. Their close codes are in docs/websocket.md.
const (
	Gone         Reason = "gone"          // the client closed it, or the network did
	Silent       Reason = "silent"        // nothing was heard for silenceLimit, not even a pong
	TooSlow      Reason = "too_slow"      // its queue was full, or a write took too long
	Malformed    Reason = "malformed"     // too many malformed frames in a row
	TooFast      Reason = "too_fast"      // too many frames over the rate limit in a row
	TooBig       Reason = "too_big"       // a frame over the read limit
	LoginLate    Reason = "login_late"    // no login in time
	LoginRefused Reason = "login_refused" // wrong id or password
	LoggedOut    Reason = "logged_out"    // the agent logged out, here or elsewhere
	Removed      Reason = "removed"       // the agent is not in the configuration any more
	Shutdown     Reason = "shutdown"
)

// Reasons lists every reason.
func Reasons() []Reason {
	return []Reason{Gone, Silent, TooSlow, Malformed, TooFast, TooBig, LoginLate, LoginRefused, LoggedOut, Removed, Shutdown}
}

// closeCode is the WebSocket close code of a reason: those of RFC 6455
// section 7.4.1 and the IANA registry where one fits, else of the private
// range.
func (r Reason) closeCode() int {
	switch r {
	case Gone:
		return 1000
	case TooBig:
		return 1009
	case Shutdown:
		return 1012 // service restart: come back
	case LoggedOut:
		return 4001
	case LoginLate:
		return 4002
	case LoginRefused:
		return 4003
	case Removed:
		return 4004
	case Malformed:
		return 4005
	case TooFast:
		return 4006
	case TooSlow:
		return 4007
	case Silent:
		return 4008
	}
	return 1011
}

// Refusal tells why a request was not made a socket.
type Refusal string

// The refusals.
const (
	RefusedOrigin    Refusal = "origin"    // a page of another host
	RefusedFull      Refusal = "full"      // too many sockets, or the hub does not run
	RefusedHandshake Refusal = "handshake" // not a proper WebSocket request
)

// Refusals lists every refusal.
func Refusals() []Refusal { return []Refusal{RefusedOrigin, RefusedFull, RefusedHandshake} }

// Code says in an error frame what was wrong.
type Code string

// The codes.
const (
	CodeMalformed     Code = "malformed"      // not a JSON object of the documented form
	CodeUnknownType   Code = "unknown_type"   // no such type of frame
	CodeTooFast       Code = "too_fast"       // over the rate limit: not carried out
	CodeLoginRequired Code = "login_required" // not logged in yet
	CodeLoginRefused  Code = "login_refused"  // wrong id or password
	CodeLoginLimited  Code = "login_limited"  // too many wrong passwords: wait
	CodeLoggedIn      Code = "already_logged_in"
	CodeBadState      Code = "bad_state"     // not a state that can be set
	CodeUnknownAgent  Code = "unknown_agent" // the agent is not in the configuration any more
	CodeUnknownCall   Code = "unknown_call"
	CodeForbidden     Code = "forbidden"
	CodeDisposition   Code = "unknown_disposition" // the call's queue offers others
	CodeStale         Code = "stale"               // somebody else has written the memo since
	CodeFailed        Code = "failed"              // the server could not do it; it is in its log
)

// Codes lists every code.
func Codes() []Code {
	return []Code{
		CodeMalformed, CodeUnknownType, CodeTooFast, CodeLoginRequired, CodeLoginRefused, CodeLoginLimited,
		CodeLoggedIn, CodeBadState, CodeUnknownAgent, CodeUnknownCall, CodeForbidden, CodeDisposition, CodeStale, CodeFailed,
	}
}

// HubStats counts what a hub has done since its start.
type HubStats struct {
	Sockets     int // open now, those not logged in included
	Agents      int // agents with a socket now
	Frames      uint64
	Welcomes    uint64
	Dropped     uint64 // events left out because they came too fast
	Unencodable uint64
	// LookupsDropped and LookupsFailed count alerts that went without the
	// earlier calls.
	LookupsDropped uint64
	LookupsFailed  uint64
	Disconnects    map[Reason]uint64
	Refused        map[Refusal]uint64
	Errors         map[Code]uint64
}

// counters are counted by many goroutines.
type counters struct {
	frames, welcomes, dropped, unencodable, lookupsDropped, lookupsFailed atomic.Uint64

	disconnects tally.Tally[Reason]
	refused     tally.Tally[Refusal]
	errors      tally.Tally[Code]
}

func newCounters() counters {
	return counters{disconnects: tally.New(Reasons()), refused: tally.New(Refusals()), errors: tally.New(Codes())}
}

// Stats tells what the hub has done.
func (h *Hub) Stats() HubStats {
	h.mu.Lock()
	sockets, agents := len(h.sockets), len(h.clients.agents)
	h.mu.Unlock()
	n := &h.count
	return HubStats{
		Sockets: sockets, Agents: agents,
		Frames: n.frames.Load(), Welcomes: n.welcomes.Load(), Dropped: n.dropped.Load(), Unencodable: n.unencodable.Load(),
		LookupsDropped: n.lookupsDropped.Load(), LookupsFailed: n.lookupsFailed.Load(),
		Disconnects: n.disconnects.Counts(), Refused: n.refused.Counts(), Errors: n.errors.Counts(),
	}
}
