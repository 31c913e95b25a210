package store_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"calld/queue"
	"calld/store"
	"calld/store/storetest"

	"github.com/google/go-cmp/cmp"
)

func spans(t *testing.T, s *store.Store, agents []string, from, to time.Time) []store.AgentSpan {
	t.Helper()
	list := []store.AgentSpan{}
	err := s.AgentSpans(t.Context(), agents, from, to, func(x store.AgentSpan) {
		x.From, x.To = x.From.UTC(), x.To.UTC()
		list = append(list, x)
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestAgentSpans: states come back as they were written, cut at both ends,
// more of them than one transaction reads; one agent's id may begin another's.
func TestAgentSpans(t *testing.T) {
	s := storetest.Open(t)
	r := rand.New(rand.NewPCG(1, 2))
	begin := day().UTC()
	all := map[string][]store.AgentState{}
	for _, agent := range []string{"a", "a1", "홍길동"} {
		now := begin
		for i := range 6000 {
			now = now.Add(time.Duration(1+r.IntN(10)) * time.Second)
			all[agent] = append(all[agent], store.AgentState{
				Agent: agent, From: now, State: queue.AgentStates()[r.IntN(7)], Reason: fmt.Sprint(i),
			})
		}
		for i := 0; i < len(all[agent]); i += 1000 {
			if err := s.PutAgentStates(t.Context(), all[agent][i:i+1000], now); err != nil {
				t.Fatal(err)
			}
		}
	}
	for range 20 {
		from := begin.Add(time.Duration(r.IntN(20_000)) * time.Second)
		to := from.Add(time.Duration(1+r.IntN(60_000)) * time.Second)
		want := []store.AgentSpan{}
		for _, agent := range []string{"a", "a1", "홍길동"} {
			for i, a := range all[agent] {
				x := store.AgentSpan{Agent: agent, State: a.State, Reason: a.Reason, From: a.From, To: to}
				if i+1 < len(all[agent]) && all[agent][i+1].From.Before(to) {
					x.To = all[agent][i+1].From
				}
				if x.From.Before(from) {
					x.From = from
				}
				if x.From.Before(x.To) {
					want = append(want, x)
				}
			}
		}
		if diff := cmp.Diff(want, spans(t, s, nil, from, to)); diff != "" {
			t.Fatalf("from %s to %s (-want +got):\n%s", from, to, diff)
		}
	}
	if got := spans(t, s, []string{"a1", "nobody"}, begin, begin.Add(time.Minute)); len(got) == 0 || got[0].Agent != "a1" {
		t.Errorf("spans of one agent: %v", got)
	}
}

// TestAgentStatesOfACrash: what was open ends when calld was last known to
// run, or with the change itself when that came later; once.
func TestAgentStatesOfACrash(t *testing.T) {
	s := storetest.Open(t)
	begin := day().UTC()
	after := func(d time.Duration) time.Time { return begin.Add(d) }
	err := s.PutAgentStates(t.Context(), []store.AgentState{
		{Agent: "talks", State: queue.AgentTalks, From: begin},
		{Agent: "gone", State: queue.Available, From: begin},
		{Agent: "gone", State: queue.Offline, From: after(time.Second)},
		{Agent: "late", State: queue.Available, From: after(time.Hour)},
	}, after(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{2, 0} {
		if n, err := s.CloseAgentStates(t.Context()); n != want || err != nil {
			t.Errorf("%d states closed, %v; want %d", n, err, want)
		}
	}
	var got []string
	for _, x := range spans(t, s, nil, begin, after(2*time.Hour)) {
		if x.State != queue.Offline {
			got = append(got, fmt.Sprintf("%s %s %s", x.Agent, x.State, x.To.Sub(x.From)))
		}
	}
	if diff := cmp.Diff([]string{"gone available 1s", "late available 1ns", "talks talking 1m0s"}, got); diff != "" {
		t.Errorf("spans (-want +got):\n%s", diff)
	}
}

// TestAgentStatesArePurged with the history, in steps.
func TestAgentStatesArePurged(t *testing.T) {
	s := storetest.Open(t)
	begin := day().UTC()
	for _, agent := range []string{"a", "b"} {
		var list []store.AgentState
		for i := range 250 {
			list = append(list, store.AgentState{Agent: agent, State: queue.Available, From: begin.Add(time.Duration(i) * time.Second)})
		}
		if err := s.PutAgentStates(t.Context(), list, begin); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := s.Purge(t.Context(), begin.Add(200*time.Second)); err != nil {
		t.Fatal(err)
	}
	if got := len(spans(t, s, nil, begin, begin.Add(time.Hour))); got != 100 {
		t.Errorf("%d spans are left, want 100", got)
	}
}

// TestLongStateOutlivesPurge: an agent who is away for longer than the history is
// kept is away still, in reports and at the next start; of who has gone nothing is left.
func TestLongStateOutlivesPurge(t *testing.T) {
	s := storetest.Open(t)
	begin := day().UTC()
	after := func(d time.Duration) time.Time { return begin.Add(d) }
	err := s.PutAgentStates(t.Context(), []store.AgentState{
		{Agent: "away", State: queue.Available, From: begin},
		{Agent: "away", State: queue.Away, Reason: "leave", From: after(time.Hour)},
		{Agent: "gone", State: queue.Available, From: begin},
		{Agent: "gone", State: queue.Offline, From: after(time.Hour)},
	}, after(100*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, _, err := s.Purge(t.Context(), after(50*time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	want := []store.AgentSpan{{Agent: "away", State: queue.Away, Reason: "leave", From: after(60 * time.Hour), To: after(61 * time.Hour)}}
	if diff := cmp.Diff(want, spans(t, s, nil, after(60*time.Hour), after(61*time.Hour))); diff != "" {
		t.Errorf("after the purge (-want +got):\n%s", diff)
	}
	if n, err := s.CloseAgentStates(t.Context()); n != 1 || err != nil {
		t.Errorf("%d states closed, %v; want 1", n, err)
	}
	if _, _, err := s.Purge(t.Context(), after(200*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if left := spans(t, s, nil, begin, after(300*time.Hour)); len(left) != 0 {
		t.Errorf("left: %+v", left)
	}
}

func state(agent string, s queue.AgentState, reason string, sec int) *queue.Event {
	return &queue.Event{
		Kind: queue.AgentChanged, At: day().Add(time.Duration(sec) * time.Second).UTC(),
		Agent: &queue.AgentStatus{ID: agent, State: s, Reason: reason},
	}
}
