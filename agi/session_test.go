package agi_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"calld/agi"
	"calld/agi/agitest"
)

// handle makes a handler that a test can wait for: done gets what f returned.
func handle(f func(ctx context.Context, s *agi.Session) error) (h agi.HandlerFunc, done chan error) {
	done = make(chan error, 1)
	return func(ctx context.Context, s *agi.Session) { done <- f(ctx, s) }, done
}

// TestCommands goes through all commands: what is sent, and what is made of the
// answer.
func TestCommands(t *testing.T) {
	at := time.Unix(1700000000, 0)
	type result = []any
	for _, tc := range []struct {
		name   string
		answer string
		call   func(context.Context, *agi.Session) result
		line   string
		want   result
	}{
		{"Answer", "200 result=0", func(c context.Context, s *agi.Session) result { return result{s.Answer(c)} }, `ANSWER`, result{nil}},
		{"HangupChannel", "200 result=1", func(c context.Context, s *agi.Session) result { return result{s.HangupChannel(c, "PJSIP/a")} }, `HANGUP PJSIP/a`, result{nil}},
		{"ChannelStatus", "200 result=4", func(c context.Context, s *agi.Session) result { return pair(s.ChannelStatus(c, "")) }, `CHANNEL STATUS`, result{agi.Ring, nil}},
		{"Exec", "200 result=3", func(c context.Context, s *agi.Session) result { return pair(s.Exec(c, "Dial", "PJSIP/a", "20", "g")) }, `EXEC Dial PJSIP/a,20,g`, result{3, nil}},
		{"Exec alone", "200 result=-1", func(c context.Context, s *agi.Session) result { return pair(s.Exec(c, "Answer")) }, `EXEC Answer`, result{-1, nil}},
		{"Gosub", "", func(c context.Context, s *agi.Session) result { return result{s.Gosub(c, "sub", "s", "1", "a", "b c")} }, `GOSUB sub s 1 "a,b c"`, result{nil}},
		{"SetContext", "", func(c context.Context, s *agi.Session) result { return result{s.SetContext(c, "x")} }, `SET CONTEXT x`, result{nil}},
		{"SetExtension", "", func(c context.Context, s *agi.Session) result { return result{s.SetExtension(c, "x")} }, `SET EXTENSION x`, result{nil}},
		{"SetPriority", "", func(c context.Context, s *agi.Session) result { return result{s.SetPriority(c, "7")} }, `SET PRIORITY 7`, result{nil}},
		{"SetCallerID", "", func(c context.Context, s *agi.Session) result { return result{s.SetCallerID(c, `"홍 길동" <021>`)} }, `SET CALLERID "\"홍 길동\" <021>"`, result{nil}},
		{"SetAutoHangup", "", func(c context.Context, s *agi.Session) result {
			return result{s.SetAutoHangup(c, 1500*time.Millisecond)}
		}, `SET AUTOHANGUP 1.500`, result{nil}},
		{"SetMusic on", "", func(c context.Context, s *agi.Session) result { return result{s.SetMusic(c, true, "jazz")} }, `SET MUSIC on jazz`, result{nil}},
		{"SetMusic off", "", func(c context.Context, s *agi.Session) result { return result{s.SetMusic(c, false, "jazz")} }, `SET MUSIC off`, result{nil}},
		{"Verbose", "", func(c context.Context, s *agi.Session) result { return result{s.Verbose(c, 3, "a b")} }, `VERBOSE "a b" 3`, result{nil}},
		{"Noop", "", func(c context.Context, s *agi.Session) result { return result{s.Noop(c)} }, `NOOP`, result{nil}},
		{"SendText", "", func(c context.Context, s *agi.Session) result { return result{s.SendText(c, "안녕 하세요")} }, `SEND TEXT "안녕 하세요"`, result{nil}},
		{"ReceiveText", "200 result=1 (hi there)", func(c context.Context, s *agi.Session) result { return pair(s.ReceiveText(c, time.Second)) }, `RECEIVE TEXT 1000`, result{"hi there", nil}},
		{"ReceiveChar", "200 result=65", func(c context.Context, s *agi.Session) result { return pair(s.ReceiveChar(c, time.Second)) }, `RECEIVE CHAR 1000`, result{byte('A'), nil}},
		{"StreamFile", "200 result=35 endpos=800", func(c context.Context, s *agi.Session) result { return pair(s.StreamFile(c, "a", "#", 80)) }, `STREAM FILE a # 80`, result{agi.Playback{Digit: '#', EndPos: 800}, nil}},
		{"GetOption", "200 result=0 endpos=800", func(c context.Context, s *agi.Session) result { return pair(s.GetOption(c, "a", "12", time.Second)) }, `GET OPTION a 12 1000`, result{agi.Playback{EndPos: 800}, nil}},
		{
			"ControlStreamFile", "200 result=0 endpos=-1",
			func(c context.Context, s *agi.Session) result {
				return pair(s.ControlStreamFile(c, "a", agi.Control{Stop: "0", Pause: "5", Offset: time.Second}))
			}, `CONTROL STREAM FILE a 0 3000 "" "" 5 1000`,
			result{agi.Playback{EndPos: -1}, nil},
		},
		{"GetData", "200 result=12 (timeout)", func(c context.Context, s *agi.Session) result { return pair(s.GetData(c, "a", time.Second, 4)) }, `GET DATA a 1000 4`, result{agi.Digits{Digits: "12", TimedOut: true}, nil}},
		{"GetData unbounded", "200 result=0012", func(c context.Context, s *agi.Session) result { return pair(s.GetData(c, "a", 0, 0)) }, `GET DATA a 0`, result{agi.Digits{Digits: "0012"}, nil}},
		{"WaitForDigit", "200 result=49", func(c context.Context, s *agi.Session) result { return pair(s.WaitForDigit(c, -1)) }, `WAIT FOR DIGIT -1`, result{byte('1'), nil}},
		{
			"RecordFile", "200 result=35 (dtmf) endpos=160",
			func(c context.Context, s *agi.Session) result {
				return pair(s.RecordFile(c, agi.Record{File: "/tmp/a", Format: "wav", Escape: "#", Beep: true, Silence: 3 * time.Second}))
			}, `RECORD FILE /tmp/a wav # -1 0 BEEP s=3`,
			result{agi.Recording{End: "dtmf", Digit: '#', EndPos: 160}, nil},
		},
		{"SayDigits", "200 result=50", func(c context.Context, s *agi.Session) result { return pair(s.SayDigits(c, "012", "2")) }, `SAY DIGITS 012 2`, result{byte('2'), nil}},
		{"SayNumber", "", func(c context.Context, s *agi.Session) result { return pair(s.SayNumber(c, -5, "")) }, `SAY NUMBER -5 ""`, result{byte(0), nil}},
		{"SayAlpha", "", func(c context.Context, s *agi.Session) result { return pair(s.SayAlpha(c, "ab", "")) }, `SAY ALPHA ab ""`, result{byte(0), nil}},
		{"SayPhonetic", "", func(c context.Context, s *agi.Session) result { return pair(s.SayPhonetic(c, "ab", "")) }, `SAY PHONETIC ab ""`, result{byte(0), nil}},
		{"SayDate", "", func(c context.Context, s *agi.Session) result { return pair(s.SayDate(c, at, "")) }, `SAY DATE 1700000000 ""`, result{byte(0), nil}},
		{"SayTime", "", func(c context.Context, s *agi.Session) result { return pair(s.SayTime(c, at, "")) }, `SAY TIME 1700000000 ""`, result{byte(0), nil}},
		{"SayDateTime", "", func(c context.Context, s *agi.Session) result { return pair(s.SayDateTime(c, at, "", "", "")) }, `SAY DATETIME 1700000000 ""`, result{byte(0), nil}},
		{"SayDateTime zone", "", func(c context.Context, s *agi.Session) result {
			return pair(s.SayDateTime(c, at, "", "", "Asia/Seoul"))
		}, `SAY DATETIME 1700000000 "" "ABdY 'digits/at' IMp" Asia/Seoul`, result{byte(0), nil}},
		{"GetVariable", "200 result=1 (a b)", func(c context.Context, s *agi.Session) result { return triple(s.GetVariable(c, "X")) }, `GET VARIABLE X`, result{"a b", true, nil}},
		{"GetVariable unset", "200 result=0", func(c context.Context, s *agi.Session) result { return triple(s.GetVariable(c, "X")) }, `GET VARIABLE X`, result{"", false, nil}},
		{"GetFullVariable", "200 result=1 (v)", func(c context.Context, s *agi.Session) result {
			return triple(s.GetFullVariable(c, "${X} y", "PJSIP/a"))
		}, `GET FULL VARIABLE "${X} y" PJSIP/a`, result{"v", true, nil}},
		{"SetVariable", "", func(c context.Context, s *agi.Session) result { return result{s.SetVariable(c, "__X", "a\"b\\\t홍")} }, "SET VARIABLE __X \"a\\\"b\\\\\t홍\"", result{nil}},
		{"DatabaseGet", "200 result=1 (v)", func(c context.Context, s *agi.Session) result { return triple(s.DatabaseGet(c, "f", "k")) }, `DATABASE GET f k`, result{"v", true, nil}},
		{"DatabasePut", "", func(c context.Context, s *agi.Session) result { return result{s.DatabasePut(c, "f", "k", "v w")} }, `DATABASE PUT f k "v w"`, result{nil}},
		{"DatabaseDel", "", func(c context.Context, s *agi.Session) result { return result{s.DatabaseDel(c, "f", "k")} }, `DATABASE DEL f k`, result{nil}},
		{"DatabaseDelTree", "", func(c context.Context, s *agi.Session) result { return result{s.DatabaseDelTree(c, "f", "")} }, `DATABASE DELTREE f`, result{nil}},
		{"Command", "200 result=1", func(c context.Context, s *agi.Session) result { return pair(s.Command(c, "SPEECH CREATE", "a b")) }, `SPEECH CREATE "a b"`, result{agi.Reply{Result: "1"}, nil}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h, done := handle(func(ctx context.Context, s *agi.Session) error {
				got := tc.call(ctx, s)
				if !cmp.Equal(tc.want, got) {
					t.Errorf("got %v, want %v", got, tc.want)
				}
				return nil
			})
			c := agitest.New(t, agi.Env{})
			if tc.answer != "" {
				c.On(strings.Fields(tc.line)[0], func(*agitest.Command) string { return tc.answer })
			}
			c.Dial(h)
			<-done
			if got := c.Commands(); len(got) != 1 || got[0].Line != tc.line {
				t.Errorf("sent %q, want %q", got[0].Line, tc.line)
			}
		})
	}
}

