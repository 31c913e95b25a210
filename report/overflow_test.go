package report

import (
	"testing"
	"time"

	"calld/queue"
)

// TestOverflowed: each queue that a call left counts it once, and the last one
// what became of it; a number outside is called for the queue's own call.
func TestOverflowed(t *testing.T) {
	begin := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	d := NewDay(Options{Location: time.UTC, Threshold: func(string) time.Duration { return time.Minute }, Now: func() time.Time { return begin.Add(time.Hour) }})
	answered := begin.Add(50 * time.Second)
	d.Add(&queue.Call{
		ID: "c", Queue: "third", Direction: queue.In, Phase: queue.Ended, Outcome: queue.Answered, Begin: begin, Start: &answered, WaitMS: 50_000, TalkMS: 7000,
		Transfers: []queue.Transfer{
			{At: begin, To: "second", Kind: queue.KindOverflow, Queue: "first"},
			{At: begin.Add(30 * time.Second), To: "third", Kind: queue.KindOverflow, Queue: "second"},
			{At: begin.Add(40 * time.Second), To: "0299", Kind: queue.KindOverflow, Queue: "third"},
		},
	})
	for id, want := range map[string]struct {
		answered, overflowed int
		wait                 int64
	}{"first": {0, 1, 0}, "second": {0, 1, 30_000}, "third": {1, 0, 50_000}} {
		got := d.Queue(id).Total
		if got.Offered != 1 || got.Answered != want.answered || got.Overflowed != want.overflowed || got.Missed != 0 || got.WaitMaxMS != want.wait {
			t.Errorf("%s: %+v", id, got)
		}
	}
}
