package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"calld/queue"
	"calld/store"
	"calld/store/storetest"
)

func finish(t *testing.T, s *store.Store, c *queue.Call) []store.Missed {
	t.Helper()
	missed, err := s.Finish(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return missed
}

func TestLastAgent(t *testing.T) {
	s := storetest.Open(t)
	for i, agent := range []string{"홍길동", "lee", ""} {
		c, outcome := waiting(fmt.Sprint("c", i), i*60, "01012345678"), queue.Abandoned
		if agent != "" {
			c, outcome = answered(c, agent), queue.Answered
		}
		if _, err := s.Finish(t.Context(), ended(c, outcome)); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		number string
		since  time.Time
		want   string
	}{
		{"010-1234-5678", day(), "lee"},
		{"01012345678", day().Add(time.Hour + time.Minute), ""},
		{"01000000000", day(), ""},
		{"", day(), ""},
	}
	for _, tt := range tests {
		if got, err := s.LastAgent(tt.number, tt.since); err != nil || got != tt.want {
			t.Errorf("LastAgent(%q, %s) = %q, %v; want %q", tt.number, tt.since, got, err, tt.want)
		}
	}
}

func TestRefusedRecords(t *testing.T) {
	s := storetest.Open(t)
	good := func() *queue.Call { return waiting("id", 0, "1") }
	for _, tt := range []struct {
		name  string
		call  func(c *queue.Call)
		ended bool
	}{
		{"no id", func(c *queue.Call) { c.ID = "" }, false},
		{"long id", func(c *queue.Call) { c.ID = strings.Repeat("x", 256) }, false},
		{"id of invalid UTF-8", func(c *queue.Call) { c.ID = "\xff" }, false},
		{"no begin", func(c *queue.Call) { c.Begin = time.Time{} }, false},
		{"begin beyond the keys", func(c *queue.Call) { c.Begin = time.Unix(0, math.MaxInt64).Add(1) }, false},
		{"live with an outcome", func(c *queue.Call) { c.Outcome = queue.Full }, false},
		{"ended without outcome", func(c *queue.Call) { c.Phase = queue.Ended }, true},
		{"finish of a live call", func(*queue.Call) {}, true},
		{"too large", func(c *queue.Call) { c.CallerName = strings.Repeat("x", store.MaxRecord) }, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := good()
			tt.call(c)
			put := s.PutLive
			if tt.ended {
				put = s.Finish
			}
			if _, err := put(t.Context(), c); !errors.Is(err, store.ErrInvalid) {
				t.Errorf("error %v", err)
			}
		})
	}
	if _, err := s.PutLive(t.Context(), good()); err != nil {
		t.Error(err)
	}
}

func TestHostileCaller(t *testing.T) {
	s := storetest.Open(t)
	long := strings.Repeat("\xff9", 100_000)
	for i := range 3 {
		finish(t, s, ended(waiting(fmt.Sprint(i), i, long), queue.Abandoned))
	}
	for _, number := range []string{long, string([]rune(long))} {
		page, err := s.History(store.Query{Caller: number})
		if err != nil || len(page.Calls) != 3 {
			t.Errorf("%d calls, %v", len(page.Calls), err)
		}
	}
	if page, err := s.Missed(store.MissedQuery{}); err != nil || len(page.Missed) != 1 || page.Missed[0].Tries != 3 {
		t.Errorf("missed %+v, %v", page.Missed, err)
	}
}

