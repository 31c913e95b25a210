package campaign_test

import (
	"testing"
	"testing/synctest"
	"time"

	"calld/campaign"
	"calld/config"
	"calld/queue"
)

// What happened while no campaign ran is known to the next that is started: who
// calls himself is not dialled meanwhile, and agents who have come are dialled for.
func TestIdleDiallerWakesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCentre(t, 2, campaign.Plan{Mode: campaign.Progressive}, "0101")
		defer c.stop()
		c.cfg.Queues[0].Queueing = config.Inline
		c.board.Reload(c.cfg)
		first := c.only(0)
		for _, id := range []string{"a1", "a2"} {
			if err := c.board.SetState(id, true, "lunch"); err != nil {
				t.Fatal(err)
			}
		}
		c.d.Gone(first, 17, "", time.Now())
		time.Sleep(10 * time.Second)
		if got, _ := c.store.Campaign("c"); got.State != campaign.Stopped {
			t.Fatalf("%+v", got)
		}
		for _, id := range []string{"a1", "a2"} {
			if err := c.board.SetState(id, false, ""); err != nil {
				t.Fatal(err)
			}
		}
		ticket, err := c.board.Enter(queue.Entry{
			ID: "x", Queue: "q", Caller: "0102", Channel: "PJSIP/trunk-7", UniqueID: "7.7", Begin: time.Now(), Ready: true,
		})
		if err != nil {
			t.Fatal(err)
		}
		defer ticket.Detach()
		for i, n := range []string{"0102", "0103", "0104"} {
			c.store.Add(campaign.Entry{ID: string(rune('x' + i)), List: "l", Numbers: []campaign.Number{{Number: n}}})
		}
		if err := c.d.Start(t.Context(), "c"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		try := c.only(1) // one agent is rung for the caller
		if e, ok := c.d.Met(t.Context(), try); !ok || e.Call.Callee != "0103" {
			t.Errorf("dialled: %+v, %v", e.Call, ok)
		}
	})
}
