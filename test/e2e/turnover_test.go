//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
	"testing"

	"calld/queue"
	"calld/test/lab"

	"github.com/google/go-cmp/cmp"
)

const busyNumber = "07099998888"

// oneIsBusy are customers who answer when they are told to, but for one.
func oneIsBusy(number string) lab.Behaviour {
	if number == busyNumber {
		return lab.Behaviour{Refuse: 486}
	}
	return patientCustomers(number)
}

// calledOut has an agent call a customer, who answers. Of the talk the caller is
// the customer.
func (c *centre) calledOut(n int, agent, number string) (talk, queue.Call) {
	c.t.Helper()
	call := c.dial(agent, number)
	rung, err := c.phone(agent).WaitRinging(c.step())
	c.must(err)
	c.must(rung.Answer(c.step()))
	customer := c.customer()
	c.must(customer.WaitRinging(c.step()))
	c.must(customer.Answer(c.step()))
	c.must(customer.SetTone(callerTone(n)))
	c.must(rung.SetTone(agentTone(n)))
	c.waitPhase(queue.Talking)
	k := talk{number: number1, caller: customer, phone: rung}
	c.hearEachOther(n, k)
	return k, call
}

// An agent holds the customer whom that agent has called, takes the customer
// back, twice, and hangs up while holding. Everything said is recorded.
func TestHoldOfACustomerCalled(t *testing.T) {
	t.Parallel()
	for _, version := range []int{lab.Asterisk22, lab.Asterisk16} {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			t.Parallel()
			p := onePlan(1)
			p.Version = version
			p.Customers = patientCustomers
			c := start(t, p)
			c.loginAll("a1")
			k, call := c.calledOut(1, "a1", "01098765432")
			a := c.rest("a1")
			for range 2 {
				c.hold(a, call.ID, k)
				a.post("calls/"+call.ID+"/unhold", nil, http.StatusNoContent)
				c.hearEachOther(1, k)
				c.waitHeld(call.ID, false)
			}
			c.hold(a, call.ID, k)
			c.must(k.phone.Hangup(c.step()))
			_, err := k.caller.WaitEnded(c.step())
			c.must(err)
			got := c.waitHistory(1)[0]
			c.check(got, outcome{queue.Answered, "a1", []string{"a1 answered"}})
			if got.Direction != queue.Out || got.Cause != "16 agent" || got.Callee != "01098765432" || got.TalkMS <= 0 {
				t.Errorf("history has %+v", got)
			}
			c.waitAgent("a1", queue.Available)
			c.quiet("0", "a1")
		})
	}
}

// An agent consults about the customer whom that agent has called: takes the
// customer back, hands the customer over; and the next agent consults a number outside.
func TestConsultAboutACustomerCalled(t *testing.T) {
	t.Parallel()
	for _, version := range []int{lab.Asterisk22, lab.Asterisk16} {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			t.Parallel()
			p := onePlan(2)
			p.Version = version
			p.Customers = patientCustomers
			c := start(t, p)
			c.loginAll("a1", "a2")
			k, call := c.calledOut(1, "a1", "01098765432")
			a1 := c.rest("a1")
			consult := func() (leg *lab.Leg) {
				var result string
				told := later(func() { result = a1.consult(call.ID, map[string]string{"agent": "a2"}) })
				leg = c.answer("a2", "8001")
				if told(); result != queue.TransferAnswered {
					t.Errorf("the consultation came to %q", result)
				}
				c.waitConsult(call.ID, isAnswered)
				c.must(leg.SetTone(agentTone(2)))
				c.must(k.phone.WaitTone(c.step(), agentTone(2)))
				c.must(k.caller.WaitTone(c.step(), lab.MusicTone))
				return leg
			}

			leg := consult()
			a1.outcome("calls/"+call.ID+"/transfer/cancel", nil)
			_, err := leg.WaitEnded(c.step())
			c.must(err)
			c.hearEachOther(1, k)
			c.waitAgent("a2", queue.Available)

			leg = consult()
			if got := a1.outcome("calls/"+call.ID+"/transfer/complete", nil); got != queue.TransferAnswered {
				t.Errorf("the completed consultation came to %q", got)
			}
			_, err = k.phone.WaitEnded(c.step())
			c.must(err)
			c.must(k.caller.WaitTone(c.step(), agentTone(2)))
			c.must(leg.WaitTone(c.step(), callerTone(1)))
			c.waitAgent("a1", queue.Available)
			k.phone = leg
			c.waitRecorded(c.waitPhase(queue.Talking), callerTone(1), agentTone(2))

			told := later(func() { c.rest("a2").consult(call.ID, map[string]string{"number": "07011112222"}) })
			far := c.customer()
			c.must(far.WaitRinging(c.step()))
			c.must(far.Answer(c.step()))
			told()
			c.must(k.phone.Hangup(c.step()))
			c.must(far.SetTone(agentTone(3)))
			c.must(k.caller.WaitTone(c.step(), agentTone(3)))
			c.must(k.caller.Hangup(c.step()))
			_, err = far.WaitEnded(c.step())
			c.must(err)
			got := c.waitHistory(1)[0]
			c.check(got, outcome{queue.Answered, "a2", []string{"a1 answered", "a2 answered"}})
			want := []string{"a1 a2 cancelled", "a1 a2 answered", "a2 07011112222 answered"}
			if diff := cmp.Diff(want, results(got)); diff != "" || got.Cause != "16 customer" {
				t.Errorf("cause %q, transfers (-want +got):\n%s", got.Cause, diff)
			}
			c.quiet("0", "a1", "a2")
		})
	}
}

