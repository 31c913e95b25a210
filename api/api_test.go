package api

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"calld/config"
	"calld/queue"
	"calld/store"

	"github.com/google/go-cmp/cmp"
)

// people are who asks: everybody sees what the role allows.
var people = []string{"홍길동", "sup", "관리자"}

// TestVisible: an agent sees its own queues, a supervisor and an admin all,
// and "" is the admin socket.
func TestVisible(t *testing.T) {
	c := newCentre(t)
	type list struct {
		Queues []struct{ ID string }
		Agents []struct{ ID string }
		Calls  []struct{ ID string }
		Missed []struct{ ID string }
	}
	tests := map[string]struct{ agent, all []string }{
		"/queues":                          {[]string{"상담전화"}, []string{"billing", "상담전화"}},
		"/agents":                          {[]string{"홍길동"}, []string{"other", "sup", "관리자", "홍길동"}},
		"/agents?queue=billing":            {nil, []string{"other"}},
		"/calls":                           {[]string{"live-상담전화"}, []string{"live-billing", "live-상담전화"}},
		"/calls?queue=billing":             {nil, []string{"live-billing"}},
		"/calls?agent=nobody":              {nil, nil},
		"/history":                         {[]string{"ended-상담전화", "missed-상담전화"}, []string{"ended-billing", "ended-상담전화", "missed-billing", "missed-상담전화"}},
		"/history?queue=billing":           {nil, []string{"ended-billing", "missed-billing"}},
		"/history?outcome=abandoned":       {[]string{"missed-상담전화"}, []string{"missed-billing", "missed-상담전화"}},
		"/history?caller=0102":             {[]string{"ended-상담전화"}, []string{"ended-billing", "ended-상담전화"}},
		"/missed":                          {[]string{"missed-상담전화"}, []string{"missed-billing", "missed-상담전화"}},
		"/missed?queue=billing":            {nil, []string{"missed-billing"}},
		"/missed?state=resolved":           {nil, nil},
		"/history?to=2000-01-01T00:00:00Z": {},
	}
	for path, tt := range tests {
		for _, id := range append(people, "") {
			t.Run(path+" by "+id, func(t *testing.T) {
				h, want := c.network, tt.all
				switch id {
				case "":
					h = c.admin
				case "홍길동":
					want = tt.agent
				}
				l := read[list](t, asked(h, c.session(id), "GET /api/v1"+path, ""), http.StatusOK)
				var got []string
				for _, x := range slices.Concat(l.Queues, l.Agents, l.Calls, l.Missed) {
					got = append(got, x.ID)
				}
				slices.Sort(got)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("ids (-want +got):\n%s", diff)
				}
			})
		}
	}
}

// TestHidden: what belongs to a queue that an agent does not serve is not
// there, for reading and for writing.
func TestHidden(t *testing.T) {
	c := newCentre(t)
	tests := map[string]string{
		"GET /api/v1/queues/billing":                 "",
		"GET /api/v1/calls/live-billing":             "",
		"GET /api/v1/calls/ended-billing":            "",
		"PATCH /api/v1/calls/live-billing":           `{"memo":"x"}`,
		"PATCH /api/v1/calls/ended-billing":          `{"memo":"x"}`,
		"POST /api/v1/missed/missed-billing/resolve": `{"reason":"x"}`,
	}
	for what, body := range tests {
		t.Run(what, func(t *testing.T) {
			hidden := wantProblem(t, c.ask("홍길동", what, body), http.StatusNotFound, CodeNotFound)
			absent := wantProblem(t, c.ask("홍길동", strings.ReplaceAll(what, "billing", "nowhere"), body), http.StatusNotFound, CodeNotFound)
			if strings.ReplaceAll(hidden.Detail, "billing", "nowhere") != absent.Detail {
				t.Errorf("one is told from the other: %q, %q", hidden.Detail, absent.Detail)
			}
			if r := c.ask("sup", what, body); r.Code != http.StatusOK {
				t.Errorf("a supervisor gets %d: %s", r.Code, r.Body.String())
			}
		})
	}
}

