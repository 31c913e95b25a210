package talk

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"calld/exchange"
	"calld/queue"

	"github.com/google/go-cmp/cmp"
)

// centre is a board and an Asterisk that write down what they are asked for.
type centre struct {
	phase queue.Phase
	out   bool
	peer  string
	err   error // of Asterisk
	began time.Time

	mu   sync.Mutex
	done []string
}

func (c *centre) note(format string, args ...any) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := time.Since(c.began).Milliseconds()
	c.done = append(c.done, fmt.Sprintf("%d %s", at, fmt.Sprintf(format, args...)))
	return c.err
}

func (c *centre) Call(id string) (queue.Call, bool) {
	call := queue.Call{ID: id, Direction: queue.In, Phase: c.phase, Channel: "PJSIP/trunk-1", UniqueID: "u"}
	if c.out {
		call.Direction, call.Channel = queue.Out, "PJSIP/8001-1"
	}
	return call, c.phase != ""
}

func (c *centre) Order(call string, o queue.Order) error {
	_ = c.note("order %d for %s", o.Kind, call)
	return nil
}

func (c *centre) Peer(_ context.Context, channel string) (string, error) {
	if c.err != nil {
		return "", c.err
	}
	return c.peer, nil
}

func (c *centre) Hangup(_ context.Context, channel string, cause int) error {
	return c.note("hang up %s %d", channel, cause)
}

func (c *centre) PlayDTMF(_ context.Context, channel string, digit byte, length time.Duration) error {
	return c.note("play %c to %s", digit, channel)
}

func talking() *centre {
	return &centre{phase: queue.Talking, peer: "PJSIP/8001-1", began: time.Now()}
}

func (c *centre) talks() *Talks { return New(Options{Board: c, Exchange: c}) }

func TestHangup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := talking()
		if err := c.talks().Hangup(t.Context(), "c1"); err != nil {
			t.Fatal(err)
		}
		// The board is told first: the script may see the end at once.
		want := []string{"0 order 1 for c1", "0 hang up PJSIP/8001-1 16"}
		if diff := cmp.Diff(want, c.done); diff != "" {
			t.Errorf("done (-want +got):\n%s", diff)
		}
	})
}

// The channel of a call that an agent makes is the agent's own.
func TestOutbound(t *testing.T) {
	tests := map[string]struct {
		phase queue.Phase
		do    func(context.Context, *Talks) error
		want  []string
	}{
		"hang up":         {queue.Talking, func(ctx context.Context, x *Talks) error { return x.Hangup(ctx, "c1") }, []string{"0 order 1 for c1", "0 hang up PJSIP/8001-1 16"}},
		"the phone":       {queue.Ringing, func(ctx context.Context, x *Talks) error { return x.Hangup(ctx, "c1") }, []string{"0 order 1 for c1", "0 hang up u 16"}},
		"dialling":        {queue.Dialling, func(ctx context.Context, x *Talks) error { return x.Hangup(ctx, "c1") }, []string{"0 order 1 for c1", "0 hang up u 16"}},
		"to the agent":    {queue.Talking, func(ctx context.Context, x *Talks) error { return x.Digits(ctx, "c1", ToAgent, "1") }, []string{"0 play 1 to PJSIP/8001-1"}},
		"to the customer": {queue.Talking, func(ctx context.Context, x *Talks) error { return x.Digits(ctx, "c1", ToCaller, "1") }, []string{"0 play 1 to PJSIP/trunk-2"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := &centre{phase: tt.phase, out: true, peer: "PJSIP/trunk-2", began: time.Now()}
				if err := tt.do(t.Context(), c.talks()); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(tt.want, c.done); diff != "" {
					t.Errorf("done (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestErrors(t *testing.T) {
	refused := errors.New("permission denied")
	tests := map[string]struct {
		centre *centre
		want   error
	}{
		"no such call":          {&centre{}, ErrNoCall},
		"it waits":              {&centre{phase: queue.Waiting}, ErrNotTalking},
		"it ends this moment":   {&centre{phase: queue.Talking}, ErrNotTalking},
		"the channel is gone":   {&centre{phase: queue.Talking, peer: "PJSIP/8001-1", err: exchange.ErrNoChannel}, ErrNotTalking},
		"asterisk is away":      {&centre{phase: queue.Talking, peer: "PJSIP/8001-1", err: exchange.ErrAway}, exchange.ErrAway},
		"asterisk does not let": {&centre{phase: queue.Talking, peer: "PJSIP/8001-1", err: refused}, refused},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			talks := tt.centre.talks()
			if err := talks.Hangup(t.Context(), "c1"); !errors.Is(err, tt.want) {
				t.Errorf("hang-up: %v, want %v", err, tt.want)
			}
			if err := talks.Digits(t.Context(), "c1", ToCaller, "1"); !errors.Is(err, tt.want) {
				t.Errorf("digits: %v, want %v", err, tt.want)
			}
		})
	}
}

func TestDigits(t *testing.T) {
	tests := map[string]struct {
		to     Side
		digits string
		want   []string
	}{
		"to the caller": {ToCaller, "1#", []string{"0 play 1 to PJSIP/trunk-1", "250 play # to PJSIP/trunk-1"}},
		"to the agent":  {ToAgent, "D", []string{"0 play D to PJSIP/8001-1"}},
		"pauses":        {ToAgent, "1,w2", []string{"0 play 1 to PJSIP/8001-1", "1250 play 2 to PJSIP/8001-1"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := talking()
				if err := c.talks().Digits(t.Context(), "c1", tt.to, tt.digits); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(tt.want, c.done); diff != "" {
					t.Errorf("done (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestBadDigits(t *testing.T) {
	for _, digits := range []string{"", "1a", "１", "123456789012345678901234567890123", "1\r\n"} {
		c := talking()
		err := c.talks().Digits(t.Context(), "c1", ToCaller, digits)
		if bad := (*DigitsError)(nil); !errors.As(err, &bad) || len(c.done) > 0 {
			t.Errorf("%q: %v, done %v", digits, err, c.done)
		}
	}
}

// TestDigitsOneAfterTheOther: two requests for one call don't mix; those for
// another call don't wait.
func TestDigitsOneAfterTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := talking()
		talks := c.talks()
		var playing sync.WaitGroup
		play := func(call, digits string) {
			playing.Go(func() {
				if err := talks.Digits(t.Context(), call, ToCaller, digits); err != nil {
					t.Error(err)
				}
			})
			synctest.Wait()
		}
		play("c1", "123")
		play("c1", "9")
		impatient, leave := context.WithCancel(t.Context())
		playing.Go(func() {
			if err := talks.Digits(impatient, "c1", ToCaller, "7"); !errors.Is(err, context.Canceled) {
				t.Errorf("who has gone: %v", err)
			}
		})
		synctest.Wait()
		leave()
		play("c2", "0")
		playing.Wait()
		want := []string{
			"0 play 1 to PJSIP/trunk-1", "0 play 0 to PJSIP/trunk-1", "250 play 2 to PJSIP/trunk-1",
			"500 play 3 to PJSIP/trunk-1", "750 play 9 to PJSIP/trunk-1",
		}
		if diff := cmp.Diff(want, c.done); diff != "" {
			t.Errorf("done (-want +got):\n%s", diff)
		}
		if len(talks.digits.byID) > 0 {
			t.Errorf("%d calls are remembered", len(talks.digits.byID))
		}
	})
}
