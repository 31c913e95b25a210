package api

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"calld/store"
)

// TestForget: counted first, removed when confirmed, and audited without the
// number.
func TestForget(t *testing.T) {
	c := newCentre(t)
	fault := errors.New("read-only")
	c.api.forgetPerson = func(ctx context.Context, n string) (store.Forgotten, error) {
		return c.store.Forget(ctx, n, func(string) error { return fault })
	}
	const what = "POST /api/v1/privacy/forget"
	wantProblem(t, c.ask("sup", what, `{"number":"0102"}`), http.StatusForbidden, CodeForbidden)
	wantProblem(t, c.ask("관리자", what, `{"number":" - "}`), http.StatusUnprocessableEntity, CodeInvalid)
	counted := read[ForgetAnswer](t, c.ask("관리자", what, `{"number":"01-02"}`), http.StatusOK)
	if counted.Done || counted.Calls != 2 || counted.Recordings != 2 {
		t.Errorf("counted %+v", counted)
	}
	fault = &RecordingError{Err: fault}
	wantProblem(t, c.ask("관리자", what, `{"number":"0102","confirm":true}`), http.StatusServiceUnavailable, CodeRecordings)
	fault = nil
	if got := read[ForgetAnswer](t, c.ask("관리자", what, `{"number":"0102","confirm":true}`), http.StatusOK); !got.Done || got.Calls != 2 {
		t.Errorf("removed %+v", got)
	}
	if left := read[ForgetAnswer](t, c.ask("관리자", what, `{"number":"0102"}`), http.StatusOK); left.Calls != 0 {
		t.Errorf("left %+v", left)
	}
	trail, err := c.store.AuditTrail(0, "")
	if err != nil || len(trail.Entries) != 2 || trail.Entries[0].Result != "ok" {
		t.Fatalf("audit trail %+v, %v", trail, err)
	}
	if d := trail.Entries[0].Detail; d != "…02" || strings.Contains(d, "0102") {
		t.Errorf("the audit trail says %q", d)
	}
}
