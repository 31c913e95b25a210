package talk

import (
	"context"
	"errors"
	"fmt"
	"strings"
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
	agent string // who talks; empty: 홍길동
	moves int    // how often the call was handed over
	out   bool
	peer  string
	held  bool
	// turning: the call is turned over by the time the board takes an order.
	turning bool
	// consults: with who has answered
	consults bool
	err      error // of Asterisk
	began    time.Time
	done     chan queue.Transfer

	refusal error // of the board

	mu    sync.Mutex
	asked []string
}

func (c *centre) note(format string, args ...any) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := time.Since(c.began).Milliseconds()
	c.asked = append(c.asked, fmt.Sprintf("%d %s", at, fmt.Sprintf(format, args...)))
	return c.err
}

func (c *centre) Call(id string) (queue.Call, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k := queue.Call{ID: id, Direction: queue.In, Phase: c.phase, Channel: "PJSIP/trunk-1", UniqueID: "u", Agent: "홍길동", Queue: "q"}
	k.Transfers = make([]queue.Transfer, c.moves)
	if c.agent != "" {
		k.Agent = c.agent
	}
	if c.out {
		k.Direction, k.Channel, k.UniqueID, k.Caller = queue.Out, "PJSIP/8001-1", queue.OutChannel(id), "02"
	}
	if c.held {
		k.HeldSince, k.HeldChannel = &c.began, "PJSIP/8001-9"
	}
	if c.consults {
		k.Consult = &queue.Consult{At: c.began, Agent: "이몽룡", Answered: &c.began}
	}
	return k, c.phase != ""
}

func (c *centre) tell(format string, args ...any) error {
	_ = c.note(format, args...)
	if c.turning {
		c.out = false
	}
	return c.refusal
}

func (c *centre) Hangup(call string) error { return c.tell("board: hang up %s", call) }
func (c *centre) Hold(call, channel string) error {
	return c.tell("board: hold %s with %s", call, channel)
}
func (c *centre) Unhold(call string) error { return c.tell("board: unhold %s", call) }
func (c *centre) Countermand(call string)  { _ = c.tell("board: countermand %s", call) }

func (c *centre) Transfer(call string, to queue.Target) (<-chan queue.Transfer, error) {
	return c.done, c.tell("board: transfer %s to %s", call, to.String())
}

func (c *centre) Consult(call, channel, id string, to queue.Target) (<-chan queue.Transfer, error) {
	return c.done, c.tell("board: %s consults %s on %s for %s", channel, to.String(), id, call)
}

func (c *centre) Complete(call, channel string) error {
	return c.tell("board: complete %s with %s", call, channel)
}
func (c *centre) Cancel(call string) error { return c.tell("board: cancel %s", call) }

// asterisk is the other half of a centre: both have a Hangup.
type asterisk struct{ *centre }

func (c asterisk) Peer(context.Context, string) (string, error) {
	if c.err != nil {
		return "", c.err
	}
	return c.peer, nil
}

func (c asterisk) Hangup(_ context.Context, channel string, cause int) error {
	return c.note("hang up %s %d", channel, cause)
}

func (c asterisk) PlayDTMF(_ context.Context, channel string, digit byte, length time.Duration) error {
	return c.note("play %c to %s", digit, channel)
}

func (c asterisk) Redirect(_ context.Context, channel, dialContext, extension string) error {
	return c.note("redirect %s to %s,%s", channel, dialContext, extension)
}

func (c asterisk) RedirectBoth(_ context.Context, a, b exchange.Place) error {
	return c.note("redirect %v and %v", a, b)
}

func (c asterisk) Variable(_ context.Context, channel, name string) (string, error) {
	return name + " of " + channel, c.err
}

func (c asterisk) SetVariable(_ context.Context, channel, name, value string) error {
	return c.note("set %s %s=%s", channel, name, value)
}

func talking() *centre {
	return &centre{phase: queue.Talking, peer: "PJSIP/8001-1", began: time.Now(), done: make(chan queue.Transfer, 1)}
}

func (c *centre) talks() *Talks {
	return New(Options{Board: c, Exchange: asterisk{c}, HoldContext: "hold", HeldVariable: "HELD", TurnedContext: "turned", ConsultContext: "consult"})
}

