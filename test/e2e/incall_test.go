//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"

	"calld/queue"
	"calld/test/lab"

	"github.com/google/go-cmp/cmp"
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
	answer, got := r.send(path, body)
	if got != status {
		r.c.t.Fatalf("POST %s: %d %s", path, got, answer)
	}
	return answer
}

func (r *rest) send(path string, body any) (answer []byte, status int) {
	r.c.t.Helper()
	text, err := json.Marshal(body)
	r.c.must(err)
	req, err := http.NewRequestWithContext(r.c.t.Context(), http.MethodPost, r.c.url("/api/v1/"+path), bytes.NewReader(text))
	r.c.must(err)
	req.Header.Set("Content-Type", "application/json")
	resp, err := r.client.Do(req)
	r.c.must(err)
	defer resp.Body.Close()
	answer, err = io.ReadAll(resp.Body)
	r.c.must(err)
	return answer, resp.StatusCode
}

// try posts; an answer of another status is an error.
func (r *rest) try(path string, status int) error {
	r.c.t.Helper()
	if answer, got := r.send(path, nil); got != status {
		return fmt.Errorf("%d %s", got, answer)
	}
	return nil
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

// transfer asks for a transfer and returns what it came to.
func (r *rest) transfer(call string, to, headers map[string]string) string {
	r.c.t.Helper()
	var got struct{ Result string }
	body := r.post("calls/"+call+"/transfer", map[string]any{"to": to, "headers": headers}, http.StatusOK)
	r.c.must(json.Unmarshal(body, &got))
	return got.Result
}

// results lists a call's transfers, each "from to result".
func results(c queue.Call) []string {
	var list []string
	for _, x := range c.Transfers {
		list = append(list, x.From+" "+x.To+" "+x.Result)
	}
	return list
}

// later runs what waits for an answer beside the test; the function returned
// waits for it.
func later(f func()) func() {
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	return func() { <-done }
}

// A call is handed to another agent, then by that one to a number outside,
// whose end is the end of the call. Both voices are heard at each step.
func TestTransfer(t *testing.T) {
	t.Parallel()
	p := onePlan(2, `wrapup = "30s"`)
	p.Customers = patientCustomers
	c := start(t, p)
	pages := c.loginAll("a1", "a2")
	k := c.talk(1, "a1")
	call := c.waitCall(k.number, queue.Talking)

	var result string
	answered := later(func() {
		result = c.rest("a1").transfer(call.ID, map[string]string{"agent": "a2"}, map[string]string{"X-Customer": "김철수, VIP"})
	})
	rung := c.answer("a2", k.number)
	answered()
	if result != queue.TransferAnswered {
		t.Errorf("the transfer to a2 came to %q", result)
	}
	if got := rung.Header("X-Customer"); got != "김철수, VIP" {
		t.Errorf("the phone of a2 was given the header %q", got)
	}
	_, err := k.phone.WaitEnded(c.step())
	c.must(err)
	c.must(rung.SetTone(agentTone(2)))
	c.must(k.caller.WaitTone(c.step(), agentTone(2)))
	c.must(rung.WaitTone(c.step(), callerTone(1)))
	c.waitAgent("a1", queue.AgentWrapup)
	c.waitAgent("a2", queue.AgentTalks)
	if got := c.waitCall(k.number, queue.Talking); got.Agent != "a2" {
		t.Errorf("the call is with %s", got.Agent)
	}

	answered = later(func() { result = c.rest("a2").transfer(call.ID, map[string]string{"number": "070-1111-2222"}, nil) })
	far := c.customer()
	c.must(far.WaitRinging(c.step()))
	if far.Number != number1 {
		t.Errorf("the number outside was shown %q, want the queue's", far.Number)
	}
	c.must(far.Answer(c.step()))
	answered()
	if result != queue.TransferAnswered {
		t.Errorf("the transfer outside came to %q", result)
	}
	c.must(far.SetTone(agentTone(3)))
	c.must(k.caller.WaitTone(c.step(), agentTone(3)))
	c.must(far.WaitTone(c.step(), callerTone(1)))
	c.waitAgent("a2", queue.AgentWrapup)
	c.waitCall(k.number, queue.Transferred)
	c.must(far.Hangup(c.step()))
	_, err = k.caller.WaitEnded(c.step())
	c.must(err)
	got := c.ended(k.number, outcome{queue.Answered, "a2", []string{"a1 answered", "a2 answered"}})
	if diff := cmp.Diff([]string{"a1 a2 answered", "a2 07011112222 answered"}, results(got)); diff != "" || got.Cause != "16 target" {
		t.Errorf("cause %q, transfers (-want +got):\n%s", got.Cause, diff)
	}
	_, err = pages[0].WaitFor(c.step(), func(m lab.Message) bool { return m.Type == "call.ended" })
	c.must(err)
}

// A target that does not answer sends the caller back to the agent; when that
// one is not free, to the queue.
func TestTransferComesBack(t *testing.T) {
	t.Parallel()
	c := start(t, onePlan(2, `ring_timeout = "2s"`, `retry_pause = "0s"`))
	c.loginAll("a1", "a2")
	k := c.talk(1, "a1")
	call := c.waitCall(k.number, queue.Talking)
	var result string
	answered := later(func() { result = c.rest("a1").transfer(call.ID, map[string]string{"agent": "a2"}, nil) })
	_, err := c.phone("a2").WaitRinging(c.step())
	c.must(err)
	c.must(k.caller.WaitTone(c.step(), lab.MusicTone))
	answered()
	if result != queue.TransferNoAnswer {
		t.Errorf("the transfer came to %q", result)
	}
	k.phone = c.answer("a1", k.number)
	c.must(k.phone.SetTone(agentTone(1)))
	c.hearEachOther(1, k)

	if r := c.rest("a1").transfer(call.ID, map[string]string{"number": "07099998888"}, nil); r != queue.TransferFailed { // 404
		t.Errorf("the transfer to a number that is not there came to %q", r)
	}
	k.phone = c.answer("a1", k.number)
	c.waitCall(k.number, queue.Talking) // whoever hangs up before has left while it rang
	c.hangUp(k)
	got := c.ended(k.number, outcome{queue.Answered, "a1", []string{"a1 answered", "a2 no_answer", "a1 answered", "a1 answered"}})
	if diff := cmp.Diff([]string{"a1 a2 no_answer", "a1 07099998888 failed"}, results(got)); diff != "" {
		t.Errorf("transfers (-want +got):\n%s", diff)
	}
	c.waitAgent("a1", queue.Available)
}

// A call is handed to another queue: it waits there with its place, and an
// agent of that queue takes it.
func TestTransferToQueue(t *testing.T) {
	t.Parallel()
	p := onePlan(1)
	p.Queues = append(p.Queues, queuePlan{ID: "tech", Name: "기술지원", Number: number2})
	p.Agents = append(p.Agents, agentPlan{ID: "b1", Queues: []string{"tech"}, Phone: "8101"})
	c := start(t, p)
	pages := c.loginAll("a1", "b1")
	c.must(pages[1].State(c.step(), "away", "meal"))
	k := c.talk(1, "a1")
	call := c.waitCall(k.number, queue.Talking)
	if r := c.rest("a1").transfer(call.ID, map[string]string{"queue": "tech"}, nil); r != "waiting" {
		t.Errorf("the transfer came to %q", r)
	}
	c.must(k.caller.WaitTone(c.step(), lab.MusicTone))
	if got := c.waitCall(k.number, queue.Waiting); got.Queue != "tech" {
		t.Errorf("it waits in %s", got.Queue)
	}
	c.waitAgent("a1", queue.Available)
	c.must(pages[1].State(c.step(), "available", ""))
	k.phone = c.answer("b1", k.number)
	c.must(k.phone.SetTone(agentTone(1)))
	c.hearEachOther(1, k)
	c.hangUp(k)
	got := c.ended(k.number, outcome{queue.Answered, "b1", []string{"a1 answered", "b1 answered"}})
	if diff := cmp.Diff([]string{"a1 tech answered"}, results(got)); diff != "" {
		t.Errorf("transfers (-want +got):\n%s", diff)
	}
	// The page of the queue that it left has heard of its end.
	_, err := pages[0].WaitType(c.step(), "call.ended")
	c.must(err)
}

// The customer is held with music and taken back, twice; then the agent ends
// the call while holding.
func TestHold(t *testing.T) {
	t.Parallel()
	for _, version := range []int{lab.Asterisk22, lab.Asterisk16} {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			t.Parallel()
			p := onePlan(1)
			p.Version = version
			c := start(t, p)
			c.loginAll("a1")
			k := c.talk(1, "a1")
			call := c.waitCall(k.number, queue.Talking)
			a := c.rest("a1")
			for range 2 {
				c.hold(a, call.ID, k)
				a.post("calls/"+call.ID+"/unhold", nil, http.StatusNoContent)
				c.hearEachOther(1, k)
				c.waitHeld(call.ID, false)
			}
			a.post("calls/"+call.ID+"/unhold", nil, http.StatusConflict)
			c.hold(a, call.ID, k)
			c.eventually("the agent to wait for longer than a look at the customer", func() error {
				if n := strings.Count(c.pbx.VerboseText(), "[s@calld-hold:1]"); n < 6 {
					return fmt.Errorf("%d rounds", n)
				}
				return nil
			})
			c.must(k.phone.Hangup(c.step()))
			_, err := k.caller.WaitEnded(c.step())
			c.must(err)
			got := c.ended(k.number, outcome{queue.Answered, "a1", []string{"a1 answered"}})
			if got.Cause != "16 agent" {
				t.Errorf("the cause is %q", got.Cause)
			}
			c.waitAgent("a1", queue.Available)
		})
	}
}

