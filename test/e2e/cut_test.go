//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"calld/queue"
	"calld/test/lab"
)

// The connection to the manager interface is cut in the middle of calls. They
// go on by what the scripts tell, and everything is right again afterwards.
func TestAsteriskEventsAreCutOff(t *testing.T) {
	t.Parallel()
	c := start(t, onePlan(4))
	pages := c.loginAll("a1", "a2", "a3", "a4")
	ends := c.talk(1, "a1")
	ringing := c.call(number1, lab.CallOptions{Number: callerNumber(2), Tone: callerTone(2)})
	rung, err := c.phone("a2").WaitRinging(c.step())
	c.must(err)
	_, err = pages[1].WaitFor(c.step(), alertOf(callerNumber(2)))
	c.must(err)

	c.ami.sever()
	c.waitAsterisk(pages[0], "down")
	c.waitNotReady("asterisk")

	// A call that rang is answered.
	c.must(rung.SetTone(agentTone(2)))
	c.must(rung.Answer(c.step()))
	c.must(ringing.WaitAnswered(c.step()))
	c.hearEachOther(2, talk{caller: ringing, phone: rung})
	// A talk ends.
	c.hangUp(ends)
	c.ended(ends.number, outcome{queue.Answered, "a1", []string{"a1 answered"}})
	c.waitAgent("a1", queue.Available)
	// A new call is announced on the page and answered: a1 is free again.
	during := c.call(number1, lab.CallOptions{Number: callerNumber(3), Tone: callerTone(3)})
	_, err = pages[0].WaitFor(c.step(), alertOf(callerNumber(3)))
	c.must(err)
	k := talk{callerNumber(3), during, c.answer("a1", callerNumber(3))}
	c.must(k.phone.SetTone(agentTone(3)))
	c.hearEachOther(3, k)
	// A phone goes, without a word that could be heard.
	c.must(c.phone("a4").Unregister(c.step()))
	if got := c.agent("a4").State; got != queue.Available {
		t.Errorf("the agent whose phone went unheard is %s", got)
	}

	c.ami.mend()
	c.waitAsterisk(pages[0], "up")
	c.waitReady()
	c.waitAgent("a4", queue.PhoneAway)
	// What nobody told is found by looking.
	for _, number := range []string{callerNumber(2), callerNumber(3)} {
		c.waitCall(number, queue.Talking)
	}
	c.hangUp(k)
	c.hangUp(talk{caller: ringing, phone: rung})
	c.ended(k.number, outcome{queue.Answered, "a1", []string{"a1 answered"}})
	c.ended(callerNumber(2), outcome{queue.Answered, "a2", []string{"a2 answered"}})
	c.waitHistory(3)
	c.must(c.phone("a4").Register(c.step()))
	c.quiet("0", "a1", "a2", "a3", "a4")
}

// A whole call without the events of Asterisk, its caller waiting first: the
// times in the history are those of the talk.
func TestCallWithoutAsteriskEvents(t *testing.T) {
	t.Parallel()
	c := start(t, onePlan(1))
	page := c.loginAll("a1")[0]
	c.must(page.State(c.step(), "away", ""))
	leg := c.waiter(1)
	c.must(leg.WaitTone(c.step(), lab.MusicTone))
	c.ami.sever()
	c.waitAsterisk(page, "down")
	c.must(page.State(c.step(), "available", ""))
	k := talk{callerNumber(1), leg, c.answer("a1", callerNumber(1))}
	c.must(k.phone.SetTone(agentTone(1)))
	c.must(leg.WaitTone(c.step(), agentTone(1)))
	c.must(k.phone.Hangup(c.step()))
	_, err := leg.WaitEnded(c.step())
	c.must(err)
	got := c.ended(k.number, outcome{queue.Answered, "a1", []string{"a1 answered"}})
	if got.Start.Before(got.Rings[0].At) {
		t.Errorf("the talk began at %v, before the ringing at %v", got.Start, got.Rings[0].At)
	}
	c.waitAgent("a1", queue.Available)
}

// waitAsterisk waits until a page is told the state of the connection.
func (c *centre) waitAsterisk(page *lab.Agent, want string) {
	c.t.Helper()
	_, err := page.WaitFor(c.step(), func(m lab.Message) bool {
		var f struct{ Asterisk struct{ State string } }
		return m.Type == "asterisk.state" && m.Decode(&f) == nil && f.Asterisk.State == want
	})
	if err != nil {
		c.t.Fatalf("asterisk.state %s: %v", want, err)
	}
}

// waitNotReady waits until /readyz is red and says why.
func (c *centre) waitNotReady(why string) string {
	c.t.Helper()
	var text string
	c.eventually("readyz red because of "+why, func() error {
		status, body := c.readyz()
		if text = body; status != http.StatusServiceUnavailable || !strings.HasPrefix(body, why) {
			return fmt.Errorf("it is %d %s", status, body)
		}
		return nil
	})
	return text
}
