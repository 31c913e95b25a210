package app

import (
	"encoding/json"
	"testing"

	"calld/queue"
	"calld/report"
)

// TestFiguresOfTheDaySurviveARestart: what the last calld counted, the next
// one counts too, once, together with what comes after.
func TestFiguresOfTheDaySurviveARestart(t *testing.T) {
	s := newSite(t)
	r := s.run()
	enter := func(id string) {
		t.Helper()
		k, err := r.board.Enter(queue.Entry{ID: id, Queue: "상담", Caller: "0101", UniqueID: id})
		if err != nil {
			t.Fatal(err)
		}
		k.Hangup(16)
	}
	today := func() report.Figures {
		t.Helper()
		_, body := get(t, overSocket(s.path("s")), "http://calld/api/v1/queues/%EC%83%81%EB%8B%B4")
		var q struct{ Today report.Figures }
		if err := json.Unmarshal([]byte(body), &q); err != nil {
			t.Fatalf("%v in %s", err, body)
		}
		return q.Today
	}
	for _, id := range []string{"a", "b"} {
		enter(id)
	}
	if got := today(); got.Offered != 2 || got.Short != 2 {
		t.Errorf("figures %+v of two calls", got)
	}
	r.stop()
	if err := r.ended(); err != nil {
		t.Fatal(err)
	}

	r = s.run()
	enter("c")
	until(t, "the calls of before are counted", func() bool { return today().Offered == 3 })
	r.stop()
	if err := r.ended(); err != nil {
		t.Fatal(err)
	}
}
