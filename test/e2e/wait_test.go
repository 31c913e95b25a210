//go:build e2e

package e2e

import (
	"fmt"
	"testing"

	"calld/queue"
	"calld/test/lab"
)

func TestNobodyLoggedIn(t *testing.T) {
	t.Parallel()
	c := start(t, onePlan(1, `no_agent_wait = "2s"`))
	leg := c.call(number1, lab.CallOptions{Number: "01011112222"})
	_, err := leg.WaitEnded(c.step())
	c.must(err)
	c.check(c.waitHistory(1)[0], outcome{queue.NoAgent, "", []string{}})
	c.missedOnce("01011112222", queue.NoAgent)
}

// An agent whose phone is not registered is unreachable and not rung; the call
// goes to the agent who logs in next.
func TestPhoneNotRegistered(t *testing.T) {
	t.Parallel()
	p := onePlan(2)
	p.NoPhones = []string{"a1"}
	c := start(t, p)
	c.login("a1")
	c.waitAgent("a1", queue.PhoneAway)
	leg := c.call(number1, lab.CallOptions{Number: "01011112222", Audio: true})
	c.must(leg.WaitTone(c.step(), lab.MusicTone))
	c.login("a2")
	_, err := c.phone("a2").Answer(c.step())
	c.must(err)
	c.waitPhase(queue.Talking) // the caller was answered long ago, for the music
	c.must(leg.Hangup(c.step()))
	c.check(c.waitHistory(1)[0], outcome{queue.Answered, "a2", []string{"a2 answered"}})

	c.must(c.phone("a1").Register(c.step()))
	c.waitAgent("a1", queue.Available)
	c.must(c.phone("a1").Unregister(c.step()))
	c.waitAgent("a1", queue.PhoneAway)
}

func TestRingTimeoutThenMaxWait(t *testing.T) {
	t.Parallel()
	c := start(t, onePlan(1, `ring_timeout = "2s"`, `max_wait = "6s"`))
	c.loginAll("a1")
	leg := c.call(number1, lab.CallOptions{Number: "01011112222"})
	_, err := leg.WaitEnded(c.step())
	c.must(err)
	got := c.waitHistory(1)[0]
	c.check(got, outcome{queue.Timeout, "", []string{"a1 no_answer"}})
	if got.WaitMS < 6000 || got.WaitMS > 7500 {
		t.Errorf("the caller waited %d ms, max_wait is 6 s", got.WaitMS)
	}
	c.missedOnce("01011112222", queue.Timeout)
}

func TestQueueFull(t *testing.T) {
	t.Parallel()
	c := start(t, onePlan(1, `max_waiting = 1`))
	page := c.loginAll("a1")[0]
	c.must(page.State(c.step(), "away", "교육"))
	first := c.call(number1, lab.CallOptions{Number: "01000000001"})
	c.waitPhase(queue.Waiting)
	second := c.call(number1, lab.CallOptions{Number: "01000000002"})
	_, err := second.WaitEnded(c.step())
	c.must(err)
	c.check(c.waitHistory(1)[0], outcome{queue.Full, "", []string{}})
	c.missedOnce("01000000002", queue.Full)
	if got := c.waitPhase(queue.Waiting); got.Caller != "01000000001" {
		t.Errorf("%s waits", got.Caller)
	}
	c.must(first.Hangup(c.step()))
}

// Several callers, one agent: they are served in the order in which they came.
func TestCallersAreServedInOrder(t *testing.T) {
	t.Parallel()
	c := start(t, onePlan(1))
	page := c.loginAll("a1")[0]
	c.must(page.State(c.step(), "away", ""))
	const callers = 4
	legs := make([]*lab.Leg, callers)
	for i := range callers {
		legs[i] = c.call(number1, lab.CallOptions{Number: fmt.Sprintf("0100000000%d", i)})
		c.waitCalls(i + 1)
	}
	c.must(page.State(c.step(), "available", ""))
	for i := range callers {
		rung, err := c.phone("a1").WaitRinging(c.step())
		c.must(err)
		if want := fmt.Sprintf("0100000000%d", i); rung.Number != want {
			t.Errorf("caller %s is served in place %d", rung.Number, i)
		}
		c.must(rung.Answer(c.step()))
		c.must(legs[i].WaitAnswered(c.step()))
		c.must(legs[i].Hangup(c.step()))
		_, err = rung.WaitEnded(c.step())
		c.must(err)
	}
	c.waitHistory(callers)
}

