package notify

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Of a queue's figures only the newest are written, in their own place in the
// order; and a queue whose figures never rest is not put off for ever.
func TestOutboxKeepsTheNewestFigures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOutbox()
		defer o.close()
		began := time.Now()
		put := func(body, figures string) {
			if !o.put(frame{body: []byte(body), figures: figures}) {
				t.Fatalf("no room for %s", body)
			}
		}
		put("q1: 1", "q1")
		put("q2: 1", "q2")
		put("call", "")
		put("q1: 2", "q1")
		for range 9 {
			time.Sleep(gatherFor / 10)
			put("q2: more", "q2")
		}
		<-o.wake
		if waited := time.Since(began); waited != gatherFor {
			t.Errorf("woken after %v, want %v", waited, gatherFor)
		}
		var got []string
		for _, f := range o.take(nil) {
			got = append(got, string(f.body))
		}
		if diff := cmp.Diff([]string{"call", "q1: 2", "q2: more"}, got); diff != "" {
			t.Errorf("frames (-want +got):\n%s", diff)
		}
	})
}
