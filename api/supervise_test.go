package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"calld/config"

	"calld/exchange"
	"calld/queue"
	"calld/spy"
	"calld/store"
	"calld/talk"
	"calld/webhook"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// TestSupervision: what supervisors do reaches the call centre, and the audit
// trail whatever became of it.
func TestSupervision(t *testing.T) {
	const call = "live-billing"
	listen := `{"mode":"listen"}`
	tests := []struct {
		name    string
		by      string
		what    string
		body    string
		refusal error
		status  int
		code    Code
		audit   string // action, target, call, detail, result
		done    string // what reached the call centre
	}{
		{"listen", "sup", "POST /api/v1/calls/" + call + "/spy", listen, nil, 204, "", "listen  " + call + "  ok", "sup " + call + " listen"},
		{"an admin too", "관리자", "POST /api/v1/calls/" + call + "/spy", `{"mode":"barge"}`, nil, 204, "", "barge  " + call + "  ok", "관리자 " + call + " barge"},
		{"no agent", "other", "POST /api/v1/calls/" + call + "/spy", listen, nil, 403, CodeForbidden, "", ""},
		{"no such call", "sup", "POST /api/v1/calls/ended-billing/spy", listen, nil, 404, CodeNotFound, "", ""},
		{"no such mode", "sup", "POST /api/v1/calls/" + call + "/spy", `{"mode":"shout"}`, nil, 422, CodeInvalid, "", ""},
		{"no phone", "sup", "POST /api/v1/calls/" + call + "/spy", listen, spy.ErrNoPhone, 409, CodeNoPhone, "listen  " + call + "  no_phone", "sup " + call + " listen"},
		{"no talk", "sup", "POST /api/v1/calls/" + call + "/spy", listen, ErrNotTalking, 409, CodeNotTalking, "listen  " + call + "  not_talking", "sup " + call + " listen"},
		{"asterisk away", "sup", "POST /api/v1/calls/" + call + "/spy", listen, exchange.ErrAway, 503, CodeAsterisk, "listen  " + call + "  asterisk_away", "sup " + call + " listen"},
		{"asterisk late", "sup", "POST /api/v1/calls/" + call + "/spy", listen, exchange.ErrUnanswered, 503, CodeUnanswered, "listen  " + call + "  asterisk_unanswered", "sup " + call + " listen"},
		{"the time is over", "sup", "POST /api/v1/calls/" + call + "/spy", listen, context.DeadlineExceeded, 503, CodeAsterisk, "listen  " + call + "  asterisk_away", "sup " + call + " listen"},
		{"the client is gone", "sup", "POST /api/v1/calls/" + call + "/spy", listen, context.Canceled, 503, CodeAsterisk, "listen  " + call + "  asterisk_away", "sup " + call + " listen"},
		{"asterisk refuses", "sup", "POST /api/v1/calls/" + call + "/spy", listen, errors.New("x"), 500, CodeInternal, "listen  " + call + "  internal_error", "sup " + call + " listen"},
		{"free", "sup", "POST /api/v1/agents/other/free", "", nil, 204, "", "free other  offline ok", "free other"},
		{"free nobody", "sup", "POST /api/v1/agents/x/free", "", nil, 404, CodeNotFound, "", ""},
		{"agents free nobody", "other", "POST /api/v1/agents/other/free", "", nil, 403, CodeForbidden, "", ""},
		{"log out", "sup", "POST /api/v1/agents/other/logout", "", nil, 204, "", "logout other   ok", ""},
		{"log out nobody", "sup", "POST /api/v1/agents/x/logout", "", nil, 404, CodeNotFound, "", ""},
		{"agents log out nobody", "other", "POST /api/v1/agents/other/logout", "", nil, 403, CodeForbidden, "", ""},
		{"set away", "sup", "PUT /api/v1/agents/other/state", `{"state":"away","reason":"점심"}`, nil, 204, "", "state other  away 점심 ok", ""},
		{"set oneself away", "other", "PUT /api/v1/agents/other/state", `{"state":"away"}`, nil, 204, "", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newCentre(t)
			c.refusal = tt.refusal
			r := c.ask(tt.by, tt.what, tt.body)
			if tt.code != "" {
				wantProblem(t, r, tt.status, tt.code)
			} else if r.Code != tt.status {
				t.Errorf("status %d, want %d: %s", r.Code, tt.status, r.Body)
			}
			var done string
			for _, d := range c.spied {
				done += d
			}
			for _, id := range c.freed {
				done += "free " + id
			}
			if done != tt.done {
				t.Errorf("done %q, want %q", done, tt.done)
			}
			trail := read[store.AuditPage](t, c.ask("관리자", "GET /api/v1/audit", ""), http.StatusOK)
			var audit string
			for _, a := range trail.Entries {
				audit += a.Action + " " + a.Target + " " + a.Call + " " + a.Detail + " " + a.Result
				if a.By != tt.by || time.Since(a.At) > time.Hour {
					t.Errorf("entry %+v", a)
				}
			}
			if audit != tt.audit {
				t.Errorf("audit trail %q, want %q", audit, tt.audit)
			}
		})
	}
}

// TestUnauditedIsNotDone: what can't be written down is not done.
func TestUnauditedIsNotDone(t *testing.T) {
	c := newCentre(t)
	ctx, cancel := context.WithCancel(context.WithValue(t.Context(), principalKey{}, &principal{id: "sup"}))
	cancel()
	done := false
	err := c.api.audited(ctx, store.Audit{Action: "listen"}, func() error { done = true; return nil })
	if p, ok := errors.AsType[*Problem](err); !ok || p.Code != CodeStore || done {
		t.Errorf("done: %v, error %v", done, err)
	}
}

