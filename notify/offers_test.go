package notify_test

import (
	"sync/atomic"
	"testing"

	"calld/notify"

	"github.com/google/go-cmp/cmp"
)

// TestOffers: a page is told what it offers its agent, and again after a reload.
func TestOffers(t *testing.T) {
	var reasons atomic.Pointer[[]string]
	reasons.Store(&[]string{"점심"})
	o := newOffice(t, func(opts *notify.HubOptions) {
		opts.Offers = func() notify.Offers {
			return notify.Offers{AwayReasons: *reasons.Load(), Queues: map[string]notify.QueueOffers{"q1": {Name: "first"}}}
		}
	})
	p, w := o.enter("a2")
	want := notify.Offers{
		AwayReasons: []string{"점심"},
		Queues:      map[string]notify.QueueOffers{"q1": {Name: "first"}},
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
