package store_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"calld/queue"
	"calld/store"
	"calld/store/storetest"
)

// TestPosts: a call's record is never on disk before the posts that came before
// it, posts are counted apart from records, and each is told of.
func TestPosts(t *testing.T) {
	s := storetest.Open(t)
	var told []string
	r := store.NewRecorder(s, store.RecorderOptions{
		OnDurable: func(c *queue.Call, _ []store.Missed) {
			list, err := s.Outbox()
			if err != nil || len(list) == 0 || list[len(list)-1].Group != c.ID {
				t.Errorf("call %s is on disk before its post: %v, %v", c.ID, list, err)
			}
		},
		OnPosted: func(p *store.Post, err error) {
			told = append(told, fmt.Sprint(p.Seq, " ", errors.Is(err, store.ErrInvalid)))
		},
	})
	call := waiting("a", 0, "01012345678")
	post := func(seq uint64, body any, instead ...store.Posted) {
		t.Helper()
		if !r.Post(&store.Post{Seq: seq, To: []string{"crm", "둘"}, Group: "a", Body: body, Instead: instead}) {
			t.Errorf("post %d refused", seq)
		}
	}
	post(1, "first")
	r.Observe(event(queue.CallWaiting, call))
	post(2, "second")
	post(3, strings.Repeat("x", store.MaxRecord))
	post(4, "fourth", store.Posted{To: "crm", Seq: 1})
	r.Observe(event(queue.CallEnded, ended(call, queue.Abandoned)))
	if w := r.Stats().Waiting; w != 1 {
		t.Errorf("%d records wait", w)
	}
	run(t, r)()
	if st := r.Stats(); st.Written != 1 || st.Refused != 0 || st.Waiting != 0 {
		t.Errorf("stats %+v", st)
	}
	if diff := gocmp.Diff([]string{"3 true", "1 false", "2 false", "4 false"}, told); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
	got, err := s.Outbox()
	if err != nil {
		t.Fatal(err)
	}
	want := []store.Posted{
		{To: "crm", Seq: 2, Group: "a"},
		{To: "crm", Seq: 4, Group: "a"},
		{To: "둘", Seq: 1, Group: "a"},
		{To: "둘", Seq: 2, Group: "a"},
		{To: "둘", Seq: 4, Group: "a"},
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("outbox (-want +got):\n%s", diff)
	}
	if body, err := s.PostBody("둘", 4); err != nil || string(body) != `"fourth"` {
		t.Errorf("%s, %v", body, err)
	}
	if err := s.Unpost(t.Context(), want[:4]); err != nil {
		t.Fatal(err)
	}
	if _, err := s.PostBody("둘", 2); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("removed: %v", err)
	}
	if got, err := s.Outbox(); err != nil || len(got) != 1 {
		t.Errorf("left %v, %v", got, err)
	}
}

// TestPostsBounded: too many posts are refused, and take no room from records.
func TestPostsBounded(t *testing.T) {
	r := store.NewRecorder(storetest.Open(t), store.RecorderOptions{Queue: 1})
	for i := range store.PostQueue {
		if !r.Post(&store.Post{Seq: uint64(i + 1)}) {
			t.Fatalf("post %d refused", i)
		}
	}
	if r.Post(&store.Post{Seq: 1 << 40}) {
		t.Error("one too many is taken")
	}
	r.Observe(event(queue.CallWaiting, waiting("a", 0, "01012345678")))
	if st := r.Stats(); st.Waiting != 1 || st.Overflowed != 0 {
		t.Errorf("stats %+v", st)
	}
}
