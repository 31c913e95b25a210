package api

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"calld/exchange"
	"calld/queue"
	"calld/store"
)

// TestMakeCall: who may have whom called for which queue, and what is answered
// when it can't be.
func TestMakeCall(t *testing.T) {
	const number = `"number":"02-1588-1234"`
	tests := map[string]struct {
		by      string
		body    string
		refusal error
		status  int
		code    Code
		field   string
		done    string // agent, queue, number
	}{
		"oneself":         {"홍길동", `{` + number + `,"queue":"상담전화"}`, nil, 202, "", "", "홍길동 상담전화 0215881234"},
		"the only queue":  {"홍길동", `{` + number + `}`, nil, 202, "", "", "홍길동 상담전화 0215881234"},
		"abroad":          {"홍길동", `{"number":"+82 (2) 1588.1234"}`, nil, 202, "", "", "홍길동 상담전화 +82215881234"},
		"another":         {"홍길동", `{` + number + `,"agent":"other"}`, nil, 403, CodeForbidden, "", ""},
		"by a supervisor": {"sup", `{` + number + `,"agent":"other"}`, nil, 202, "", "", "other billing 0215881234"},
		"letters":         {"홍길동", `{"number":"sales"}`, nil, 422, CodeInvalid, "body.number", ""},
		"a second phone":  {"홍길동", `{"number":"010&PJSIP/9"}`, nil, 422, CodeInvalid, "body.number", ""},
		"a plus inside":   {"홍길동", `{"number":"82+2"}`, nil, 422, CodeInvalid, "body.number", ""},
		"no number":       {"홍길동", `{}`, nil, 422, CodeInvalid, "body.number", ""},
		"two numbers":     {"홍길동", `{` + number + `,"call":"live-상담전화"}`, nil, 422, CodeInvalid, "body.number", ""},
		"of a call":       {"홍길동", `{"call":"ended-상담전화"}`, nil, 202, "", "", "홍길동 상담전화 0102"},
		"of a live call":  {"홍길동", `{"call":"live-상담전화"}`, nil, 202, "", "", "홍길동 상담전화 0101"},
		"of a missed one": {"홍길동", `{"missed":"missed-상담전화"}`, nil, 202, "", "", "홍길동 상담전화 0103"},
		"foreign call":    {"홍길동", `{"call":"ended-billing"}`, nil, 404, CodeNotFound, "", ""},
		"foreign missed":  {"홍길동", `{"missed":"missed-billing"}`, nil, 404, CodeNotFound, "", ""},
		"nobody":          {"sup", `{` + number + `,"agent":"x"}`, queue.ErrUnknownAgent, 422, CodeInvalid, "body.agent", "x  0215881234"},
		"no queue":        {"홍길동", `{` + number + `,"queue":"x"}`, queue.ErrUnknownQueue, 422, CodeInvalid, "body.queue", "홍길동 x 0215881234"},
		"not one's queue": {"홍길동", `{` + number + `,"queue":"billing"}`, queue.ErrNotServed, 422, CodeInvalid, "body.queue", "홍길동 billing 0215881234"},
		"no phone":        {"홍길동", `{` + number + `}`, queue.ErrNoPhone, 409, CodeNoPhone, "", "홍길동 상담전화 0215881234"},
		"offline":         {"홍길동", `{` + number + `}`, queue.ErrAgentOffline, 409, CodeOffline, "", "홍길동 상담전화 0215881234"},
		"busy":            {"홍길동", `{` + number + `}`, queue.ErrAgentBusy, 409, CodeBusy, "", "홍길동 상담전화 0215881234"},
		"phone away":      {"홍길동", `{` + number + `}`, queue.ErrPhoneAway, 409, CodePhoneAway, "", "홍길동 상담전화 0215881234"},
		"asterisk away":   {"홍길동", `{` + number + `}`, queue.ErrDeaf, 503, CodeAsterisk, "", "홍길동 상담전화 0215881234"},
		"lost just now":   {"홍길동", `{` + number + `}`, exchange.ErrAway, 503, CodeAsterisk, "", "홍길동 상담전화 0215881234"},
		"refused":         {"홍길동", `{` + number + `}`, errors.New("permission denied"), 503, CodeAsterisk, "", "홍길동 상담전화 0215881234"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := newCentre(t)
			c.refusal = tt.refusal
			r := c.ask(tt.by, "POST /api/v1/calls", tt.body)
			if tt.code != "" {
				p := wantProblem(t, r, tt.status, tt.code)
				if tt.field != "" && (len(p.Errors) != 1 || p.Errors[0].Location != tt.field) {
					t.Errorf("errors = %+v, want one of %s", p.Errors, tt.field)
				}
			} else if got := read[queue.Call](t, r, http.StatusAccepted); got.ID != "dialled" {
				t.Errorf("call = %+v", got)
			}
			if c.dialled != tt.done {
				t.Errorf("dialled %q, want %q", c.dialled, tt.done)
			}
		})
	}
}

