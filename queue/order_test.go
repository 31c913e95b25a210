package queue_test

import (
	"errors"
	"testing"

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
