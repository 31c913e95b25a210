package api

import (
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestProblemsAreCounted: whoever refuses a request, an operation, a check before it or
// what knows the paths, it is counted once by its code, and nothing else is.
func TestProblemsAreCounted(t *testing.T) {
	c := newCentre(t)
	c.ask("홍길동", "GET /api/v1/queues", "")
	for range 2 {
		c.ask("", "GET /api/v1/queues", "")
	}
	c.ask("홍길동", "GET /api/v1/calls/nobodys", "")
	c.ask("홍길동", "GET /api/v1/nothing", "")
	c.ask("홍길동", "POST /api/v1/queues", "")
	c.ask("홍길동", "GET /api/v1/history?limit=many", "")
	c.with(map[string]string{"Sec-Fetch-Site": "cross-site"}, "홍길동", "DELETE /api/v1/session", "")
	got := c.api.Problems()
	maps.DeleteFunc(got, func(_ Code, n uint64) bool { return n == 0 })
	want := map[Code]uint64{CodeUnauthorized: 2, CodeNotFound: 2, CodeMethod: 1, CodeInvalid: 1, CodeCrossOrigin: 1}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}