// TestRoles: who may do what; each list holds all who may.
func TestRoles(t *testing.T) {
	tests := map[string]struct {
		body    string
		status  int
		allowed []string
	}{
		"GET /api/v1/session":            {"", 200, people},
		"GET /api/v1/status":             {"", 200, people},
		"PUT /api/v1/agents/홍길동/state":   {`{"state":"away","reason":"점심"}`, 204, people},
		"PUT /api/v1/agents/other/state": {`{"state":"available"}`, 204, people[1:]},
		"PATCH /api/v1/calls/ended-상담전화": {`{"memo":"m","disposition":"d"}`, 200, people},
		"GET /api/v1/history/export":     {"", 200, people[1:]},
		"GET /api/v1/backup":             {"", 200, people[2:]},
		"POST /api/v1/reload":            {"", 200, people[2:]},
	}
	for what, tt := range tests {
		t.Run(what, func(t *testing.T) {
			c := newCentre(t)
			wantProblem(t, c.ask("", what, tt.body), http.StatusUnauthorized, CodeUnauthorized)
			for _, id := range people {
				r := c.ask(id, what, tt.body)
				if !slices.Contains(tt.allowed, id) {
					wantProblem(t, r, http.StatusForbidden, CodeForbidden)
				} else if r.Code != tt.status {
					t.Errorf("%s gets %d: %s", id, r.Code, r.Body.String())
				}
			}
		})
	}
}

// TestAdminMount: everything is allowed, without any session; only there is
// nobody logged in.
func TestAdminMount(t *testing.T) {
	c := newCentre(t)
	for _, what := range []string{
		"GET /api/v1/queues", "GET /api/v1/queues/billing", "GET /api/v1/agents", "GET /api/v1/calls", "GET /api/v1/calls/live-billing",
		"GET /api/v1/history", "GET /api/v1/history/export", "GET /api/v1/missed", "GET /api/v1/status", "GET /api/v1/backup", "POST /api/v1/reload",
	} {
		if r := asked(c.admin, "", what, ""); r.Code != http.StatusOK {
			t.Errorf("%s: %d", what, r.Code)
		}
	}
	wantProblem(t, asked(c.admin, "", "GET /api/v1/session", ""), http.StatusForbidden, CodeNeedsAgent)
}

// TestHangulPaths: ids are percent-encoded in paths, and nothing else in a
// path is an id.
func TestHangulPaths(t *testing.T) {
	c := newCentre(t)
	got := read[queue.QueueStatus](t, c.ask("홍길동", "GET /api/v1/queues/"+url.PathEscape("상담전화"), ""), http.StatusOK)
	if got.ID != "상담전화" || got.Number != "1000" || got.Waiting != 1 {
		t.Errorf("queue = %+v", got)
	}
	call := read[queue.Call](t, c.ask("홍길동", "GET /api/v1/calls/"+url.PathEscape("live-상담전화"), ""), http.StatusOK)
	if call.ID != "live-상담전화" || call.Phase != queue.Greeting {
		t.Errorf("call = %+v", call)
	}
	for _, id := range []string{"%2e%2e", "a%2Fb", "%00", "%ff", "%22", strings.Repeat("x", 128)} {
		wantProblem(t, c.ask("sup", "GET /api/v1/queues/"+id, ""), http.StatusNotFound, CodeNotFound)
	}
	wantProblem(t, c.ask("sup", "GET /api/v1/queues/"+strings.Repeat("x", 129), ""), http.StatusUnprocessableEntity, CodeInvalid)
}

func TestMemo(t *testing.T) {
	c := newCentre(t)
	for _, id := range []string{"live-상담전화", "ended-상담전화"} {
		path := " /api/v1/calls/" + id
		read[queue.Call](t, c.ask("홍길동", "PATCH"+path, `{"memo":"첫째\n둘째"}`), http.StatusOK)
		got := read[queue.Call](t, c.ask("홍길동", "PATCH"+path, `{"disposition":"sold"}`), http.StatusOK)
		again := read[queue.Call](t, c.ask("sup", "GET"+path, ""), http.StatusOK)
		for _, k := range []queue.Call{got, again} {
			if k.ID != id || k.Memo != "첫째\n둘째" || k.Disposition != "sold" {
				t.Errorf("call = %+v", k)
			}
		}
		m, err := c.store.Memo(id)
		if err != nil || m.By != "홍길동" {
			t.Errorf("memo = %+v, %v", m, err)
		}
	}
	p := wantProblem(t, c.ask("sup", "PATCH /api/v1/calls/ended-billing", `{"memo":"`+strings.Repeat("긴", store.MaxMemo+1)+`"}`),
		http.StatusUnprocessableEntity, CodeInvalid)
	if len(p.Errors) != 1 || p.Errors[0].Location != "body.memo" {
		t.Errorf("errors = %+v", p.Errors)
	}
}

