package agitest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"calld/agi"
	"calld/agi/agitest"
)

func TestParseLine(t *testing.T) {
	for _, tc := range []struct {
		in   string
		want []string
	}{
		{"", nil},
		{"ANSWER", []string{"ANSWER"}},
		{" a \t b ", []string{"a", "b"}},
		{`a "b c" ""`, []string{"a", "b c", ""}},
		{`"\"q\" \\" x`, []string{`"q" \`, "x"}},
		{`a"b c"d`, []string{"ab cd"}},
		{`a\ b`, []string{"a b"}},
		{`"open a`, []string{"open a"}},
		{"홍 \"길\t동\"", []string{"홍", "길\t동"}},
		{strings.Repeat("x ", 200), strings.Fields(strings.Repeat("x ", 127))},
	} {
		if diff := cmp.Diff(tc.want, agitest.ParseLine(tc.in)); diff != "" {
			t.Errorf("%q: %s", tc.in, diff)
		}
	}
}

// TestUsual: without a word of the test Asterisk's state is played.
func TestUsual(t *testing.T) {
	errs := make(chan error, 1)
	c := agitest.New(t, agi.Env{Channel: "PJSIP/x-1"})
	c.Split(1)
	c.Dial(agi.HandlerFunc(func(ctx context.Context, s *agi.Session) {
		errs <- func() error {
			err := errors.Join(
				s.SetVariable(ctx, "__A", "one two"),
				s.DatabasePut(ctx, "f", "k", "v"),
				s.DatabasePut(ctx, "g", "k", "v"),
				s.DatabaseDelTree(ctx, "g", ""),
			)
			if err != nil {
				return err
			}
			full, _, err := s.GetFullVariable(ctx, "${A}/${CHANNEL}/${NONE}", "")
			if want := "one two/PJSIP/x-1/"; full != want || err != nil {
				return fmt.Errorf("got %q, %w, want %q", full, err, want)
			}
			if _, ok, err := s.GetVariable(ctx, "NONE"); ok || err != nil {
				return fmt.Errorf("NONE: %v, %w", ok, err)
			}
			if v, ok, err := s.DatabaseGet(ctx, "f", "k"); v != "v" || !ok || err != nil {
				return fmt.Errorf("f/k: %q, %v, %w", v, ok, err)
			}
			if _, ok, err := s.DatabaseGet(ctx, "g", "k"); ok || err != nil {
				return fmt.Errorf("g/k: %v, %w", ok, err)
			}
			if _, err := s.Command(ctx, "FLY"); !errors.Is(err, agi.ErrUnknown) {
				return fmt.Errorf("FLY: %w", err)
			}
			return s.SetContext(ctx, "away")
		}()
	}))
	if err := <-errs; err != nil {
		t.Error(err)
	}
	if got := c.Status(); got != "SUCCESS" {
		t.Errorf("AGISTATUS is %s", got)
	}
	if a, place := c.Var("A"), c.Var("CONTEXT"); a != "one two" || place != "away" {
		t.Errorf("A is %q, the context %q", a, place)
	}
	c.Expect("SET VARIABLE", "__A", "one two")
	c.Expect("DATABASE")
	if n := len(c.Commands()); n != 10 {
		t.Errorf("%d commands", n)
	}
}

// TestRules: later rules go first, "" lets the earlier ones speak, Reply goes
// through its answers, Hold waits.
func TestRules(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := make(chan string, 10)
		c := agitest.New(t, agi.Env{})
		c.Reply("EXEC", "200 result=1", "200 result=2")
		c.On("exec dial", func(cmd *agitest.Command) string {
			if cmd.Arg(1) == "busy" {
				return "200 result=7"
			}
			return ""
		})
		c.Hold("EXEC Queue")
		c.Dial(agi.HandlerFunc(func(ctx context.Context, s *agi.Session) {
			for _, words := range [][]string{{"Dial", "x"}, {"Dial", "busy"}, {"Wait"}, {"Wait"}, {"Queue"}} {
				n, err := s.Exec(ctx, words[0], words[1:]...)
				got <- fmt.Sprint(words[0], " ", n, " ", err)
			}
		}))
		for _, want := range []string{"Dial 1 <nil>", "Dial 7 <nil>", "Wait 2 <nil>", "Wait 2 <nil>"} {
			if g := <-got; g != want {
				t.Errorf("got %s, want %s", g, want)
			}
		}
		for range 4 {
			c.Expect("EXEC")
		}
		queue := c.Expect("EXEC", "Queue")
		time.Sleep(time.Hour)
		queue.Reply("200 result=9")
		queue.Reply("200 result=10") // comes too late
		if g := <-got; g != "Queue 9 <nil>" {
			t.Errorf("got %s", g)
		}
	})
}

// failing is a testing.TB that notes the end of the test instead.
type failing struct {
	testing.TB
	said string
}

func (f *failing) Helper()                           {}
func (f *failing) Fatalf(format string, args ...any) { f.said = fmt.Sprintf(format, args...); panic(f) }

func TestFailures(t *testing.T) {
	for _, tc := range []struct {
		name    string
		handler agi.HandlerFunc
		ask     func(*agitest.Caller)
		want    string
	}{
		{
			"another command", func(ctx context.Context, s *agi.Session) { _ = s.Noop(ctx); <-ctx.Done() },
			func(c *agitest.Caller) { c.Expect("ANSWER") }, `agitest: got ["NOOP"], expected ["ANSWER"]`,
		},
		{
			"no command", func(ctx context.Context, _ *agi.Session) { <-ctx.Done() },
			func(c *agitest.Caller) { c.Expect("ANSWER") }, `agitest: no command within 10s, expected ["ANSWER"]`,
		},
		{
			"the end", func(context.Context, *agi.Session) {},
			func(c *agitest.Caller) { c.Expect("ANSWER") }, `agitest: the session ended, expected ["ANSWER"]`,
		},
		{
			"no end", func(ctx context.Context, _ *agi.Session) { <-ctx.Done() },
			func(c *agitest.Caller) { c.Wait() }, `agitest: the session has not ended within 10s`,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &failing{TB: t}
				c := agitest.Dial(f, tc.handler, agi.Env{})
				defer func() {
					if recover() != f || f.said != tc.want {
						t.Errorf("said %q, want %q", f.said, tc.want)
					}
				}()
				tc.ask(c)
			})
		})
	}
}
