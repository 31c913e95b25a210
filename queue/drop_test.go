package queue_test

import (
	"testing"
	"time"

	"calld/config"
	"calld/queue"
)

// A channel that the exchange itself ends has failed when the exchange goes
// down right after, in whatever phase the call is.
func TestADroppedCallFailsWhenTheExchangeGoesDown(t *testing.T) {
	for _, tt := range []struct {
		name string
		drop func(*desk, *caller)
		want []string
	}{
		{"waiting", func(_ *desk, c *caller) { c.Drop(0) }, nil},
		{"ringing", func(d *desk, c *caller) {
			d.login("a1")
			c.wantOffer("a1")
			c.Dialled(queue.DialReport{Offer: c.offer.ID, Result: queue.CallerLeft, CallerGone: true, Dropped: true})
		}, []string{"a1 cut_short"}},
		{"talking", func(d *desk, c *caller) {
			d.login("a1")
			c.wantOffer("a1")
			c.hears(queue.PhoneAnswers, "a1", "")
			c.hears(queue.TalkOver, "a1", "")
			c.Dialled(queue.DialReport{Offer: c.offer.ID, Result: queue.RingAnswer, Dropped: true})
		}, []string{"a1 answered"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			onDesk(t, testConfig(1, nil), func(d *desk) {
				c := d.call("c1")
				tt.drop(d, c)
				c.Detach() // the script ends
				d.pass(time.Second)
				d.Deaf(true)
				call := c.wantEnd(queue.Failed)
				if call.Cause != "asterisk_stopped" {
					d.Errorf("the cause is %q", call.Cause)
				}
				wantResults(d, call, tt.want...)
			})
		})
	}
}

// When it stays up, somebody at the exchange wanted so, and the call ends like
// any other, without anything having been taken back.
func TestADroppedCallEndsWhenTheExchangeStaysUp(t *testing.T) {
	onDesk(t, testConfig(1, nil), func(d *desk) {
		c, younger := d.call("c1"), d.call("c2")
		c.Drop(16)
		c.Detach()
		d.login("a1")
		younger.wantOffer("a1") // not held up
		d.pass(3 * time.Second)
		if call := c.wantEnd(queue.Abandoned); call.Cause != "16 asterisk" || call.End.Sub(call.Begin) > 2*time.Millisecond {
			d.Errorf("it ended at %v with cause %q", call.End, call.Cause)
		}
		if n := d.Freed(); n != 0 {
			d.Errorf("%d were freed", n)
		}
	})
}

// A call that rang when calld went down, and whose phones are silent when it
// is back, keeps its place until its caller is back too.
func TestASilentCallKeepsItsPlace(t *testing.T) {
	onDesk(t, testConfig(2, nil), func(d *desk) {
		d.login("a1")
		c := d.call("c1")
		c.wantOffer("a1")
		c.Detach()
		younger := d.call("c2")
		d.pass(time.Millisecond)
		d.Reconcile(time.Now(), time.Time{}, []queue.Channel{{UniqueID: "uc1", Rings: true}, {UniqueID: "uc2"}})
		c.wantPhase(queue.Ringing)
		d.Reconcile(time.Now(), time.Time{}, []queue.Channel{{UniqueID: "uc1"}, {UniqueID: "uc2"}})
		c.wantPhase(queue.Waiting)
		d.wantState("a1", queue.Available)
		younger.wantNothing()
		c = c.comeBack()
		c.wantOffer("a1")
		if n := d.Freed(); n != 0 {
			d.Errorf("%d were freed", n)
		}
	})
}

// A talk of which calld heard nothing: the channel brings along with whom and
// for how long.
func TestATalkThatNobodyHeardOf(t *testing.T) {
	onDesk(t, testConfig(2, func(q *config.Queue) { q.Queueing = config.All }), func(d *desk) {
		d.login("a1", "a2")
		c := d.call("c1")
		c.wantOffer("a1", "a2")
		c.Detach()
		d.pass(15 * time.Second)
		e := c.entry
		e.Returning, e.Answered, e.Phone, e.Talked = true, true, d.phone("a2"), 5*time.Second
		d.enter(e)
		call := c.wantEnd(queue.Answered)
		wantResults(d, call, "a1 answered_elsewhere", "a2 answered")
		if call.Agent != "a2" || call.TalkMS != 5000 {
			d.Errorf("%s talked for %d ms, want a2 for 5000", call.Agent, call.TalkMS)
		}
	})
}

// A talk that calld heard begin, but not end.
func TestATalkWhoseEndNobodyHeardOf(t *testing.T) {
	onDesk(t, testConfig(1, nil), func(d *desk) {
		d.login("a1")
		c := d.call("c1")
		c.wantOffer("a1")
		c.hears(queue.PhoneAnswers, "a1", "")
		c.Detach()
		d.pass(15 * time.Second)
		e := c.entry
		e.Returning, e.Answered, e.Talked = true, true, 5*time.Second
		d.enter(e)
		if call := c.wantEnd(queue.Answered); call.TalkMS != 5000 {
			d.Errorf("it lasted %d ms, want 5000", call.TalkMS)
		}
	})
}

// The same when the phones were found silent before the channel came back.
func TestATalkThatNobodyHeardOfIsCredited(t *testing.T) {
	onDesk(t, testConfig(2, func(q *config.Queue) { q.Queueing = config.All }), func(d *desk) {
		d.login("a1", "a2")
		c := d.call("c1")
		c.wantOffer("a1", "a2")
		c.Detach()
		d.pass(15 * time.Second)
		d.Reconcile(time.Now(), time.Time{}, []queue.Channel{{UniqueID: "uc1"}})
		c.wantPhase(queue.Waiting)
		e := c.entry
		e.Returning, e.Answered, e.Phone, e.Talked = true, true, d.phone("a2"), 5*time.Second
		d.enter(e)
		call := c.wantEnd(queue.Answered)
		wantResults(d, call, "a1 answered_elsewhere", "a2 answered")
		if call.Agent != "a2" || call.TalkMS != 5000 || call.Cause != "agent" || d.agent("a2").Calls != 1 {
			d.Errorf("%s talked for %d ms, cause %q; want a2 for 5000", call.Agent, call.TalkMS, call.Cause)
		}
	})
}
