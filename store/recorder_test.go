package store_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"calld/queue"
	"calld/store"
	"calld/store/storetest"
)

func TestRecorderWritesInOrder(t *testing.T) {
	s := storetest.Open(t)
	type told struct {
		Call   string
		Phase  queue.Phase
		Missed []string
	}
	var got []told
	r := store.NewRecorder(s, store.RecorderOptions{OnDurable: func(c *queue.Call, missed []store.Missed) {
		v := told{Call: c.ID, Phase: c.Phase}
		for _, m := range missed {
			v.Missed = append(v.Missed, fmt.Sprintf("%s %s %d", m.ID, m.State, m.Tries))
		}
		if have, err := s.Call(c.ID); err != nil || have.Phase != c.Phase {
			t.Errorf("call %s is told durable as %s and stored as %s, %v", c.ID, c.Phase, have.Phase, err)
		}
		got = append(got, v)
	}})
	first, second, third := waiting("first", 0, "01012345678"), waiting("second", 1, "010-1234-5678"), waiting("third", 2, "01012345678")
	// The first call's records are joined and written after the second's: it ended later.
	r.Observe(event(queue.CallWaiting, first))
	r.Observe(event(queue.CallWaiting, second))
	r.Observe(event(queue.CallEnded, ended(second, queue.Abandoned)))
	r.Observe(event(queue.CallRinging, first))
	r.Observe(event(queue.CallEnded, ended(first, queue.Timeout)))
	r.Observe(&queue.Event{Kind: queue.AgentChanged, Agent: &queue.AgentStatus{ID: "lee"}})
	r.Observe(event(queue.CallAnswered, answered(third, "lee")))
	if w := r.Stats().Waiting; w != 3 {
		t.Errorf("%d calls wait", w)
	}
	stop := run(t, r)
	until(t, "all is on disk", func() bool { return r.Stats().Waiting == 0 })
	r.Observe(event(queue.CallEnded, ended(answered(third, "lee"), queue.Answered)))
	stop()
	want := []told{
		{"second", queue.Ended, []string{"second open 1"}},
		{"first", queue.Ended, []string{"second open 2"}},
		{"third", queue.Talking, []string{"second resolved 2"}},
		{"third", queue.Ended, nil},
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if st := r.Stats(); st != (store.RecorderStats{Written: 4}) {
		t.Errorf("stats %+v", st)
	}
}

func TestRecorderRefuses(t *testing.T) {
	s := storetest.Open(t)
	var log logBuffer
	r := store.NewRecorder(s, store.RecorderOptions{Log: log.Logger()})
	huge := ended(waiting("huge", 0, "01012345678"), queue.Abandoned)
	huge.CallerName = "begin of the payload" + strings.Repeat("x", store.MaxRecord)
	r.Observe(event(queue.CallEnded, huge))
	r.Observe(event(queue.CallEnded, ended(waiting("good", 1, "01012345678"), queue.Abandoned)))
	run(t, r)()
	if st := r.Stats(); st != (store.RecorderStats{Written: 1, Refused: 1}) {
		t.Errorf("stats %+v", st)
	}
	if err := r.Healthy(); err != nil {
		t.Errorf("one bad record makes it unhealthy: %v", err)
	}
	if _, err := s.Call("good"); err != nil {
		t.Error(err)
	}
	if n := strings.Count(log.String(), "begin of the payload"); n != 1 {
		t.Errorf("payload is %d times in the log", n)
	}
}

func TestRecorderOverflows(t *testing.T) {
	s := storetest.Open(t)
	var log logBuffer
	r := store.NewRecorder(s, store.RecorderOptions{Log: log.Logger(), Queue: 10})
	const calls = 3000 // more than even the log's queue takes
	for i := range calls {
		r.Observe(event(queue.CallWaiting, waiting(fmt.Sprintf("c%04d", i), i, "1")))
	}
	r.Observe(event(queue.CallEnded, ended(waiting("c0003", 3, "1"), queue.Full))) // waits already: no overflow
	if st := r.Stats(); st != (store.RecorderStats{Waiting: 10, Overflowed: calls - 10}) {
		t.Errorf("stats %+v", st)
	}
	stop := run(t, r)
	logged := func() int { return strings.Count(log.String(), "queue full") }
	until(t, "the overflow is in the log", func() bool { return logged() == 1024 })
	stop()
	if !strings.Contains(log.String(), fmt.Sprintf(`"records":%d`, calls-10-1024)) {
		t.Error("what the log could not take is not even counted in it")
	}
	if !strings.Contains(log.String(), `\"id\":\"c0010\"`) {
		t.Error("no payload in the log")
	}
	if c, err := s.Call("c0003"); err != nil || c.Phase != queue.Ended {
		t.Errorf("c0003 is %s, %v", c.Phase, err)
	}
}

// closed is a store that fails every write.
func closed(t *testing.T) *store.Store {
	t.Helper()
	s, err := store.Open(filepath.Join(t.TempDir(), "calld.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestRecorderGivesUpAtTheEnd(t *testing.T) {
	s := closed(t)
	synctest.Test(t, func(t *testing.T) {
		var log logBuffer
		r := store.NewRecorder(s, store.RecorderOptions{Log: log.Logger()})
		for i := range 3000 {
			r.Observe(event(queue.CallWaiting, waiting(fmt.Sprintf("c%04d", i), i, "1")))
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- r.Run(ctx) }()
		time.Sleep(5 * time.Minute)
		if err := r.Healthy(); !errors.Is(err, store.ErrClosed) {
			t.Errorf("healthy: %v", err)
		}
		if n := strings.Count(log.String(), "can't be written"); n < 9 || n > 11 {
			t.Errorf("%d log lines in five minutes", n)
		}
		begin := time.Now()
		cancel()
		if err := <-done; !errors.Is(err, store.ErrClosed) || !strings.Contains(err.Error(), "3000 call records") {
			t.Errorf("Run: %v", err)
		}
		if d := time.Since(begin); d != store.DrainTime {
			t.Errorf("gave up after %s", d)
		}
		if st := r.Stats(); st != (store.RecorderStats{Undrained: 3000}) {
			t.Errorf("stats %+v", st)
		}
		for _, id := range []string{"c0000", "c2999"} {
			if !strings.Contains(log.String(), `\"id\":\"`+id+`\"`) {
				t.Errorf("payload of %s is not in the log", id)
			}
		}
	})
}

func TestRecorderDrains(t *testing.T) {
	s := storetest.Open(t)
	r := store.NewRecorder(s, store.RecorderOptions{})
	for i := range 3000 {
		r.Observe(event(queue.CallWaiting, waiting(fmt.Sprintf("c%04d", i), i, "1")))
	}
	run(t, r)()
	live, err := s.Live()
	if err != nil || len(live) != 3000 {
		t.Errorf("%d live calls, %v", len(live), err)
	}
}
