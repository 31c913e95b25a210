package queue_test

import (
	"testing"

	"calld/queue"
)

// A customer is handed to somebody consulted who hangs up in that moment: the
// customer comes back to the agent, as from a target that did not answer.
func TestCustomerComesBackFromWhoHasJustGone(t *testing.T) {
	for name, to := range map[string]queue.Target{"an agent": {Agent: "a2"}, "a number": {Number: "0701"}} {
		t.Run(name, func(t *testing.T) {
			onDesk(t, testConfig(2, nil), func(d *desk) {
				d.login("a1", "a2")
				c := d.call("c1")
				c.wantOffer("a1")
				c.hears(queue.PhoneAnswers, "a1", "")
				if _, err := d.Consult("c1", "PJSIP/801-1", "k1", to); err != nil {
					t.Fatal(err)
				}
				c.reports(queue.RingAnswer)
				if _, ok := d.Consultation("k1"); !ok {
					t.Fatal("there is no consultation")
				}
				f := queue.Fact{Kind: queue.PhoneAnswers, UniqueID: "k1"}
				if to.Agent != "" {
					f.Phone = d.phone(to.Agent)
				}
				d.Heard(f)
				if err := d.Complete("c1", "PJSIP/802-1"); err != nil {
					t.Fatal(err)
				}
				c.wantOffer()
				c.Dialled(queue.DialReport{Offer: c.offer.ID, Result: queue.RingAnswer, Unjoined: true})
				c.wantOffer("a1")
				got := c.now()
				if len(got.Transfers) != 1 || got.Transfers[0].Result != queue.TransferFailed || got.Transfers[0].From != "a1" {
					t.Errorf("transfers %+v", got.Transfers)
				}
				d.wantState("a2", queue.Available)
			})
		})
	}
}