// TestDisposition: a queue with a list takes those of the list, and what a
// call has already.
func TestDisposition(t *testing.T) {
	c := newCentre(t)
	const path = "PATCH /api/v1/calls/ended-billing"
	read[queue.Call](t, c.ask("sup", path, `{"disposition":"old"}`), http.StatusOK)
	c.configure(strings.Replace(centreConfig, "[queues.billing]", "[queues.billing]\ndispositions = [\"판매\", \"환불\"]", 1))
	for body, good := range map[string]bool{
		`{"memo":"x","disposition":"old"}`: true, `{"memo":"x"}`: true, `{"memo":"x","disposition":"판매 "}`: false,
		`{"memo":"x","disposition":"sold"}`: false,
	} {
		if good {
			read[queue.Call](t, c.ask("sup", path, body), http.StatusOK)
			continue
		}
		p := wantProblem(t, c.ask("sup", path, body), http.StatusUnprocessableEntity, CodeDisposition)
		if len(p.Errors) != 1 || p.Errors[0].Location != "body.disposition" || !strings.Contains(p.Detail, "판매, 환불") {
			t.Errorf("%s: %+v", body, p)
		}
	}
	for _, d := range []string{"판매", ""} {
		if got := read[queue.Call](t, c.ask("sup", path, `{"disposition":"`+d+`"}`), http.StatusOK); got.Disposition != d {
			t.Errorf("disposition %q, want %q", got.Disposition, d)
		}
	}
	wantProblem(t, c.ask("sup", path, `{"disposition":"old"}`), http.StatusUnprocessableEntity, CodeDisposition)
	read[queue.Call](t, c.ask("sup", "PATCH /api/v1/calls/ended-상담전화", `{"disposition":"anything"}`), http.StatusOK)
}

func TestAgentState(t *testing.T) {
	c := newCentre(t)
	if err := c.board.Connect("홍길동"); err != nil {
		t.Fatal(err)
	}
	state := func(body string) (queue.AgentState, string) {
		t.Helper()
		if r := c.ask("홍길동", "PUT /api/v1/agents/홍길동/state", body); r.Code != http.StatusNoContent {
			t.Fatal(r.Code)
		}
		for _, a := range c.board.Snapshot().Agents {
			if a.ID == "홍길동" {
				return a.State, a.Reason
			}
		}
		return "", ""
	}
	if s, why := state(`{"state":"away","reason":"점심"}`); s != queue.Away || why != "점심" {
		t.Errorf("state = %s, %q", s, why)
	}
	if s, _ := state(`{"state":"available"}`); s == queue.Away {
		t.Errorf("state = %s", s)
	}
	wantProblem(t, c.ask("sup", "PUT /api/v1/agents/nobody/state", `{"state":"away"}`), http.StatusNotFound, CodeNotFound)
}

func TestMissedResolve(t *testing.T) {
	c := newCentre(t)
	const what = "POST /api/v1/missed/missed-상담전화/resolve"
	got := read[store.Missed](t, c.ask("홍길동", what, `{"reason":"다시 전화함"}`), http.StatusOK)
	if got.State != store.MissedResolved || got.Resolved == nil || got.Resolved.By != "홍길동" || got.Resolved.Reason != "다시 전화함" {
		t.Errorf("missed = %+v", got)
	}
	if len(c.missed) != 1 || c.missed[0].ID != got.ID {
		t.Errorf("told of %+v", c.missed)
	}
	wantProblem(t, c.ask("홍길동", what, `{"reason":"again"}`), http.StatusConflict, CodeResolved)
	page := read[store.MissedPage](t, c.ask("홍길동", "GET /api/v1/missed?state=resolved", ""), http.StatusOK)
	if len(page.Missed) != 1 || page.Missed[0].ID != got.ID {
		t.Errorf("resolved = %+v", page)
	}
}

