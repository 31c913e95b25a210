package queue_test

import (
	"testing"
	"time"

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