// hold holds the customer, who then hears music. After a customer was taken back
// it takes a moment until the two are joined.
func (c *centre) hold(a *rest, call string, k talk) {
	c.t.Helper()
	c.eventually("hold", func() error { return a.try("calls/"+call+"/hold", http.StatusNoContent) })
	c.waitHeld(call, true)
	c.must(k.caller.WaitTone(c.step(), lab.MusicTone))
}

func (c *centre) waitHeld(call string, held bool) {
	c.t.Helper()
	c.eventually(fmt.Sprintf("%s held: %t", call, held), func() error {
		for _, k := range c.calls() {
			if k.ID == call && k.Phase == queue.Talking && (k.HeldSince != nil) == held {
				return nil
			}
		}
		return fmt.Errorf("calls are %+v", c.calls())
	})
}

// A caller who hangs up while held leaves nobody behind; a held call can be
// handed over; calld's death while a customer is held strands neither side.
func TestHeldCallEnds(t *testing.T) {
	t.Parallel()
	c := start(t, onePlan(2))
	pages := c.loginAll("a1", "a2")
	c.must(pages[1].State(c.step(), "away", "meal"))
	k := c.talk(1, "a1")
	c.hold(c.rest("a1"), c.waitCall(k.number, queue.Talking).ID, k)
	c.hangUp(k)
	c.ended(k.number, outcome{queue.Answered, "a1", []string{"a1 answered"}})
	c.waitAgent("a1", queue.Available)

	k = c.talk(2, "a1")
	call := c.waitCall(k.number, queue.Talking)
	c.hold(c.rest("a1"), call.ID, k)
	c.must(pages[1].State(c.step(), "available", ""))
	c.waitAgent("a2", queue.Available)
	answered := later(func() { c.rest("a1").transfer(call.ID, map[string]string{"agent": "a2"}, nil) })
	second := c.answer("a2", k.number)
	answered()
	_, err := k.phone.WaitEnded(c.step())
	c.must(err)
	k.phone = second
	c.must(k.phone.SetTone(agentTone(2)))
	c.hearEachOther(2, k)
	c.hangUp(k)
	c.ended(k.number, outcome{queue.Answered, "a2", []string{"a1 answered", "a2 answered"}})
}

