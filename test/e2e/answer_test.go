//go:build e2e

package e2e

import (
	"testing"

	"calld/queue"
	"calld/test/lab"
)

// The main job: a customer calls, hears the announcement, an agent's phone
// rings and the agent's page is told, they talk, and the call is found in the
// history with its recording.
func TestCallerReachesAnAgent(t *testing.T) {
	c := start(t, onePlan(1))
	page := c.loginAll("a1")[0]

	leg := c.call(number1, lab.CallOptions{Number: "01012345678", Name: "김철수", Tone: 440})
	rung, err := c.phone("a1").WaitRinging(c.step())
	c.must(err)
	alert, err := page.WaitType(c.step(), "call.ringing")
	c.must(err)
	t.Logf("alert: %s", alert.Raw)
	c.must(rung.SetTone(1000))
	c.must(rung.Answer(c.step()))
	c.must(leg.WaitAnswered(c.step()))
	_, err = page.WaitType(c.step(), "call.answered")
	c.must(err)
	c.must(rung.WaitTone(c.step(), 440))
	c.must(leg.WaitTone(c.step(), 1000))
	c.must(leg.Hangup(c.step()))
	_, err = page.WaitType(c.step(), "call.ended")
	c.must(err)

	got := c.waitHistory(1)[0]
	if got.Outcome != queue.Answered || got.Agent != "a1" || got.Caller != "01012345678" || got.CallerName != "김철수" ||
		got.Start == nil || got.TalkMS <= 0 || got.Record == "" {
		t.Errorf("history has %+v", got)
	}
	if m := c.missed(); len(m) != 0 {
		t.Errorf("missed calls: %+v", m)
	}
}
