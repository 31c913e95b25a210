//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"calld/queue"
	"calld/test/lab"

	"github.com/google/go-cmp/cmp"
)

// consult has an agent consult somebody and returns what that came to.
func (r *rest) consult(call string, to map[string]string) string {
	r.c.t.Helper()
	return r.outcome("calls/"+call+"/transfer", map[string]any{"to": to, "kind": queue.Consultative})
}

func (r *rest) outcome(path string, body any) string {
	r.c.t.Helper()
	var got struct{ Result string }
	r.c.must(json.Unmarshal(r.post(path, body, http.StatusOK), &got))
	return got.Result
}

// waitConsult waits until a call shows whom its agent consults.
func (c *centre) waitConsult(call string, ok func(*queue.Consult) bool) {
	c.t.Helper()
	c.eventually("the consultation", func() error {
		for _, k := range c.calls() {
			if k.ID == call && k.Consult != nil && ok(k.Consult) {
				return nil
			}
		}
		return fmt.Errorf("calls are %+v", c.calls())
	})
}

func isAnswered(x *queue.Consult) bool { return x.Answered != nil }

// An agent consults: a colleague who refuses, one who is let go, one who
// gets the call; and that one a number outside, completed by a hang-up.
func TestConsult(t *testing.T) {
	t.Parallel()
	p := onePlan(2, `wrapup = "1s"`, `retry_pause = "0s"`)
	p.Customers = patientCustomers
	c := start(t, p)
	c.loginAll("a1", "a2")
	k := c.talk(1, "a1")
	call := c.waitCall(k.number, queue.Talking)
	a1, a2 := c.rest("a1"), c.rest("a2")
	colleague := map[string]string{"agent": "a2"}

	var result string
	told := later(func() { result = a1.consult(call.ID, colleague) })
	leg, err := c.phone("a2").WaitRinging(c.step())
	c.must(err)
	c.waitAgent("a2", queue.AgentRings)
	a1.post("calls/"+call.ID+"/transfer/complete", nil, http.StatusConflict)
	c.must(leg.Reject(c.step(), http.StatusNotAcceptable))
	told()
	if result != queue.TransferBusy {
		t.Errorf("the consultation that a2 refused came to %q", result)
	}
	c.must(k.caller.WaitTone(c.step(), lab.MusicTone))
	c.waitHeld(call.ID, true)
	c.waitAgent("a2", queue.Available)

	told = later(func() { result = a1.consult(call.ID, colleague) })
	leg = c.answer("a2", "8001")
	told()
	if result != queue.TransferAnswered {
		t.Errorf("the consultation came to %q", result)
	}
	c.must(leg.SetTone(agentTone(2)))
	c.must(k.phone.WaitTone(c.step(), agentTone(2)))
	c.must(leg.WaitTone(c.step(), agentTone(1)))
	c.must(k.caller.WaitTone(c.step(), lab.MusicTone))
	c.waitConsult(call.ID, isAnswered)
	c.waitAgent("a2", queue.AgentTalks)
	if got := a1.outcome("calls/"+call.ID+"/transfer/cancel", nil); got != queue.TransferCancelled {
		t.Errorf("the cancelled consultation came to %q", got)
	}
	_, err = leg.WaitEnded(c.step())
	c.must(err)
	c.hearEachOther(1, k)
	c.waitAgent("a2", queue.Available)

	told = later(func() { result = a1.consult(call.ID, colleague) })
	leg = c.answer("a2", "8001")
	told()
	c.waitConsult(call.ID, isAnswered)
	if got := a1.outcome("calls/"+call.ID+"/transfer/complete", nil); got != queue.TransferAnswered {
		t.Errorf("the completed consultation came to %q", got)
	}
	_, err = k.phone.WaitEnded(c.step())
	c.must(err)
	c.must(leg.SetTone(agentTone(2)))
	c.must(k.caller.WaitTone(c.step(), agentTone(2)))
	c.must(leg.WaitTone(c.step(), callerTone(1)))
	c.waitAgent("a1", queue.Available)
	if got := c.waitCall(k.number, queue.Talking); got.Agent != "a2" || got.Consult != nil {
		t.Errorf("the call is with %s, who consults %+v", got.Agent, got.Consult)
	}

	told = later(func() { result = a2.consult(call.ID, map[string]string{"number": "070-1111-2222"}) })
	far := c.customer()
	c.must(far.WaitRinging(c.step()))
	if far.Number != number1 {
		t.Errorf("the number outside was shown %q, want the queue's", far.Number)
	}
	c.must(far.Answer(c.step()))
	told()
	c.waitConsult(call.ID, isAnswered)
	c.must(far.SetTone(agentTone(3)))
	c.must(leg.WaitTone(c.step(), agentTone(3)))
	c.must(leg.Hangup(c.step()))
	c.must(k.caller.WaitTone(c.step(), agentTone(3)))
	c.must(far.WaitTone(c.step(), callerTone(1)))
	c.waitCall(k.number, queue.Transferred)
	c.waitAgent("a2", queue.Available)
	c.must(far.Hangup(c.step()))
	_, err = k.caller.WaitEnded(c.step())
	c.must(err)
	got := c.ended(k.number, outcome{queue.Answered, "a2", []string{"a1 answered", "a2 answered"}})
	want := []string{"a1 a2 busy", "a1 a2 cancelled", "a1 a2 answered", "a2 07011112222 answered"}
	if diff := cmp.Diff(want, results(got)); diff != "" || got.Cause != "16 target" {
		t.Errorf("cause %q, transfers (-want +got):\n%s", got.Cause, diff)
	}
}

