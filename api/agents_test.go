package api

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"calld/config"
	"calld/queue"
	"calld/store"
)

// makeAgents makes agents over the API, with nothing but a password.
func (c *centre) makeAgents(ids ...string) {
	c.t.Helper()
	for _, id := range ids {
		read[AgentNow](c.t, c.ask("관리자", "POST /api/v1/agents", `{"id":"`+id+`","password":"secret"}`), http.StatusCreated)
	}
}

func TestAgents(t *testing.T) {
	c := newCentre(t)
	made := c.ask("관리자", "POST /api/v1/agents",
		`{"id":"김","name":"김상담","password":"first","phone":"811","queues":["billing"],"phone_secret":"sip"}`)
	got := read[AgentNow](t, made, http.StatusCreated)
	if got.ID != "김" || got.Name != "김상담" || got.Phone != "811" || got.State != queue.Offline || got.Role != config.RoleAgent ||
		got.ManagedBy != ByAPI || !slices.Equal(got.Queues, []string{"billing"}) {
		t.Errorf("made: %+v", got)
	}
	ag, _ := c.cfg.Agent("김")
	if !config.IsHashed(ag.Password) || !config.VerifyPassword(ag.Password, "first") || ag.PhoneSecret != "sip" {
		t.Errorf("password %q", string(ag.Password))
	}
	for _, id := range []string{"홍길동", "sup"} {
		wantProblem(t, c.ask(id, "POST /api/v1/agents", `{"id":"x","password":"x"}`), http.StatusForbidden, CodeForbidden)
		wantProblem(t, c.ask(id, "PUT /api/v1/agents/김", `{}`), http.StatusForbidden, CodeForbidden)
		wantProblem(t, c.ask(id, "DELETE /api/v1/agents/김", ""), http.StatusForbidden, CodeForbidden)
	}
	wantProblem(t, c.ask("홍길동", "GET /api/v1/agents/김", ""), http.StatusNotFound, CodeNotFound) // of another queue
	read[Me](t, c.ask("", "POST /api/v1/session", `{"id":"김","password":"first"}`), http.StatusOK)

	// What is left out becomes its default, but secrets stay.
	session := c.session("김")
	got = read[AgentNow](t, c.ask("관리자", "PUT /api/v1/agents/김", `{"role":"supervisor","phone":"812"}`), http.StatusOK)
	if got.Name != "김" || got.Role != config.RoleSupervisor || got.Phone != "812" || len(got.Queues) != 0 {
		t.Errorf("changed: %+v", got)
	}
	if ag, _ = c.cfg.Agent("김"); !config.VerifyPassword(ag.Password, "first") || ag.PhoneSecret != "sip" {
		t.Error("the secrets are others")
	}
	if r := asked(c.network, session, "GET /api/v1/queues", ""); r.Code != http.StatusOK {
		t.Errorf("the session of an agent who was changed: %d", r.Code)
	}
	read[AgentNow](t, c.ask("관리자", "PUT /api/v1/agents/김", `{"password":"second","phone":"812","phone_secret":""}`), http.StatusOK)
	wantProblem(t, asked(c.network, session, "GET /api/v1/queues", ""), http.StatusUnauthorized, CodeUnauthorized)
	wantProblem(t, c.ask("", "POST /api/v1/session", `{"id":"김","password":"first"}`), http.StatusUnauthorized, CodeBadLogin)
	if ag, _ = c.cfg.Agent("김"); ag.PhoneSecret != "" {
		t.Error("the phone's secret is still there")
	}

	session = c.session("김")
	if r := c.ask("관리자", "DELETE /api/v1/agents/김", ""); r.Code != http.StatusNoContent {
		t.Fatalf("removed: %d %s", r.Code, r.Body)
	}
	wantProblem(t, asked(c.network, session, "GET /api/v1/queues", ""), http.StatusUnauthorized, CodeUnauthorized)
	for _, what := range []string{"GET /api/v1/agents/김", "DELETE /api/v1/agents/김"} {
		wantProblem(t, c.ask("관리자", what, ""), http.StatusNotFound, CodeNotFound)
	}
	wantProblem(t, c.ask("관리자", "PUT /api/v1/agents/김", `{}`), http.StatusNotFound, CodeNotFound)

	var trail []string
	for _, e := range read[store.AuditPage](t, c.ask("관리자", "GET /api/v1/audit", ""), http.StatusOK).Entries {
		if strings.Contains(e.Detail, "second") || strings.Contains(e.Detail, "argon2") {
			t.Errorf("a secret is written down: %s", e.Detail)
		}
		trail = append(trail, strings.Join([]string{e.By, e.Action, e.Target, e.Result}, " "))
	}
	want := []string{
		"관리자 agent_change 김 not_found", "관리자 agent_remove 김 ok", "관리자 agent_change 김 ok", "관리자 agent_change 김 ok", "관리자 agent_create 김 ok",
	}
	if !slices.Equal(trail, want) {
		t.Errorf("audit trail:\n%s", strings.Join(trail, "\n"))
	}
}