func TestLongTexts(t *testing.T) {
	s := storetest.Open(t)
	_, memo := s.SetMemo(t.Context(), "x", store.MemoChange{Text: new(strings.Repeat("가", store.MaxMemo+1))})
	_, disposition := s.SetMemo(t.Context(), "x", store.MemoChange{Disposition: new(strings.Repeat("가", store.MaxDisposition+1))})
	_, reason := s.ResolveMissed(t.Context(), "x", "lee", strings.Repeat("가", store.MaxReason+1), day())
	away := s.PutAway(t.Context(), store.Away{Agent: "lee", Reason: strings.Repeat("가", store.MaxReason+1)})
	for i, tt := range []struct {
		err  error
		want store.LengthError
	}{
		{memo, store.LengthError{Field: "memo", Limit: 10_000, Got: 10_001}},
		{disposition, store.LengthError{Field: "disposition", Limit: 100, Got: 101}},
		{reason, store.LengthError{Field: "reason", Limit: 500, Got: 501}},
		{away, store.LengthError{Field: "reason", Limit: 500, Got: 501}},
	} {
		var got *store.LengthError
		if !errors.As(tt.err, &got) || *got != tt.want {
			t.Errorf("%d: error %v, want %v", i, tt.err, &tt.want)
		}
	}
	if _, err := s.SetMemo(t.Context(), "x", store.MemoChange{Text: new(strings.Repeat("가", store.MaxMemo))}); err != nil {
		t.Error(err)
	}
}

func TestBadPages(t *testing.T) {
	s := storetest.Open(t)
	for i := range 3 {
		finish(t, s, ended(waiting(fmt.Sprint(i), i, ""), queue.Abandoned))
	}
	history, err := s.History(store.Query{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		limit  int
		cursor string
		want   error
	}{
		{"negative limit", -1, "", store.ErrLimit},
		{"large limit", store.MaxLimit + 1, "", store.ErrLimit},
		{"largest limit", store.MaxLimit, "", nil},
		{"no base64", 0, "!", store.ErrCursor},
		{"too short", 0, "aAAA", store.ErrCursor},
		{"line break", 0, history.Next + "\n", store.ErrCursor},
		{"a history cursor", 0, history.Next, store.ErrCursor},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := s.Missed(store.MissedQuery{Limit: tt.limit, Cursor: tt.cursor}); !errors.Is(err, tt.want) {
				t.Errorf("missed: %v", err)
			}
			if tt.cursor == history.Next {
				return
			}
			if _, err := s.History(store.Query{Limit: tt.limit, Cursor: tt.cursor}); !errors.Is(err, tt.want) {
				t.Errorf("history: %v", err)
			}
		})
	}
}

func TestCursorKeepsItsPlace(t *testing.T) {
	s := storetest.Open(t)
	for i := range 10 {
		finish(t, s, ended(waiting(fmt.Sprint(i), i, ""), queue.Abandoned))
	}
	var got []string
	for q := (store.Query{Limit: 3}); ; {
		page, err := s.History(q)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range page.Calls {
			got = append(got, c.ID)
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			break
		}
		n := 10 + len(got)
		finish(t, s, ended(waiting(fmt.Sprint(n), n, ""), queue.Abandoned))
	}
	if diff := gocmp.Diff(strings.Fields("9 8 7 6 5 4 3 2 1 0"), got); diff != "" {
		t.Error(diff)
	}
}

// A search for what few calls have looks at a bounded part of the history and
// goes on from there.
func TestLongSearch(t *testing.T) {
	s := storetest.Open(t)
	var wg sync.WaitGroup
	for i := range 12_000 {
		wg.Go(func() { finish(t, s, ended(waiting(fmt.Sprint(i), i, ""), queue.Closed)) })
	}
	wg.Wait()
	if _, err := s.SetMemo(t.Context(), "100", store.MemoChange{Text: new("환불 요청")}); err != nil {
		t.Fatal(err)
	}
	q := store.Query{Text: "환불"}
	var sizes []int
	for {
		page, err := s.History(q)
		if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, len(page.Calls))
		if q.Cursor = page.Next; q.Cursor == "" {
			break
		}
	}
	if diff := gocmp.Diff([]int{0, 0, 1}, sizes); diff != "" {
		t.Error(diff)
	}
}