// Who hangs up during a consultation, and calld's death in it, strand nobody.
func TestConsultEnds(t *testing.T) {
	t.Parallel()
	c := start(t, onePlan(2))
	c.loginAll("a1", "a2")
	var result string
	consult := func(n int) (talk, *lab.Leg, queue.Call) {
		k := c.talk(n, "a1")
		call := c.waitCall(k.number, queue.Talking)
		told := later(func() { result = c.rest("a1").consult(call.ID, map[string]string{"agent": "a2"}) })
		leg := c.answer("a2", "8001")
		told()
		c.waitConsult(call.ID, isAnswered)
		return k, leg, call
	}

	// The colleague hangs up: the customer is held still. Then the customer does.
	k, leg, call := consult(1)
	c.must(leg.Hangup(c.step()))
	c.waitAgent("a2", queue.Available)
	c.waitHeld(call.ID, true)
	told := later(func() { result = c.rest("a1").consult(call.ID, map[string]string{"agent": "a2"}) })
	leg = c.answer("a2", "8001")
	told()
	c.must(k.caller.Hangup(c.step()))
	_, err := k.phone.WaitEnded(c.step())
	c.must(err)
	_, err = leg.WaitEnded(c.step())
	c.must(err)
	got := c.ended(k.number, outcome{queue.Answered, "a1", []string{"a1 answered"}})
	if diff := cmp.Diff([]string{"a1 a2 cancelled", "a1 a2 caller_left"}, results(got)); diff != "" || result != queue.TransferAnswered {
		t.Errorf("result %q, transfers (-want +got):\n%s", result, diff)
	}
	c.waitAgent("a1", queue.Available)
	c.waitAgent("a2", queue.Available)

	// The agent hangs up: the colleague has the customer.
	k, leg, _ = consult(2)
	c.must(k.phone.Hangup(c.step()))
	c.must(leg.SetTone(agentTone(5)))
	c.must(k.caller.WaitTone(c.step(), agentTone(5)))
	c.must(k.caller.Hangup(c.step()))
	_, err = leg.WaitEnded(c.step())
	c.must(err)
	c.ended(k.number, outcome{queue.Answered, "a2", []string{"a1 answered", "a2 answered"}})
	c.waitAgent("a1", queue.Available)
	c.waitAgent("a2", queue.Available)

	// calld dies: the agent takes the customer back.
	k, leg, call = consult(3)
	c.waitWritten()
	c.kill()
	c.serve()
	c.login("a1")
	c.waitHeld(call.ID, true)
	a := c.rest("a1")
	c.eventually("the script to be back", func() error {
		return a.try("calls/"+call.ID+"/unhold", http.StatusNoContent)
	})
	c.hearEachOther(3, k)
	_, err = leg.WaitEnded(c.step())
	c.must(err)
	c.hangUp(k)
	c.ended(k.number, outcome{queue.Answered, "a1", []string{"a1 answered"}})
}
