package agi_test

import (
	"context"
	"errors"
	"testing"

	"calld/agi"
	"calld/agi/agitest"
)

const oldAsterisk, newAsterisk = "22.5.2", "22.10.1"

// TestDeath: what a hang-up and a redirect look like while the session is idle,
// in a command, and after an EXEC Dial that left a hang-up cause.
func TestDeath(t *testing.T) {
	hangup := func(cause int) func(*agitest.Caller) { return func(c *agitest.Caller) { c.Hangup(cause) } }
	away := func(c *agitest.Caller) { c.Redirect("far", "target", 1) }
	here := func(c *agitest.Caller) { c.Redirect("from-test", "s", 1) }
	for _, tc := range []struct {
		name    string
		version string
		dialled bool // a Dial before left HANGUPCAUSE 17
		death   func(*agitest.Caller)
		want    error
	}{
		{"hang-up", newAsterisk, false, hangup(16), agi.ErrHangup},
		{"hang-up, old", oldAsterisk, false, hangup(16), agi.ErrHangup},
		{"hang-up without cause", newAsterisk, false, hangup(0), agi.ErrHangup},
		{"hang-up without cause, old", oldAsterisk, false, hangup(0), agi.ErrDead},
		{"hang-up after Dial", newAsterisk, true, hangup(16), agi.ErrHangup},
		{"hang-up of the same cause after Dial", newAsterisk, true, hangup(17), agi.ErrHangup},
		{"hang-up of the same cause after Dial, old", oldAsterisk, true, hangup(17), agi.ErrDead},
		{"redirect", newAsterisk, false, away, agi.ErrRedirected},
		{"redirect, old", oldAsterisk, false, away, agi.ErrRedirected},
		{"redirect after Dial", newAsterisk, true, away, agi.ErrRedirected},
		{"redirect to the same place", newAsterisk, false, here, agi.ErrRedirected},
		{"redirect to the same place, old", oldAsterisk, false, here, agi.ErrDead},
		{"redirect to the same place after Dial", newAsterisk, true, here, agi.ErrRedirected},
	} {
		for _, busy := range []bool{false, true} {
			name := tc.name + ", idle"
			if busy {
				name = tc.name + ", in EXEC"
			}
			t.Run(name, func(t *testing.T) {
				dialled := make(chan struct{})
				h, done := handle(func(ctx context.Context, s *agi.Session) error {
					if tc.dialled {
						if _, err := s.Exec(ctx, "Dial", "PJSIP/a"); err != nil {
							return err
						}
						close(dialled)
					}
					if busy {
						n, err := s.Exec(ctx, "Dial", "PJSIP/b")
						if n != -1 || !errors.Is(err, tc.want) {
							t.Errorf("Exec: %d, %v", n, err)
						}
						if ctx.Err() == nil {
							t.Error("the context goes on after the command told of the end")
						}
					}
					<-ctx.Done()
					last := context.WithoutCancel(ctx)
					if err := s.SetVariable(last, "CALLD_RESULT", "ABANDONED"); err != nil {
						t.Errorf("last words: %v", err)
					}
					if err := s.Answer(last); !errors.Is(err, agi.ErrDead) || !errors.Is(err, tc.want) {
						t.Errorf("a command on the dead channel: %v", err)
					}
					if err := s.Noop(ctx); !errors.Is(err, tc.want) {
						t.Errorf("a command with the ended context: %v", err)
					}
					return context.Cause(ctx)
				})
				c := agitest.New(t, agi.Env{Version: tc.version})
				c.On("EXEC Dial PJSIP/a", func(*agitest.Command) string {
					c.SetVar("HANGUPCAUSE", "17")
					return "200 result=0"
				})
				c.Hold("EXEC Dial PJSIP/b")
				c.Dial(h)
				if tc.dialled {
					c.Expect("EXEC", "Dial", "PJSIP/a")
				}
				if busy {
					c.Expect("EXEC", "Dial", "PJSIP/b")
				}
				if tc.dialled && !busy {
					<-dialled // the session has asked what Dial left, and is idle
				}
				tc.death(c)
				if err := <-done; !errors.Is(err, tc.want) {
					t.Errorf("cause %v, want %v", err, tc.want)
				}
				c.Wait()
				if got := c.Var("CALLD_RESULT"); got != "ABANDONED" {
					t.Errorf("CALLD_RESULT is %q", got)
				}
				if place := c.Var("CONTEXT") + "," + c.Var("EXTEN") + "," + c.Var("PRIORITY"); errors.Is(tc.want, agi.ErrHangup) &&
					place != "from-test,s,1" {
					t.Errorf("the channel was left at %s", place)
				}
			})
		}
	}
}

