//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"calld/queue"
	"calld/store"
	"calld/test/lab"
)

// Who presses the key and hangs up is called back at that place, before one who
// came later and has stayed: first the agent's phone rings, then the customer's.
// It outlives a crash of calld.
func TestCalledBackAtTheSamePlace(t *testing.T) {
	t.Parallel()
	p := onePlan(1, `callback = { key = "1", retry = "1s", attempts = 2 }`)
	p.Customers = patientCustomers
	c := start(t, p)
	page := c.loginAll("a1")[0]
	c.must(page.State(c.step(), "away", ""))
	first := c.waiter(1)
	c.must(first.WaitTone(c.step(), lab.MusicTone))
	later := c.waiter(2)
	c.must(first.SendDTMF("51")) // the other key does nothing
	booked := c.waitCall(callerNumber(1), queue.Booked)
	_, err := first.WaitEnded(c.step())
	c.must(err)
	if b := booked.Callback; b == nil || b.Number != callerNumber(1) {
		t.Errorf("booked %+v", booked)
	}
	c.waitWritten()
	c.kill()
	c.serve()
	c.waitCall(callerNumber(2), queue.Waiting)
	c.waitCall(callerNumber(1), queue.Booked)

	page = c.login("a1")
	c.must(page.State(c.step(), "available", ""))
	rung, err := c.phone("a1").WaitRinging(c.step())
	c.must(err)
	if rung.Number != callerNumber(1) {
		t.Errorf("the agent's phone shows %q", rung.Number)
	}
	c.must(rung.Answer(c.step()))
	customer := c.customer()
	if customer.Dialled != callerNumber(1) || customer.Number != number1 {
		t.Errorf("%s is called by %s", customer.Dialled, customer.Number)
	}
	c.waitOut(callerNumber(1), queue.Dialling)
	c.waitWritten()
	c.kill() // the customer's phone rings on, and nobody else is called
	c.serve()
	c.must(customer.SetTone(440))
	c.must(rung.SetTone(1000))
	c.must(customer.Answer(c.step()))
	c.must(rung.WaitTone(c.step(), 440))
	c.must(customer.WaitTone(c.step(), 1000))
	got := c.ended(callerNumber(1), outcome{queue.CalledBack, "", []string{}})
	if got.Cause != queue.CauseReached || got.Callback.Asked != 1 || got.Callback.Tries != 0 {
		t.Errorf("history has %+v, %+v", got, got.Callback)
	}
	c.must(customer.Hangup(c.step()))
	_, err = rung.WaitEnded(c.step())
	c.must(err)
	page = c.login("a1")
	c.must(page.State(c.step(), "available", ""))
	next := c.answer("a1", callerNumber(2))
	c.waitCall(callerNumber(2), queue.Talking)
	c.hangUp(talk{callerNumber(2), later, next})
	calls := c.waitHistory(3)
	i := 0
	for i < len(calls)-1 && calls[i].Direction != queue.Out {
		i++
	}
	if out := calls[i]; out.CallbackFor != booked.ID || out.Outcome != queue.Answered || out.Agent != "a1" || out.Record == "" {
		t.Errorf("the call back is %+v", out)
	}
	select {
	case l := <-c.called:
		t.Errorf("%s is called again", l.Dialled)
	default:
	}
	if m := c.missed(); len(m) != 0 {
		t.Errorf("missed calls %+v", m)
	}
}

// Who can't be reached when called back is a missed call in the end.
func TestNotReachedWhenCalledBack(t *testing.T) {
	t.Parallel()
	p := onePlan(1, `callback = { key = "1", retry = "1s", attempts = 2 }`, `retry_pause = "1s"`)
	p.Customers = func(string) lab.Behaviour { return lab.Behaviour{Silent: true, Refuse: 486} }
	c := start(t, p)
	page := c.loginAll("a1")[0]
	c.must(page.State(c.step(), "away", ""))
	leg := c.waiter(1)
	c.must(leg.WaitTone(c.step(), lab.MusicTone))
	c.must(leg.SendDTMF("1"))
	_, err := leg.WaitEnded(c.step())
	c.must(err)
	c.must(page.State(c.step(), "available", ""))
	for range 2 {
		rung, err := c.phone("a1").WaitRinging(c.step())
		c.must(err)
		c.must(rung.Answer(c.step()))
		_, err = rung.WaitEnded(c.step())
		c.must(err)
	}
	got := c.ended(callerNumber(1), outcome{queue.Abandoned, "", []string{}})
	if got.Cause != queue.CauseCallbackNoSuccess || got.Callback.Tries != 2 {
		t.Errorf("history has %+v, %+v", got, got.Callback)
	}
	var missed []store.Missed
	c.eventually("a missed call", func() error {
		if missed = c.missed(); len(missed) != 1 {
			return fmt.Errorf("there are %+v", missed)
		}
		return nil
	})
	if m := missed[0]; m.Caller != callerNumber(1) || m.LastCause != queue.CauseCallbackNoSuccess {
		t.Errorf("missed call %+v", m)
	}
}

