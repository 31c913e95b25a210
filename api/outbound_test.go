package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/korean"

	"calld/campaign"
	"calld/queue"
	"calld/store"
)

// newCampaigns is a centre with two plans, lists and campaigns of the ids 1 and
// 2; the first plan and list are used by both campaigns, and campaign 1 has a
// result.
func newCampaigns(tb testing.TB) *centre {
	tb.Helper()
	c := newCentre(tb)
	ctx := c.t.Context()
	must := func(err error) {
		c.t.Helper()
		if err != nil {
			c.t.Fatal(err)
		}
	}
	for _, name := range []string{"설문", "unused"} {
		p, faults := campaign.Plan{Name: name, Mode: campaign.Progressive}.Checked()
		if faults != nil {
			c.t.Fatal(faults)
		}
		_, err := c.store.CreatePlan(ctx, p, began)
		must(err)
		_, err = c.store.CreateList(ctx, campaign.DialList{Name: name}, began)
		must(err)
		_, err = c.store.CreateCampaign(ctx, campaign.Campaign{Name: name, Plan: "1", DialList: "1", Queue: "billing"}, began)
		must(err)
	}
	_, err := c.store.AddEntries(ctx, "1", []campaign.Entry{{Name: "=김철수", Key: "K1", Numbers: []campaign.Number{{Number: "0101"}}}})
	must(err)
	end := began.Add(time.Minute)
	try := campaign.Result{
		ID: "t1", Campaign: "1", Plan: "1", List: "1", Entry: "1-1", Key: "=K1", Number: "0101", Mode: campaign.Progressive,
		DialResult: queue.DialAnswered, Agent: "홍길동", AgentResult: campaign.AgentAnswered, Dialled: &began, Bridged: &began, End: &end,
	}
	must(c.store.Claim(ctx, try))
	must(c.store.Settle(ctx, try, campaign.Entry{State: campaign.EntryReached}))
	_, err = c.store.Bar(ctx, []campaign.Barred{{Number: "0198", By: "관리자", At: began}})
	must(err)
	return c
}

// send is asked with a content type and headers.
func (c *centre) send(id, what, contentType, body string, headers ...string) *httptest.ResponseRecorder {
	c.t.Helper()
	method, path, _ := strings.Cut(what, " ")
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	r.AddCookie(&http.Cookie{Name: CookieName, Value: c.session(id)})
	w := httptest.NewRecorder()
	c.network.ServeHTTP(w, r)
	return w
}

// TestCampaignRoles: agents see nothing of campaigns, supervisors look and add
// to the do-not-call list, an admin changes.
func TestCampaignRoles(t *testing.T) {
	c := newCampaigns(t)
	list, _ := c.document()
	for _, d := range list {
		if !slices.Contains(d.op.Tags, "campaigns") {
			continue
		}
		what := strings.NewReplacer("{id}", "1", "{number}", "0198").Replace(d.String())
		body := examples[d.op.OperationID].body
		wantProblem(t, c.ask("홍길동", what, body), http.StatusForbidden, CodeForbidden)
		r := c.ask("sup", what, body)
		allowed := d.method == http.MethodGet || d.op.OperationID == "bar-numbers"
		if got := r.Code != http.StatusForbidden; got != allowed {
			t.Errorf("%s as supervisor: %d", what, r.Code)
		}
	}
}

// TestPlanLife: made, read, changed by revision, refused while in use, removed.
func TestPlanLife(t *testing.T) {
	c := newCampaigns(t)
	r := c.ask("관리자", "POST /api/v1/plans", `{"name":"파워","mode":"power","power_ratio":2,"retry":{"busy":"10m"}}`)
	p := read[campaign.Plan](t, r, http.StatusCreated)
	if p.ID != "3" || p.RingTimeout != campaign.Duration(25*time.Second) || r.Header().Get("ETag") != `"1"` {
		t.Errorf("made: %+v, ETag %s", p, r.Header().Get("ETag"))
	}
	// What was read is sent back with a change.
	p.Name = "파워 2"
	whole, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	r = c.send("관리자", "PUT /api/v1/plans/3", "application/json", string(whole), "If-Match", `"1"`)
	if p := read[campaign.Plan](t, r, http.StatusOK); p.Revision != 2 || p.Name != "파워 2" || r.Header().Get("ETag") != `"2"` {
		t.Errorf("changed: %+v", p)
	}
	wantProblem(t, c.send("관리자", "PUT /api/v1/plans/3", "application/json", string(whole), "If-Match", `"1"`), http.StatusPreconditionFailed, CodeStale)
	wantProblem(t, c.ask("관리자", "PUT /api/v1/plans/3", string(whole)), http.StatusPreconditionFailed, CodeStale) // its revision is 1
	wantProblem(t, c.send("관리자", "DELETE /api/v1/plans/3", "", "", "If-Match", `"x"`), http.StatusPreconditionFailed, CodeStale)
	wantProblem(t, c.ask("관리자", "DELETE /api/v1/plans/9", ""), http.StatusNotFound, CodeNotFound)
	if p := wantProblem(t, c.ask("관리자", "DELETE /api/v1/plans/1", ""), http.StatusConflict, CodeInUse); !strings.Contains(p.Detail, "설문") {
		t.Errorf("%s does not say who uses it", p.Detail)
	}
	if r := c.send("관리자", "DELETE /api/v1/plans/3", "", "", "If-Match", `"2"`); r.Code != http.StatusNoContent {
		t.Errorf("removed: %d %s", r.Code, r.Body)
	}
	trail, err := c.store.AuditTrail(3, "")
	if err != nil || trail.Entries[0].Action != "plan_remove" || trail.Entries[0].Target != "3" || trail.Entries[1].Result != "in_use" {
		t.Errorf("audit %+v, %v", trail.Entries, err)
	}
}

