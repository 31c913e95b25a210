package notify_test

import (
	"sync/atomic"
	"testing"

	"calld/notify"

	"github.com/google/go-cmp/cmp"
)

// TestOffers: a page is told what its queues offer, and again after a reload.
func TestOffers(t *testing.T) {
	var reasons atomic.Pointer[[]string]
	reasons.Store(&[]string{"점심"})
	o := newOffice(t, func(opts *notify.HubOptions) {
		opts.Offers = func(sees func(string) bool) notify.Offers {
			offers := notify.Offers{AwayReasons: *reasons.Load(), Queues: map[string]notify.QueueOffers{}}
			for _, q := range []string{"q1", "q2", "q3"} {
				if sees(q) {
					offers.Queues[q] = notify.QueueOffers{Dispositions: []string{"sold in " + q}}
				}
			}
			return offers
		}
	})
	p, w := o.enter("a2")
	want := notify.Offers{
		AwayReasons: []string{"점심"},
		Queues:      map[string]notify.QueueOffers{"q1": {Dispositions: []string{"sold in q1"}}},
	}
	if diff := cmp.Diff(want, w.Offers); diff != "" {
		t.Errorf("offers (-want +got):\n%s", diff)
	}
	want.AwayReasons = []string{"교육"}
	reasons.Store(&want.AwayReasons)
	o.board.Reload(testConfig())
	if diff := cmp.Diff(want, p.await(notify.TypeWelcome).Offers); diff != "" {
		t.Errorf("offers after a reload (-want +got):\n%s", diff)
	}
}
