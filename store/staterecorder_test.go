package store_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"calld/queue"
	"calld/store"
	"calld/store/storetest"

	"github.com/google/go-cmp/cmp"
)

// TestStateRecorder: each change of state or reason is written, and nothing
// else; after-call work with the queue of its call.
func TestStateRecorder(t *testing.T) {
	s := storetest.Open(t)
	r := store.NewStateRecorder(s, 0, slog.New(slog.DiscardHandler))
	talk := answered(waiting("c", 0, "0101"), "a")
	for _, e := range []*queue.Event{
		state("a", queue.Offline, "", 0), // as each start begins
		state("a", queue.Available, "", 1),
		state("a", queue.Available, "", 2), // something else changed
		state("a", queue.AgentTalks, "", 3),
		event(queue.CallAnswered, talk),
		state("a", queue.AgentWrapup, "", 4),
		state("a", queue.Away, "lunch", 5),
		state("a", queue.Away, "meeting", 6),
		state("a", queue.Offline, "", 7),
	} {
		r.Observe(e)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := r.Run(ctx); err != nil { // writes what waits
		t.Fatal(err)
	}
	second := func(n int) time.Time { return day().Add(time.Duration(n) * time.Second).UTC() }
	want := []store.AgentSpan{
		{Agent: "a", State: queue.Available, From: second(1), To: second(3)},
		{Agent: "a", State: queue.AgentTalks, From: second(3), To: second(4)},
		{Agent: "a", State: queue.AgentWrapup, Queue: "123456", From: second(4), To: second(5)},
		{Agent: "a", State: queue.Away, Reason: "lunch", From: second(5), To: second(6)},
		{Agent: "a", State: queue.Away, Reason: "meeting", From: second(6), To: second(7)},
		{Agent: "a", State: queue.Offline, From: second(7), To: second(9)},
	}
	if diff := cmp.Diff(want, spans(t, s, nil, second(0), second(9))); diff != "" {
		t.Errorf("spans (-want +got):\n%s", diff)
	}
	if st := r.Stats(); st != (store.StateStats{}) {
		t.Errorf("stats %+v of a recorder that has written all", st)
	}
}

// TestStateRecorderWhileItRuns: changes are on disk soon, without any end.
func TestStateRecorderWhileItRuns(t *testing.T) {
	s := storetest.Open(t)
	r := store.NewStateRecorder(s, 0, slog.New(slog.DiscardHandler))
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	r.Observe(state("a", queue.Available, "", 0))
	until(t, "the change is on disk", func() bool { return len(spans(t, s, nil, day(), day().Add(time.Second))) == 1 })
	stop()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// TestStateRecorderOverflow: what finds no room is counted and logged.
func TestStateRecorderOverflow(t *testing.T) {
	var log logBuffer
	r := store.NewStateRecorder(storetest.Open(t), 1, slog.New(slog.NewTextHandler(&log, nil)))
	for i, st := range []queue.AgentState{queue.Available, queue.AgentRings, queue.AgentTalks} {
		r.Observe(state("a", st, "", i))
	}
	if diff := cmp.Diff(store.StateStats{Waiting: 1, Lost: 2}, r.Stats()); diff != "" {
		t.Errorf("stats (-want +got):\n%s", diff)
	}
}