func TestLoggedOutByASupervisor(t *testing.T) {
	c := newCentre(t)
	token := c.session("other")
	if r := asked(c.network, token, "GET /api/v1/session", ""); r.Code != http.StatusOK {
		t.Fatalf("status %d", r.Code)
	}
	if r := c.ask("sup", "POST /api/v1/agents/other/logout", ""); r.Code != http.StatusNoContent {
		t.Fatalf("status %d: %s", r.Code, r.Body)
	}
	wantProblem(t, asked(c.network, token, "GET /api/v1/session", ""), http.StatusUnauthorized, CodeUnauthorized)
}

func TestServerIsForAdmins(t *testing.T) {
	c := newCentre(t)
	for _, path := range []string{"/api/v1/config", "/api/v1/connections", "/api/v1/asterisk", "/api/v1/webhooks"} {
		wantProblem(t, c.ask("sup", "GET "+path, ""), http.StatusForbidden, CodeForbidden)
		r := c.ask("관리자", "GET "+path, "")
		if body := r.Body.String(); r.Code != http.StatusOK || strings.Contains(body, "right") {
			t.Errorf("%s: %d %s", path, r.Code, body)
		}
	}
}

func TestWebhooks(t *testing.T) {
	c := newCentre(t)
	type list struct {
		Webhooks []webhook.Health `json:"webhooks"`
	}
	wantProblem(t, c.ask("sup", "POST /api/v1/webhooks/crm/test", ""), http.StatusForbidden, CodeForbidden)
	wantProblem(t, c.ask("관리자", "POST /api/v1/webhooks/other/test", ""), http.StatusNotFound, CodeNotFound)
	tried := read[webhook.Delivery](t, c.ask("관리자", "POST /api/v1/webhooks/crm/test", ""), http.StatusOK)
	if tried.Status != http.StatusTeapot || tried.Error != "the receiver answered 418 I'm a teapot" {
		t.Errorf("tried: %+v", tried)
	}
	got := read[list](t, c.ask("관리자", "GET /api/v1/webhooks", ""), http.StatusOK).Webhooks
	want := []webhook.Health{{
		Name: "crm", URL: "https://user:xxxxx@crm.example.com/calld", Events: config.WebhookEvents(), Queues: []string{"billing"},
		Failed: 1, Dropped: map[webhook.DropReason]uint64{"overflow": 0, "expired": 0, "gone": 0}, LastError: tried.Error,
	}}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(webhook.Health{}, "ErrorAt")); diff != "" {
		t.Errorf("webhooks (-want +got):\n%s", diff)
	}
}

func TestAuditTrailIsForAdmins(t *testing.T) {
	c := newCentre(t)
	for range 3 {
		if r := c.ask("sup", "POST /api/v1/agents/other/free", ""); r.Code != http.StatusNoContent {
			t.Fatal(r.Body)
		}
	}
	wantProblem(t, c.ask("sup", "GET /api/v1/audit", ""), http.StatusForbidden, CodeForbidden)
	first := read[store.AuditPage](t, c.ask("관리자", "GET /api/v1/audit?limit=2", ""), http.StatusOK)
	rest := read[store.AuditPage](t, c.ask("관리자", "GET /api/v1/audit?limit=2&cursor="+first.Next, ""), http.StatusOK)
	got := append(first.Entries, rest.Entries...)
	want := store.Audit{By: "sup", Action: "free", Target: "other", Detail: "offline", Result: "ok"}
	if diff := cmp.Diff([]store.Audit{want, want, want}, got, cmpopts.IgnoreFields(store.Audit{}, "ID", "At")); diff != "" {
		t.Errorf("trail (-want +got):\n%s", diff)
	}
	wantProblem(t, c.ask("관리자", "GET /api/v1/audit?cursor=x", ""), http.StatusUnprocessableEntity, CodeInvalid)
}

// TestExchangeErrors: a client that has gone is no fault of anybody's, and what
// Asterisk leaves unanswered none of calld's.
func TestExchangeErrors(t *testing.T) {
	tests := map[string]struct {
		err    error
		status int
		code   Code
		level  string // of the log; empty: nothing is written
	}{
		"late":               {fmt.Errorf("%w: %w", exchange.ErrUnanswered, context.DeadlineExceeded), 503, CodeUnanswered, "WARN"},
		"not sent in time":   {fmt.Errorf("exchange: %w", context.DeadlineExceeded), 503, CodeAsterisk, "WARN"},
		"lost":               {fmt.Errorf("%w: %w", exchange.ErrUnanswered, exchange.ErrAway), 503, CodeUnanswered, "WARN"},
		"away":               {exchange.ErrAway, 503, CodeAsterisk, ""},
		"the client is gone": {fmt.Errorf("%w: %w", exchange.ErrUnanswered, context.Canceled), 503, CodeAsterisk, ""},
		"refused":            {errors.New("permission denied"), 500, CodeInternal, "ERROR"},
		"twice":              {fmt.Errorf("%w: c1", queue.ErrOrdered), 409, CodeOrdered, ""},
		"too many digits":    {talk.ErrTooManyRequests, 429, CodeTooManyDigits, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var log strings.Builder
			a := &API{log: slog.New(slog.NewTextHandler(&log, nil))}
			p, ok := errors.AsType[*Problem](a.talkError(tt.err))
			if !ok || p.Status != tt.status || p.Code != tt.code {
				t.Errorf("answered %+v", p)
			}
			if tt.level == "" && log.Len() > 0 || !strings.Contains(log.String(), "level="+tt.level) && tt.level != "" {
				t.Errorf("logged %q, want level %q", log.String(), tt.level)
			}
		})
	}
}
