package agi

import (
	"errors"
	"fmt"
	"strconv"
)

// The causes that end a session's context, and errors of its commands.
//
// On a hang-up Asterisk sends the bare line HANGUP, between two answers; it
// sends the same line when the channel is redirected (AMI Redirect, a blind
// transfer), because both set a soft hang-up flag (ast_async_goto). The session
// tells them apart by asking the dead channel, at once, where it is and what
// its hang-up cause is, which GET FULL VARIABLE may still do:
//
//   - It is somewhere else than before: ErrRedirected. ast_async_goto sets the
//     new place before the flag, and nobody else moves a channel that is in
//     AGI but the session's own commands, after which the session asks anew.
//   - It is where it was, and HANGUPCAUSE changed (a cause left by an earlier
//     EXEC Dial does not count), or the session itself sent HANGUP: ErrHangup.
//   - It is where it was, with the same cause: a hang-up without a cause, or a
//     redirect to the very priority that runs AGI(). From Asterisk 20.16, 21.11,
//     22.6 and 23 on, Goto refuses to move a channel that is being redirected
//     (ast_explicit_goto), so the session tries one, and takes it back: ErrHangup
//     or ErrRedirected. Before, Goto would spoil the redirect and is not tried:
//     ErrDead.
//
// Two things remain. An absolute time-out (SET AUTOHANGUP) is ErrHangup although
// a T extension may keep the caller. And a channel that came into AGI with a
// hang-up cause of an earlier Dial of the dialplan, redirected to the priority
// it is in, is taken for hung up.
var (
	// ErrHangup: the channel was hung up.
	ErrHangup = errors.New("agi: hung up")
	// ErrRedirected: the channel was sent elsewhere in the dialplan; the caller lives on.
	ErrRedirected = errors.New("agi: redirected")
	// ErrDead: the channel takes no more of this command. As a cause it says
	// that hang-up and redirect could not be told apart.
	ErrDead = errors.New("agi: dead channel")
	// ErrClosed: Asterisk ended the connection, or the handler has returned.
	ErrClosed = errors.New("agi: session closed")
	// ErrServerClosed: the server was closed.
	ErrServerClosed = errors.New("agi: server closed")
)

// Errors of commands that Asterisk carried out or refused; they are found by
// errors.Is in a [CommandError].
var (
	// ErrFailed: result=-1, the command could not be done: no such sound file,
	// no such channel, ...
	ErrFailed = errors.New("agi: command failed")
	// ErrUnknown: code 510, this Asterisk has no such command.
	ErrUnknown = errors.New("agi: unknown command")
	// ErrUsage: code 520, wrong arguments.
	ErrUsage = errors.New("agi: wrong usage")
	// ErrNoApplication: result=-2 of EXEC, no such application is loaded.
	ErrNoApplication = errors.New("agi: no such application")
)

// CommandError is a command that Asterisk refused or could not do.
type CommandError struct {
	Command string // such as "STREAM FILE"
	Code    int    // 200 with a failed result, 510, 511, 520, ...
	Text    string // what Asterisk said; the usage for 520
	// Cause is why the channel is dead (ErrHangup, ErrRedirected, ErrDead),
	// nil while it is not.
	Cause error
}

func (e *CommandError) Error() string {
	s := "agi: " + e.Command + ": " + strconv.Itoa(e.Code) + " " + e.Text
	if e.Cause != nil {
		s += ": " + e.Cause.Error()
	}
	return s
}

// Unwrap gives the sentinel of the code and the Cause.
func (e *CommandError) Unwrap() []error {
	var errs []error
	switch {
	case e.Code == 510:
		errs = append(errs, ErrUnknown)
	case e.Code == 511:
		errs = append(errs, ErrDead)
	case e.Code == 520:
		errs = append(errs, ErrUsage)
	case e.Code == 200 && e.Text == "result=-2":
		errs = append(errs, ErrNoApplication)
	case e.Code == 200 && (e.Cause == nil || e.Text == "result=-1"):
		errs = append(errs, ErrFailed)
	}
	if e.Cause != nil {
		errs = append(errs, e.Cause)
	}
	return errs
}

// ArgumentError is an argument that no AGI line can carry: a carriage return,
// a line feed or a NUL. Nothing was sent.
type ArgumentError struct {
	Command  string
	Argument int // the first after the command's name is 1
	Byte     byte
}

func (e *ArgumentError) Error() string {
	return fmt.Sprintf("agi: %s: argument %d holds the byte %q", e.Command, e.Argument, e.Byte)
}

// LimitError is a command that Asterisk would cut. Nothing was sent.
type LimitError struct {
	Command string
	Unit    string // "bytes" or "words"
	Size    int
	Limit   int
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("agi: %s: %d %s, Asterisk takes %d", e.Command, e.Size, e.Unit, e.Limit)
}

// ProtocolError is a peer that does not speak AGI. The session is cut.
type ProtocolError struct {
	Reason Reason
	Detail string
}

func (e *ProtocolError) Error() string { return "agi: " + e.Reason.String() + ": " + e.Detail }
