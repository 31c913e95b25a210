//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"calld/queue"
	"calld/test/lab"
	"calld/webhook"

	"github.com/google/go-cmp/cmp"
)

// receiver is a server that webhooks post to.
type receiver struct {
	*httptest.Server
	t *testing.T

	mu    sync.Mutex
	fail  bool // refuses everything
	tries []string
	ids   map[string]bool // taken
	types []string        // taken, in order, once each
}

const hookSecret = "0123456789abcdef"

// newReceiver refuses the first two deliveries.
func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{t: t, ids: map[string]bool{}}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err == nil {
		err = webhook.Verify([]byte(hookSecret), req.Header, body, time.Now())
	}
	var e webhook.Event
	if err == nil {
		err = json.Unmarshal(body, &e)
	}
	if err != nil {
		r.t.Errorf("delivery: %v: %s", err, body)
	}
	id := req.Header.Get(webhook.HeaderID)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tries = append(r.tries, id)
	if r.fail || len(r.tries) <= 2 {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	if !r.ids[id] {
		r.ids[id] = true
		r.types = append(r.types, e.Type)
	}
}

// taken is what was delivered. Of a call that rings, several events tell.
func (r *receiver) taken() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.CompactFunc(slices.Clone(r.types), func(a, b string) bool { return a == b && a == "call.ringing" })
}

// wait waits until just this was delivered.
func (r *receiver) wait(c *centre, want ...string) {
	c.t.Helper()
	c.eventually("the events", func() error {
		if diff := cmp.Diff(want, r.taken()); diff != "" {
			return fmt.Errorf("(-want +got):\n%s", diff)
		}
		return nil
	})
}

// A receiver that fails twice is told of a whole call, in order; one that is
// away while calld is killed is told afterwards.
func TestWebhook(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	p := onePlan(1)
	p.TOML = fmt.Sprintf("[webhooks.crm]\nurl = %q\nsecret = %q\n"+
		"events = [\"call.ringing\", \"call.answered\", \"call.ended\", \"call.missed\"]\n", r.URL, hookSecret)
	c := start(t, p)
	c.loginAll("a1")
	leg := c.call(number1, lab.CallOptions{Number: "01012345678"})
	_, err := c.phone("a1").Answer(c.step())
	c.must(err)
	c.must(leg.WaitAnswered(c.step()))
	c.waitPhase(queue.Talking)
	c.must(leg.Hangup(c.step()))
	r.wait(c, "call.ringing", "call.answered", "call.ended")
	r.mu.Lock()
	if r.tries[0] != r.tries[1] || r.tries[1] != r.tries[2] {
		t.Errorf("the first three tries are of %q: not of one event", r.tries[:3])
	}
	r.fail = true
	r.mu.Unlock()

	lost := c.call(number1, lab.CallOptions{Number: "01099998888"})
	_, err = c.phone("a1").WaitRinging(c.step())
	c.must(err)
	c.must(lost.Cancel(c.step()))
	c.waitHistory(2)
	c.kill()
	r.mu.Lock()
	r.fail = false
	r.mu.Unlock()
	c.serve()
	r.wait(c, "call.ringing", "call.answered", "call.ended", "call.ringing", "call.ended", "call.missed")
	var list struct{ Webhooks []webhook.Health }
	c.eventually("nothing left", func() error {
		c.ask("/api/v1/webhooks", &list)
		if w := list.Webhooks; len(w) != 1 || w[0].Pending != 0 {
			return fmt.Errorf("webhooks: %+v", w)
		}
		return nil
	})
}
