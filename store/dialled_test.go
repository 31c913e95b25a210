package store_test

import (
	"testing"
	"time"

	"calld/campaign"
	"calld/store"
	"calld/store/storetest"

	gocmp "github.com/google/go-cmp/cmp"
)

// TestTried: the tries of a number are those of all lists and campaigns, however it
// is written, that count, within the last day; they go with the person and with the
// history.
func TestTried(t *testing.T) {
	s := storetest.OpenFile(t, t.TempDir()+"/calld.db", store.Options{Spellings: korean})
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	try := func(id, tel string, after time.Duration, why string) {
		t.Helper()
		l, err := s.CreateList(ctx, campaign.DialList{Name: id}, day())
		must(err)
		_, err = s.AddEntries(ctx, l.ID, []campaign.Entry{{Numbers: []campaign.Number{{Number: tel}}}})
		must(err)
		page, err := s.Entries(store.EntryQuery{List: l.ID})
		must(err)
		r := campaign.Result{ID: id, Campaign: id, Entry: page.Entries[0].ID, Number: tel, Dialled: at(after), End: at(after), Why: why}
		must(s.Claim(ctx, r))
		must(s.Settle(ctx, r, campaign.Entry{State: campaign.EntryUsedUp}))
		must(s.Settle(ctx, r, campaign.Entry{State: campaign.EntryUsedUp})) // again
	}
	tried := func(since time.Duration, tels ...string) (minutes []int) {
		t.Helper()
		times, err := s.Tried(tels, *at(since))
		must(err)
		for _, x := range times {
			minutes = append(minutes, int(x.Sub(day())/time.Minute))
		}
		return minutes
	}
	same := func(what string, got []int, want ...int) {
		t.Helper()
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	const home, mobile = "02-555-0101", "010-1234-5678"
	try("a", mobile, 10*time.Minute, "")
	try("b", "+82 10 1234 5678", 30*time.Minute, "")
	try("c", home, 20*time.Minute, "")
	try("d", mobile, 40*time.Minute, campaign.WhyGivenUp)
	try("e", "010-1234-5679", 50*time.Minute, "")
	same("of both numbers", tried(0, home, "0082 10 1234 5678"), 10, 20, 30)
	same("of one that stands there twice", tried(0, mobile, "+82 10-1234-5678"), 10, 30)
	same("since a time", tried(25*time.Minute, home, mobile), 30)
	must(s.Check())

	_, err := s.Forget(ctx, "+82 10 1234 5678", nil)
	must(err)
	same("of who was forgotten", tried(0, mobile))
	same("of others", tried(0, home, "010-1234-5679"), 20, 50)
	_, _, err = s.Purge(ctx, *at(30 * time.Minute))
	must(err)
	same("after the purge", tried(0, home, "010-1234-5679"), 50)
	try("f", home, 25*time.Hour, "")
	same("a day later", tried(0, home, "010-1234-5679"), 25*60)
	must(s.Check())
}
