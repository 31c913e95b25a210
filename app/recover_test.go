package app

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"calld/queue"
	"calld/store"

	"github.com/google/go-cmp/cmp"
)

// TestRestore: what a calld left in the store is on the next one's board.
func TestRestore(t *testing.T) {
	s := newSite(t)
	r := s.run()
	if err := r.board.Connect("홍길동"); err != nil {
		t.Fatal(err)
	}
	if err := r.board.SetState("홍길동", true, "점심"); err != nil {
		t.Fatal(err)
	}
	begin := time.Now().Add(-5 * time.Second).Round(0)
	for _, q := range []string{"상담", "billing"} {
		if _, err := r.board.Enter(queue.Entry{ID: "live-" + q, Queue: q, Caller: "0101", UniqueID: q, Begin: begin}); err != nil {
			t.Fatal(err)
		}
	}
	until(t, "the agent is known to be away", func() bool {
		away, err := r.store.AgentsAway()
		return err == nil && len(away) == 1
	})
	start, end := time.Now(), time.Now()
	for _, id := range []string{"a", "b"} {
		_, err := r.store.Finish(t.Context(), &queue.Call{
			ID: id, Queue: "상담", Direction: queue.In, Phase: queue.Ended, Agent: "홍길동", Begin: start, Start: &start, End: &end,
			Outcome: queue.Answered,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	r.stop()
	if err := r.ended(); err != nil {
		t.Fatal(err)
	}

	// Meanwhile a queue is removed.
	s.write(centreConfig, "[queues.billing]\n", "", "number = \"2000\"\n", "")
	a := s.app()
	if err := a.restore(t.Context()); err != nil {
		t.Fatal(err)
	}
	calls := a.Snapshot().Calls
	if len(calls) != 1 || calls[0].ID != "live-상담" || !calls[0].Begin.Equal(begin) || calls[0].Phase != queue.Waiting {
		t.Errorf("calls = %+v", calls)
	}
	gone, err := a.store.Call("live-billing")
	if err != nil || gone.Outcome != queue.Failed || gone.Cause != "queue_removed" || gone.WaitMS < 5000 {
		t.Errorf("the call of the removed queue: %+v, %v", gone, err)
	}
	if err := a.board.Connect("홍길동"); err != nil {
		t.Fatal(err)
	}
	type shown struct {
		State  queue.AgentState
		Reason string
		Calls  int
	}
	for _, ag := range a.Snapshot().Agents {
		if ag.ID == "홍길동" {
			if diff := cmp.Diff(shown{queue.Away, "점심", 2}, shown{ag.State, ag.Reason, ag.Calls}); diff != "" {
				t.Errorf("agent (-want +got):\n%s", diff)
			}
		}
	}
	missed, err := a.store.Missed(store.MissedQuery{Limit: 10})
	if err != nil || len(missed.Missed) != 1 || missed.Missed[0].ID != "live-billing" {
		t.Errorf("missed = %+v, %v", missed, err)
	}
}

// TestRestoreGoesOn: a call that can't be ended keeps nobody from starting.
func TestRestoreGoesOn(t *testing.T) {
	a := newSite(t).app()
	for _, q := range []string{"상담", "gone"} {
		if _, err := a.store.PutLive(t.Context(), &queue.Call{
			ID: q, Queue: q, Direction: queue.In, Phase: queue.Waiting, UniqueID: q, Begin: time.Now(),
		}); err != nil {
			t.Fatal(err)
		}
	}
	refused, cancel := context.WithCancel(t.Context())
	cancel()
	if err := a.restore(refused); err != nil {
		t.Errorf("it does not start: %v", err)
	}
	if calls := a.Snapshot().Calls; len(calls) != 1 || calls[0].ID != "상담" {
		t.Errorf("calls = %+v", calls)
	}
	if live, err := a.store.Live(); err != nil || len(live) != 2 {
		t.Errorf("live on disk: %+v, %v", live, err)
	}
}

// TestAwayKeeper: what is on disk follows the agents.
func TestAwayKeeper(t *testing.T) {
	a := newSite(t).app()
	go a.away.Run(t.Context())
	on := func(want map[string]string) {
		t.Helper()
		until(t, "away on disk is as wanted", func() bool {
			away, err := a.store.AgentsAway()
			got := map[string]string{}
			for id, x := range away {
				got[id] = x.Reason
			}
			return err == nil && cmp.Equal(want, got)
		})
	}
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	do(a.board.Connect("홍길동"))
	do(a.board.SetState("홍길동", true, "lunch"))
	on(map[string]string{"홍길동": "lunch"})
	do(a.board.SetState("홍길동", true, "tea"))
	on(map[string]string{"홍길동": "tea"})
	do(a.board.SetState("홍길동", false, ""))
	on(map[string]string{})
}

// TestAwayOutlastsRestarts: until the agent has logged in, being offline
// clears nothing; afterwards it does.
func TestAwayOutlastsRestarts(t *testing.T) {
	s := newSite(t)
	r := s.run()
	away := func() (n int) {
		t.Helper()
		list, err := r.store.AgentsAway()
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	if err := errors.Join(r.board.Connect("홍길동"), r.board.SetState("홍길동", true, "점심")); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		r.stop()
		if err := r.ended(); err != nil {
			t.Fatal(err)
		}
		r = s.run()
		if n := away(); n != 1 {
			t.Fatalf("%d agents are away, want 1", n)
		}
	}
	if err := r.board.Connect("홍길동"); err != nil {
		t.Fatal(err)
	}
	if i := slices.IndexFunc(r.Snapshot().Agents, func(ag queue.AgentStatus) bool { return ag.State == queue.Away && ag.Reason == "점심" }); i < 0 {
		t.Errorf("nobody is away: %+v", r.Snapshot().Agents)
	}
	if err := r.board.Logout("홍길동"); err != nil {
		t.Fatal(err)
	}
	until(t, "the log-off is on disk", func() bool { return away() == 0 })
	r.stop()
	if err := r.ended(); err != nil {
		t.Fatal(err)
	}
}

// TestAwayIsTriedAgain: what the store refuses stays pending, unless
// something newer came meanwhile.
func TestAwayIsTriedAgain(t *testing.T) {
	a := newSite(t).app()
	tell := func(state queue.AgentState, reason string) {
		a.away.Observe(&queue.Event{Kind: queue.AgentChanged, Agent: &queue.AgentStatus{ID: "kim", State: state, Reason: reason}})
	}
	refused, cancel := context.WithCancel(t.Context())
	cancel()
	on := func(want string) {
		t.Helper()
		away, err := a.store.AgentsAway()
		if err != nil || away["kim"].Reason != want {
			t.Errorf("away on disk: %+v, %v, want %q", away, err, want)
		}
	}
	tell(queue.Away, "lunch")
	if a.away.flush(refused) {
		t.Fatal("the store takes a write that was given up")
	}
	on("")
	if !a.away.flush(t.Context()) {
		t.Error("not written")
	}
	on("lunch")
	tell(queue.AgentWrapup, "") // says nothing
	tell(queue.Available, "")
	if a.away.flush(refused) {
		t.Fatal("the store takes a write that was given up")
	}
	on("lunch")
	if !a.away.flush(t.Context()) {
		t.Error("not written")
	}
	on("")
}

func TestStartOfDay(t *testing.T) {
	seoul, err := time.LoadLocation("Asia/Seoul")
	if err != nil {
		t.Fatal(err)
	}
	got := startOfDay(time.Date(2026, 3, 1, 14, 59, 59, 0, time.UTC), seoul) // one second before midnight there
	if want := time.Date(2026, 2, 28, 15, 0, 0, 0, time.UTC); !got.Equal(want) {
		t.Errorf("day begins at %v, want %v", got.UTC(), want)
	}
}