func pair[A any](a A, err error) []any { return []any{a, err} }

func triple[A, B any](a A, b B, err error) []any { return []any{a, b, err} }

func TestCommandErrors(t *testing.T) {
	for _, tc := range []struct {
		name, answer string
		call         func(context.Context, *agi.Session) error
		is           error
		text         string
	}{
		{
			"unknown", "510 Invalid or unknown command",
			func(c context.Context, s *agi.Session) error { _, err := s.Command(c, "FLY"); return err },
			agi.ErrUnknown, "agi: FLY: 510 Invalid or unknown command",
		},
		{
			"usage", "520-Invalid\nUsage: x\n520 End of proper usage.",
			func(c context.Context, s *agi.Session) error { return s.SetPriority(c, "nowhere") },
			agi.ErrUsage, "agi: SET PRIORITY: 520 Invalid\nUsage: x\n520 End of proper usage.",
		},
		{
			"dead from the start", "511 Command Not Permitted",
			func(c context.Context, s *agi.Session) error { return s.Answer(c) },
			agi.ErrDead, "agi: ANSWER: 511 Command Not Permitted",
		},
		{
			"failed", "200 result=-1 endpos=0",
			func(c context.Context, s *agi.Session) error { _, err := s.StreamFile(c, "x", "", 0); return err },
			agi.ErrFailed, "agi: STREAM FILE: 200 result=-1",
		},
		{
			"no such application", "200 result=-2",
			func(c context.Context, s *agi.Session) error { _, err := s.Exec(c, "Fly"); return err },
			agi.ErrNoApplication, "agi: EXEC: 200 result=-2",
		},
		{
			"database", "200 result=0",
			func(c context.Context, s *agi.Session) error { return s.DatabasePut(c, "a", "b", "c") },
			agi.ErrFailed, "agi: DATABASE PUT: 200 result=0",
		},
		{
			"not a number", "200 result=x",
			func(c context.Context, s *agi.Session) error { _, err := s.SayDigits(c, "1", ""); return err },
			nil, `agi: SAY DIGITS: result is not a number: "x"`,
		},
		{
			"verb with a line feed", "",
			func(c context.Context, s *agi.Session) error { _, err := s.Command(c, "NOOP\nHANGUP"); return err },
			nil, `agi: not the name of a command: "NOOP\nHANGUP"`,
		},
		{
			"line feed", "",
			func(c context.Context, s *agi.Session) error { return s.SetVariable(c, "X", "a\nb") },
			nil, `agi: SET VARIABLE: argument 2 holds the byte '\n'`,
		},
		{
			"too long", "",
			func(c context.Context, s *agi.Session) error { return s.SetVariable(c, "X", strings.Repeat("x", 9000)) },
			nil, "agi: SET VARIABLE: 9015 bytes, Asterisk takes 8190",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h, done := handle(func(ctx context.Context, s *agi.Session) error {
				err := tc.call(ctx, s)
				if again := s.Noop(ctx); again != nil {
					t.Errorf("the session is of no use afterwards: %v", again)
				}
				return err
			})
			c := agitest.New(t, agi.Env{})
			c.On("", func(cmd *agitest.Command) string {
				if cmd.Verb == "NOOP" {
					return ""
				}
				return tc.answer
			})
			c.Dial(h)
			err := <-done
			if err == nil || err.Error() != tc.text || tc.is != nil && !errors.Is(err, tc.is) {
				t.Errorf("got %v, want %s", err, tc.text)
			}
		})
	}
}

