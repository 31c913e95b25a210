package queue_test

import (
	"testing"
	"time"

	"calld/queue"
)

// Callers of whom calld knows nothing yet keep their places until they are
// back, have hung up, or have stayed away for too long.
func TestStrangersKeepTheirPlaces(t *testing.T) {
	for _, tt := range []struct {
		name string
		end  func(*desk)
	}{
		{"back", func(d *desk) {
			older := d.enter(queue.Entry{ID: "c1", Begin: time.Now().Add(-time.Minute)})
			older.Ready()
			older.wantOffer("a1")
			older.Hangup(16)
		}},
		{"gone", func(d *desk) { d.Reconcile(time.Now(), time.Time{}, []queue.Channel{{UniqueID: "uc2"}}) }},
		{"away", func(d *desk) { d.pass(queue.ReturnGrace) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			onDesk(t, testConfig(1, nil), func(d *desk) {
				number := d.Snapshot().Queues[0].Number
				d.Reconcile(time.Now(), time.Time{}, []queue.Channel{{UniqueID: "uc1", Number: number, Since: time.Now().Add(-time.Minute)}})
				d.login("a1")
				younger := d.call("c2")
				d.pass(time.Second)
				younger.wantNothing()
				tt.end(d)
				younger.wantOffer("a1")
			})
		})
	}
}

// Only what was there before calld is a stranger: in the middle of its work a
// channel without a call is one that is about to go.
func TestStrangersAreMetOnce(t *testing.T) {
	onDesk(t, testConfig(1, nil), func(d *desk) {
		number := d.Snapshot().Queues[0].Number
		d.Reconcile(time.Now(), time.Time{}, nil)
		d.Reconcile(time.Now(), time.Time{}, []queue.Channel{{UniqueID: "uc1", Number: number, Since: time.Now().Add(-time.Minute)}})
		d.login("a1")
		d.call("c2").wantOffer("a1")
	})
}