// TestOrders: the board is told first, for the script may see the end of the
// talk at once.
func TestOrders(t *testing.T) {
	hangup := func(ctx context.Context, t *Talks) error { return t.Hangup(ctx, "c1") }
	hold := func(ctx context.Context, t *Talks) error { return t.Hold(ctx, "c1") }
	unhold := func(ctx context.Context, t *Talks) error { return t.Unhold(ctx, "c1") }
	transfer := func(ctx context.Context, t *Talks) error {
		_, err := t.Transfer(ctx, "c1", queue.Target{Number: "01012345678"})
		return err
	}
	refused := errors.New("permission denied")
	lost := fmt.Errorf("%w: %w", exchange.ErrUnanswered, exchange.ErrAway)
	tests := map[string]struct {
		do       func(context.Context, *Talks) error
		held     bool
		out      bool  // the agent has made the call
		refusal  error // of the board
		asterisk error
		want     []string
		err      error
	}{
		"hang up":            {do: hangup, want: []string{"board: hang up c1", "hang up PJSIP/8001-1 16"}},
		"hang up while held": {do: hangup, held: true, want: []string{"board: hang up c1", "hang up PJSIP/8001-9 16"}},
		"hold": {do: hold, want: []string{
			"set PJSIP/8001-1 HELD=PJSIP/trunk-1", "board: hold c1 with PJSIP/8001-1", "redirect PJSIP/8001-1 to hold,s",
		}},
		"unhold":              {do: unhold, held: true, want: []string{"board: unhold c1"}},
		"unhold what is not":  {do: unhold, refusal: queue.ErrNotHeld, want: []string{"board: unhold c1"}, err: queue.ErrNotHeld},
		"transfer":            {do: transfer, want: []string{"board: transfer c1 to 01012345678", "hang up PJSIP/8001-1 16"}},
		"transfer while held": {do: transfer, held: true, want: []string{"board: transfer c1 to 01012345678", "hang up PJSIP/8001-9 16"}},
		"hold one called": {do: hold, out: true, want: []string{
			"set PJSIP/8001-1 HELD=PJSIP/trunk-1", "board: hold c1 with PJSIP/8001-1",
			"redirect {PJSIP/trunk-1 turned 02} and {PJSIP/8001-1 hold s}",
		}},
		"transfer one called": {do: transfer, out: true, want: []string{
			"board: transfer c1 to 01012345678", "redirect PJSIP/trunk-1 to turned,02",
		}},
		"the board says no":     {do: transfer, refusal: queue.ErrTargetBusy, want: []string{"board: transfer c1 to 01012345678"}, err: queue.ErrTargetBusy},
		"asterisk says no":      {do: hangup, held: true, asterisk: refused, want: []string{"board: hang up c1", "hang up PJSIP/8001-9 16", "board: countermand c1"}, err: refused},
		"it was not sent":       {do: hangup, held: true, asterisk: exchange.ErrAway, want: []string{"board: hang up c1", "hang up PJSIP/8001-9 16", "board: countermand c1"}, err: exchange.ErrAway},
		"there was no time":     {do: hangup, held: true, asterisk: context.DeadlineExceeded, want: []string{"board: hang up c1", "hang up PJSIP/8001-9 16", "board: countermand c1"}, err: context.DeadlineExceeded},
		"asterisk may still do": {do: hangup, held: true, asterisk: exchange.ErrUnanswered, want: []string{"board: hang up c1", "hang up PJSIP/8001-9 16"}, err: exchange.ErrUnanswered},
		"the answer was lost":   {do: transfer, held: true, asterisk: lost, want: []string{"board: transfer c1 to 01012345678", "hang up PJSIP/8001-9 16"}, err: exchange.ErrAway},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := talking()
				c.held, c.out, c.refusal, c.err = tt.held, tt.out, tt.refusal, tt.asterisk
				if tt.out {
					c.peer = "PJSIP/trunk-1"
				}
				c.done <- queue.Transfer{Result: queue.TransferAnswered}
				if err := tt.do(t.Context(), c.talks()); !errors.Is(err, tt.err) {
					t.Errorf("error %v, want %v", err, tt.err)
				}
				for i := range tt.want {
					tt.want[i] = "0 " + tt.want[i]
				}
				if diff := cmp.Diff(tt.want, c.asked); diff != "" {
					t.Errorf("asked (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// TestTransferResult: the answer comes with the result, or after a while
// without one.
func TestTransferResult(t *testing.T) {
	tests := map[string]struct {
		told []queue.Transfer
		want string
		took time.Duration
	}{
		"answered":        {[]queue.Transfer{{Result: queue.TransferAnswered}}, "answered", 0},
		"in line":         {[]queue.Transfer{{}}, Waiting, 0},
		"nothing is told": {nil, Ringing, transferWait},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := talking()
				for _, x := range tt.told {
					c.done <- x
				}
				got, err := c.talks().Transfer(t.Context(), "c1", queue.Target{Agent: "이몽룡"})
				if took := time.Since(c.began); err != nil || got.Result != tt.want || took != tt.took {
					t.Errorf("got %+v, %v after %v", got, err, took)
				}
			})
		})
	}
}

