package app

import (
	"testing"
	"time"

	"calld/queue"
	"calld/report"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
)

// TestServiceLevelOfMetrics: the expression of docs/metrics.md comes to what the
// day's report has, for each queue.
func TestServiceLevelOfMetrics(t *testing.T) {
	begin := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	threshold := func(string) time.Duration { return 20 * time.Second }
	registry := prometheus.NewRegistry()
	metrics := newCounts(registry, threshold)
	day := report.NewDay(report.Options{Location: time.UTC, Threshold: threshold, Now: func() time.Time { return begin.Add(time.Hour) }})
	ended := func(q string, wait time.Duration, o queue.Outcome, led ...queue.Transfer) *queue.Call {
		c := &queue.Call{
			ID: "c", Queue: q, Direction: queue.In, Phase: queue.Ended, Outcome: o, Begin: begin,
			WaitMS: wait.Milliseconds(), Transfers: led,
		}
		if o == queue.Answered {
			c.Start = new(begin.Add(wait))
		}
		return c
	}
	led := func(from, to string, why queue.Outcome) queue.Transfer {
		return queue.Transfer{At: begin, To: to, Kind: queue.KindOverflow, Queue: from, Reason: why}
	}
	for _, c := range []*queue.Call{
		ended("q", 3*time.Second, queue.Answered),
		ended("q", 30*time.Second, queue.Answered),
		ended("q", 4*time.Second, queue.Abandoned),
		ended("q", 40*time.Second, queue.Abandoned),
		ended("q", 0, queue.Blocked),
		ended("r", 9*time.Second, queue.Answered, led("q", "r", queue.Full)),
		ended("r", 9*time.Second, queue.Answered, led("closed", "r", queue.Closed)),
		ended("r", 9*time.Second, queue.Answered, led("q", "closed", queue.NoAgent), led("closed", "r", queue.Closed)),
		ended("q", 9*time.Second, queue.Answered, led("q", "0299", queue.Timeout)),
		ended("q", 9*time.Second, queue.Answered, queue.Transfer{To: "q", Kind: "blind", Queue: "r"}, led("r", "q", queue.Full)),
	} {
		e := &queue.Event{Kind: queue.CallEnded, Call: c}
		metrics.Observe(e)
		day.Observe(e)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	sum := func(name, queueID string, counts func(labels map[string]string) bool) (n float64) {
		found := false
		for _, f := range families {
			for _, m := range f.GetMetric() {
				labels := map[string]string{}
				for _, l := range m.GetLabel() {
					labels[l.GetName()] = l.GetValue()
				}
				if f.GetName() == name && labels["queue"] == queueID && counts(labels) {
					n += m.GetCounter().GetValue()
					found = true
				}
			}
		}
		if !found {
			t.Errorf("%s has nothing of queue %s, so the expression would not either", name, queueID)
		}
		return n
	}
	all := func(map[string]string) bool { return true }
	for _, id := range []string{"q", "r", "closed"} {
		level := sum("calld_calls_in_time_total", id, all) / (sum("calld_calls_total", id, func(l map[string]string) bool {
			return l["direction"] == "in" && l["outcome"] != "blocked"
		}) + sum("calld_overflows_total", id, func(l map[string]string) bool { return l["to"] == "queue" }) - sum("calld_calls_short_total", id, all))
		if diff := cmp.Diff(day.Queue(id).Total.ServiceLevel, &level); diff != "" {
			t.Errorf("queue %s: service level (-report +metrics):\n%s", id, diff)
		}
	}
}
