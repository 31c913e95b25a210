//go:build e2e

package e2e

import (
	"testing"

	"calld/queue"
	"calld/test/lab"
)

// The lower level first, VIPs before others, a blocked caller never, and a
// caller back to the agent of the last talk.
func TestWhoIsServedFirst(t *testing.T) {
	t.Parallel()
	p := onePlan(2, `levels = { a1 = 2 }`, `sticky = "1d"`)
	p.Callers = "vip = [\"0101234*\"]\nblocked = [\"060-700*\"]"
	c := start(t, p)
	c.loginAll("a1", "a2")
	first := c.talk(1, "a2")
	second := c.talk(2, "a1")
	ordinary := c.waiter(3)
	vip := c.call(number1, lab.CallOptions{Number: "01012345678", Audio: true})
	if got := c.waitCall("01012345678", queue.Waiting); !got.VIP {
		t.Errorf("no VIP: %+v", got)
	}
	blocked := c.call(number1, lab.CallOptions{Number: "060700111"})
	end, err := blocked.WaitEnded(c.step())
	c.must(err)
	if end.Status == 200 {
		t.Errorf("the blocked call was answered: %+v", end)
	}
	c.ended("060700111", outcome{queue.Blocked, "", []string{}})
	if missed := c.missed(); len(missed) > 0 {
		t.Errorf("missed: %+v", missed)
	}

	c.hangUp(first)
	c.serveInOrder("a2", []string{"01012345678", callerNumber(3)}, []*lab.Leg{vip, ordinary})
	c.hangUp(second)
	c.record(second.number)
	c.waitAgent("a1", queue.Available)
	c.waitAgent("a2", queue.Available)
	// a1 is of level 2, but has talked with the second caller last.
	again := c.call(number1, lab.CallOptions{Number: callerNumber(2), Audio: true})
	rung := c.answer("a1", callerNumber(2))
	c.must(again.WaitAnswered(c.step()))
	c.hangUp(talk{callerNumber(2), again, rung})
}
