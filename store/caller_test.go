package store_test

import (
	"path/filepath"
	"testing"

	"calld/queue"
	"calld/store"
)

// TestOneCaller: a customer is one to the history, the missed calls and the agent
// who talked with them last, however the number is written, also in what was kept
// before anybody knew of that.
func TestOneCaller(t *testing.T) {
	const national, foreign = "010-1234-5678", "+821012345678"
	path := filepath.Join(t.TempDir(), "calld.db")
	s, err := store.Open(path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	finish(t, s, ended(answered(waiting("a", 0, foreign), "lee"), queue.Answered))
	finish(t, s, ended(waiting("b", 10, foreign), queue.Abandoned))
	finish(t, s, ended(waiting("c", 20, national), queue.Abandoned))
	finish(t, s, ended(waiting("d", 30, "010-1234-5679"), queue.Abandoned))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = store.Open(path, store.Options{Spellings: korean}); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Check(); err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	ids := func(q store.Query) (all string) {
		t.Helper()
		for {
			page, err := s.History(q)
			if err != nil {
				t.Fatal(err)
			}
			for i := range page.Calls {
				all += page.Calls[i].ID
			}
			if q.Cursor = page.Next; q.Cursor == "" {
				return all
			}
		}
	}
	for name, q := range map[string]store.Query{
		"the caller within the country": {Caller: national},
		"the caller from abroad":        {Caller: "0082 10 1234 5678"},
		"page by page":                  {Caller: foreign, Limit: 1},
		"a whole number as text":        {Text: national},
		"a masked page, by the number":  {Text: "82-10-1234-5678", Masked: true},
	} {
		if got := ids(q); got != "cba" {
			t.Errorf("%s: calls %q, want c, b and a", name, got)
		}
	}
	if got := ids(store.Query{Text: "010-1234"}); got != "dcba" {
		t.Errorf("by the beginning of a number: calls %q", got)
	}
	if got, err := s.LastAgent(national, day()); err != nil || got != "lee" {
		t.Errorf("last agent %q, %v", got, err)
	}

	// One more try is added to what is open, and keeps the number as it was said.
	missed := finish(t, s, ended(waiting("e", 40, "82 10 1234 5678"), queue.Abandoned))
	if len(missed) != 1 || missed[0].ID != "b" || missed[0].Tries != 2 || missed[0].Caller != "82 10 1234 5678" {
		t.Errorf("missed again: %+v", missed)
	}
	// The call back is carried by a call to the number, however it was dialled; both
	// entries that an earlier calld made of the customer hear of it.
	if _, err := s.ClaimMissed(t.Context(), "b", "kim", *at(0)); err != nil {
		t.Fatal(err)
	}
	back := waiting("f", 50, "0215881234")
	back.Direction, back.Callee, back.Agent = queue.Out, national, "kim"
	if _, err := s.PutLive(t.Context(), back); err != nil {
		t.Fatal(err)
	}
	if released, err := s.ReleaseClaims(t.Context()); err != nil || len(released) != 0 {
		t.Errorf("a claim was released while its owner calls: %+v, %v", released, err)
	}
	if changed := finish(t, s, ended(back, queue.Failed)); len(changed) != 2 {
		t.Errorf("a call back that did not reach the customer changed %+v", changed)
	}
	back.ID = "g"
	settled := finish(t, s, ended(answered(back, "kim"), queue.Answered))
	if len(settled) != 2 || settled[0].State != store.MissedResolved || settled[1].State != store.MissedResolved {
		t.Errorf("reaching the customer settled %+v", settled)
	}
	if open, err := s.Missed(store.MissedQuery{}); err != nil || len(open.Missed) != 1 || open.Missed[0].ID != "d" {
		t.Errorf("open are %+v, %v", open.Missed, err)
	}
}
