package app

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"calld/queue"

	"github.com/google/go-cmp/cmp"
)

func ask(h http.Handler, path string) (code int, body string) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, http.NoBody))
	return w.Code, w.Body.String()
}

// TestMetrics: docs/metrics.md lists every metric of calld's own with its type
// and labels, and no other; and labels hold nothing that a caller chooses.
func TestMetrics(t *testing.T) {
	s := newSite(t)
	s.write(centreConfig + "[webhooks.crm]\nurl = \"https://example.com\"\nsecret = \"0123456789abcdef\"\n")
	a := s.app()
	a.configureHooks()
	if err := a.board.Connect("홍길동"); err != nil {
		t.Fatal(err)
	}
	k, err := a.board.Enter(queue.Entry{ID: "hostile-id", Queue: "상담", Caller: "hostile-number", CallerName: "hostile-name", UniqueID: "u"})
	if err != nil {
		t.Fatal(err)
	}
	k.Ready()
	offer, _, err := k.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	k.Dialled(queue.DialReport{Offer: offer.ID, Result: queue.RingAnswer, Phone: "801", Talked: time.Second})

	code, page := ask(a.handler(), "/metrics")
	if code != http.StatusOK || strings.Contains(page, "hostile") || strings.Contains(page, `"801"`) {
		t.Errorf("%d:\n%s", code, page)
	}
	families, err := a.metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var exposed []string
	for _, f := range families {
		if !strings.HasPrefix(f.GetName(), "calld_") {
			continue // Go's and the process's own
		}
		var labels []string
		for _, l := range f.GetMetric()[0].GetLabel() {
			labels = append(labels, l.GetName())
		}
		if f.GetHelp() == "" {
			t.Errorf("%s has no help", f.GetName())
		}
		exposed = append(exposed, f.GetName()+" "+strings.ToLower(f.GetType().String())+" "+strings.Join(labels, ","))
	}
	var documented []string
	for _, m := range regexp.MustCompile("(?m)^\\| `(calld_\\w+)` \\| (\\w+) \\|([^|]*)\\| .+ \\|$").FindAllStringSubmatch(read(t, "../docs/metrics.md"), -1) {
		var labels []string
		for _, l := range regexp.MustCompile("`(\\w+)`").FindAllStringSubmatch(m[3], -1) {
			labels = append(labels, l[1])
		}
		slices.Sort(labels)
		documented = append(documented, m[1]+" "+m[2]+" "+strings.Join(labels, ","))
	}
	slices.Sort(documented)
	if diff := cmp.Diff(exposed, documented); diff != "" {
		t.Errorf("metrics (-exposed +documented):\n%s", diff)
	}
}
