//go:build e2e

package e2e

import (
	"testing"

	"calld/queue"
	"calld/test/lab"
)

// Asterisk is restarted in the middle of everything: every call has failed,
// those nobody took are missed, and the next call works without anybody doing
// anything about it.
func TestAsteriskRestarts(t *testing.T) {
	t.Parallel()
	for name, restart := range map[string]func(*centre){
		// It hangs every channel up before it goes: scripts see hang-ups, and
		// a moment later comes the event Shutdown.
		"in good order": func(c *centre) { c.must(c.pbx.Restart(c.step())) },
		// It hangs nothing up: connections break, and its age tells.
		"by a crash": func(c *centre) {
			c.must(c.pbx.Kill())
			c.must(c.pbx.Restart(c.step()))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := start(t, onePlan(3))
			pages := c.loginAll("a1", "a2", "a3")
			c.must(pages[2].State(c.step(), "away", "점심"))
			c.talk(1, "a1")
			c.call(number1, lab.CallOptions{Number: callerNumber(2)})
			_, err := c.phone("a2").WaitRinging(c.step())
			c.must(err)
			c.waitCall(callerNumber(2), queue.Ringing)
			c.waiter(3)

			restart(c)
			c.waitAsterisk(pages[0], "down")
			c.waitAsterisk(pages[0], "up")
			c.ended(callerNumber(1), outcome{queue.Failed, "a1", []string{"a1 answered"}})
			for _, number := range []string{callerNumber(2), callerNumber(3)} {
				// Phones that Asterisk hangs up look like refusals: who was
				// rung for what at the end is chance.
				got := c.record(number)
				c.check(got, outcome{queue.Failed, "", rings(got)})
			}
			c.waitHistory(3)
			missed := map[string]queue.Outcome{}
			for _, m := range c.missed() {
				missed[m.Caller] = m.LastOutcome
			}
			if len(missed) != 2 || missed[callerNumber(2)] != queue.Failed || missed[callerNumber(3)] != queue.Failed {
				t.Errorf("missed calls: %v", missed)
			}
			c.waitReady()
			c.waitAgent("a1", queue.Available)
			c.waitAgent("a2", queue.Available)
			c.waitAgent("a3", queue.Away)
			c.hangUp(c.talk(4, "a1"))
			c.ended(callerNumber(4), outcome{queue.Answered, "a1", []string{"a1 answered"}})
		})
	}
}

// A channel that the admin hangs up at Asterisk's console is no failure.
func TestChannelHungUpAtTheConsole(t *testing.T) {
	t.Parallel()
	c := start(t, onePlan(1))
	leg := c.waiter(1)
	_, err := c.pbx.CLI(c.step(), "channel request hangup "+c.waitCall(callerNumber(1), queue.Waiting).Channel)
	c.must(err)
	_, err = leg.WaitEnded(c.step())
	c.must(err)
	c.ended(callerNumber(1), outcome{queue.Abandoned, "", []string{}})
	c.quiet("0")
}
