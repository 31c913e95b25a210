package api

import (
	"encoding/csv"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"calld/queue"
	"calld/store"

	"github.com/google/go-cmp/cmp"
)

// TestQueueReport: figures by queue and interval, as JSON and as CSV, for
// supervisors alone.
func TestQueueReport(t *testing.T) {
	c := newCentre(t)
	const path = "GET /api/v1/reports/queues?from=2026-11-01&to=2026-11-03&interval=day"
	wantProblem(t, c.ask("홍길동", path, ""), http.StatusForbidden, CodeForbidden)
	r := read[QueueReport](t, c.ask("sup", path+"&queue=billing", ""), http.StatusOK)
	if len(r.Rows) != 1 || len(r.Totals) != 1 || len(r.Starts) != 2 {
		t.Fatalf("report of one queue with calls on one day: %+v", r)
	}
	row := r.Rows[0]
	if row.Queue != "billing" || !row.Start.Equal(time.Date(2026, 10, 31, 15, 0, 0, 0, time.UTC)) ||
		row.Offered != 2 || row.Answered != 1 || row.MissedBy[queue.Abandoned] != 1 {
		t.Errorf("row %+v", row)
	}
	both := read[QueueReport](t, c.ask("sup", path+"&queue=billing&queue="+url.QueryEscape("상담전화"), ""), http.StatusOK)
	if both.Total.Offered != 4 || len(both.Totals) != 2 {
		t.Errorf("report of two queues: %+v", both)
	}
	table := readCSV(t, c, path+"&format=csv")
	if len(table) != 3 || table[1][2] != "billing" || table[2][2] != "상담전화" || len(table[0]) != len(table[1]) {
		t.Errorf("table %q", table)
	}
}

// readCSV checks what Excel needs, and reads the cells.
func readCSV(t *testing.T, c *centre, what string) [][]string {
	t.Helper()
	r := c.ask("sup", what, "")
	text, marked := strings.CutPrefix(r.Body.String(), "\ufeff")
	if r.Code != http.StatusOK || !marked || r.Header().Get("Content-Type") != csvType {
		t.Fatalf("%s: %d %s %q", what, r.Code, r.Header().Get("Content-Type"), r.Body.String())
	}
	table, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// TestAgentReport: calls and times by agent; a reason that would run as a
// formula does not.
func TestAgentReport(t *testing.T) {
	c := newCentre(t)
	err := c.store.PutAgentStates(t.Context(), []store.AgentState{
		{Agent: "홍길동", State: queue.Away, Reason: "=1+1", From: began},
		{Agent: "홍길동", State: queue.AgentTalks, From: began.Add(time.Hour)},
		{Agent: "홍길동", State: queue.Offline, From: began.Add(90 * time.Minute)},
		{Agent: "other", State: queue.Available, From: began},
	}, began)
	if err != nil {
		t.Fatal(err)
	}
	const path = "GET /api/v1/reports/agents?from=2026-11-01T09:00:00Z&to=2026-11-01T11:00:00Z&interval=hour"
	wantProblem(t, c.ask("홍길동", path, ""), http.StatusForbidden, CodeForbidden)
	r := read[AgentReport](t, c.ask("sup", path+"&queue="+url.QueryEscape("상담전화"), ""), http.StatusOK)
	if len(r.Rows) != 2 || len(r.Totals) != 1 || r.Rows[1].TalkMS != 30*60_000 {
		t.Fatalf("report %+v", r)
	}
	if got := r.Totals[0]; got.LoggedInMS != 90*60_000 || got.AwayBy["=1+1"] != 60*60_000 || *got.Occupancy != 1.0/3 {
		t.Errorf("total %+v", got)
	}
	all := read[AgentReport](t, c.ask("sup", path, ""), http.StatusOK)
	if all.Total.LoggedInMS != 210*60_000 {
		t.Errorf("all agents were logged in for %d ms", all.Total.LoggedInMS)
	}
	table := readCSV(t, c, path+"&agent="+url.QueryEscape("홍길동")+"&format=csv")
	if diff := cmp.Diff("'=1+1=3600000", table[1][15]); diff != "" {
		t.Errorf("away_by (-want +got):\n%s", diff)
	}
}

// TestBadReports: what can't be cut says which parameter to mend.
func TestBadReports(t *testing.T) {
	c := newCentre(t)
	for query, field := range map[string]string{
		"from=2026-11-02T00:00:00Z&to=2026-11-01T00:00:00Z":              "query.to",
		"from=2020-01-01T00:00:00Z&to=2026-11-01T00:00:00Z&interval=15m": "query.interval",
		"interval=year":    "query.interval",
		"from=yesterday":   "query.from",
		"to=2026-13-01":    "query.to",
		"resolved_days=91": "query.resolved_days",
	} {
		p := wantProblem(t, c.ask("sup", "GET /api/v1/reports/queues?"+query, ""), http.StatusUnprocessableEntity, CodeInvalid)
		if len(p.Errors) != 1 || p.Errors[0].Location != field {
			t.Errorf("%s: %+v, want a word on %s", query, p.Errors, field)
		}
	}
}