func TestPages(t *testing.T) {
	c := newCentre(t)
	var ids []string
	path := "GET /api/v1/history?limit=1"
	for cursor := ""; ; {
		page := read[store.Page](t, c.ask("sup", path+"&cursor="+url.QueryEscape(cursor), ""), http.StatusOK)
		for _, k := range page.Calls {
			ids = append(ids, k.ID)
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	slices.Sort(ids)
	if diff := cmp.Diff([]string{"ended-billing", "ended-상담전화", "missed-billing", "missed-상담전화"}, ids); diff != "" {
		t.Errorf("ids (-want +got):\n%s", diff)
	}
	for _, list := range []string{"history", "missed"} {
		p := wantProblem(t, c.ask("sup", "GET /api/v1/"+list+"?cursor=rubbish", ""), http.StatusUnprocessableEntity, CodeInvalid)
		if len(p.Errors) != 1 || p.Errors[0].Location != "query.cursor" {
			t.Errorf("errors = %+v", p.Errors)
		}
	}
}

// TestRefused: what is wrong with a request is told by field.
func TestRefused(t *testing.T) {
	c := newCentre(t)
	login, state, memo := "POST /api/v1/session", "PUT /api/v1/agents/홍길동/state", "PATCH /api/v1/calls/ended-상담전화"
	tests := map[string]struct {
		what, body string
		status     int
		code       Code
		location   string
	}{
		"no body":          {login, "", 400, CodeInvalid, ""},
		"not JSON":         {login, "{", 400, CodeInvalid, "body"},
		"a list":           {login, "[]", 422, CodeInvalid, "body"},
		"missing field":    {login, `{"id":"x"}`, 422, CodeInvalid, "body"},
		"wrong type":       {login, `{"id":1,"password":"x"}`, 422, CodeInvalid, "body.id"},
		"unknown field":    {login, `{"id":"x","password":"x","admin":true}`, 422, CodeInvalid, "body.admin"},
		"too long":         {login, `{"id":"x","password":"` + strings.Repeat("x", 257) + `"}`, 422, CodeInvalid, "body.password"},
		"oversize":         {login, `{"id":"` + strings.Repeat("x", MaxBody) + `"}`, 413, CodeTooLarge, ""},
		"oversize memo":    {memo, `{"memo":"` + strings.Repeat("x", MaxBody) + `"}`, 413, CodeTooLarge, ""},
		"no such state":    {state, `{"state":"asleep"}`, 422, CodeInvalid, "body.state"},
		"limit too low":    {"GET /api/v1/history?limit=0", "", 422, CodeInvalid, "query.limit"},
		"limit too high":   {"GET /api/v1/missed?limit=1001", "", 422, CodeInvalid, "query.limit"},
		"limit no number":  {"GET /api/v1/history?limit=many", "", 422, CodeInvalid, "query.limit"},
		"no such outcome":  {"GET /api/v1/history?outcome=lost", "", 422, CodeInvalid, "query.outcome"},
		"no time":          {"GET /api/v1/history?from=yesterday", "", 422, CodeInvalid, "query.from"},
		"no such format":   {"GET /api/v1/history/export?format=xls", "", 422, CodeInvalid, "query.format"},
		"unknown path":     {"GET /api/v1/nothing", "", 404, CodeNotFound, ""},
		"root":             {"GET /api/", "", 404, CodeNotFound, ""},
		"unknown method":   {"DELETE /api/v1/queues", "", 405, CodeMethod, ""},
		"unknown queue":    {"GET /api/v1/queues/none", "", 404, CodeNotFound, ""},
		"unknown call":     {"GET /api/v1/calls/none", "", 404, CodeNotFound, ""},
		"unknown missed":   {"POST /api/v1/missed/none/resolve", `{"reason":"x"}`, 404, CodeNotFound, ""},
		"resolve, no word": {"POST /api/v1/missed/missed-상담전화/resolve", `{"reason":""}`, 422, CodeInvalid, "body.reason"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := wantProblem(t, c.ask("sup", tt.what, tt.body), tt.status, tt.code)
			if tt.location != "" && (len(p.Errors) == 0 || p.Errors[0].Location != tt.location) {
				t.Errorf("errors = %+v, want one at %s", p.Errors, tt.location)
			}
		})
	}
	r := c.ask("sup", "DELETE /api/v1/queues", "")
	if got := r.Header().Get("Allow"); got != "GET, HEAD" {
		t.Errorf("Allow: %s", got)
	}
}

func TestReload(t *testing.T) {
	c := newCentre(t)
	type answer struct{ Changes []config.Change }
	if got := c.ask("관리자", "POST /api/v1/reload", "").Body.String(); got != "{\"changes\":[]}\n" {
		t.Errorf("nothing changed: %s", got)
	}
	c.changes = []config.Change{{Key: "queues.billing.name", Kind: config.Changed, Old: "a", New: "b"}}
	got := read[answer](t, c.ask("관리자", "POST /api/v1/reload", ""), http.StatusOK)
	if diff := cmp.Diff(c.changes, got.Changes); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	c.fault = config.Faults{{File: "/etc/calld.toml", Line: 3, Key: "server.http", Text: "is bad"}, {File: "x", Text: "is worse"}}
	p := wantProblem(t, c.ask("관리자", "POST /api/v1/reload", ""), http.StatusUnprocessableEntity, CodeBadConfig)
	if len(p.Errors) != 2 || p.Errors[0].Message != "/etc/calld.toml:3: server.http: is bad" || p.Errors[0].Location != "server.http" {
		t.Errorf("errors = %+v", p.Errors)
	}
	c.fault = errors.New("odd")
	wantProblem(t, c.ask("관리자", "POST /api/v1/reload", ""), http.StatusInternalServerError, CodeInternal)
}

// TestStreams: export in both formats and a backup that opens.
func TestStreams(t *testing.T) {
	c := newCentre(t)
	r := c.ask("sup", "GET /api/v1/history/export?format=jsonl&queue=billing", "")
	if lines := strings.Count(r.Body.String(), "\n"); lines != 2 || r.Header().Get("Content-Type") != "application/jsonl" {
		t.Errorf("%d lines of %s", lines, r.Header().Get("Content-Type"))
	}
	r = c.ask("sup", "GET /api/v1/history/export", "")
	if got := r.Body.String(); !strings.HasPrefix(got, "\ufeffid,queue,") || strings.Count(got, "\n") != 5 ||
		r.Header().Get("Content-Type") != "text/csv; charset=utf-8" {
		t.Errorf("%s:\n%s", r.Header().Get("Content-Type"), got)
	}
	copied := filepath.Join(t.TempDir(), "copy.db")
	if err := os.WriteFile(copied, c.ask("관리자", "GET /api/v1/backup", "").Body.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(copied, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Call("ended-상담전화"); err != nil {
		t.Error(err)
	}
}

// TestStreamBreaks: an error in the middle breaks the connection, so that a
// part is never taken for the whole.
func TestStreamBreaks(t *testing.T) {
	c := newCentre(t)
	w := &brokenWriter{ResponseRecorder: httptest.NewRecorder()}
	r := httptest.NewRequest(http.MethodGet, "/api/v1/backup", http.NoBody)
	defer func() {
		if got := recover(); got != http.ErrAbortHandler { //nolint:errorlint // the value that net/http compares
			t.Errorf("recovered %v", got)
		}
	}()
	c.admin.ServeHTTP(w, r)
	t.Error("the handler returned as if all were well")
}

// brokenWriter is a client that is gone after the header.
type brokenWriter struct{ *httptest.ResponseRecorder }

func (*brokenWriter) Write([]byte) (int, error) { return 0, errors.New("gone") }

// TestStoreFails: a store that can't be written gives a problem, not a 500.
func TestStoreFails(t *testing.T) {
	c := newCentre(t)
	token := c.session("sup")
	broken, err := store.Open(filepath.Join(t.TempDir(), "calld.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := broken.Close(); err != nil {
		t.Fatal(err)
	}
	sessions := c.api.store
	defer func() { c.api.store = sessions }()
	c.api.store = broken
	for what, body := range map[string]string{
		"GET /api/v1/history": "", "GET /api/v1/missed": "", "PATCH /api/v1/calls/live-billing": `{"memo":"x"}`,
		"GET /api/v1/calls/none": "", "POST /api/v1/missed/none/resolve": `{"reason":"x"}`,
	} {
		wantProblem(t, asked(c.admin, "", what, body), http.StatusServiceUnavailable, CodeStore)
	}
	wantProblem(t, asked(c.network, "", "POST /api/v1/session", `{"id":"sup","password":"right"}`), http.StatusServiceUnavailable, CodeStore)
	wantProblem(t, asked(c.network, token, "GET /api/v1/queues", ""), http.StatusUnauthorized, CodeUnauthorized)
}
