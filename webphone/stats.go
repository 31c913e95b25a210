package webphone

import (
	"github.com/gorilla/websocket"
)

// Reason tells why a line ended, as a close code and as a metric's label.
type Reason string

// The reasons. Their close codes are in docs/webphone.md.
const (
	Gone       Reason = "gone"       // the page closed it, or the network did
	Asterisk   Reason = "asterisk"   // Asterisk closed it
	Silent     Reason = "silent"     // the page did not even answer pings
	TooBig     Reason = "too_big"    // a message over the limit
	Forbidden  Reason = "forbidden"  // a request that is not the agent's own
	Replaced   Reason = "replaced"   // the agent's phone is on another page
	LoggedOut  Reason = "logged_out" // the session is over
	Removed    Reason = "removed"    // the agent has no web phone any more, or another number
	Restarting Reason = "restarting" // calld stops
	Unwritable Reason = "unwritable" // one side does not take in what it is sent
)

// Reasons lists every reason.
func Reasons() []Reason {
	return []Reason{Gone, Asterisk, Silent, TooBig, Forbidden, Replaced, LoggedOut, Removed, Restarting, Unwritable}
}

// closeCode is the WebSocket close code of a reason: those of RFC 6455 section
// 7.4.1 and the IANA registry where one fits, else those of /ws, and 4009 and
// 4010 beside them.
func (r Reason) closeCode() int {
	switch r {
	case Gone:
		return websocket.CloseNormalClosure
	case Asterisk:
		return websocket.CloseTryAgainLater
	case TooBig:
		return websocket.CloseMessageTooBig
	case Restarting:
		return websocket.CloseServiceRestart
	case LoggedOut:
		return 4001
	case Removed:
		return 4004
	case Unwritable:
		return 4007
	case Silent:
		return 4008
	case Replaced:
		return 4009
	case Forbidden:
		return 4010
	}
	return websocket.CloseInternalServerErr
}

// Refusal tells why a request was not made a line.
type Refusal string

// The refusals.
const (
	RefusedOrigin    Refusal = "origin"    // 403: a page of another host
	RefusedSession   Refusal = "session"   // 401: not logged in
	RefusedAgent     Refusal = "agent"     // 403: an agent without a web phone
	RefusedHandshake Refusal = "handshake" // 400: not a proper WebSocket request for SIP
	RefusedFull      Refusal = "full"      // 503: too many lines, or the gate does not run
	RefusedAsterisk  Refusal = "asterisk"  // 502: Asterisk's WebSocket can't be reached
)

// Refusals lists every refusal.
func Refusals() []Refusal {
	return []Refusal{RefusedOrigin, RefusedSession, RefusedAgent, RefusedHandshake, RefusedFull, RefusedAsterisk}
}

// Stats counts what a gate has done since its start.
type Stats struct {
	Lines   int // open now
	Ended   map[Reason]uint64
	Refused map[Refusal]uint64
}
