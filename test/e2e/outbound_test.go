//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"strings"
	"testing"
	"time"

	"calld/queue"
	"calld/store"
	"calld/test/lab"
)

// post sends a request to the running server over its admin socket.
func (c *centre) post(path string, body, into any) (status int) {
	c.t.Helper()
	text, err := json.Marshal(body)
	c.must(err)
	req, err := http.NewRequestWithContext(c.step(), http.MethodPost, "http://calld"+path, bytes.NewReader(text))
	c.must(err)
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.admin.Do(req)
	c.must(err)
	defer resp.Body.Close()
	text, err = io.ReadAll(resp.Body)
	c.must(err)
	if into != nil && len(text) > 0 {
		c.must(json.Unmarshal(text, into))
	}
	return resp.StatusCode
}

// dial has an agent call a customer.
func (c *centre) dial(agent, number string) queue.Call {
	c.t.Helper()
	var call queue.Call
	status := c.post("/api/v1/calls", map[string]string{"agent": agent, "number": number, "queue": "123456"}, &call)
	if status != http.StatusAccepted {
		c.t.Fatalf("%s can't call %s: status %d, %+v", agent, number, status, call)
	}
	return call
}

// refused has an agent call a customer, which must not be possible.
func (c *centre) refused(agent, number, code string) {
	c.t.Helper()
	var p struct{ Code, Detail string }
	if c.post("/api/v1/calls", map[string]string{"agent": agent, "number": number, "queue": "123456"}, &p); p.Code != code {
		c.t.Errorf("%s calls %s: %+v, want %s", agent, number, p, code)
	}
}

// customer is the next call to a customer.
func (c *centre) customer() *lab.Leg {
	c.t.Helper()
	select {
	case l := <-c.called:
		return l
	case <-c.step().Done():
		c.t.Fatal("no customer is called")
		return nil
	}
}

// patientCustomers answer when they are told to.
func patientCustomers(string) lab.Behaviour { return lab.Behaviour{Audio: true} }

// An agent calls a customer: first the agent's phone rings, then the
// customer's, which shows the queue's number. They hear each other, both are
// recorded, and the history has the call.
func TestAgentCallsACustomer(t *testing.T) {
	t.Parallel()
	p := onePlan(2, `wrapup = "2s"`)
	p.Customers = patientCustomers
	c := start(t, p)
	page := c.loginAll("a1", "a2")[0]

	call := c.dial("a1", "010-9876-5432")
	if call.Direction != queue.Out || call.Phase != queue.Ringing || call.Callee != "01098765432" || call.Agent != "a1" {
		t.Errorf("the order was answered with %+v", call)
	}
	rung, err := c.phone("a1").WaitRinging(c.step())
	c.must(err)
	if rung.Number != "01098765432" {
		t.Errorf("the agent's phone shows %q", rung.Number)
	}
	_, err = page.WaitFor(c.step(), func(m lab.Message) bool {
		return m.Type == "call.ringing" && strings.Contains(string(m.Raw), `"rang"`)
	})
	c.must(err)
	c.waitAgent("a1", queue.AgentRings)
	c.refused("a1", "01011112222", "agent_busy")
	c.must(rung.SetTone(1000))
	c.must(rung.Answer(c.step()))
	customer := c.customer()
	c.waitPhase(queue.Dialling)
	c.waitAgent("a1", queue.AgentTalks)
	if customer.Number != number1 || customer.Name != "" || customer.Dialled != "01098765432" {
		t.Errorf("the customer %s sees a call of %q <%s>", customer.Dialled, customer.Name, customer.Number)
	}
	c.must(customer.WaitRinging(c.step()))
	c.must(customer.SetTone(440))
	c.must(customer.Answer(c.step()))
	_, err = page.WaitType(c.step(), "call.answered")
	c.must(err)
	live := c.waitPhase(queue.Talking)
	c.must(page.Memo(c.step(), live.ID, "다시 걸었음", "안내"))
	c.must(rung.WaitTone(c.step(), 440))
	c.must(customer.WaitTone(c.step(), 1000))
	c.waitRecorded(live, 440, 1000)
	c.must(customer.Hangup(c.step()))
	_, err = rung.WaitEnded(c.step())
	c.must(err)
	c.waitAgent("a1", queue.AgentWrapup)

	got := c.waitHistory(1)[0]
	c.check(got, outcome{queue.Answered, "a1", []string{"a1 answered"}})
	if got.Direction != queue.Out || got.Caller != number1 || got.Callee != "01098765432" || got.Cause != "16 customer" ||
		got.Start == nil || got.Start.Before(*got.Rings[0].End) || got.TalkMS <= 0 || got.Memo != "다시 걸었음" {
		t.Errorf("history has %+v", got)
	}
	file, err := os.ReadFile(c.pbx.InRoot(c.pbx.Recordings + "/" + got.Record))
	c.must(err)
	voices, err := lab.ParseWAV(file)
	c.must(err)
	if a, b := lab.ToneLevel(voices, 440), lab.ToneLevel(voices, 1000); a < 0.2 || b < 0.2 {
		t.Errorf("the recording of %d samples has the customer's voice at %.2f, the agent's at %.2f", len(voices), a, b)
	}
	c.quiet("0", "a1")
	if m := c.missed(); len(m) != 0 {
		t.Errorf("missed calls: %+v", m)
	}
}