// TestCommandLength: the limit is that of the Asterisk at hand.
func TestCommandLength(t *testing.T) {
	for version, want := range map[string]int{
		"16.28.0": 2046, "20.15.2": 2046, "20.16.0": 8190, "21.10.2": 2046, "21.11.0": 8190,
		"22.5.2": 2046, "22.6.0": 8190, "22.10.1+dfsg+~cs6.17": 8190, "23.0.0": 8190, "23.0.0-rc1": 8190,
		"certified/20.7-cert5": 2046, "GIT-master-5f433e2442": 2046,
	} {
		h, done := handle(func(ctx context.Context, s *agi.Session) error {
			return s.SetVariable(ctx, "X", strings.Repeat("x", 10000))
		})
		agitest.Dial(t, h, agi.Env{Version: version})
		var limit *agi.LimitError
		if err := <-done; !errors.As(err, &limit) || limit.Limit != want {
			t.Errorf("%s: got %v, want %d", version, err, want)
		}
	}
}

// TestFailedSound: result=-1 of a channel that lives is a failure and no more.
func TestFailedSound(t *testing.T) {
	h, done := handle(func(ctx context.Context, s *agi.Session) error {
		_, err := s.StreamFile(ctx, "nope", "", 0)
		if ctx.Err() != nil {
			t.Errorf("the context ended: %v", context.Cause(ctx))
		}
		return err
	})
	c := agitest.New(t, agi.Env{})
	c.Reply("STREAM FILE", "200 result=-1 endpos=0")
	c.Dial(h)
	err := <-done
	if !errors.Is(err, agi.ErrFailed) || errors.Is(err, agi.ErrHangup) || errors.Is(err, agi.ErrDead) {
		t.Errorf("got %v", err)
	}
}

