package notify_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"calld/notify"
)

// TestConnections: each logged-in page is listed, until it is gone.
func TestConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newPipeOffice(t)
		want := func(when string, agents ...string) {
			t.Helper()
			synctest.Wait()
			got := []string{}
			list := o.hub.Connections()
			for _, c := range list {
				got = append(got, c.Agent)
				if c.Address == "" || c.Since.After(time.Now()) {
					t.Errorf("%s: %+v", when, c)
				}
			}
			if diff := cmp.Diff(append([]string{}, agents...), got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", when, diff)
			}
			if !slices.IsSortedFunc(list, func(a, b notify.Connection) int {
				if a.Agent != b.Agent {
					return 0
				}
				return a.Since.Compare(b.Since)
			}) {
				t.Errorf("%s: not the oldest first: %+v", when, list)
			}
		}
		want("nobody")
		first, _ := o.enter("홍길동")
		time.Sleep(time.Second)
		second, _ := o.enter("홍길동")
		boss, _ := o.enter("boss")
		want("three pages", "boss", "홍길동", "홍길동")
		first.conn.Close()
		want("one is closed", "boss", "홍길동")
		if err := o.hub.Logout("홍길동"); err != nil {
			t.Fatal(err)
		}
		second.conn.Close()
		want("one is logged out", "boss")
		boss.conn.Close()
		want("all are gone")
		o.stop()
	})
}
