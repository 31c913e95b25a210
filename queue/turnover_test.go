package queue_test

import (
	"errors"
	"testing"
	"time"

	"calld/queue"
)

// talkOut has agent a1 call a customer and talk with that one.
func (d *desk) talkOut(id string) outCall {
	d.Helper()
	c := d.order(id)
	c.pickUp()
	c.hears(queue.CustomerAnswers, "", "")
	d.pass(10 * time.Second)
	return c
}

// turned is the customer's script.
func (c *outCall) turned() error {
	t, err := c.d.Enter(queue.Entry{
		ID: c.entry.ID, Queue: "q1", Channel: "PJSIP/trunk-1", UniqueID: "u", Returning: true, Ready: true,
	})
	if err == nil {
		c.Ticket = t
	}
	return err
}

// A held call is turned over by the agent's script, which ends, and the
// customer's, which begins, whichever comes first; or it ends there.
func TestACallIsTurnedOver(t *testing.T) {
	type step = func(*outCall)
	var agents *queue.Ticket
	over := func(c *outCall) {
		if turned := agents.Reached(queue.ReachReport{Result: queue.DialAnswered, Cause: 16}); !turned {
			c.d.Errorf("the agent's script is told that the call is over")
		}
	}
	agentGone := func(c *outCall) {
		c.Reached(queue.ReachReport{Result: queue.DialAnswered, AgentGone: true, Cause: 16})
	}
	comes := func(c *outCall) {
		if err := c.turned(); err != nil {
			c.d.Errorf("Enter: %v", err)
		}
	}
	tooLate := func(c *outCall) {
		if err := c.turned(); !errors.Is(err, queue.ErrEnded) {
			c.d.Errorf("Enter: %v, want %v", err, queue.ErrEnded)
		}
	}
	hangsUp := func(c *outCall) { c.hears(queue.CallerGone, "", "") }
	wait := func(c *outCall) { c.d.pass(queue.OrderWait) }
	tests := map[string]struct {
		steps []step
		cause string // of its end; "": it is held
	}{
		"the agent's script first":           {[]step{over, comes}, ""},
		"the customer's script first":        {[]step{comes, over}, ""},
		"the agent's script is lost":         {[]step{func(c *outCall) { c.Detach() }, comes}, ""},
		"the customer never comes":           {[]step{over, wait, tooLate}, "16 customer"},
		"the agent has hung up before":       {[]step{agentGone}, "16 agent"},
		"the agent hangs up meanwhile":       {[]step{over, hangsUp, tooLate}, "agent"},
		"the agent hangs up as it begins":    {[]step{hangsUp, tooLate}, "agent"},
		"it takes too long":                  {[]step{wait, tooLate}, "agent"},
		"the agent hangs up while holding":   {[]step{over, comes, hangsUp}, "16 agent"},
		"the customer does":                  {[]step{over, comes, func(c *outCall) { c.Hangup(16) }}, "16 customer"},
		"it can't be done, the talk goes on": {[]step{func(c *outCall) { c.d.Countermand("c1") }, agentGone}, "16 agent"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			onDesk(t, testConfig(1, nil), func(d *desk) {
				d.login("a1")
				c := d.talkOut("c1")
				agents = c.Ticket
				if err := d.Hold("c1", "PJSIP/801-1"); err != nil {
					t.Fatal(err)
				}
				for _, s := range tt.steps {
					s(&c)
				}
				if tt.cause != "" {
					call := c.wantEnd(queue.Answered)
					if wantResults(t, call, "a1 answered"); call.Cause != tt.cause || call.TalkMS != 10_000 && name != "it takes too long" {
						t.Errorf("cause %q, talked %d ms", call.Cause, call.TalkMS)
					}
					d.wantState("a1", queue.Available)
					return
				}
				d.pass(time.Minute)
				got := c.live()
				if got.HeldSince == nil || got.Channel != "PJSIP/trunk-1" || got.UniqueID != "u" || got.ByAgent() || !got.FirstAgent() {
					t.Errorf("held: %+v", got)
				}
				if err := d.Unhold("c1"); err != nil {
					t.Fatal(err)
				}
				c.wantOffer()
				if c.offer.Bridge != "PJSIP/801-1" {
					t.Errorf("the customer is taken back by %+v", c.offer)
				}
				c.reports(queue.RingAnswer)
				c.wantEnd(queue.Answered)
			})
		})
	}
}

// A call that an agent has made and handed over is answered, whatever becomes of
// it then; and the sweeper finds the agent who holds.
func TestACallThatWasTurnedOverEnds(t *testing.T) {
	tests := map[string]struct {
		end   func(*outCall)
		cause string
	}{
		"the customer waits in vain": {func(c *outCall) {
			c.must(c.d.Transfer("c1", queue.Target{Queue: "q1"}))
			c.Reached(queue.ReachReport{Result: queue.DialAnswered})
			c.d.SetState("a1", true, "")
			c.must(nil, c.turned())
			c.d.pass(10 * time.Minute)
		}, ""},
		"the customer has waited enough": {func(c *outCall) {
			c.must(c.d.Transfer("c1", queue.Target{Queue: "q1"}))
			c.d.SetState("a1", true, "")
			c.must(nil, c.turned())
			c.Hangup(16)
		}, "16 customer"},
		"the agent's end was not heard": {func(c *outCall) {
			c.must(nil, c.d.Hold("c1", "PJSIP/801-1"))
			c.must(nil, c.turned())
			c.d.pass(time.Second)
			held := []queue.Channel{{UniqueID: "u"}, {UniqueID: queue.OutChannel("c1")}}
			c.d.Reconcile(time.Now(), time.Time{}, held)
			if c.live().HeldSince == nil {
				c.d.Errorf("the sweeper has ended a held call")
			}
			c.d.Reconcile(time.Now(), time.Time{}, held[:1])
		}, "agent"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			onDesk(t, testConfig(1, nil), func(d *desk) {
				d.login("a1")
				c := d.talkOut("c1")
				tt.end(&c)
				if call := c.wantEnd(queue.Answered); call.Cause != tt.cause || call.Missed() {
					t.Errorf("cause %q, want %q", call.Cause, tt.cause)
				}
			})
		})
	}
}

func (c *outCall) must(_ any, err error) {
	c.d.Helper()
	if err != nil {
		c.d.Fatal(err)
	}
}

// A call whose queue is no more can't be turned over: the customer would find no
// script.
func TestACallOfARemovedQueueIsNotTurnedOver(t *testing.T) {
	onDesk(t, testConfig(1, nil), func(d *desk) {
		d.login("a1")
		d.talkOut("c1")
		cfg := testConfig(1, nil)
		cfg.Queues = nil
		d.Reload(cfg)
		if err := d.Hold("c1", "PJSIP/801-1"); !errors.Is(err, queue.ErrDirection) {
			t.Errorf("Hold: %v, want %v", err, queue.ErrDirection)
		}
		if _, err := d.Transfer("c1", queue.Target{Number: "010"}); !errors.Is(err, queue.ErrDirection) {
			t.Errorf("Transfer: %v, want %v", err, queue.ErrDirection)
		}
	})
}

// Until a call has been turned over nothing else is ordered: the customer, on the way to a
// script, would be sent there again, out of it.
func TestNothingIsOrderedWhileACallIsTurnedOver(t *testing.T) {
	onDesk(t, testConfig(2, nil), func(d *desk) {
		d.login("a1", "a2")
		c := d.talkOut("c1")
		agents := c.Ticket
		if err := d.Hold("c1", "PJSIP/801-1"); err != nil {
			t.Fatal(err)
		}
		orders := map[string]func() error{
			"hold":     func() error { return d.Hold("c1", "PJSIP/801-1") },
			"transfer": func() error { _, err := d.Transfer("c1", queue.Target{Agent: "a2"}); return err },
			"consult": func() error {
				_, err := d.Consult("c1", "PJSIP/801-1", queue.OutChannel("c1"), queue.Target{Agent: "a2"})
				return err
			},
		}
		for name, order := range orders {
			if err := order(); !errors.Is(err, queue.ErrOrdered) {
				t.Errorf("%s: %v", name, err)
			}
		}
		agents.Reached(queue.ReachReport{Result: queue.DialAnswered, Cause: 16})
		if err := c.turned(); err != nil {
			t.Fatal(err)
		}
		if err := orders["consult"](); err != nil {
			t.Errorf("once it is held: %v", err)
		}
	})
}
