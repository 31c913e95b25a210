package lab

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// ErrDeaf is returned by what needs audio on a leg that was made without.
var ErrDeaf = errors.New("lab: the leg has no audio")

// SetTone changes the tone sent, in Hz; 0 sends silence.
func (l *Leg) SetTone(hz float64) error {
	v := l.getVoice()
	if v == nil {
		return ErrDeaf
	}
	v.setTone(hz)
	return nil
}

// Level says how loud a tone is in the last 200 ms heard: 1 is a tone as the
// laboratory sends it, 0 when it is not there or nothing is heard at all.
func (l *Leg) Level(hz float64) float64 {
	if v := l.getVoice(); v != nil {
		return v.level(hz)
	}
	return 0
}

// WaitTone waits until a tone is heard.
func (l *Leg) WaitTone(ctx context.Context, hz float64) error {
	return l.listen(ctx, fmt.Sprintf("a tone of %v Hz", hz), func(v *voice) bool { return v.level(hz) >= hearsLevel })
}

// WaitNoTone waits until a tone is not heard any more.
func (l *Leg) WaitNoTone(ctx context.Context, hz float64) error {
	return l.listen(ctx, fmt.Sprintf("the end of a tone of %v Hz", hz), func(v *voice) bool { return v.level(hz) < hearsLevel })
}

// listen waits for something in the audio; a call that ends before is an error.
func (l *Leg) listen(ctx context.Context, what string, heard func(*voice) bool) error {
	v := l.getVoice()
	if v == nil {
		return ErrDeaf
	}
	var over bool
	err := await(ctx, func() bool {
		over = l.State() == Over
		return over || heard(v)
	})
	if err != nil {
		return fmt.Errorf("lab: listening for %s on the call with %s: %w; heard %d ms in all", what, l.Number, err, len(v.samples())*1000/sampleRate)
	}
	if over && !heard(v) {
		return fmt.Errorf("%w: listening for %s", ErrOver, what)
	}
	return nil
}

// Heard returns all that was heard, 8,000 samples a second: at most the last ten
// minutes.
func (l *Leg) Heard() []int16 {
	if v := l.getVoice(); v != nil {
		return v.samples()
	}
	return nil
}

// SendDTMF sends digits as telephone events (RFC 4733), 100 ms each.
func (l *Leg) SendDTMF(digits string) error {
	v := l.getVoice()
	if v == nil {
		return ErrDeaf
	}
	for _, d := range []byte(digits) {
		if strings.IndexByte(eventDigits, d) < 0 {
			return fmt.Errorf("lab: %q is no digit of a telephone", d)
		}
		select {
		case v.digits <- d:
		default:
			return errDigits
		}
	}
	return nil
}

// Digits returns the digits heard so far.
func (l *Leg) Digits() string {
	if v := l.getVoice(); v != nil {
		return v.digitsReceived()
	}
	return ""
}

// WaitDigits waits until all digits heard so far are these.
func (l *Leg) WaitDigits(ctx context.Context, want string) error {
	return l.listen(ctx, "the digits "+want, func(v *voice) bool { return v.digitsReceived() == want })
}
