package api

import (
	"errors"
	"net/http"
	"testing"

	"calld/exchange"
	"calld/queue"
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
		"no number":       {"홍길동", `{}`, nil, 422, CodeInvalid, "body", ""},
		"nobody":          {"sup", `{` + number + `,"agent":"x"}`, queue.ErrUnknownAgent, 422, CodeInvalid, "body.agent", "x  0215881234"},
		"no queue":        {"홍길동", `{` + number + `,"queue":"x"}`, queue.ErrUnknownQueue, 422, CodeInvalid, "body.queue", "홍길동 x 0215881234"},
		"not one's queue": {"홍길동", `{` + number + `,"queue":"billing"}`, queue.ErrNotServed, 422, CodeInvalid, "body.queue", "홍길동 billing 0215881234"},
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