// A customer who was called is handed to another agent; then to one who lets it
// ring, and comes back; then to a number outside that is busy.
func TestTransferOfACustomerCalled(t *testing.T) {
	t.Parallel()
	p := onePlan(2, `ring_timeout = "4s"`, `retry_pause = "0s"`)
	p.Customers = oneIsBusy
	c := start(t, p)
	c.loginAll("a1", "a2")
	k, call := c.calledOut(1, "a1", "01098765432")

	var result string
	answered := later(func() { result = c.rest("a1").transfer(call.ID, map[string]string{"agent": "a2"}, nil) })
	second, err := c.phone("a2").WaitRinging(c.step())
	c.must(err)
	if second.Number != "01098765432" {
		t.Errorf("the phone of a2 shows %q", second.Number)
	}
	c.must(second.Answer(c.step()))
	answered()
	if result != queue.TransferAnswered {
		t.Errorf("the transfer came to %q", result)
	}
	_, err = k.phone.WaitEnded(c.step())
	c.must(err)
	k.phone = second
	c.must(k.phone.SetTone(agentTone(2)))
	c.must(k.caller.WaitTone(c.step(), agentTone(2)))
	c.must(k.phone.WaitTone(c.step(), callerTone(1)))
	c.waitAgent("a1", queue.Available)
	c.waitAgent("a2", queue.AgentTalks)
	c.waitRecorded(c.waitPhase(queue.Talking), callerTone(1), agentTone(2))

	answered = later(func() { result = c.rest("a2").transfer(call.ID, map[string]string{"agent": "a1"}, nil) })
	_, err = c.phone("a1").WaitRinging(c.step())
	c.must(err)
	c.must(k.caller.WaitTone(c.step(), lab.MusicTone))
	answered()
	if result != queue.TransferNoAnswer {
		t.Errorf("the transfer came to %q", result)
	}
	k.phone, err = c.phone("a2").WaitRinging(c.step())
	c.must(err)
	c.must(k.phone.Answer(c.step()))
	c.must(k.phone.SetTone(agentTone(2)))
	c.must(k.caller.WaitTone(c.step(), agentTone(2)))

	if r := c.rest("a2").transfer(call.ID, map[string]string{"number": busyNumber}, nil); r != queue.TransferBusy {
		t.Errorf("the transfer to a busy number came to %q", r)
	}
	k.phone, err = c.phone("a2").WaitRinging(c.step())
	c.must(err)
	c.must(k.phone.Answer(c.step()))
	c.must(k.phone.SetTone(agentTone(2)))
	c.must(k.caller.WaitTone(c.step(), agentTone(2)))
	c.waitPhase(queue.Talking) // the tone may be that of the talk before
	c.must(k.caller.Hangup(c.step()))
	got := c.waitHistory(1)[0]
	c.check(got, outcome{queue.Answered, "a2", []string{"a1 answered", "a2 answered", "a1 no_answer", "a2 answered", "a2 answered"}})
	if diff := cmp.Diff([]string{"a1 a2 answered", "a2 a1 no_answer", "a2 " + busyNumber + " busy"}, results(got)); diff != "" || got.Cause != "16 customer" {
		t.Errorf("cause %q, transfers (-want +got):\n%s", got.Cause, diff)
	}
	if m := c.missed(); len(m) != 0 {
		t.Errorf("missed calls: %+v", m)
	}
}

// A number that is busy gives the customer back to the agent who has
// made the call.
func TestCustomerCalledComesBack(t *testing.T) {
	t.Parallel()
	p := onePlan(1)
	p.Customers = oneIsBusy
	c := start(t, p)
	c.loginAll("a1")
	k, call := c.calledOut(1, "a1", "01098765432")
	if r := c.rest("a1").transfer(call.ID, map[string]string{"number": busyNumber}, nil); r != queue.TransferBusy {
		t.Errorf("the transfer came to %q", r)
	}
	back, err := c.phone("a1").WaitRinging(c.step())
	c.must(err)
	c.must(back.Answer(c.step()))
	k.phone = back
	c.must(k.phone.SetTone(agentTone(1)))
	c.hearEachOther(1, k)
	c.must(k.phone.Hangup(c.step()))
	_, err = k.caller.WaitEnded(c.step())
	c.must(err)
	got := c.waitHistory(1)[0]
	c.check(got, outcome{queue.Answered, "a1", []string{"a1 answered", "a1 answered"}})
	c.waitAgent("a1", queue.Available)
}

// calld dies while a customer who was called is held: the agent takes the
// customer back when calld has come back.
func TestCustomerCalledIsHeldOverRestart(t *testing.T) {
	t.Parallel()
	p := onePlan(1)
	p.Customers = patientCustomers
	c := start(t, p)
	c.loginAll("a1")
	k, call := c.calledOut(1, "a1", "01098765432")
	c.holdOverRestart(call.ID, k)
	c.must(k.caller.Hangup(c.step()))
	_, err := k.phone.WaitEnded(c.step())
	c.must(err)
	got := c.waitHistory(1)[0]
	c.check(got, outcome{queue.Answered, "a1", []string{"a1 answered"}})
	c.waitAgent("a1", queue.Available)
}
