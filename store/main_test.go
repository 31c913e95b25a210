package store_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"calld/queue"
)

// childEnv tells a copy of the test program which part to play.
const childEnv = "STORE_TEST_CHILD"

// child prepares a copy of the test program that runs only this test, with
// childEnv set to part.
func child(t *testing.T, part string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), childEnv+"="+part)
	for i, arg := range args {
		cmd.Env = append(cmd.Env, fmt.Sprintf("%s_%d=%s", childEnv, i, arg))
	}
	return cmd
}

func childArg(i int) string { return os.Getenv(fmt.Sprintf("%s_%d", childEnv, i)) }

// day is when the tests' calls happen.
func day() time.Time { return time.Date(2026, 3, 2, 9, 0, 0, 0, time.FixedZone("KST", 9*3600)) }

func at(d time.Duration) *time.Time { t := day().Add(d); return &t }

// waiting is a call that came in n minutes after the start of the day.
func waiting(id string, n int, caller string) *queue.Call {
	return &queue.Call{
		ID: id, Queue: "123456", Direction: queue.In, Phase: queue.Waiting,
		Caller: caller, CallerName: "김철수", Callee: "0215881234",
		Channel: "PJSIP/trunk-" + id, UniqueID: id, Begin: day().Add(time.Duration(n) * time.Minute),
		Rings: []queue.Ring{},
	}
}

// answered is that call after an agent took it.
func answered(c *queue.Call, agent string) *queue.Call {
	d := *c
	start := c.Begin.Add(10 * time.Second)
	d.Phase, d.Start, d.Agent, d.WaitMS = queue.Talking, &start, agent, 10_000
	return &d
}

// ended is that call after its end.
func ended(c *queue.Call, outcome queue.Outcome) *queue.Call {
	d := *c
	end := c.Begin.Add(30 * time.Second)
	d.Phase, d.End, d.Outcome, d.Cause = queue.Ended, &end, outcome, "16"
	if d.Start == nil {
		d.WaitMS = 30_000
	} else {
		d.TalkMS = 20_000
	}
	return &d
}

func event(kind queue.Kind, c *queue.Call) *queue.Event { return &queue.Event{Kind: kind, Call: c} }

// until waits for a fact.
func until(t *testing.T, what string, fact func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !fact() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("not within 30 s: %s", what)
		}
	}
}

// logBuffer is a log that a test can read while it is written.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *logBuffer) Logger() *slog.Logger { return slog.New(slog.NewJSONHandler(l, nil)) }
