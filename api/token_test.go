package api

import (
	"net/http"
	"strings"
	"testing"

	"calld/queue"
	"calld/store"
)

// TestToken: a program sees what its role and queues allow, as long as the
// configuration has its hash.
func TestToken(t *testing.T) {
	c := newCentre(t)
	type list struct{ Queues []struct{ ID string } }
	if got := read[list](t, c.program("narrow", "GET /api/v1/queues", ""), http.StatusOK); len(got.Queues) != 1 || got.Queues[0].ID != "billing" {
		t.Errorf("narrow sees %+v", got)
	}
	if got := read[list](t, c.program("crm", "GET /api/v1/queues", ""), http.StatusOK); len(got.Queues) != 2 {
		t.Errorf("crm sees %+v", got)
	}
	wantProblem(t, c.program("crm", "POST /api/v1/reload", ""), http.StatusForbidden, CodeForbidden)
	if r := c.program("root", "POST /api/v1/reload", ""); r.Code != http.StatusOK {
		t.Errorf("root: %d %s", r.Code, r.Body)
	}
	wantProblem(t, c.program("narrow", "GET /api/v1/calls/live-상담전화", ""), http.StatusNotFound, CodeNotFound)
	wantProblem(t, c.program("narrow", "POST /api/v1/calls/live-billing/hangup", ""), http.StatusForbidden, CodeForbidden)

	for name, header := range map[string]string{
		"nobody's": "Bearer " + tokenOf("other"), "empty": "Bearer ", "the hash": "Bearer sha256:00", "long": "Bearer " + strings.Repeat("x", 4000),
	} {
		// A wrong token is refused although a session would do.
		r := c.with(map[string]string{"Authorization": header}, "관리자", "GET /api/v1/queues", "")
		wantProblem(t, r, http.StatusUnauthorized, CodeUnauthorized)
		if got := r.Header().Get("WWW-Authenticate"); got != "Bearer" {
			t.Errorf("%s: WWW-Authenticate %q", name, got)
		}
	}
	if r := c.with(map[string]string{"Authorization": "bearer  " + tokenOf("crm")}, "", "GET /api/v1/queues", ""); r.Code != http.StatusOK {
		t.Errorf("the scheme in small letters: %d", r.Code)
	}
	if r := c.with(map[string]string{"Authorization": "Basic eDp5"}, "sup", "GET /api/v1/queues", ""); r.Code != http.StatusOK {
		t.Errorf("another scheme beside a session: %d", r.Code)
	}

	c.cfg.Tokens = nil // as by a reload
	wantProblem(t, c.program("crm", "GET /api/v1/queues", ""), http.StatusUnauthorized, CodeUnauthorized)
}

// TestTokenIsNobody: what takes an agent is refused to a program, and what it
// does is written down under its name.
func TestTokenIsNobody(t *testing.T) {
	c := newCentre(t)
	c.answer("other", "billing")
	for what, body := range map[string]string{
		"GET /api/v1/session": "", "DELETE /api/v1/session": "", "GET /api/v1/session/phone": "",
		"POST /api/v1/calls": `{"number":"0103","queue":"billing"}`, "POST /api/v1/missed/missed-billing/callback": "",
		"POST /api/v1/calls/talk-billing/spy": `{"mode":"listen"}`,
	} {
		wantProblem(t, c.program("root", what, body), http.StatusForbidden, CodeNeedsAgent)
	}
	read[queue.Call](t, c.program("crm", "POST /api/v1/calls", `{"agent":"other","number":"0103","queue":"billing"}`), http.StatusAccepted)
	if r := c.program("crm", "POST /api/v1/calls/talk-billing/hangup", ""); r.Code != http.StatusNoContent {
		t.Fatalf("hang-up: %d %s", r.Code, r.Body)
	}
	read[queue.Call](t, c.program("crm", "PATCH /api/v1/calls/ended-billing", `{"memo":"from the CRM"}`), http.StatusOK)
	if m, err := c.store.Memo("ended-billing"); err != nil || m.By != "token/crm" {
		t.Errorf("memo = %+v, %v", m, err)
	}
	page := read[store.AuditPage](t, c.program("root", "GET /api/v1/audit", ""), http.StatusOK)
	if len(page.Entries) != 2 || page.Entries[0].By != "token/crm" || page.Entries[0].Action != "hangup" || page.Entries[1].Action != "call" {
		t.Errorf("audit = %+v", page.Entries)
	}
}
