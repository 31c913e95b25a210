package ami

import (
	"context"
	"errors"
	"fmt"
)

var (
	// ErrDisconnected is what every action gets while there is no connection,
	// and what those in flight get when it ends.
	ErrDisconnected = errors.New("ami: disconnected")
	// ErrTimeout says that Asterisk gave no answer within the client's own
	// time limit. It is also a context.DeadlineExceeded.
	ErrTimeout = fmt.Errorf("ami: no answer in time: %w", context.DeadlineExceeded)
	// ErrUnanswered says of an action that was sent that no answer came: the
	// connection, the time or the context has ended. Asterisk may have carried
	// it out, or still may. Whatever else ends an action kept it from being sent.
	ErrUnanswered = errors.New("ami: sent and not answered")
	// ErrBadAction says that an action can't be sent: a line break in a
	// value, a line too long for Asterisk, too many headers, an ActionID that
	// is already in flight.
	ErrBadAction = errors.New("ami: bad action")
	// ErrBusy says that MaxInFlight actions wait for answers already.
	ErrBusy = errors.New("ami: too many actions in flight")
	// ErrListTooLong says that a list went over MaxListItems or MaxListBytes.
	ErrListTooLong = errors.New("ami: list too long")
	// ErrListDamaged says that fewer items of a list came than Asterisk sent.
	ErrListDamaged = errors.New("ami: items of the list are missing")
	// ErrRunning is the answer of a second Run.
	ErrRunning = errors.New("ami: client already ran")

	errTooLong  = errors.New("message over the limit")
	errNotAMI   = errors.New("not an Asterisk manager: no \"Asterisk Call Manager/\" greeting")
	errOverflow = errors.New("handlers too slow: event queue full")
	errShutdown = errors.New("asterisk shuts down")
	errUnused   = errors.New("no action for a while")
)

// ResponseError is Asterisk's "Response: Error" to an action.
type ResponseError struct {
	Action  string // name of the action
	Message string // Asterisk's words, such as "No such channel"
	// Response is the whole answer: a Command that failed has its output
	// there.
	Response Response
}

func (e *ResponseError) Error() string {
	return "ami: action " + e.Action + ": " + e.Message
}

// Reason tells why a connection ended or did not come about. The list is
// closed, so it can label a metric.
type Reason string

// The reasons.
const (
	ReasonDial     Reason = "dial"     // no connection
	ReasonProtocol Reason = "protocol" // the other side does not speak AMI
	ReasonLogin    Reason = "login"    // login refused or not answered
	ReasonResync   Reason = "resync"   // Options.Resync failed
	ReasonOverflow Reason = "overflow" // handlers too slow, event queue full
	ReasonPing     Reason = "ping"     // no answer to a ping
	ReasonTooLong  Reason = "too_long" // a message over MaxMessage
	ReasonShutdown Reason = "shutdown" // Asterisk said it shuts down
	ReasonClosed   Reason = "closed"   // the other side closed, or the network failed
	ReasonUnused   Reason = "unused"   // no action for as long as Options.Linger
	ReasonStopped  Reason = "stopped"  // Run's context ended
)

const numReasons = 11

// reasons lists every reason; its order is that of the counters.
func reasons() [numReasons]Reason {
	return [...]Reason{
		ReasonDial, ReasonProtocol, ReasonLogin, ReasonResync, ReasonOverflow,
		ReasonPing, ReasonTooLong, ReasonShutdown, ReasonClosed, ReasonUnused, ReasonStopped,
	}
}

// DisconnectError is the end of a connection, and of the actions in flight on
// it. It matches [ErrDisconnected] and its cause.
type DisconnectError struct {
	Reason Reason
	Err    error
}

func (e *DisconnectError) Error() string {
	return fmt.Sprintf("ami: disconnected (%s): %v", e.Reason, e.Err)
}

// Unwrap gives ErrDisconnected and the cause.
func (e *DisconnectError) Unwrap() []error { return []error{ErrDisconnected, e.Err} }