// Each way in which a customer is not reached.
func TestCustomerIsNotReached(t *testing.T) {
	t.Parallel()
	p := onePlan(2, `ring_timeout = "2s"`, `wrapup = "1h"`)
	p.NoPhones = []string{"a2"}
	p.Customers = func(number string) lab.Behaviour {
		var status int
		if _, err := fmt.Sscanf(number, "010%d", &status); err != nil || status == 0 {
			return lab.Behaviour{}
		}
		return lab.Behaviour{Refuse: status}
	}
	c := start(t, p)
	c.loginAll("a1")
	c.login("a2")
	c.waitAgent("a2", queue.PhoneAway)

	answers, patient := lab.Behaviour{Answer: true, Audio: true}, lab.Behaviour{Audio: true}
	tests := []struct {
		name, number string
		phone        lab.Behaviour
		meanwhile    func()
		outcome      queue.Outcome
		cause, ring  string
	}{
		{"busy", "010486", answers, nil, queue.Failed, "17 busy", "answered"},
		{"no such number", "010404", answers, nil, queue.Failed, "1 unallocated", "answered"},
		{"declined", "010603", answers, nil, queue.Failed, "21 rejected", "answered"},
		{"no answer by the network", "010480", answers, nil, queue.Failed, "19 no_answer", "answered"},
		{"congestion", "010503", answers, nil, queue.Failed, "34 congestion", "answered"},
		{"agent lets it ring", "01000000", patient, nil, queue.Failed, "agent_no_answer", "no_answer"},
		{"agent refuses at once", "01000000", lab.Behaviour{Refuse: 603}, nil, queue.Failed, "agent_refused", "refused"},
		{"agent gives up", "01000000", answers, func() {
			c.must(c.customer().WaitRinging(c.step()))
			c.waitPhase(queue.Dialling)
			c.must(c.phone("a1").Hangup(c.step()))
		}, queue.Abandoned, "agent", "answered"},
		{"agent gives up on the page", "01000000", answers, func() {
			c.must(c.customer().WaitRinging(c.step()))
			c.post("/api/v1/calls/"+c.waitPhase(queue.Dialling).ID+"/hangup", nil, nil)
		}, queue.Abandoned, "16 agent", "answered"},
		{"agent gives up before the phone is answered", "01000000", patient, func() {
			_, err := c.phone("a1").WaitRinging(c.step())
			c.must(err)
			c.post("/api/v1/calls/"+c.waitPhase(queue.Ringing).ID+"/hangup", nil, nil)
		}, queue.Failed, "agent_refused", "refused"},
	}
	for i, tt := range tests {
		c.phone("a1").Behave(tt.phone)
		c.dial("a1", tt.number)
		if tt.meanwhile != nil {
			tt.meanwhile()
		} else if tt.phone.Answer {
			c.customer()
		}
		got := c.waitHistory(i + 1)[i]
		if got.Outcome != tt.outcome || got.Cause != tt.cause || got.Start != nil || got.Record != "" || string(got.Rings[0].Result) != tt.ring {
			t.Errorf("%s: %s, cause %q, ring %s: %+v", tt.name, got.Outcome, got.Cause, got.Rings[0].Result, got)
		}
		c.quiet("0", "a1")
		c.phoneFree("a1")
	}
	c.refused("a2", "01011112222", "phone_unreachable")
	c.refused("nobody", "01011112222", "invalid_request")
	c.refused("a1", "0101111&PJSIP/8002", "invalid_request")
	if m := c.missed(); len(m) != 0 {
		t.Errorf("missed calls: %+v", m)
	}
}

