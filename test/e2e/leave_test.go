//go:build e2e

package e2e

import (
	"testing"

	"calld/queue"
	"calld/test/lab"
)

// The customer leaves while the announcement plays.
func TestCallerLeavesInTheAnnouncement(t *testing.T) {
	t.Parallel()
	p := onePlan(1)
	p.Announcement = tone(t, announcementTone, longAnnouncement)
	c := start(t, p)
	c.loginAll("a1")
	leg := c.call(number1, lab.CallOptions{Number: "01011112222", Audio: true})
	c.must(leg.WaitTone(c.step(), announcementTone))
	c.must(leg.Hangup(c.step()))
	c.check(c.waitHistory(1)[0], outcome{queue.Abandoned, "", []string{}})
	c.missedOnce("01011112222", queue.Abandoned)
}

func TestCallerLeavesWhileWaiting(t *testing.T) {
	t.Parallel()
	c := start(t, onePlan(1))
	page := c.loginAll("a1")[0]
	c.must(page.State(c.step(), "away", "점심"))
	leg := c.call(number1, lab.CallOptions{Number: "01011112222", Audio: true})
	c.must(leg.WaitTone(c.step(), lab.MusicTone))
	c.must(leg.Hangup(c.step()))
	got := c.waitHistory(1)[0]
	c.check(got, outcome{queue.Abandoned, "", []string{}})
	if got.Record != "" {
		t.Errorf("a call without a conversation has the recording %q", got.Record)
	}
	c.missedOnce("01011112222", queue.Abandoned)
}

// The number comes with line breaks, which Asterisk would write into AGI and the
// manager's events, where the caller could go on with events of his own.
func TestCallerLeavesWhileRinging(t *testing.T) {
	t.Parallel()
	c := start(t, onePlan(1))
	page := c.loginAll("a1")[0]
	leg := c.call(number1, lab.CallOptions{Number: "0101111%0D%0A%0D%0A2222"})
	rung, err := c.phone("a1").WaitRinging(c.step())
	c.must(err)
	if rung.Number != "01011112222" {
		t.Errorf("the agent's phone shows %q", rung.Number)
	}
	c.must(leg.Cancel(c.step()))
	c.check(c.waitHistory(1)[0], outcome{queue.Abandoned, "", []string{"a1 caller_left"}})
	c.missedOnce("01011112222", queue.Abandoned)
	_, err = page.WaitType(c.step(), "missed.changed")
	c.must(err)
	c.waitAgent("a1", queue.Available)
}

func TestCallerLeavesInTheTalk(t *testing.T) {
	t.Parallel()
	c := start(t, onePlan(1))
	c.loginAll("a1")
	leg := c.call(number1, lab.CallOptions{Number: "01011112222"})
	_, err := c.phone("a1").Answer(c.step())
	c.must(err)
	c.must(leg.WaitAnswered(c.step()))
	c.must(leg.Hangup(c.step()))
	got := c.waitHistory(1)[0]
	c.check(got, outcome{queue.Answered, "a1", []string{"a1 answered"}})
	if got.Cause != "16 caller" {
		t.Errorf("the cause is %q, want that the caller ended the talk", got.Cause)
	}
	c.waitAgent("a1", queue.Available)
}

// missedOnce checks that the only missed call is one try of the number.
func (c *centre) missedOnce(number string, o queue.Outcome) {
	c.t.Helper()
	m := c.missed()
	if len(m) != 1 || m[0].Caller != number || m[0].LastOutcome != o || m[0].Tries != 1 {
		c.t.Errorf("missed calls are %+v, want one %s by %s", m, o, number)
	}
}