// TestCampaignFaults: all that is wrong is told at once, by field.
func TestCampaignFaults(t *testing.T) {
	c := newCampaigns(t)
	for what, tt := range map[string]struct {
		body string
		want []string
	}{
		"POST /api/v1/plans": {
			`{"name":"","mode":"","ring_timeout":"30ms","hours":[{"days":["월"],"from":"9","to":"18:00"}],"caller_id":"x"}`,
			[]string{"body.name", "body.mode", "body.ring_timeout", "body.caller_id", "body.hours[0].days", "body.hours[0].from"},
		},
		"PUT /api/v1/dial-lists/1": {`{"name":" ","timezone":"Mars"}`, []string{"body.name", "body.timezone"}},
		"POST /api/v1/campaigns": {
			`{"name":"c","plan":"7","dial_list":"","queue":"none","next_campaign":"8"}`,
			[]string{"body.plan", "body.dial_list", "body.queue", "body.next_campaign"},
		},
		"PUT /api/v1/campaigns/1":  {`{"name":"c","plan":"1","dial_list":"1","queue":"billing","next_campaign":"1"}`, []string{"body.next_campaign"}},
		"POST /api/v1/do-not-call": {`{"number":"x"}`, []string{"body.number"}},
	} {
		p := wantProblem(t, c.ask("관리자", what, tt.body), http.StatusUnprocessableEntity, CodeInvalid)
		var got []string
		for _, e := range p.Errors {
			got = append(got, e.Location)
			if e.Message == "" {
				t.Errorf("%s: %s has no message", what, e.Location)
			}
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	wantProblem(t, c.ask("관리자", "POST /api/v1/plans", `{"name":"x","mode":"preview","max_abandon_rat":0.1}`), http.StatusUnprocessableEntity, CodeInvalid)
}

// TestLoad: a file as Korean Excel writes it; bad lines are told, the good kept,
// and a second load adds nothing.
func TestLoad(t *testing.T) {
	c := newCampaigns(t)
	file, err := korean.EUCKR.NewEncoder().String("name;key;number1;도시\r\n이영희;K2;010-1234-5678;=서울\r\n박;K3;x;\r\n최;K1;0109;\r\n정;K4;0101;\r\n")
	if err != nil {
		t.Fatal(err)
	}
	report := read[campaign.Upload](t, c.send("관리자", "POST /api/v1/dial-lists/1/entries", "text/csv", file), http.StatusOK)
	if report.Added != 1 || report.Refused != 3 || report.Duplicates != 2 || report.Broken != "" {
		t.Errorf("%+v", report)
	}
	var faults []string
	for _, f := range report.Faults {
		faults = append(faults, fmt.Sprintf("%d %s", f.Line, f.Field))
	}
	if diff := cmp.Diff([]string{"3 number1", "4 key", "5 number1"}, faults); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	page := read[store.EntryPage](t, c.ask("sup", "GET /api/v1/dial-lists/1/entries?text=이영", ""), http.StatusOK)
	if len(page.Entries) != 1 || page.Entries[0].Numbers[0].Number != "01012345678" || page.Entries[0].Variables["도시"] != "=서울" {
		t.Errorf("%+v", page)
	}
	again := read[campaign.Upload](t, c.send("관리자", "POST /api/v1/dial-lists/1/entries", "text/csv; charset=euc-kr", file), http.StatusOK)
	if again.Added != 0 || again.Duplicates != 3 {
		t.Errorf("again: %+v", again)
	}
	cut := read[campaign.Upload](t, c.send("관리자", "POST /api/v1/dial-lists/2/entries", "application/json", `[{"numbers":["0101"]},{"numbers":["01`), http.StatusOK)
	if cut.Added != 1 || cut.Broken == "" {
		t.Errorf("cut off: %+v", cut)
	}
	for _, tt := range []struct {
		list, media, body string
		status            int
		code              Code
	}{
		{"1", "text/csv", "name,tel\n", http.StatusUnprocessableEntity, CodeInvalid},
		{"1", "application/json", "{}", http.StatusUnprocessableEntity, CodeInvalid},
		{"1", "image/png", "x", http.StatusUnsupportedMediaType, CodeMediaType},
		{"9", "text/csv", "number1\n0101\n", http.StatusNotFound, CodeNotFound},
	} {
		wantProblem(t, c.send("관리자", "POST /api/v1/dial-lists/"+tt.list+"/entries", tt.media, tt.body), tt.status, tt.code)
	}
}

// TestLoadMany: a file of many batches.
func TestLoadMany(t *testing.T) {
	c := newCampaigns(t)
	var b strings.Builder
	b.WriteString("key,number1\n")
	const n = 10*loadBatch + 7
	for i := range n {
		fmt.Fprintf(&b, "K%d,02%06d\n", i+10, i)
	}
	report := read[campaign.Upload](t, c.send("관리자", "POST /api/v1/dial-lists/2/entries", "text/csv", b.String()), http.StatusOK)
	l := read[campaign.DialList](t, c.ask("sup", "GET /api/v1/dial-lists/2", ""), http.StatusOK)
	if report.Added != n || l.Open != n || l.Entries != n {
		t.Errorf("%+v, %+v", report, l)
	}
}

func TestResults(t *testing.T) {
	c := newCampaigns(t)
	for filter, want := range map[string]int{
		"": 1, "?result=answered&agent=홍길동&number=01-01": 1, "?result=busy": 0, "?from=2026-12-01T00:00:00Z": 0, "?entry=1-1": 1,
	} {
		page := read[store.ResultPage](t, c.ask("sup", "GET /api/v1/campaigns/1/results"+filter, ""), http.StatusOK)
		if len(page.Results) != want {
			t.Errorf("%s: %d results", filter, len(page.Results))
		}
	}
	wantProblem(t, c.ask("sup", "GET /api/v1/campaigns/9/results", ""), http.StatusNotFound, CodeNotFound)
	csv := c.ask("sup", "GET /api/v1/campaigns/1/results/export", "").Body.String()
	if !strings.HasPrefix(csv, "\ufeffid,campaign,") || !strings.Contains(csv, ",'=K1,") || strings.Count(csv, "\n") != 2 {
		t.Errorf("CSV: %s", csv)
	}
	lines := c.ask("sup", "GET /api/v1/campaigns/1/results/export?format=jsonl", "").Body.String()
	if !strings.HasPrefix(lines, `{"id":"t1"`) {
		t.Errorf("JSON lines: %s", lines)
	}
	s := read[CampaignStats](t, c.ask("sup", "GET /api/v1/campaigns/1/stats?from=2026-11-01T00:00:00Z", ""), http.StatusOK)
	want := campaign.Counts{Tries: 1, Kinds: map[string]int{"answered": 1}, Answered: 1, Served: 1, TalkMS: 60_000}
	if diff := cmp.Diff(want, s.Counts); diff != "" || s.List.States[campaign.EntryReached] != 1 {
		t.Errorf("%+v (-want +got):\n%s", s.List, diff)
	}
	if diff := cmp.Diff([]HourCounts{{began.In(c.cfg.Server.Timezone).Hour(), want}}, s.Hours); diff != "" {
		t.Errorf("by hour (-want +got):\n%s", diff)
	}
	// The results outlive their campaign.
	if r := c.ask("관리자", "DELETE /api/v1/campaigns/1", ""); r.Code != http.StatusNoContent {
		t.Fatalf("%d %s", r.Code, r.Body)
	}
	if page := read[store.ResultPage](t, c.ask("sup", "GET /api/v1/campaigns/1/results", ""), http.StatusOK); len(page.Results) != 1 {
		t.Errorf("after its end: %+v", page)
	}
}

func TestDoNotCall(t *testing.T) {
	c := newCampaigns(t)
	report := read[campaign.Upload](t, c.send("sup", "POST /api/v1/do-not-call", "text/csv", "number,note\n010-1234-5678,요청\nx,\n"), http.StatusOK)
	if report.Added != 1 || report.Refused != 1 {
		t.Errorf("%+v", report)
	}
	read[campaign.Upload](t, c.ask("sup", "POST /api/v1/do-not-call", `{"number":"02 1","note":"편지"}`), http.StatusOK)
	page := read[store.BarredPage](t, c.ask("sup", "GET /api/v1/do-not-call?limit=2", ""), http.StatusOK)
	if len(page.Numbers) != 2 || page.Numbers[0].Number != "01012345678" || page.Numbers[0].By != "sup" || page.Next == "" {
		t.Errorf("%+v", page)
	}
	if r := c.ask("관리자", "DELETE /api/v1/do-not-call/010-1234-5678", ""); r.Code != http.StatusNoContent {
		t.Errorf("%d %s", r.Code, r.Body)
	}
	if on, err := c.store.DoNotCall("01012345678"); on || err != nil {
		t.Errorf("still barred: %t, %v", on, err)
	}
	wantProblem(t, c.ask("관리자", "DELETE /api/v1/do-not-call/01012345678", ""), http.StatusNotFound, CodeNotFound)
}