func TestAsteriskGone(t *testing.T) {
	for _, busy := range []bool{false, true} {
		began := make(chan struct{})
		h, done := handle(func(ctx context.Context, s *agi.Session) error {
			close(began)
			if busy {
				if _, err := s.Exec(ctx, "Dial", "x"); !errors.Is(err, agi.ErrClosed) {
					t.Errorf("Exec: %v", err)
				}
			}
			<-ctx.Done()
			if err := s.Noop(context.WithoutCancel(ctx)); !errors.Is(err, agi.ErrClosed) {
				t.Errorf("Noop: %v", err)
			}
			return context.Cause(ctx)
		})
		c := agitest.New(t, agi.Env{})
		c.Hold("EXEC")
		c.Dial(h)
		<-began
		if busy {
			c.Expect("EXEC")
		}
		c.Drop()
		if err := <-done; !errors.Is(err, agi.ErrClosed) {
			t.Errorf("busy %v: cause %v", busy, err)
		}
	}
}

// TestContextEnds: the wait ends with the context, the command does not; the
// next command has its turn when the late answer is there, and not its answer.
func TestContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, done := handle(func(ctx context.Context, s *agi.Session) error {
			short, cancel := context.WithTimeout(ctx, time.Minute)
			defer cancel()
			if _, err := s.Exec(short, "Dial", "x"); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Exec: %v", err)
			}
			again, cancel := context.WithTimeout(ctx, time.Minute)
			defer cancel()
			if err := s.Noop(again); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("a command while the old one runs: %v", err)
			}
			v, ok, err := s.GetVariable(ctx, "X")
			if v != "y" || !ok {
				t.Errorf("X is %q, %v", v, ok)
			}
			return err
		})
		c := agitest.New(t, agi.Env{})
		c.SetVar("X", "y")
		c.Hold("EXEC")
		c.Dial(h)
		dial := c.Expect("EXEC")
		time.Sleep(time.Hour)
		dial.Reply("200 result=0")
		if err := <-done; !errors.Is(err, nil) {
			t.Error(err)
		}
		c.Wait()
		if got := c.Commands(); len(got) != 2 || got[1].Verb != "GET VARIABLE" {
			t.Errorf("%d commands were sent", len(got))
		}
	})
}