func TestMissedIsWorkedOff(t *testing.T) {
	s := storetest.Open(t)
	ctx := t.Context()
	finish(t, s, ended(waiting("a", 0, "010-1234-5678"), queue.Abandoned))
	again := finish(t, s, ended(waiting("b", 5, "01012345678"), queue.Timeout))
	want := []store.Missed{{
		ID: "a", Queue: "123456", Caller: "01012345678", CallerName: "김철수", First: day(), Last: *at(5 * time.Minute), Tries: 2,
		Calls: []string{"a", "b"}, WaitMS: 30_000, LastWaitMS: 30_000, LastOutcome: queue.Timeout, LastCause: "16", State: store.MissedOpen,
	}}
	if diff := gocmp.Diff(want, again); diff != "" {
		t.Fatal(diff)
	}
	if _, err := s.ClaimMissed(ctx, "a", "lee", *at(6 * time.Minute)); err != nil {
		t.Fatal(err)
	}
	var claimed *store.ClaimedError
	if _, err := s.ClaimMissed(ctx, "a", "kim", *at(7 * time.Minute)); !errors.As(err, &claimed) || claimed.Owner != "lee" {
		t.Errorf("second claim: %v", err)
	}
	if _, err := s.ReleaseMissed(ctx, "a", "kim", *at(7 * time.Minute)); !errors.As(err, &claimed) {
		t.Errorf("release of another's claim: %v", err)
	}
	if m, err := s.ClaimMissed(ctx, "a", "kim", *at(6*time.Minute + store.ClaimTime)); err != nil || m.Owner != "kim" {
		t.Errorf("claim after the first has run out: %+v, %v", m, err)
	}
	if m, err := s.ReleaseMissed(ctx, "a", "", *at(37 * time.Minute)); err != nil || m.Owner != "" {
		t.Errorf("release by a supervisor: %+v, %v", m, err)
	}

	// The call back: the number of an outbound call is who was called.
	back := waiting("c", 40, "0215881234")
	back.Direction, back.Callee, back.Queue = queue.Out, "+010 1234 5678", "other"
	back.Agent = "lee"
	for _, claim := range []struct {
		by  string
		at  time.Time
		own string // of the entry after the call
	}{{"lee", *at(39 * time.Minute), ""}, {"kim", *at(39 * time.Minute), "kim"}} {
		if _, err := s.ClaimMissed(ctx, "a", claim.by, claim.at); err != nil {
			t.Fatal(err)
		}
		missed := finish(t, s, ended(back, queue.Failed))
		if len(missed) != 1 || missed[0].Owner != claim.own || missed[0].State != store.MissedOpen ||
			!gocmp.Equal(missed[0].LastCallback, &store.Callback{At: back.Begin, By: "lee", Call: back.ID, Cause: "16"}) {
			t.Errorf("a call back in vain by lee, claimed by %s, left %+v", claim.by, missed)
		}
		back.ID += "+"
	}
	back.ID = "d"
	if missed, err := s.PutLive(ctx, back); err != nil || missed != nil {
		t.Errorf("an outbound call that is not answered changed %+v, %v", missed, err)
	}
	if released, err := s.ReleaseClaims(ctx); err != nil || len(released) != 1 || released[0].Owner != "" || released[0].Callbacks != 2 {
		t.Errorf("released %+v, %v", released, err)
	}
	if _, err := s.ClaimMissed(ctx, "a", "lee", *at(41 * time.Minute)); err != nil {
		t.Fatal(err)
	}
	if released, err := s.ReleaseClaims(ctx); err != nil || released != nil {
		t.Errorf("released the claim of a live call: %+v, %v", released, err)
	}
	settled, err := s.PutLive(ctx, answered(back, "lee"))
	if err != nil || len(settled) != 1 || settled[0].State != store.MissedResolved ||
		!gocmp.Equal(settled[0].Resolved, &store.Resolution{At: back.Begin.Add(10 * time.Second), By: "lee", Reason: store.ReasonReached, Call: "d"}) {
		t.Errorf("settled %+v", settled)
	}
	if _, err := s.ResolveMissed(ctx, "a", "lee", "done", day()); !errors.Is(err, store.ErrResolved) {
		t.Errorf("resolve again: %v", err)
	}

	// The next try opens a new entry; the answered call resolves it as soon
	// as it is answered, and only in its own queue.
	finish(t, s, ended(waiting("e", 50, "01012345678"), queue.Abandoned))
	elsewhere := waiting("f", 51, "01012345678")
	elsewhere.Queue = "other"
	finish(t, s, ended(elsewhere, queue.Abandoned))
	settled, err = s.PutLive(ctx, answered(waiting("g", 52, "010 1234 5678"), "kim"))
	if err != nil || len(settled) != 1 || settled[0].ID != "e" || settled[0].Resolved.Reason != store.ReasonCalledAgain {
		t.Errorf("settled %+v, %v", settled, err)
	}
}

