package announce

import (
	"context"
	"errors"
	"fmt"
)

// Kind says what a [Result] asks for.
type Kind string

// The kinds of result.
const (
	Play     Kind = "play"     // play Result.Sound
	Skip     Kind = "skip"     // the server wants nothing played, or there is no server
	Fallback Kind = "fallback" // something failed: play Result.Sound, if any
)

// Reason says why a fallback is played. The values are used as a metric's
// label and never change.
type Reason string

// The reasons for a fallback.
const (
	ReasonTimeout     Reason = "timeout"     // the announcement's time-out was over
	ReasonBusy        Reason = "busy"        // too many announcements under way
	ReasonNetwork     Reason = "network"     // no connection, or it broke
	ReasonStatus      Reason = "status"      // an HTTP status other than 2xx
	ReasonTooLarge    Reason = "too_large"   // over the limit in bytes or seconds
	ReasonBadURL      Reason = "bad_url"     // the address is not one of http or https
	ReasonBadReply    Reason = "bad_reply"   // the reply is not one of the protocol's
	ReasonBadAudio    Reason = "bad_audio"   // the sound is damaged, or no sound at all
	ReasonUnsupported Reason = "unsupported" // a sound of a kind that can't be decoded here
	ReasonTTSOff      Reason = "tts_off"     // a text came but text to speech is off
	ReasonTTSFailed   Reason = "tts_failed"  // the speech program or server failed
	ReasonDisk        Reason = "disk"        // the sounds folder can't be written, or is full
	ReasonCallerLeft  Reason = "caller_left" // the caller hung up meanwhile, or an agent became free: no fault of anybody's
	ReasonStopped     Reason = "stopped"     // the service is shutting down
	ReasonInternal    Reason = "internal"    // a decoder failed in a way it never should
)

// Reasons lists every reason, for metrics and documentation.
func Reasons() []Reason {
	return []Reason{
		ReasonTimeout, ReasonBusy, ReasonNetwork, ReasonStatus, ReasonTooLarge, ReasonBadURL, ReasonBadReply,
		ReasonBadAudio, ReasonUnsupported, ReasonTTSOff, ReasonTTSFailed, ReasonDisk, ReasonCallerLeft,
		ReasonStopped, ReasonInternal,
	}
}

// Result is what to do for one call.
type Result struct {
	Kind Kind
	// Sound is the file to play, as Playback and STREAM FILE want it: as
	// Asterisk sees it and without extension. Empty: play nothing.
	Sound string
	// Stale is set when the web side failed and the last good copy is played.
	Stale bool
	// Reason says why, for a Fallback.
	Reason Reason
	// Err is what went wrong, for a Fallback or a stale copy.
	Err error
}

// Error is a failed announcement.
type Error struct {
	Reason Reason
	Err    error // what was tried and what went wrong
}

func (e *Error) Error() string { return "announce: " + e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// fail makes an [Error]; the arguments are those of [fmt.Errorf].
func fail(reason Reason, format string, args ...any) error {
	return &Error{Reason: reason, Err: fmt.Errorf(format, args...)}
}

// reasonOf finds the reason of an error. An error without one comes from the
// network or from an ended context.
func reasonOf(err error) Reason {
	if e, ok := errors.AsType[*Error](err); ok && e.Reason != ReasonNetwork {
		return e.Reason
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return ReasonTimeout
	case errors.Is(err, context.Canceled):
		return ReasonStopped // of the shared work; Fetch itself knows of its caller's
	}
	return ReasonNetwork
}