// An agent in two queues is rung for one call at a time, and for the caller
// who came first, whatever the queue.
func TestAgentInTwoQueues(t *testing.T) {
	t.Parallel()
	p := plan{
		Queues: []queuePlan{{ID: "q1", Name: "하나", Number: number1}, {ID: "q2", Name: "둘", Number: number2}},
		Agents: []agentPlan{{ID: "a1", Queues: []string{"q1", "q2"}, Phone: "8001"}},
	}
	c := start(t, p)
	page := c.loginAll("a1")[0]
	c.must(page.State(c.step(), "away", ""))
	order := []string{number2, number1, number2}
	legs := make([]*lab.Leg, len(order))
	for i, number := range order {
		legs[i] = c.call(number, lab.CallOptions{Number: fmt.Sprintf("0100000000%d", i)})
		c.waitCalls(i + 1)
	}
	c.must(page.State(c.step(), "available", ""))
	for i := range order {
		rung, err := c.phone("a1").WaitRinging(c.step())
		c.must(err)
		if want := fmt.Sprintf("0100000000%d", i); rung.Number != want {
			t.Errorf("caller %s is served in place %d", rung.Number, i)
		}
		ringing := 0
		for _, call := range c.calls() {
			if call.Phase == queue.Ringing {
				ringing++
			}
		}
		if ringing != 1 {
			t.Errorf("the agent is offered to %d calls at once", ringing)
		}
		c.must(rung.Answer(c.step()))
		c.must(legs[i].WaitAnswered(c.step()))
		c.must(legs[i].Hangup(c.step()))
		_, err = rung.WaitEnded(c.step())
		c.must(err)
	}
	c.waitHistory(len(order))
}

// A number that is no queue's is left to the admin's dialplan.
func TestUnknownNumberIsLeftToTheDialplan(t *testing.T) {
	t.Parallel()
	c := start(t, onePlan(1))
	leg := c.call("0299999999", lab.CallOptions{Number: "01011112222", Audio: true})
	c.must(leg.WaitTone(c.step(), lab.UnknownTone))
	c.must(leg.Hangup(c.step()))
	if calls := c.history(); len(calls) != 0 {
		t.Errorf("the history has %+v", calls)
	}
}

// When calld has finished with a call that the admin's dialplan gave to it, that
// goes on, and may give it to calld again: a new call, which the end of the
// first does not concern.
func TestTheDialplanGoesOn(t *testing.T) {
	t.Parallel()
	p := onePlan(1)
	p.Files = map[string]string{"extensions_test.conf": "[calld-inbound](+)\nexten => 7000,1,Gosub(calld-inbound," + number1 + ",1)\n" +
		" same => n,Gosub(calld-inbound," + number1 + ",1)\n" +
		fmt.Sprintf(" same => n,ExecIf($[\"${CALLD_RESULT}\" = \"ANSWERED\"]?Playtones(%d))\n same => n,Wait(60)\n", targetTone)}
	c := start(t, p)
	c.loginAll("a1")
	leg := c.call("7000", lab.CallOptions{Number: "01011112222", Audio: true})
	for range 2 {
		rung, err := c.phone("a1").Answer(c.step())
		c.must(err)
		c.waitPhase(queue.Talking)
		c.must(rung.Hangup(c.step()))
		_, err = rung.WaitEnded(c.step())
		c.must(err)
	}
	c.must(leg.WaitTone(c.step(), targetTone))
	c.must(leg.Hangup(c.step()))
	for _, call := range c.waitHistory(2) {
		c.check(call, outcome{queue.Answered, "a1", []string{"a1 answered"}})
	}
}

// waitCalls waits until there are n live calls.
func (c *centre) waitCalls(n int) []queue.Call {
	c.t.Helper()
	var calls []queue.Call
	c.eventually(fmt.Sprintf("%d live calls", n), func() error {
		if calls = c.calls(); len(calls) != n {
			return fmt.Errorf("there are %d", len(calls))
		}
		return nil
	})
	return calls
}