// A voice message is left by a key, and by an overflow; what is too short is not
// kept.
func TestVoiceMessage(t *testing.T) {
	t.Parallel()
	p := onePlan(1, `message = { key = "2", shortest = "1s" }`)
	p.Queues = append(p.Queues, queuePlan{ID: "night", Name: "밤", Number: number2, Keys: notToday() + "on_closed = { message = true }\n"})
	c := start(t, p)
	page := c.loginAll("a1")[0]
	c.must(page.State(c.step(), "away", ""))
	leg := c.waiter(1)
	c.must(leg.WaitTone(c.step(), lab.MusicTone))
	c.must(leg.SetTone(440))
	c.must(leg.SendDTMF("2"))
	live := c.waitCall(callerNumber(1), queue.Messaging)
	c.waitSaid(live)
	c.must(leg.SendDTMF("#"))
	_, err := leg.WaitEnded(c.step())
	c.must(err)
	got := c.ended(callerNumber(1), outcome{queue.Abandoned, "", []string{}})
	c.wantMessage(got)

	// By an overflow; the caller ends it by hanging up.
	leg = c.call(number2, lab.CallOptions{Number: callerNumber(2), Audio: true})
	c.must(leg.WaitAnswered(c.step()))
	c.must(leg.SetTone(440))
	c.waitSaid(c.waitCall(callerNumber(2), queue.Messaging))
	c.must(leg.Hangup(c.step()))
	c.wantMessage(c.ended(callerNumber(2), outcome{queue.Closed, "", []string{}}))

	// Nothing is said.
	leg = c.call(number2, lab.CallOptions{Number: callerNumber(3), Audio: true})
	c.waitCall(callerNumber(3), queue.Messaging)
	c.must(leg.WaitAnswered(c.step()))
	c.must(leg.Hangup(c.step()))
	if got := c.ended(callerNumber(3), outcome{queue.Closed, "", []string{}}); got.MessageMS != 0 || got.Record != "" {
		t.Errorf("history has %+v", got)
	}
	if m := c.missed(); len(m) != 3 || m[0].Message != nil {
		t.Errorf("missed calls %+v", m)
	}
}

// waitSaid waits until some of a message has been recorded.
func (c *centre) waitSaid(live queue.Call) {
	c.t.Helper()
	day := live.ID[:4] + "/" + live.ID[4:6] + "/" + live.ID[6:8] + "/" // of calld's time zone
	path := c.pbx.InRoot(c.pbx.Recordings + "/" + day + live.ID + "-message.wav")
	c.eventually("something in "+path, func() error {
		const second = 16_000 // bytes
		info, err := os.Stat(path)
		if err == nil && info.Size() < 3*second {
			err = fmt.Errorf("it has %d bytes", info.Size())
		}
		return err
	})
}

// wantMessage checks the voice message of an ended call: the caller's tone is in
// it, it is in the missed list, and it can be fetched.
func (c *centre) wantMessage(got queue.Call) {
	c.t.Helper()
	if got.MessageMS < 2000 || got.MessageMS > 30_000 || !strings.HasSuffix(got.Record, "-message.wav") || got.Start != nil {
		c.t.Fatalf("history has %+v", got)
	}
	file, err := os.ReadFile(c.pbx.InRoot(c.pbx.Recordings + "/" + got.Record))
	c.must(err)
	samples, err := lab.ParseWAV(file)
	c.must(err)
	if level := lab.ToneLevel(samples, 440); level < 0.2 {
		c.t.Errorf("the message of %d samples has the caller's voice at %.2f", len(samples), level)
	}
	c.eventually("the message in the missed list", func() error {
		for _, m := range c.missed() {
			if m.Message != nil && m.Message.Call == got.ID && m.Message.MS == got.MessageMS {
				return nil
			}
		}
		return fmt.Errorf("there are %+v", c.missed())
	})
	req, err := http.NewRequestWithContext(c.step(), http.MethodGet, "http://calld/api/v1/calls/"+got.ID+"/recording", nil)
	c.must(err)
	resp, err := c.admin.Do(req)
	c.must(err)
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		c.t.Errorf("the message can't be fetched: %s", resp.Status)
	}
}