// A call that is turned over by a hold just before keeps its customer where that one has
// a script: the agent's channel alone is taken elsewhere.
func TestACallIsTurnedOverMeanwhile(t *testing.T) {
	for name, tt := range map[string]struct {
		do   func(context.Context, *Talks) error
		want string
	}{
		"transfer": {func(ctx context.Context, t *Talks) error {
			_, err := t.Transfer(ctx, "c1", queue.Target{Agent: "이몽룡"})
			return err
		}, "0 hang up PJSIP/8001-1 16"},
		"consult": {func(ctx context.Context, t *Talks) error {
			_, err := t.Consult(ctx, "c1", queue.Target{Agent: "이몽룡"})
			return err
		}, "0 redirect PJSIP/8001-1 to consult,s"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := talking()
				c.out, c.turning, c.peer = true, true, "PJSIP/trunk-1"
				c.done <- queue.Transfer{Result: queue.TransferAnswered}
				if err := tt.do(t.Context(), c.talks()); err != nil {
					t.Fatal(err)
				}
				if got := c.asked[len(c.asked)-1]; got != tt.want {
					t.Errorf("asked last: %s, want %s", got, tt.want)
				}
			})
		})
	}
}

func TestBadTargets(t *testing.T) {
	header := func(name, value string) queue.Target {
		return queue.Target{Agent: "a", Headers: map[string]string{name: value}}
	}
	many := queue.Target{Agent: "a", Headers: map[string]string{}}
	for i := range maxHeaders + 1 {
		many.Headers[fmt.Sprintf("X-%d", i)] = ""
	}
	tests := map[string]struct {
		to    queue.Target
		field string
	}{
		"nobody":       {queue.Target{}, "to"},
		"two":          {queue.Target{Agent: "a", Queue: "q"}, "to"},
		"no number":    {queue.Target{Number: "010)&PJSIP/x"}, "to.number"},
		"a letter":     {queue.Target{Number: "1000a"}, "to.number"},
		"a SIP header": {header("From", "x"), "headers"},
		"a bad name":   {header("X-A: b", "x"), "headers"},
		"no name":      {header("X-", "x"), "headers"},
		"a line break": {header("X-A", "x\r\nFrom: y"), "headers.X-A"},
		"a long value": {header("X-A", strings.Repeat("x", 257)), "headers.X-A"},
		"a long name":  {header("X-"+strings.Repeat("x", 63), ""), "headers"},
		"too many":     {many, "headers"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := talking()
			_, err := c.talks().Transfer(t.Context(), "c1", tt.to)
			var bad *TargetError
			if !errors.As(err, &bad) || bad.Field != tt.field || len(c.asked) > 0 {
				t.Errorf("%v, asked %v", err, c.asked)
			}
		})
	}
	underscore := header("X-Customer_", "")
	if err := checkTarget(&underscore); err == nil {
		t.Error("an underscore passes")
	}
	to := header("X-Customer-Id", "김철수 ${A} 100%; \"q\"")
	to.Agent, to.Number = "", "010-1234-5678"
	if err := checkTarget(&to); err != nil || to.Number != "01012345678" {
		t.Errorf("%q, %v", to.Number, err)
	}
}

