package agi

import (
	"context"
	"strconv"
	"time"
)

// Playback is how a sound ended.
type Playback struct {
	Digit  byte  // the key that stopped it, such as '1'; 0 when it played to its end
	EndPos int64 // where it stopped, in samples; milliseconds for ControlStreamFile
}

// StreamFile plays a sound, named without its extension, from an offset in
// samples. A key of escape stops it. ErrFailed: there is no such sound.
func (s *Session) StreamFile(ctx context.Context, file, escape string, offset int64) (Playback, error) {
	return s.play(ctx, "STREAM FILE", file, escape, strconv.FormatInt(offset, 10))
}

// cutMark is what a command that cuts a sound asks for: no answer but its own
// has it.
const cutMark = "agi-cut"

// StreamFileUntil is StreamFile from the beginning for a sound that is also cut at
// once when stop is closed; the Playback is zero then. It is cut by
// another command: Asterisk ends a sound as soon as anything comes in on the
// session, without an answer (file.c, waitstream_core; res_agi.c,
// handle_streamfile).
func (s *Session) StreamFileUntil(ctx context.Context, stop <-chan struct{}, file, escape string) (Playback, error) {
	const verb = "STREAM FILE"
	r, err := s.command(ctx, stop, verb, []string{file, escape, "0"})
	p := Playback{EndPos: r.EndPos}
	switch {
	case err != nil:
		return p, err
	case r.Data == cutMark:
		return Playback{}, nil
	case r.Result == "-1":
		return Playback{}, &CommandError{Command: verb, Code: 200, Text: "result=-1"}
	}
	n, err := integer(verb, r.Result)
	p.Digit = byte(n)
	return p, err
}

// WaitForDigitUntil is WaitForDigit for a wait that also ends when stop is
// closed, without a key. Music that plays goes on. Asterisk answers at once when
// anything comes in on the session, and logs a warning of it (channel.c,
// ast_waitfordigit_full).
func (s *Session) WaitForDigitUntil(ctx context.Context, stop <-chan struct{}, timeout time.Duration) (byte, error) {
	const verb = "WAIT FOR DIGIT"
	r, err := s.command(ctx, stop, verb, []string{millis(timeout)})
	switch {
	case err != nil || r.Data == cutMark:
		return 0, err
	case r.Result == "-1":
		return 0, &CommandError{Command: verb, Code: 200, Text: "result=-1"}
	}
	n, err := integer(verb, r.Result)
	return byte(n), err
}

// cut ends the sound that plays, or the wait for a key. It is called with the turn while
// its answer is due.
func (s *Session) cut() error {
	s.mu.Lock()
	due := s.waiting
	s.cutting = due
	s.mu.Unlock()
	if !due {
		return nil // the answer came at the same moment
	}
	return s.write([]byte("GET FULL VARIABLE " + cutMark + "\n"))
}

// GetOption plays a sound and then waits for a key of escape.
func (s *Session) GetOption(ctx context.Context, file, escape string, timeout time.Duration) (Playback, error) {
	return s.play(ctx, "GET OPTION", file, escape, millis(timeout))
}

// Control is what a caller may do while ControlStreamFile plays. Empty keys are
// Asterisk's: # forward, * back, none to pause or stop.
type Control struct {
	Stop    string // keys
	Forward string
	Back    string
	Pause   string
	Skip    time.Duration // by how much; 0 is three seconds
	Offset  time.Duration // where to begin
}

// ControlStreamFile plays a sound that the caller can move through.
func (s *Session) ControlStreamFile(ctx context.Context, file string, c Control) (Playback, error) {
	if c.Skip == 0 {
		c.Skip = 3 * time.Second
	}
	return s.play(ctx, "CONTROL STREAM FILE", file, c.Stop, millis(c.Skip), c.Forward, c.Back, c.Pause, millis(c.Offset))
}

func (s *Session) play(ctx context.Context, verb string, args ...string) (Playback, error) {
	r, err := s.do(ctx, verb, args...)
	p := Playback{EndPos: r.EndPos}
	if err != nil {
		return p, err
	}
	n, err := integer(verb, r.Result)
	p.Digit = byte(n)
	return p, err
}

// Digits is what a caller keyed in.
type Digits struct {
	Digits   string
	TimedOut bool // the time was over before the last digit
}

