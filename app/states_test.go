package app

import (
	"encoding/json"
	"testing"

	"calld/api"
)

// TestAgentsTimesSurviveARestart: a report counts the time that an agent was
// logged in before, and not the time for which calld was down.
func TestAgentsTimesSurviveARestart(t *testing.T) {
	s := newSite(t)
	agents := func() api.AgentReport {
		t.Helper()
		_, body := get(t, overSocket(s.path("s")), "http://calld/api/v1/reports/agents?from=2020-01-01")
		var r api.AgentReport
		if err := json.Unmarshal([]byte(body), &r); err != nil {
			t.Fatalf("%v in %s", err, body)
		}
		return r
	}
	r := s.run()
	if err := r.board.Connect("홍길동"); err != nil {
		t.Fatal(err)
	}
	until(t, "the log-in counts", func() bool { return agents().Total.LoggedInMS > 0 })
	r.stop()
	if err := r.ended(); err != nil {
		t.Fatal(err)
	}

	r = s.run()
	before := agents()
	if before.Total.LoggedInMS == 0 || len(before.Totals) != 1 || before.Totals[0].Agent != "홍길동" {
		t.Errorf("report after a restart: %+v", before.Totals)
	}
	if again := agents(); again.Total.LoggedInMS != before.Total.LoggedInMS {
		t.Errorf("logged in for %d ms, and then for %d ms: the state was left open", before.Total.LoggedInMS, again.Total.LoggedInMS)
	}
	r.stop()
	if err := r.ended(); err != nil {
		t.Fatal(err)
	}
}
