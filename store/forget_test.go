package store_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"calld/queue"
	"calld/store"
	"calld/store/storetest"

	"github.com/google/go-cmp/cmp"
)

const (
	person    = "010-1234-5678" // to be forgotten
	neighbour = "010-1234-56789"
)

// fillPeople writes more calls of a customer, and some of another, than one step
// takes: answered ones with memos and recordings, missed ones, and calls to
// them.
func fillPeople(t *testing.T, s *store.Store) {
	t.Helper()
	for i := range 330 {
		tel := []string{person, "01012345678", neighbour}[i%3]
		c := waiting(fmt.Sprintf("c%03d", i), i, tel)
		switch i / 3 % 3 {
		case 0:
			c = ended(answered(c, "a"), queue.Answered)
			c.Record = c.ID + ".wav"
		case 1:
			c = ended(c, queue.Abandoned)
		case 2:
			c.Direction, c.Caller, c.Callee = queue.Out, "0215881234", tel
			c = ended(answered(c, "a"), queue.Answered)
		}
		if _, err := s.Finish(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		text := "memo"
		if i/3%3 == 0 {
			if _, err := s.SetMemo(t.Context(), c.ID, store.MemoChange{Text: &text, By: "a", At: c.Begin}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := s.PutLive(t.Context(), waiting("live", 700, person)); err != nil {
		t.Fatal(err)
	}
	for _, detail := range []string{person, neighbour, "away"} {
		if _, err := s.AddAudit(t.Context(), store.Audit{At: day(), By: "sup", Action: "call", Detail: detail}); err != nil {
			t.Fatal(err)
		}
	}
}

// TestForget: all of one person goes, as it was counted before, nothing of
// anybody else, and the store is whole.
func TestForget(t *testing.T) {
	s := storetest.Open(t)
	fillPeople(t, s)
	others, err := s.CountPerson(t.Context(), neighbour)
	if err != nil {
		t.Fatal(err)
	}
	counted, err := s.CountPerson(t.Context(), "(010) 1234 5678")
	if err != nil {
		t.Fatal(err)
	}
	if counted.Calls != 220 || counted.Memos != 74 || counted.Recordings != 74 || counted.Missed == 0 || counted.Audit != 1 || counted.Live != 1 {
		t.Errorf("counted %+v", counted)
	}
	var removed []string
	got, err := s.Forget(t.Context(), person, func(r string) error { removed = append(removed, r); return nil })
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(counted, got); diff != "" {
		t.Errorf("removed (-counted +removed):\n%s", diff)
	}
	slices.Sort(removed)
	if len(slices.Compact(removed)) != 74 {
		t.Errorf("%d recordings removed", len(removed))
	}
	for tel, want := range map[string]store.Forgotten{person: {Live: 1}, neighbour: others} {
		left, err := s.CountPerson(t.Context(), tel)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, left); diff != "" {
			t.Errorf("left of %s (-want +got):\n%s", tel, diff)
		}
	}
	trail, err := s.AuditTrail(0, "")
	if err != nil || len(trail.Entries) != 3 {
		t.Errorf("audit trail %+v, %v: no entry may go", trail, err)
	}
	if _, err := s.CountPerson(t.Context(), " - "); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("no number: %v", err)
	}
}

// TestForgetGoesOn: a call whose recording can't be removed stays, and goes
// with the next try.
func TestForgetGoesOn(t *testing.T) {
	s := storetest.Open(t)
	fillPeople(t, s)
	full := errors.New("read-only")
	if _, err := s.Forget(t.Context(), person, func(string) error { return full }); !errors.Is(err, full) {
		t.Fatalf("error %v", err)
	}
	if left, err := s.CountPerson(t.Context(), person); err != nil || left.Recordings != 74 {
		t.Errorf("left %+v, %v", left, err)
	}
	if _, err := s.Forget(t.Context(), person, func(string) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if left, err := s.CountPerson(t.Context(), person); err != nil || left != (store.Forgotten{Live: 1}) {
		t.Errorf("left %+v, %v", left, err)
	}
}