// The channel of a call that an agent makes is the agent's own.
func TestOutbound(t *testing.T) {
	tests := map[string]struct {
		phase queue.Phase
		do    func(context.Context, *Talks) error
		want  []string
	}{
		"hang up":         {queue.Talking, func(ctx context.Context, x *Talks) error { return x.Hangup(ctx, "c1") }, []string{"0 board: hang up c1", "0 hang up PJSIP/8001-1 16"}},
		"the phone":       {queue.Ringing, func(ctx context.Context, x *Talks) error { return x.Hangup(ctx, "c1") }, []string{"0 board: hang up c1", "0 hang up calld-out-c1 16"}},
		"dialling":        {queue.Dialling, func(ctx context.Context, x *Talks) error { return x.Hangup(ctx, "c1") }, []string{"0 board: hang up c1", "0 hang up calld-out-c1 16"}},
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
				if diff := cmp.Diff(tt.want, c.asked); diff != "" {
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
		"no such call":          {&centre{}, queue.ErrUnknownCall},
		"it waits":              {&centre{phase: queue.Waiting}, queue.ErrNotTalking},
		"it ends this moment":   {&centre{phase: queue.Talking}, queue.ErrNotTalking},
		"the channel is gone":   {&centre{phase: queue.Talking, peer: "PJSIP/8001-1", err: exchange.ErrNoChannel}, queue.ErrNotTalking},
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
				if diff := cmp.Diff(tt.want, c.asked); diff != "" {
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
		if bad := (*DigitsError)(nil); !errors.As(err, &bad) || len(c.asked) > 0 {
			t.Errorf("%q: %v, done %v", digits, err, c.asked)
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
		if diff := cmp.Diff(want, c.asked); diff != "" {
			t.Errorf("done (-want +got):\n%s", diff)
		}
		if len(talks.digits.byID) > 0 {
			t.Errorf("%d calls are remembered", len(talks.digits.byID))
		}
	})
}

// TestDigitsAreForOneTalk: what is left to be played when the call is handed
// over, or comes back, is heard by nobody.
func TestDigitsAreForOneTalk(t *testing.T) {
	moves := map[string]func(*centre){
		"to another":   func(c *centre) { c.agent, c.moves = "이몽룡", 1 },
		"and back":     func(c *centre) { c.moves = 2 },
		"to nobody":    func(c *centre) { c.phase = queue.Waiting },
		"it has ended": func(c *centre) { c.phase = "" },
	}
	for name, move := range moves {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := talking()
				talks := c.talks()
				var playing sync.WaitGroup
				for _, digits := range []string{"12", "9"} {
					playing.Go(func() {
						err := talks.Digits(t.Context(), "c1", ToCaller, digits)
						if !errors.Is(err, queue.ErrNotTalking) && !errors.Is(err, queue.ErrUnknownCall) {
							t.Errorf("%s: %v", digits, err)
						}
					})
					synctest.Wait()
				}
				c.mu.Lock()
				move(c)
				c.mu.Unlock()
				playing.Wait()
				if diff := cmp.Diff([]string{"0 play 1 to PJSIP/trunk-1"}, c.asked); diff != "" {
					t.Errorf("done (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// TestWaitingDigitsAreBounded: so are those of one call only.
func TestWaitingDigitsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		talks := talking().talks()
		var playing sync.WaitGroup
		for range maxRequests {
			playing.Go(func() {
				if err := talks.Digits(t.Context(), "c1", ToCaller, "1"); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		if err := talks.Digits(t.Context(), "c1", ToCaller, "1"); !errors.Is(err, ErrTooManyRequests) {
			t.Errorf("one more: %v", err)
		}
		if err := talks.Digits(t.Context(), "c2", ToCaller, "1"); err != nil {
			t.Errorf("another call: %v", err)
		}
		playing.Wait()
		if err := talks.Digits(t.Context(), "c1", ToCaller, "1"); err != nil {
			t.Errorf("later: %v", err)
		}
	})
}
