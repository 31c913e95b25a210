//go:build e2e

package e2e

import (
	"testing"

	"calld/queue"
	"calld/test/lab"
)

// The oldest Asterisk that calld is made for loads the generated files and does
// the main job, also when calld is killed in the middle of it. It tells which trunks
// are away.
func TestAsterisk16(t *testing.T) {
	t.Parallel()
	p := onePlan(1)
	p.Version = lab.Asterisk16
	p.Files = trunksAway
	c := start(t, p)
	if got := c.pbx.Root.Major; got != lab.Asterisk16 {
		t.Fatalf("this is Asterisk %d", got)
	}
	c.refusesTrunksAway()
	c.loginAll("a1")
	c.waitGrownUp()
	first := c.talk(1, "a1")
	c.waitRecorded(c.waitCall(first.number, queue.Talking), callerTone(1), agentTone(1))
	c.hangUp(first)
	got := c.ended(first.number, outcome{queue.Answered, "a1", []string{"a1 answered"}})
	if got.Record == "" || got.Rings[0].Rang == nil {
		t.Errorf("history has %+v", got)
	}

	c.waitAgent("a1", queue.Available)
	second := c.talk(2, "a1")
	c.waitWritten()
	c.kill()
	waits := c.call(number1, lab.CallOptions{Number: callerNumber(3), Audio: true})
	c.must(waits.WaitTone(c.step(), lab.MusicTone))
	c.hearEachOther(2, second)
	c.serve()
	c.hangUp(second)
	c.ended(second.number, outcome{queue.Answered, "a1", []string{"a1 answered"}})
	c.login("a1")
	c.serveInOrder("a1", []string{callerNumber(3)}, []*lab.Leg{waits})
	c.waitHistory(3)
}
