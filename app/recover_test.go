package app

import (
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
