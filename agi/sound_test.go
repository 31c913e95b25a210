package agi_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"calld/agi"
	"calld/agi/agitest"
)

// TestStreamFileUntil: a sound is cut by the next command, in whatever order
// Asterisk answers, and the session goes on.
func TestStreamFileUntil(t *testing.T) {
	const ended = "200 result=0 endpos=800"
	for name, tc := range map[string]struct {
		cut   bool // while it plays
		reply string
		both  string // the answers that come once it is cut
		want  agi.Playback
		is    error
	}{
		"it ends":                   {reply: ended, want: agi.Playback{EndPos: 800}},
		"there is none":             {reply: "200 result=-1 endpos=0", is: agi.ErrFailed},
		"it is cut":                 {cut: true},
		"a key":                     {reply: "200 result=49 endpos=80", want: agi.Playback{Digit: '1', EndPos: 80}},
		"it ends when it is cut":    {cut: true, both: ended + "\n200 result=1 (agi-cut)"},
		"it fails when it is cut":   {cut: true, both: "510 Invalid\n200 result=1 (agi-cut)"},
		"the channel dies when cut": {cut: true, both: "200 result=-1 endpos=8\nHANGUP\n200 result=1 (agi-cut)"},
	} {
		t.Run(name, func(t *testing.T) {
			stop := make(chan struct{})
			type result struct {
				p   agi.Playback
				err error
			}
			done := make(chan result, 1)
			c := agitest.New(t, agi.Env{})
			c.Hold("STREAM FILE")
			if tc.both != "" {
				c.On("GET FULL VARIABLE", func(*agitest.Command) string { return tc.both })
			}
			c.Dial(agi.HandlerFunc(func(ctx context.Context, s *agi.Session) {
				p, err := s.StreamFileUntil(ctx, stop, "a b", "1")
				done <- result{p, err}
				_ = s.Verbose(context.WithoutCancel(ctx), 1, "on")
			}))
			sound := c.Expect("STREAM FILE", "a b", "1", "0")
			if tc.cut {
				close(stop)
				c.Expect("GET FULL VARIABLE", "agi-cut")
			} else {
				sound.Reply(tc.reply)
			}
			got := <-done
			if got.p != tc.want || !errors.Is(got.err, tc.is) {
				t.Errorf("got %+v, %v; want %+v, %v", got.p, got.err, tc.want, tc.is)
			}
			if !strings.Contains(tc.both, "HANGUP") { // else it is asked first what that means
				c.Expect("VERBOSE")
			}
			c.Wait()
		})
	}
}

// TestWaitForDigitUntil: a wait for a key is cut as a sound is.
func TestWaitForDigitUntil(t *testing.T) {
	for name, tc := range map[string]struct {
		reply string // empty: it is cut
		want  byte
		is    error
	}{
		"a key":              {reply: "200 result=35", want: '#'},
		"none":               {reply: "200 result=0"},
		"the channel failed": {reply: "200 result=-1", is: agi.ErrFailed},
		"it is cut":          {},
	} {
		t.Run(name, func(t *testing.T) {
			stop, done := make(chan struct{}), make(chan struct{})
			var got byte
			var err error
			c := agitest.New(t, agi.Env{})
			c.Hold("WAIT FOR DIGIT")
			c.Dial(agi.HandlerFunc(func(ctx context.Context, s *agi.Session) {
				defer close(done)
				got, err = s.WaitForDigitUntil(ctx, stop, -1)
			}))
			wait := c.Expect("WAIT FOR DIGIT", "-1")
			if tc.reply == "" {
				close(stop)
				c.Expect("GET FULL VARIABLE", "agi-cut")
			} else {
				wait.Reply(tc.reply)
			}
			<-done
			if got != tc.want || !errors.Is(err, tc.is) {
				t.Errorf("got %q, %v; want %q, %v", got, err, tc.want, tc.is)
			}
			c.Wait()
		})
	}
}