// holdOverRestart has calld die while a1 holds the customer, who is taken back
// when calld has come back.
func (c *centre) holdOverRestart(call string, k talk) {
	c.t.Helper()
	c.hold(c.rest("a1"), call, k)
	c.waitWritten()
	c.kill()
	c.serve()
	c.login("a1")
	c.waitHeld(call, true)
	a := c.rest("a1")
	c.eventually("the script to be back", func() error {
		return a.try("calls/"+call+"/unhold", http.StatusNoContent)
	})
	c.hearEachOther(1, k)
}

func TestHeldOverRestart(t *testing.T) {
	t.Parallel()
	c := start(t, onePlan(1))
	c.loginAll("a1")
	k := c.talk(1, "a1")
	call := c.waitCall(k.number, queue.Talking)
	c.holdOverRestart(call.ID, k)
	c.hangUp(k)
	c.ended(k.number, outcome{queue.Answered, "a1", []string{"a1 answered"}})
	c.waitAgent("a1", queue.Available)
}

// In a talk that outlived calld the customer can't be held or handed over, which
// would hang them up; they talk on, and the agent ends the call from the page.
func TestTalkOverRestart(t *testing.T) {
	t.Parallel()
	c := start(t, onePlan(1))
	c.loginAll("a1")
	k := c.talk(1, "a1")
	call := c.waitCall(k.number, queue.Talking)
	c.waitWritten()
	c.kill()
	c.serve()
	c.login("a1")
	c.waitHeld(call.ID, false)
	a := c.rest("a1")
	c.eventually("hold to be refused", func() error { // once Asterisk is connected
		return a.try("calls/"+call.ID+"/hold", http.StatusConflict)
	})
	c.hearEachOther(1, k)
	a.post("calls/"+call.ID+"/hangup", nil, http.StatusNoContent)
	_, err := k.caller.WaitEnded(c.step())
	c.must(err)
	c.ended(k.number, outcome{queue.Answered, "a1", []string{"a1 answered"}})
	c.waitAgent("a1", queue.Available)
}
