package report

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"calld/queue"
)

// A customer whom a campaign has dialled is no call of the agent who is rung first.
func TestAgentsOfCampaigns(t *testing.T) {
	begin := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	answered := begin.Add(5 * time.Second)
	call := queue.Call{
		ID: "c", Queue: "1", Direction: queue.Out, Phase: queue.Ended, Outcome: queue.Answered, UniqueID: queue.TryChannel("t"),
		Agent: "b", Begin: begin, Start: &answered,
		Rings: []queue.Ring{{Agent: "a", At: begin, Result: queue.NoAnswer}, {Agent: "b", At: begin, Result: queue.RingAnswer}},
	}
	r := NewAgents(Cuts{begin, begin.Add(time.Hour)}, nil)
	r.Add(&call)
	got := map[string]AgentFigures{}
	for _, row := range r.Totals() {
		got[row.Agent] = row.AgentFigures
	}
	want := map[string]AgentFigures{
		"a": {NotTaken: 1, AwayBy: map[string]int64{}},
		"b": {Answered: 1, AwayBy: map[string]int64{}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("agents (-want +got):\n%s", diff)
	}
}