func TestPurgeWhileWriting(t *testing.T) {
	s := storetest.Open(t)
	var wg sync.WaitGroup
	for i := range 2000 {
		wg.Go(func() {
			c := ended(waiting(fmt.Sprintf("old%d", i), i/10, fmt.Sprint(i%7)), queue.Abandoned)
			c.Record = c.ID + ".wav"
			finish(t, s, c)
		})
	}
	wg.Wait()
	ctx, cancel := context.WithCancel(t.Context())
	written := make(chan int)
	go func() {
		n := 0
		for ; ctx.Err() == nil; n++ {
			finish(t, s, ended(waiting(fmt.Sprintf("new%d", n), 1000+n, "0299"), queue.Abandoned))
		}
		written <- n
	}()
	n, recordings, err := s.Purge(t.Context(), *at(1000 * time.Minute))
	cancel()
	fresh := <-written
	if err != nil || n != 2000 || len(recordings) != 2000 {
		t.Errorf("%d calls, %d recordings, %v", n, len(recordings), err)
	}
	left := 0
	for q := (store.Query{Limit: store.MaxLimit}); ; {
		page, err := s.History(q)
		if err != nil {
			t.Fatal(err)
		}
		left += len(page.Calls)
		if q.Cursor = page.Next; q.Cursor == "" {
			break
		}
	}
	if left != fresh {
		t.Errorf("%d calls left of %d new ones", left, fresh)
	}
	open, err := s.Missed(store.MissedQuery{Limit: store.MaxLimit})
	if err != nil {
		t.Fatal(err)
	}
	old := 0
	for _, m := range open.Missed {
		if strings.HasPrefix(m.ID, "old") {
			old++
		}
	}
	if old != 7 {
		t.Errorf("%d open missed calls of the purged time are left, want 7", old)
	}
	if _, _, err := s.Purge(ctx, *at(5000 * time.Minute)); !errors.Is(err, context.Canceled) {
		t.Errorf("purge with a cancelled context: %v", err)
	}
}

func TestBackupWhileWriting(t *testing.T) {
	s := storetest.Open(t)
	for i := range 50 {
		finish(t, s, ended(waiting(fmt.Sprintf("before%d", i), i, ""), queue.Abandoned))
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				finish(t, s, ended(waiting(fmt.Sprintf("during%d-%d", w, i), i, "1"), queue.Abandoned))
			}
		})
	}
	for i := range 3 {
		path := filepath.Join(t.TempDir(), "copy.db")
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		n, err := s.Backup(t.Context(), f)
		if err := errors.Join(err, f.Close()); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(path); err != nil || info.Size() != n {
			t.Errorf("backup %d: %d bytes told, %v, %v", i, n, info.Size(), err)
		}
		backup := storetest.OpenFile(t, path, store.Options{}) // checks it at the end
		for i := range 50 {
			if _, err := backup.Call(fmt.Sprintf("before%d", i)); err != nil {
				t.Error(err)
			}
		}
	}
	cancel()
	wg.Wait()
	if _, err := s.Backup(ctx, &bytes.Buffer{}); !errors.Is(err, context.Canceled) {
		t.Errorf("backup with a cancelled context: %v", err)
	}
}