// phoneFree waits until Asterisk shows the phone of an agent free.
func (c *centre) phoneFree(agent string) {
	c.t.Helper()
	c.eventually("the phone of "+agent+" free", func() error {
		if got := c.agent(agent); got.Device != queue.PhoneIdle {
			return fmt.Errorf("it is %s", got.Device)
		}
		return nil
	})
}

// An inbound caller and an outbound call never get the same agent.
func TestAgentWhoCallsIsNotRung(t *testing.T) {
	t.Parallel()
	p := onePlan(1)
	p.Customers = patientCustomers
	c := start(t, p)
	c.loginAll("a1")
	c.dial("a1", "01098765432")
	rung, err := c.phone("a1").WaitRinging(c.step())
	c.must(err)
	inbound := c.waiter(1)
	c.must(rung.Answer(c.step()))
	customer := c.customer()
	c.must(customer.WaitRinging(c.step()))
	c.must(customer.Answer(c.step()))
	c.waitAgent("a1", queue.AgentTalks)
	c.must(inbound.WaitTone(c.step(), lab.MusicTone))
	c.must(rung.Hangup(c.step()))
	if _, err := customer.WaitEnded(c.step()); err != nil {
		t.Fatal(err)
	}
	// Free again, the agent gets who has waited.
	c.answer("a1", callerNumber(1))
	c.must(inbound.WaitAnswered(c.step()))
	c.must(inbound.Hangup(c.step()))
	calls := c.waitHistory(2)
	if got := calls[0]; got.Direction != queue.Out || got.Cause != "16 agent" {
		t.Errorf("history has %+v", got)
	}
	c.quiet("0", "a1")
}

// calld goes down while agents call out: talks go on, and each call gets its
// true end.
func TestOutboundCallsSurviveCalld(t *testing.T) {
	t.Parallel()
	p := onePlan(4)
	p.Customers = patientCustomers
	c := start(t, p)
	c.loginAll("a1", "a2", "a3", "a4")
	c.waitGrownUp()
	type pair struct{ phone, customer *lab.Leg }
	call := func(agent, number string, answer bool) pair {
		c.dial(agent, number)
		rung, err := c.phone(agent).Answer(c.step())
		c.must(err)
		customer := c.customer()
		c.must(customer.WaitRinging(c.step()))
		if answer {
			c.must(customer.Answer(c.step()))
			c.must(rung.WaitTalking(c.step()))
		}
		return pair{rung, customer}
	}
	stays, ends := call("a1", "01000000001", true), call("a2", "01000000002", true)
	answered, busy := call("a3", "01000000003", false), call("a4", "01000000004", false)
	for _, number := range []string{"01000000001", "01000000002"} {
		c.waitOut(number, queue.Talking)
	}
	for _, number := range []string{"01000000003", "01000000004"} {
		c.waitOut(number, queue.Dialling)
	}
	c.waitWritten()

	c.kill()
	c.must(ends.customer.Hangup(c.step()))
	_, err := ends.phone.WaitEnded(c.step())
	c.must(err)
	c.must(answered.customer.Answer(c.step()))
	c.must(busy.customer.Reject(c.step(), 486))
	_, err = busy.phone.WaitEnded(c.step())
	c.must(err)
	c.serve()
	for _, a := range []string{"a1", "a2", "a3", "a4"} {
		c.login(a)
	}
	c.waitOut("01000000001", queue.Talking)
	c.waitOut("01000000003", queue.Talking)
	c.waitAgent("a1", queue.AgentTalks)
	c.waitAgent("a2", queue.Available)
	c.waitAgent("a3", queue.AgentTalks)
	c.waitAgent("a4", queue.Available)
	c.must(stays.phone.SetTone(1000))
	c.must(stays.customer.WaitTone(c.step(), 1000))
	c.must(stays.customer.Hangup(c.step()))
	c.must(answered.phone.Hangup(c.step()))
	c.waitCalls(0)
	got := map[string]queue.Call{}
	for _, k := range c.waitHistory(4) {
		got[k.Callee] = k
	}
	for number, want := range map[string]queue.Outcome{
		"01000000001": queue.Answered, "01000000002": queue.Answered, "01000000003": queue.Answered, "01000000004": queue.Abandoned,
	} {
		if k := got[number]; k.Outcome != want || k.Direction != queue.Out {
			t.Errorf("%s: %+v, want %s", number, k, want)
		}
	}
	if k := got["01000000001"]; k.Cause != "16 customer" || k.TalkMS <= int64(time.Second/time.Millisecond)/10 {
		t.Errorf("the talk that went on: %+v", k)
	}
}