// TestAgentsOfTheFile are read-only.
func TestAgentsOfTheFile(t *testing.T) {
	c := newCentre(t)
	if got := read[AgentNow](t, c.ask("sup", "GET /api/v1/agents/other", ""), http.StatusOK); got.ManagedBy != ByFile {
		t.Errorf("other: %+v", got)
	}
	wantProblem(t, c.ask("관리자", "PUT /api/v1/agents/other", `{"name":"x"}`), http.StatusConflict, CodeManagedByFile)
	wantProblem(t, c.ask("관리자", "DELETE /api/v1/agents/other", ""), http.StatusConflict, CodeManagedByFile)
}

// TestBadAgents: what is wrong is told by field, as calld check does.
func TestBadAgents(t *testing.T) {
	c := newCentre(t)
	c.makeAgents("kim")
	read[AgentNow](t, c.ask("관리자", "PUT /api/v1/agents/kim", `{"phone":"811"}`), http.StatusOK)
	for name, tt := range map[string]struct{ body, location string }{
		"no password":      {`{"id":"x"}`, "body.password"},
		"bad id":           {`{"id":"a/b","password":"x"}`, "body.id"},
		"file's id":        {`{"id":"other","password":"x"}`, "body.id"},
		"own id":           {`{"id":"kim","password":"x"}`, "body.id"},
		"bad phone":        {`{"id":"x","password":"x","phone":"8,9"}`, "body.phone"},
		"file's phone":     {`{"id":"x","password":"x","phone":"801"}`, "body.phone"},
		"stored phone":     {`{"id":"x","password":"x","phone":"811"}`, "body.phone"},
		"unknown queue":    {`{"id":"x","password":"x","queues":["none"]}`, "body.queues"},
		"phone is missing": {`{"id":"x","password":"x","web_phone":true}`, "body.web_phone"},
		"bad role":         {`{"id":"x","password":"x","role":"boss"}`, "body.role"},
		"bad name":         {`{"id":"x","password":"x","name":"a\nb"}`, "body.name"},
		"unknown field":    {`{"id":"x","password":"x","admin":true}`, "body.admin"},
	} {
		t.Run(name, func(t *testing.T) {
			p := wantProblem(t, c.ask("관리자", "POST /api/v1/agents", tt.body), http.StatusUnprocessableEntity, CodeInvalid)
			if len(p.Errors) != 1 || p.Errors[0].Location != tt.location {
				t.Errorf("errors = %+v, want one at %s", p.Errors, tt.location)
			}
		})
	}
}

// TestStaleEdits: a change that is based on what is no more changes nothing.
func TestStaleEdits(t *testing.T) {
	c := newCentre(t)
	c.makeAgents("kim")
	change := func(tag, what, body string) *httptest.ResponseRecorder {
		t.Helper()
		return c.with(map[string]string{"If-Match": tag}, "관리자", what, body)
	}
	tag := func(path string) string { return c.ask("관리자", "GET "+path, "").Header().Get("ETag") }

	const agent, call = "/api/v1/agents/kim", "/api/v1/calls/ended-billing"
	first := tag(agent)
	r := change(first, "PUT "+agent, `{"name":"A"}`)
	if got := r.Header().Get("ETag"); r.Code != http.StatusOK || got == first || got != tag(agent) {
		t.Errorf("changed: %d, tag %s after %s", r.Code, got, first)
	}
	for _, stale := range []string{first, `"x"`, "W/" + tag(agent), "rubbish"} {
		wantProblem(t, change(stale, "PUT "+agent, `{"name":"B"}`), http.StatusPreconditionFailed, CodeStale)
		wantProblem(t, change(stale, "DELETE "+agent, ""), http.StatusPreconditionFailed, CodeStale)
	}
	if got := read[AgentNow](t, c.ask("sup", "GET "+agent, ""), http.StatusOK); got.Name != "A" {
		t.Errorf("name %q", got.Name)
	}
	if r := change(`"x", `+tag(agent), "DELETE "+agent, ""); r.Code != http.StatusNoContent {
		t.Errorf("removed with one of two tags: %d", r.Code)
	}

	first = tag(call)
	read[queue.Call](t, change(first, "PATCH "+call, `{"memo":"A"}`), http.StatusOK)
	wantProblem(t, change(first, "PATCH "+call, `{"memo":"B"}`), http.StatusPreconditionFailed, CodeStale)
	if got := read[queue.Call](t, change(tag(call), "PATCH "+call, `{"disposition":"sold"}`), http.StatusOK); got.Memo != "A" || got.Disposition != "sold" {
		t.Errorf("call = %+v", got)
	}
	read[queue.Call](t, change("*", "PATCH "+call, `{"memo":"C"}`), http.StatusOK)
	read[queue.Call](t, c.ask("sup", "PATCH "+call, `{"memo":"D"}`), http.StatusOK)
}