// TestHangupWithAbandoned: HANGUP after a command that nobody waits for any more.
func TestHangupWithAbandoned(t *testing.T) {
	h, done := handle(func(ctx context.Context, s *agi.Session) error {
		short, cancel := context.WithCancel(ctx)
		cancel()
		if err := s.Noop(short); !errors.Is(err, context.Canceled) {
			t.Errorf("Noop: %v", err)
		}
		brief, stop := context.WithTimeout(ctx, time.Millisecond)
		defer stop()
		if _, err := s.Exec(brief, "Dial"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Exec: %v", err)
		}
		<-ctx.Done()
		return context.Cause(ctx)
	})
	synctest.Test(t, func(t *testing.T) {
		c := agitest.New(t, agi.Env{})
		c.Hold("EXEC")
		c.Dial(h)
		c.Expect("EXEC")
		time.Sleep(time.Second)
		c.Hangup(16)
		if err := <-done; !errors.Is(err, agi.ErrHangup) {
			t.Errorf("cause %v", err)
		}
	})
}

// TestManyAtOnce: commands of several goroutines have their own answers each.
func TestManyAtOnce(t *testing.T) {
	const n = 20
	h, done := handle(func(ctx context.Context, s *agi.Session) error {
		errs := make(chan error, n)
		for i := range n {
			name := string(rune('a' + i))
			go func() {
				v, _, err := s.GetVariable(ctx, name)
				if err == nil && v != name {
					err = errors.New(name + " is " + v)
				}
				errs <- err
			}()
		}
		var all error
		for range n {
			all = errors.Join(all, <-errs)
		}
		return all
	})
	c := agitest.New(t, agi.Env{})
	c.Split(1)
	for i := range n {
		c.SetVar(string(rune('a'+i)), string(rune('a'+i)))
	}
	c.Dial(h)
	if err := <-done; !errors.Is(err, nil) {
		t.Error(err)
	}
}

// TestSilentAfterHangup: an Asterisk that says HANGUP and then nothing is gone.
func TestSilentAfterHangup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, done := handle(func(ctx context.Context, _ *agi.Session) error {
			<-ctx.Done()
			return context.Cause(ctx)
		})
		conn, srv := serveOne(t, &agi.Server{Handler: h})
		conn.write(benchEnv + "HANGUP\n")
		conn.line() // the question
		var got *agi.ProtocolError
		if err := <-done; !errors.As(err, &got) || got.Reason != agi.NoAnswer {
			t.Errorf("cause %v", err)
		}
		if n := srv.Stats().Refused[agi.NoAnswer]; n != 1 {
			t.Errorf("counted %d", n)
		}
	})
}
