package agi

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ChannelState is the state of a channel (enum ast_channel_state).
type ChannelState int

// The states of a channel that a call centre meets.
const (
	Down     ChannelState = 0
	Reserved ChannelState = 1
	OffHook  ChannelState = 2
	Dialing  ChannelState = 3
	Ring     ChannelState = 4 // an incoming call that is not answered yet
	Ringing  ChannelState = 5 // the far end rings
	Up       ChannelState = 6
	Busy     ChannelState = 7
)

// Answer answers the channel, if it is not up yet. Asterisk waits up to half a
// second for the first sound of the caller: don't answer before there is
// something to play.
func (s *Session) Answer(ctx context.Context) error {
	_, err := s.do(ctx, "ANSWER")
	return err
}

// Hangup hangs the channel up; the session then ends with ErrHangup.
func (s *Session) Hangup(ctx context.Context) error {
	_, err := s.do(ctx, "HANGUP")
	return err
}

// HangupChannel hangs another channel up, by its name. ErrFailed: there is none
// of that name.
func (s *Session) HangupChannel(ctx context.Context, channel string) error {
	_, err := s.do(ctx, "HANGUP", channel)
	return err
}

// ChannelStatus tells the state of a channel, by its name; "" is the session's
// own. ErrFailed: there is none of that name.
func (s *Session) ChannelStatus(ctx context.Context, channel string) (ChannelState, error) {
	r, err := s.do(ctx, "CHANNEL STATUS", optional(channel)...)
	if err != nil {
		return 0, err
	}
	n, err := integer("CHANNEL STATUS", r.Result)
	return ChannelState(n), err
}

// Exec runs an application of the dialplan and returns its result when it has
// ended, which for Dial may be hours: only ctx bounds the wait, and its end does
// not end the application.
//
// The args are joined by commas and go to the application as they are, as in
// Exec(ctx, "Dial", "PJSIP/a&PJSIP/b", "20", "gU(sub^1,2)"): what comes from
// outside must pass [EscapeArg]. Asterisk expands no ${...} in them, unless the
// channel variable AGIEXECFULL is set.
//
// A result of -1 is the application's wish to end the call, not always a
// failure: Dial without g returns it after a talk that the callee ended. So it
// comes with a nil error while the channel lives. When the channel died under the
// application, the error is a [CommandError] with the Cause, beside whatever
// result. An application that is not loaded is [ErrNoApplication].
func (s *Session) Exec(ctx context.Context, app string, args ...string) (result int, err error) {
	words := []string{app}
	if len(args) > 0 {
		words = append(words, strings.Join(args, ","))
	}
	r, err := s.Command(ctx, "EXEC", words...)
	if r.Result == "" {
		return 0, err
	}
	n, numberErr := integer("EXEC", r.Result)
	switch {
	case err != nil:
		return n, err
	case n == -2:
		return n, &CommandError{Command: "EXEC", Code: 200, Text: "result=-2"}
	}
	return n, numberErr
}

// Gosub runs a subroutine of the dialplan until it returns; GetVariable of
// GOSUB_RETVAL has what it returned. The priority may be a label. ErrFailed: no
// such place. Who redirects the channel while the subroutine runs moves the
// subroutine, which this command outlives (handle_gosub).
func (s *Session) Gosub(ctx context.Context, where, extension, priority string, args ...string) error {
	words := []string{where, extension, priority}
	if len(args) > 0 {
		words = append(words, strings.Join(args, ","))
	}
	_, err := s.do(ctx, "GOSUB", words...)
	return err
}

// SetContext sets the context where the dialplan goes on after the session.
func (s *Session) SetContext(ctx context.Context, name string) error {
	_, err := s.do(ctx, "SET CONTEXT", name)
	return err
}

// SetExtension sets the extension where the dialplan goes on after the session.
func (s *Session) SetExtension(ctx context.Context, extension string) error {
	_, err := s.do(ctx, "SET EXTENSION", extension)
	return err
}

// SetPriority sets the priority, a number or a label, where the dialplan goes on
// after the session. ErrUsage: no such label.
func (s *Session) SetPriority(ctx context.Context, priority string) error {
	_, err := s.do(ctx, "SET PRIORITY", priority)
	return err
}

// SetCallerID sets the caller's number, or name and number in the form
// "name" <number>.
func (s *Session) SetCallerID(ctx context.Context, callerID string) error {
	_, err := s.do(ctx, "SET CALLERID", callerID)
	return err
}

// SetAutoHangup hangs the channel up after d, to the millisecond; 0 stops the clock.
func (s *Session) SetAutoHangup(ctx context.Context, d time.Duration) error {
	_, err := s.do(ctx, "SET AUTOHANGUP", strconv.FormatFloat(d.Seconds(), 'f', 3, 64))
	return err
}

// SetMusic starts or stops music on hold, of a class or "" for the channel's
// own. It plays while the session is idle.
func (s *Session) SetMusic(ctx context.Context, on bool, class string) error {
	if !on {
		_, err := s.do(ctx, "SET MUSIC", "off")
		return err
	}
	_, err := s.do(ctx, "SET MUSIC", append([]string{"on"}, optional(class)...)...)
	return err
}

// Verbose writes a line to Asterisk's console at a level from 0 to 4.
func (s *Session) Verbose(ctx context.Context, level int, text string) error {
	_, err := s.do(ctx, "VERBOSE", text, strconv.Itoa(level))
	return err
}

// Noop does nothing, on a dead channel too. A nil error tells that Asterisk
// still runs the session.
func (s *Session) Noop(ctx context.Context) error {
	_, err := s.do(ctx, "NOOP")
	return err
}

// SendText sends a text to the caller, where the channel can. ErrFailed: it can't.
func (s *Session) SendText(ctx context.Context, text string) error {
	_, err := s.do(ctx, "SEND TEXT", text)
	return err
}

// ReceiveText waits for a text from the caller. ErrFailed: none came in time.
func (s *Session) ReceiveText(ctx context.Context, timeout time.Duration) (string, error) {
	r, err := s.do(ctx, "RECEIVE TEXT", millis(timeout))
	return r.Data, err
}

// ReceiveChar waits for one character of a text from the caller; 0 tells that
// the channel has no text. ErrFailed: none came in time.
func (s *Session) ReceiveChar(ctx context.Context, timeout time.Duration) (byte, error) {
	return s.digit(ctx, "RECEIVE CHAR", millis(timeout))
}

// digit is do for commands whose result is a character's code, 0 for none.
func (s *Session) digit(ctx context.Context, verb string, args ...string) (byte, error) {
	r, err := s.do(ctx, verb, args...)
	if err != nil {
		return 0, err
	}
	n, err := integer(verb, r.Result)
	return byte(n), err
}

func integer(verb, result string) (int, error) {
	n, err := strconv.Atoi(result)
	if err != nil {
		return 0, fmt.Errorf("agi: %s: result is not a number: %q", verb, clip(result))
	}
	return n, nil
}

// millis writes a time limit as AGI wants it; below zero is no limit.
func millis(d time.Duration) string {
	if d < 0 {
		return "-1"
	}
	return strconv.FormatInt(d.Milliseconds(), 10)
}

// optional is a last argument that is left out when empty.
func optional(arg string) []string {
	if arg == "" {
		return nil
	}
	return []string{arg}
}
