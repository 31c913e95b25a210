//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"testing"

	"calld/queue"
	"calld/test/lab"
)

// rest is an agent at the REST interface.
type rest struct {
	c      *centre
	client http.Client
}

func (c *centre) rest(id string) *rest {
	c.t.Helper()
	jar, err := cookiejar.New(nil)
	c.must(err)
	r := &rest{c: c, client: http.Client{Jar: jar}}
	r.post("session", map[string]string{"id": id, "password": "pw-" + id}, http.StatusOK)
	return r
}

// post posts to a path below /api/v1 and returns the answer, which must have a
// status.
func (r *rest) post(path string, body any, status int) (answer []byte) {
	r.c.t.Helper()
	text, err := json.Marshal(body)
	r.c.must(err)
	req, err := http.NewRequestWithContext(r.c.step(), http.MethodPost, r.c.url("/api/v1/"+path), bytes.NewReader(text))
	r.c.must(err)
	req.Header.Set("Content-Type", "application/json")
	resp, err := r.client.Do(req)
	r.c.must(err)
	defer resp.Body.Close()
	var b bytes.Buffer
	_, err = b.ReadFrom(resp.Body)
	r.c.must(err)
	if resp.StatusCode != status {
		r.c.t.Fatalf("POST %s: %s %s", path, resp.Status, b.Bytes())
	}
	return b.Bytes()
}

func (r *rest) hangup(call string, status int) {
	r.c.t.Helper()
	r.post("calls/"+call+"/hangup", nil, status)
}

// The agent ends the talk on the page: the customer's phone is told, and
// nothing is guarded or waited for.
func TestHangupByPage(t *testing.T) {
	t.Parallel()
	c := start(t, onePlan(2))
	pages := c.loginAll("a1", "a2")
	c.must(pages[1].State(c.step(), "away", "meal"))
	k := c.talk(1, "a1")
	call := c.waitCall(k.number, queue.Talking)
	c.rest("a2").hangup(call.ID, http.StatusForbidden)
	c.rest("a1").hangup(call.ID, http.StatusNoContent)
	_, err := k.caller.WaitEnded(c.step())
	c.must(err)
	_, err = k.phone.WaitEnded(c.step())
	c.must(err)
	got := c.ended(k.number, outcome{queue.Answered, "a1", []string{"a1 answered"}})
	if got.Cause != "16 agent" {
		t.Errorf("the cause is %q, want that the agent ended the talk", got.Cause)
	}
	c.waitAgent("a1", queue.Available)
	c.rest("a1").hangup(call.ID, http.StatusNotFound)
}

// Digits reach the customer and the agent, in order.
func TestDigitsByPage(t *testing.T) {
	t.Parallel()
	c := start(t, onePlan(1))
	c.loginAll("a1")
	k := c.talk(1, "a1")
	c.hearEachOther(1, k)
	call := c.waitCall(k.number, queue.Talking)
	a := c.rest("a1")
	for to, leg := range map[string]*lab.Leg{"caller": k.caller, "agent": k.phone} {
		a.post("calls/"+call.ID+"/dtmf", map[string]string{"to": to, "digits": "19,*0#"}, http.StatusNoContent)
		c.eventually("digits to the "+to, func() error {
			if got := leg.Digits(); got != "19*0#" {
				return fmt.Errorf("it got %q", got)
			}
			return nil
		})
	}
	c.hangUp(k)
}