// TestCallBack: a missed call is claimed before its customer is called, and
// free again when the call is not made.
func TestCallBack(t *testing.T) {
	const id = "missed-상담전화"
	const what = "POST /api/v1/missed/" + id + "/callback"
	tests := map[string]struct {
		by      string
		claimed string // by whom before
		refusal error
		status  int
		code    Code
		owner   string // after
		told    int    // changes of the entry
	}{
		"in hand":          {"홍길동", "", nil, 202, "", "홍길동", 1},
		"again":            {"홍길동", "홍길동", nil, 202, "", "홍길동", 1},
		"another's":        {"홍길동", "sup", nil, 409, CodeClaimed, "sup", 0},
		"another's queue":  {"other", "", nil, 404, CodeNotFound, "", 0},
		"busy":             {"홍길동", "", queue.ErrAgentBusy, 409, CodeBusy, "", 2},
		"busy with it":     {"홍길동", "홍길동", queue.ErrAgentBusy, 409, CodeBusy, "홍길동", 1},
		"asterisk is away": {"홍길동", "", exchange.ErrAway, 503, CodeAsterisk, "", 2},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := newCentre(t)
			c.refusal = tt.refusal
			if tt.claimed != "" {
				if _, err := c.store.ClaimMissed(t.Context(), id, tt.claimed, time.Now()); err != nil {
					t.Fatal(err)
				}
			}
			r := c.ask(tt.by, what, "")
			if tt.code != "" {
				wantProblem(t, r, tt.status, tt.code)
			} else if got := read[queue.Call](t, r, http.StatusAccepted); got.ID != "dialled" || c.dialled != "홍길동 상담전화 0103" {
				t.Errorf("call %+v, dialled %q", got, c.dialled)
			}
			m, err := c.store.MissedByID(id)
			if err != nil || m.Owner != tt.owner || m.State != store.MissedOpen || len(c.missed) != tt.told {
				t.Errorf("%v, %d changes told: %+v", err, len(c.missed), m)
			}
		})
	}
	c := newCentre(t)
	end := began.Add(time.Minute)
	if _, err := c.store.Finish(t.Context(), &queue.Call{
		ID: "withheld", Queue: "상담전화", Direction: queue.In, Phase: queue.Ended, Begin: began, End: &end, Outcome: queue.Abandoned,
	}); err != nil {
		t.Fatal(err)
	}
	wantProblem(t, c.ask("홍길동", "POST /api/v1/missed/withheld/callback", ""), http.StatusConflict, CodeNoNumber)
	wantProblem(t, c.ask("홍길동", "POST /api/v1/missed/x/callback", ""), http.StatusNotFound, CodeNotFound)
	if _, err := c.store.ResolveMissed(t.Context(), id, "sup", "done", time.Now()); err != nil {
		t.Fatal(err)
	}
	wantProblem(t, c.ask("홍길동", what, ""), http.StatusConflict, CodeResolved)
}
