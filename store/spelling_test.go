package store_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"calld/campaign"
	"calld/store"
)

// korean lists the spellings of a number in Korea.
func korean(tel string) []string {
	digits := strings.NewReplacer("+", "", "-", "", " ", "").Replace(tel)
	national := strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(digits, "00"), "82"), "0")
	return []string{"0" + national, "82" + national, "0082" + national}
}

// TestSpellings: a number is one to the do-not-call list, to dial lists, results
// and Forget however it is written, also what was kept before anybody knew of
// that.
func TestSpellings(t *testing.T) {
	path := filepath.Join(t.TempDir(), "calld.db")
	ctx := t.Context()
	var s *store.Store
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	reopen := func(o store.Options) {
		t.Helper()
		if s != nil {
			must(s.Check())
			must(s.Close())
		}
		var err error
		s, err = store.Open(path, o)
		must(err)
	}
	numbers := func(tels ...string) (list []campaign.Number) {
		for _, tel := range tels {
			list = append(list, campaign.Number{Number: tel})
		}
		return list
	}
	bar := func(tel string) int {
		t.Helper()
		added, err := s.Bar(ctx, []campaign.Barred{{Number: tel}})
		must(err)
		return added
	}
	reopen(store.Options{})
	defer func() { must(s.Close()) }()
	bar("+821012345678")
	bar("010-1234-5678") // another one, then
	l, err := s.CreateList(ctx, campaign.DialList{Name: "l"}, day())
	must(err)
	_, err = s.AddEntries(ctx, l.ID, []campaign.Entry{{Key: "old", Numbers: numbers("+821012345678")}, {Numbers: numbers("0212345678")}})
	must(err)

	reopen(store.Options{Spellings: korean})
	for _, tel := range []string{"010-1234-5678", "+82 10-1234-5678", "82 10 1234 5678", "0082-10-1234-5678"} {
		if on, err := s.DoNotCall(tel); err != nil || !on {
			t.Errorf("%s may be called: %v", tel, err)
		}
		refused, err := s.AddEntries(ctx, l.ID, []campaign.Entry{{Numbers: numbers("0299998888", tel)}})
		must(err)
		var d *campaign.DuplicateError
		if !errors.As(refused[0], &d) || d.Field != "number2" || d.Entry != l.ID+"-1" {
			t.Errorf("%s is no duplicate: %v", tel, refused[0])
		}
	}
	if on, err := s.DoNotCall("010-1234-5679"); err != nil || on {
		t.Errorf("another number is barred: %v", err)
	}
	// A number stands on the list once, as it was written last.
	if added := bar("0082 10 1234 5678"); added != 0 {
		t.Errorf("%d were added", added)
	}
	page, err := s.Barred("", 0, "")
	must(err)
	if len(page.Numbers) != 1 || page.Numbers[0].Number != "0082 10 1234 5678" {
		t.Errorf("the list has %+v", page.Numbers)
	}
	must(s.Unbar(ctx, "010-1234-5678"))
	if err := s.Unbar(ctx, "+821012345678"); !errors.Is(err, campaign.ErrUnknown) {
		t.Errorf("taken off twice: %v", err)
	}
	// An entry has it once.
	_, err = s.AddEntries(ctx, l.ID, []campaign.Entry{{Key: "new", Numbers: numbers("031-555-0101", "+82 31 555 0101", "032-555-0101")}})
	must(err)
	e, err := s.Entry(l.ID + "-3")
	must(err)
	if len(e.Numbers) != 2 || e.Numbers[0].Number != "031-555-0101" || e.Numbers[1].Number != "032-555-0101" {
		t.Errorf("the entry has %+v", e.Numbers)
	}

	e, err = s.Entry(l.ID + "-1")
	must(err)
	r := campaign.Result{ID: "t", Campaign: "1", Entry: e.ID, Number: "+821012345678", Dialled: at(0)}
	must(s.Claim(ctx, r))
	must(s.Settle(ctx, r, e))
	results, err := s.Results(store.ResultQuery{Campaign: "1", Number: "010-1234-5678"})
	must(err)
	if len(results.Results) != 1 {
		t.Errorf("results %+v", results.Results)
	}
	got, err := s.Forget(ctx, "010-1234-5678", nil)
	must(err)
	if got.Entries != 1 || got.Results != 1 {
		t.Errorf("forgotten %+v", got)
	}
	must(s.Check())
}