// waitOut waits until the live call to a customer is in a phase.
func (c *centre) waitOut(number string, want queue.Phase) {
	c.t.Helper()
	c.eventually("the call to "+number+" "+string(want), func() error {
		for _, k := range c.calls() {
			if k.Callee == number {
				if k.Phase == want {
					return nil
				}
				return fmt.Errorf("it is %s", k.Phase)
			}
		}
		return fmt.Errorf("there is none")
	})
}

// as asks the server as an agent does who has logged in on a page.
func (c *centre) as(agent, method, path string, into any) (status int) {
	c.t.Helper()
	jar, err := cookiejar.New(nil)
	c.must(err)
	client := http.Client{Jar: jar}
	login, err := json.Marshal(map[string]string{"id": agent, "password": "pw-" + agent})
	c.must(err)
	resp, err := client.Post(c.url("/api/v1/session"), "application/json", bytes.NewReader(login))
	c.must(err)
	resp.Body.Close()
	req, err := http.NewRequestWithContext(c.step(), method, c.url(path), http.NoBody)
	c.must(err)
	resp, err = client.Do(req)
	c.must(err)
	defer resp.Body.Close()
	if into != nil {
		c.must(json.NewDecoder(resp.Body).Decode(into))
	}
	return resp.StatusCode
}

// A missed call is called back: in vain at first, then by an agent whom nobody
// gets in the way of, until the customer is reached.
func TestMissedCallIsCalledBack(t *testing.T) {
	t.Parallel()
	p := onePlan(2, `max_wait = "3s"`)
	p.Customers = patientCustomers
	c := start(t, p)
	c.loginAll("a1", "a2")
	c.must(c.awayAll("a1", "a2"))
	leg := c.call(number1, lab.CallOptions{Number: "01098765432"})
	_, err := leg.WaitEnded(c.step())
	c.must(err)
	c.waitHistory(1)
	back := "/api/v1/missed/" + c.missed()[0].ID + "/callback"

	callBack := func() *lab.Leg {
		var call queue.Call
		if status := c.as("a1", http.MethodPost, back, &call); status != http.StatusAccepted || call.Callee != "01098765432" {
			t.Fatalf("call back: %d %+v", status, call)
		}
		var p struct{ Code string }
		if status := c.as("a2", http.MethodPost, back, &p); status != http.StatusConflict || p.Code != "claimed_by_other" {
			t.Errorf("a2 calls back too: %d %+v", status, p)
		}
		_, err := c.phone("a1").Answer(c.step())
		c.must(err)
		customer := c.customer()
		c.must(customer.WaitRinging(c.step()))
		if m := c.missed(); len(m) != 1 || m[0].Owner != "a1" {
			t.Errorf("missed while called back: %+v", m)
		}
		return customer
	}
	c.must(callBack().Reject(c.step(), 486))
	c.waitHistory(2)
	c.eventually("the entry free again", func() error {
		if m := c.missed(); len(m) != 1 || m[0].Owner != "" || m[0].Callbacks != 1 || m[0].LastCallback.Cause != "17 busy" {
			return fmt.Errorf("%+v", m)
		}
		return nil
	})
	c.phoneFree("a1")
	customer := callBack()
	c.must(customer.Answer(c.step()))
	c.eventually("the entry resolved", func() error {
		if m := c.missed(); len(m) != 0 {
			return fmt.Errorf("%+v", m)
		}
		return nil
	})
	var page store.MissedPage
	c.ask("/api/v1/missed?state=resolved", &page)
	if r := page.Missed[0].Resolved; r == nil || r.By != "a1" || r.Reason != store.ReasonReached {
		t.Errorf("resolved: %+v", page.Missed[0])
	}
	c.must(customer.Hangup(c.step()))
	c.waitHistory(3)
	c.waitAgent("a1", queue.Away)
}

// awayAll sets agents away.
func (c *centre) awayAll(agents ...string) error {
	for _, a := range agents {
		req, err := http.NewRequestWithContext(c.step(), http.MethodPut, "http://calld/api/v1/agents/"+a+"/state",
			strings.NewReader(`{"state":"away"}`))
		if err != nil {
			return err
		}
		req.Header.Set("Content-Type", "application/json")
		resp, err := c.admin.Do(req)
		if err != nil {
			return err
		}
		resp.Body.Close()
		c.waitAgent(a, queue.Away)
	}
	return nil
}
