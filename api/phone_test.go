package api

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestPhone: the SIP secret is for the agent's own page alone, and is kept
// nowhere.
func TestPhone(t *testing.T) {
	c := newCentre(t)
	r := c.ask("관리자", "GET /api/v1/session/phone", "")
	want := Phone{URI: "sip:808@calld.invalid", User: "808", Secret: "sip-808"}
	if diff := cmp.Diff(want, read[Phone](t, r, http.StatusOK)); diff != "" {
		t.Errorf("phone (-want +got):\n%s", diff)
	}
	if got := r.Header().Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control %q", got)
	}
	wantProblem(t, c.ask("", "GET /api/v1/session/phone", ""), http.StatusUnauthorized, CodeUnauthorized)
	wantProblem(t, c.ask("홍길동", "GET /api/v1/session/phone", ""), http.StatusNotFound, CodeNotFound)
	wantProblem(t, asked(c.admin, "", "GET /api/v1/session/phone", ""), http.StatusForbidden, CodeNeedsAgent)
}