// GetData plays a sound and takes digits until #, or most of them; 0 is no
// bound. The timeout is that after the sound and after each digit; 0 is the
// channel's own.
func (s *Session) GetData(ctx context.Context, file string, timeout time.Duration, most int) (Digits, error) {
	args := []string{file, millis(timeout)}
	if most > 0 {
		args = append(args, strconv.Itoa(most))
	}
	r, err := s.do(ctx, "GET DATA", args...)
	if err != nil {
		return Digits{}, err
	}
	return Digits{Digits: r.Result, TimedOut: r.Data == "timeout"}, nil
}

// WaitForDigit waits for a key; 0 is none in time. Below zero it waits for ever.
func (s *Session) WaitForDigit(ctx context.Context, timeout time.Duration) (byte, error) {
	return s.digit(ctx, "WAIT FOR DIGIT", millis(timeout))
}

// Record is what RecordFile is to do.
type Record struct {
	File    string // without extension
	Format  string // the extension, such as "wav"
	Escape  string // keys that end it
	Most    time.Duration
	Offset  int64         // append at this sample; 0 begins anew
	Beep    bool          // before it
	Silence time.Duration // that ends it, in whole seconds; 0 is none
}

// Recording is how a recording ended.
type Recording struct {
	End    string // "dtmf", "timeout" (of length or silence), "hangup", "waitfor", "writefile", "randomerror"
	Digit  byte   // the key, for "dtmf"
	EndPos int64  // length in samples
}

// RecordFile records the caller; Most of zero or below is without bound. After
// a hang-up the Recording is valid beside the error.
func (s *Session) RecordFile(ctx context.Context, rec Record) (Recording, error) {
	most := rec.Most
	if most <= 0 {
		most = -1
	}
	// handle_recordfile knows the offset by its being a number, so it is always
	// sent, and any word behind it is the beep.
	args := []string{rec.File, rec.Format, rec.Escape, millis(most), strconv.FormatInt(rec.Offset, 10)}
	if rec.Beep {
		args = append(args, "BEEP")
	}
	if rec.Silence > 0 {
		args = append(args, "s="+strconv.FormatInt(int64(rec.Silence/time.Second), 10))
	}
	r, err := s.do(ctx, "RECORD FILE", args...)
	out := Recording{End: r.Data, EndPos: r.EndPos}
	if err != nil {
		return out, err
	}
	n, err := integer("RECORD FILE", r.Result)
	out.Digit = byte(n)
	return out, err
}

// SayDigits says digits one by one. The say methods return the key of escape
// that stopped them, 0 for none.
func (s *Session) SayDigits(ctx context.Context, digits, escape string) (byte, error) {
	return s.digit(ctx, "SAY DIGITS", digits, escape)
}

// SayNumber says a number in the channel's language.
func (s *Session) SayNumber(ctx context.Context, n int32, escape string) (byte, error) {
	return s.digit(ctx, "SAY NUMBER", strconv.Itoa(int(n)), escape)
}

// SayAlpha spells a text.
func (s *Session) SayAlpha(ctx context.Context, text, escape string) (byte, error) {
	return s.digit(ctx, "SAY ALPHA", text, escape)
}

// SayPhonetic spells a text by the phonetic alphabet.
func (s *Session) SayPhonetic(ctx context.Context, text, escape string) (byte, error) {
	return s.digit(ctx, "SAY PHONETIC", text, escape)
}

// SayDate says the date of t, in Asterisk's time zone.
func (s *Session) SayDate(ctx context.Context, t time.Time, escape string) (byte, error) {
	return s.digit(ctx, "SAY DATE", unix(t), escape)
}

// SayTime says the time of day of t, in Asterisk's time zone.
func (s *Session) SayTime(ctx context.Context, t time.Time, escape string) (byte, error) {
	return s.digit(ctx, "SAY TIME", unix(t), escape)
}

// SayDateTime says t by a format of voicemail.conf; both format and zone may be
// empty for Asterisk's own.
func (s *Session) SayDateTime(ctx context.Context, t time.Time, escape, format, zone string) (byte, error) {
	args := []string{unix(t), escape}
	if format == "" && zone != "" {
		format = "ABdY 'digits/at' IMp" // what Asterisk takes itself; the zone must follow a format
	}
	args = append(args, optional(format)...)
	args = append(args, optional(zone)...)
	return s.digit(ctx, "SAY DATETIME", args...)
}

func unix(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }
