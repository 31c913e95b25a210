package queue_test

import (
	"errors"
	"testing"
	"time"

	"calld/config"
	"calld/queue"
)

func TestFree(t *testing.T) {
	wrapup := func(q *config.Queue) { q.Wrapup = time.Minute }
	t.Run("a talk that nobody ends", func(t *testing.T) {
		onDesk(t, testConfig(1, wrapup), func(d *desk) {
			d.login("a1")
			c := d.call("c1")
			c.wantOffer("a1")
			c.hears(queue.PhoneAnswers, "a1", "")
			d.pass(time.Minute)
			if err := d.Free("a1"); err != nil {
				t.Fatal(err)
			}
			call := c.wantEnd(queue.Failed)
			if call.Cause != "freed" || call.Agent != "a1" || call.TalkMS != time.Minute.Milliseconds() || call.Missed() {
				t.Errorf("the call is %+v", call)
			}
			d.wantState("a1", queue.Available) // no after-call work for a call that nobody ended
			if n := d.Freed(); n != 1 {
				t.Errorf("Freed = %d, want 1", n)
			}
		})
	})
	t.Run("ringing that does not end", func(t *testing.T) {
		onDesk(t, testConfig(2, all), func(d *desk) {
			d.login("a1", "a2")
			c := d.call("c1")
			c.wantOffer("a1", "a2")
			if err := d.Free("a1"); err != nil {
				t.Fatal(err)
			}
			wantResults(d, c.now(), "a1 cut_short", "a2 ")
			d.wantState("a1", queue.Available)
			d.wantState("a2", queue.AgentRings)
		})
	})
	t.Run("after-call work", func(t *testing.T) {
		onDesk(t, testConfig(1, wrapup), func(d *desk) {
			d.login("a1")
			c := d.call("c1")
			c.wantOffer("a1")
			c.hears(queue.PhoneAnswers, "a1", "")
			c.reports(queue.RingAnswer)
			d.wantState("a1", queue.AgentWrapup)
			if err := d.Free("a1"); err != nil {
				t.Fatal(err)
			}
			d.wantState("a1", queue.Available)
			if n := d.Freed(); n != 0 {
				t.Errorf("Freed = %d of an agent who was not stuck", n)
			}
		})
	})
	t.Run("nobody", func(t *testing.T) {
		onDesk(t, testConfig(1, nil), func(d *desk) {
			if err := d.Free("x"); !errors.Is(err, queue.ErrUnknownAgent) {
				t.Errorf("error %v", err)
			}
		})
	})
}
