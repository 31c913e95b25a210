package queue_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"calld/config"
	"calld/queue"
)

// A talk whose script is lost goes on in Asterisk; its caller comes back only
// when it is over. So nothing may be ordered that ends the agent's part of it
// alone: the caller would be hung up.
func TestATalkWithoutAScriptCanOnlyBeEnded(t *testing.T) {
	onDesk(t, testConfig(2, func(q *config.Queue) { q.Wrapup = 0 }), func(d *desk) {
		d.login("a1")
		c := d.call("c1")
		c.wantOffer("a1")
		c.hears(queue.PhoneAnswers, "a1", "")
		c.Detach()
		_, transfer := d.Transfer("c1", queue.Target{Number: "01012345678"})
		for what, err := range map[string]error{
			"hold": d.Hold("c1", "PJSIP/801-1"), "unhold": d.Unhold("c1"), "transfer": transfer,
		} {
			if !errors.Is(err, queue.ErrDetached) {
				t.Errorf("%s: %v", what, err)
			}
		}
		if err := d.Hangup("c1"); err != nil {
			t.Errorf("hang up: %v", err)
		}
		c.hears(queue.TalkOver, "a1", "")
		c.wantEnd(queue.Answered)
		d.wantState("a1", queue.Available)
	})
}

// handedOver is a caller whom an agent has answered, and asked to have taken to a
// number outside.
func (d *desk) handedOver(call, agent string) (c *caller, done <-chan queue.Transfer) {
	d.Helper()
	d.login(agent)
	c = d.call(call)
	c.wantOffer(agent)
	c.hears(queue.PhoneAnswers, agent, "")
	done, err := d.Transfer(call, queue.Target{Number: "01012345678"})
	if err != nil {
		d.Fatal(err)
	}
	return c, done
}

// Whoever has asked for a transfer that does not begin is told so at once.
func TestATransferThatDoesNotBeginIsTold(t *testing.T) {
	tests := map[string]struct {
		end  func(*caller)
		want string
	}{
		"the customer hangs up": {func(c *caller) {
			c.Dialled(queue.DialReport{Offer: c.offer.ID, Result: queue.RingAnswer, CallerGone: true, Cause: 16})
		}, queue.TransferCallerLeft},
		"and the script does not tell": {func(c *caller) {
			c.hears(queue.CallerGone, "", "")
			c.d.pass(3 * time.Second)
		}, queue.TransferCallerLeft},
		"the script is lost": {func(c *caller) {
			c.Detach()
			c.hears(queue.TalkOver, "a1", "")
		}, queue.TransferFailed},
		"it takes too long": {func(c *caller) {
			c.d.pass(queue.OrderWait)
			c.reports(queue.RingAnswer)
		}, queue.TransferFailed},
		"the agent is freed": {func(c *caller) {
			if err := c.d.Free("a1"); err != nil {
				c.d.Fatal(err)
			}
		}, queue.TransferFailed},
		"the call is to be ended instead": {func(c *caller) {
			if err := c.d.Hangup("c1"); err != nil {
				c.d.Fatal(err)
			}
		}, queue.TransferFailed},
		"it can't be done": {func(c *caller) { c.d.Countermand("c1") }, queue.TransferFailed},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			onDesk(t, testConfig(1, nil), func(d *desk) {
				c, done := d.handedOver("c1", "a1")
				tt.end(c)
				synctest.Wait()
				select {
				case x := <-done:
					if x.Result != tt.want || x.To != "01012345678" || x.From != "a1" || x.Queue != "q1" {
						t.Errorf("told %+v, want %s", x, tt.want)
					}
				default:
					t.Errorf("nothing was told, want %s", tt.want)
				}
			})
		})
	}
}

// A transfer that is asked for twice, as by a second click or a program that did not wait
// for the answer, is made once: the second finds the agent's leg gone, and what it takes
// back must not be the first.
func TestATransferIsAskedForTwice(t *testing.T) {
	onDesk(t, testConfig(1, nil), func(d *desk) {
		c, done := d.handedOver("c1", "a1")
		if _, err := d.Transfer("c1", queue.Target{Number: "01012345678"}); err == nil {
			d.Countermand("c1") // Asterisk knows no channel of the agent any more
		} else if !errors.Is(err, queue.ErrOrdered) {
			t.Errorf("the second: %v", err)
		}
		if err := d.Hold("c1", "PJSIP/801-1"); !errors.Is(err, queue.ErrOrdered) {
			t.Errorf("held meanwhile: %v", err)
		}
		c.reports(queue.RingAnswer)
		if o, outcome := c.next(); o == nil || o.Outside == nil || o.Outside.Number != "01012345678" {
			t.Errorf("told %+v, %q", o, outcome)
		}
		if len(done) > 0 {
			t.Errorf("told %+v", <-done)
		}
	})
}

// Whoever holds may hang up while nobody listens to the exchange: the next look
// at its channels ends the call, and the script the music.
func TestAHolderWhoLeftUnheardIsFound(t *testing.T) {
	onDesk(t, testConfig(1, nil), func(d *desk) {
		d.login("a1")
		c := d.call("c1")
		c.wantOffer("a1")
		c.hears(queue.PhoneAnswers, "a1", "")
		if err := d.Hold("c1", "PJSIP/801-1"); err != nil {
			t.Fatal(err)
		}
		c.reports(queue.RingAnswer)
		d.Deaf(true)
		d.pass(time.Minute)
		d.Deaf(false)
		d.Reconcile(time.Now(), time.Time{}, []queue.Channel{{UniqueID: "uc1", Rings: true}})
		if c.now().HeldSince == nil {
			t.Fatal("the sweeper has ended a held call")
		}
		c.wantNothing()
		d.Reconcile(time.Now(), time.Time{}, []queue.Channel{{UniqueID: "uc1"}})
		if call := c.wantEnd(queue.Answered); call.Cause != "agent" {
			t.Errorf("cause %q", call.Cause)
		}
		d.wantState("a1", queue.Available)
	})
}