// TestOwnHangup: a session that hangs up need not ask what HANGUP means.
func TestOwnHangup(t *testing.T) {
	h, done := handle(func(ctx context.Context, s *agi.Session) error {
		if err := s.Hangup(ctx); err != nil {
			return err
		}
		<-ctx.Done()
		return context.Cause(ctx)
	})
	c := agitest.Dial(t, h, agi.Env{Version: oldAsterisk})
	if err := <-done; !errors.Is(err, agi.ErrHangup) {
		t.Errorf("cause %v", err)
	}
	c.Wait()
	if n := c.Asked(); n != 0 {
		t.Errorf("%d questions", n)
	}
}

// TestMoved: a session that moves its channel itself does not take that for a
// redirect.
func TestMoved(t *testing.T) {
	h, done := handle(func(ctx context.Context, s *agi.Session) error {
		_ = s.SetContext(ctx, "elsewhere")
		_, _ = s.Exec(ctx, "Goto", "other,1,5")
		if err := s.Noop(ctx); err != nil {
			return err
		}
		<-ctx.Done()
		return context.Cause(ctx)
	})
	c := agitest.Dial(t, h, agi.Env{})
	for _, verb := range []string{"SET CONTEXT", "EXEC", "NOOP"} {
		c.Expect(verb)
	}
	c.Hangup(16)
	if err := <-done; !errors.Is(err, agi.ErrHangup) {
		t.Errorf("cause %v", err)
	}
}

// TestRedirectInDial: Asterisk 22.10 answers result=0 to a Dial whose caller was
// redirected in the talk.
func TestRedirectInDial(t *testing.T) {
	h, done := handle(func(ctx context.Context, s *agi.Session) error {
		n, err := s.Exec(ctx, "Dial", "PJSIP/a")
		if n != 0 || errors.Is(err, agi.ErrFailed) {
			t.Errorf("Exec: %d, %v", n, err)
		}
		if _, err := s.Exec(context.WithoutCancel(ctx), "UserEvent", "x"); err != nil {
			t.Errorf("EXEC on the dead channel: %v", err)
		}
		return err
	})
	c := agitest.New(t, agi.Env{})
	c.On("EXEC Dial", func(*agitest.Command) string {
		c.Redirect("far", "target", 1)
		return "200 result=0"
	})
	c.Dial(h)
	if err := <-done; !errors.Is(err, agi.ErrRedirected) {
		t.Errorf("got %v", err)
	}
}

// TestUnwatched: a handler that does not look at its context reads its answers
// itself; it learns of a hang-up from its next command.
func TestUnwatched(t *testing.T) {
	answered, left := make(chan struct{}), make(chan struct{})
	h, done := handle(func(ctx context.Context, s *agi.Session) error {
		if err := s.Answer(ctx); err != nil {
			return err
		}
		close(answered)
		<-left
		_, err := s.StreamFile(ctx, "x", "", 0)
		var refused *agi.CommandError
		if !errors.As(err, &refused) || refused.Code != 511 {
			t.Errorf("StreamFile: %v", err)
		}
		if again := s.Noop(ctx); !errors.Is(again, agi.ErrHangup) {
			t.Errorf("a command with the ended context: %v", again)
		}
		if cause := context.Cause(ctx); !errors.Is(cause, agi.ErrHangup) {
			t.Errorf("cause %v", cause)
		}
		return err
	})
	c := agitest.Dial(t, h, agi.Env{})
	<-answered
	c.Hangup(16)
	close(left)
	if err := <-done; !errors.Is(err, agi.ErrHangup) {
		t.Errorf("got %v", err)
	}
}

// TestLookInCommand: to look at the context while a command reads by itself has
// the reader follow it.
func TestLookInCommand(t *testing.T) {
	answered := make(chan struct{})
	h, done := handle(func(ctx context.Context, s *agi.Session) error {
		go func() {
			defer close(answered)
			if _, err := s.Exec(ctx, "Playback", "x"); err != nil {
				t.Errorf("Exec: %v", err)
			}
		}()
		<-ctx.Done()
		return context.Cause(ctx)
	})
	c := agitest.New(t, agi.Env{})
	c.Hold("EXEC")
	c.Dial(h)
	c.Expect("EXEC").Reply("200 result=0")
	<-answered
	c.Hangup(16)
	if err := <-done; !errors.Is(err, agi.ErrHangup) {
		t.Errorf("cause %v", err)
	}
}
