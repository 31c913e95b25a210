package store_test

import (
	"testing"

	"calld/campaign"
	"calld/queue"
	"calld/store"
	"calld/store/storetest"

	"github.com/google/go-cmp/cmp"
)

// TestForgetOutbound: a person goes from dial lists, results and the outbox too,
// and the number from others' calls. What is being dialled goes when it is over.
func TestForgetOutbound(t *testing.T) {
	s := storetest.Open(t)
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	l, err := s.CreateList(ctx, campaign.DialList{Name: "l"}, day())
	must(err)
	other, err := s.CreateList(ctx, campaign.DialList{Name: "other"}, day())
	must(err)
	numbers := func(tels ...string) (list []campaign.Number) {
		for _, tel := range tels {
			list = append(list, campaign.Number{Number: tel})
		}
		return list
	}
	_, err = s.AddEntries(ctx, l.ID, []campaign.Entry{
		{Numbers: numbers("0212345678", "01012345678"), Key: "k"}, {Numbers: numbers(neighbour)},
	})
	must(err)
	_, err = s.AddEntries(ctx, other.ID, []campaign.Entry{{Numbers: numbers("01012345678")}})
	must(err)
	entries := func(list string) []campaign.Entry {
		page, err := s.Entries(store.EntryQuery{List: list})
		must(err)
		return page.Entries
	}
	dialled := func(id string, e campaign.Entry, index int) campaign.Result {
		r := campaign.Result{ID: id, Campaign: "1", Entry: e.ID, Index: index, Number: e.Numbers[index].Number, Dialled: at(0)}
		must(s.Claim(ctx, r))
		return r
	}
	for i, e := range entries(l.ID) {
		r := dialled([]string{"t0", "t1"}[i], e, len(e.Numbers)-1)
		must(s.Settle(ctx, r, e))
	}
	under := dialled("t2", entries(other.ID)[0], 0)

	handed := ended(answered(waiting("handed", 1, neighbour), "a"), queue.Answered)
	handed.Transfers = []queue.Transfer{{To: "01012345678", Result: "answered"}, {To: "0299998888"}}
	_, err = s.Finish(ctx, handed)
	must(err)
	r := store.NewRecorder(s, store.RecorderOptions{})
	for i, tel := range []string{person, neighbour} {
		r.Post(&store.Post{Seq: uint64(i + 1), To: []string{"crm"}, Group: "g", Body: map[string]any{"type": "call.ended", "call": waiting("w", i, tel)}})
	}
	r.Post(&store.Post{Seq: 3, To: []string{"crm"}, Body: map[string]any{"type": "agent.state"}})
	run(t, r)()

	want := store.Forgotten{Entries: 1, Results: 1, Events: 1, Transfers: 1, Live: 1}
	counted, err := s.CountPerson(ctx, person)
	must(err)
	got, err := s.Forget(ctx, person, nil)
	must(err)
	if diff := cmp.Diff(want, counted) + cmp.Diff(want, got); diff != "" {
		t.Errorf("counted, and removed (-want +got):\n%s", diff)
	}
	left := entries(l.ID)
	list, err := s.List(l.ID)
	must(err)
	if len(left) != 1 || left[0].Numbers[0].Number != neighbour || list.Entries != 1 {
		t.Errorf("left in the list %+v, %+v", list, left)
	}
	refused, err := s.AddEntries(ctx, l.ID, []campaign.Entry{{Numbers: numbers("01012345678"), Key: "k"}})
	must(err)
	if refused[0] != nil {
		t.Errorf("the number is still taken: %v", refused[0])
	}
	results, err := s.Results(store.ResultQuery{Campaign: "1"})
	must(err)
	if len(results.Results) != 1 || results.Results[0].Number != neighbour {
		t.Errorf("results left %+v", results.Results)
	}
	posts, err := s.Outbox()
	must(err)
	if len(posts) != 2 || posts[0].Seq != 2 || posts[1].Seq != 3 {
		t.Errorf("posts left %+v", posts)
	}
	c, err := s.Call("handed")
	must(err)
	if diff := cmp.Diff([]queue.Transfer{{Result: "answered"}, {To: "0299998888"}}, c.Transfers); diff != "" {
		t.Errorf("transfers (-want +got):\n%s", diff)
	}

	must(s.Settle(ctx, under, entries(other.ID)[0]))
	got, err = s.Forget(ctx, person, nil)
	must(err)
	if diff := cmp.Diff(store.Forgotten{Entries: 2, Results: 1}, got); diff != "" {
		t.Errorf("forgotten when the try was over (-want +got):\n%s", diff)
	}
}
