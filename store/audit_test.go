package store_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"calld/store"
	"calld/store/storetest"
)

func TestAuditTrail(t *testing.T) {
	s := storetest.Open(t)
	var want []store.Audit // the newest first
	for i := range 7 {
		a, err := s.AddAudit(t.Context(), store.Audit{
			At: day().Add(time.Duration(i/2) * time.Hour), // two at the same moment
			By: "sup", Action: "listen", Target: "홍길동", Call: fmt.Sprintf("c%d", i),
		})
		if err != nil {
			t.Fatal(err)
		}
		a.Result = "ok"
		if err := s.EndAudit(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		want = append([]store.Audit{a}, want...)
	}
	read := func() (got []store.Audit) {
		t.Helper()
		for cursor := ""; ; {
			page, err := s.AuditTrail(3, cursor)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, page.Entries...)
			if cursor = page.Next; cursor == "" {
				return got
			}
		}
	}
	if diff := cmp.Diff(want, read()); diff != "" {
		t.Errorf("trail (-want +got):\n%s", diff)
	}
	if _, _, err := s.Purge(t.Context(), day().Add(2*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want[:3], read()); diff != "" {
		t.Errorf("trail after a purge (-want +got):\n%s", diff)
	}
	if err := s.EndAudit(t.Context(), store.Audit{ID: "x"}); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("an entry that never was: %v", err)
	}
	if _, err := s.AuditTrail(3, "x"); !errors.Is(err, store.ErrCursor) {
		t.Errorf("a bad cursor: %v", err)
	}
}

func TestEndSessions(t *testing.T) {
	s := storetest.Open(t)
	for _, agent := range []string{"a1", "a2"} {
		for _, key := range []string{"x", "y"} {
			if err := s.PutSession(t.Context(), agent+key, store.Session{Agent: agent, Expires: time.Now().Add(time.Hour)}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := s.EndSessions(t.Context(), "a1"); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]bool{"a1x": false, "a1y": false, "a2x": true, "a2y": true} {
		if _, ok := s.Session(key, time.Now()); ok != want {
			t.Errorf("session %s is there: %v, want %v", key, ok, want)
		}
	}
}
