package store

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"calld/campaign"
	"calld/queue"
)

func benchCall(i int, begin time.Time) *queue.Call {
	return &queue.Call{
		ID:    fmt.Sprintf("%s-%08x", begin.Format("20060102-150405"), i),
		Queue: fmt.Sprintf("%06d", 100_000+i%20), Direction: queue.In, Phase: queue.Waiting,
		Caller: fmt.Sprintf("010%08d", rand.IntN(300_000)), CallerName: "김철수", Callee: "0215881234",
		Channel: fmt.Sprintf("PJSIP/trunk-%08x", i), UniqueID: fmt.Sprintf("%d.%d", begin.Unix(), i),
		Begin: begin, Rings: []queue.Ring{},
	}
}

// benchStates are the records of one call: entered, answered, ended. One in
// ten is missed.
func benchStates(i int, begin time.Time) (states [3]*queue.Call) {
	enter := benchCall(i, begin)
	talk := *enter
	start, end := begin.Add(12*time.Second), begin.Add(3*time.Minute)
	talk.Phase = queue.Talking
	if i%10 != 0 {
		talk.Start, talk.Agent, talk.WaitMS = &start, fmt.Sprintf("agent%03d", i%200), 12_000
		talk.Rings = []queue.Ring{{Agent: talk.Agent, At: begin.Add(5 * time.Second), Rang: &start, End: &start, Result: queue.RingAnswer}}
	}
	over := talk
	over.Phase, over.End, over.Outcome, over.Cause = queue.Ended, &end, queue.Answered, "16 agent"
	if talk.Start == nil {
		over.Outcome = queue.Abandoned
	}
	over.Record = begin.Format("2006/01/02/") + over.ID + ".wav"
	return [3]*queue.Call{enter, &talk, &over}
}

func benchStore(b *testing.B) *Store {
	b.Helper()
	s, err := Open(filepath.Join(b.TempDir(), "calld.db"), Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	})
	return s
}

// BenchmarkDurable stores whole calls, three records each, durably: one
// transaction for each record, 100 writers sharing transactions, and a board's
// recorder. The goal is 1,000 records a second.
func BenchmarkDurable(b *testing.B) {
	begin := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	report := func(b *testing.B) {
		b.Helper()
		b.ReportMetric(3*float64(b.N)/b.Elapsed().Seconds(), "records/s")
	}
	store := func(b *testing.B, s *Store, i int) {
		b.Helper()
		for n, c := range benchStates(i, begin.Add(time.Duration(i)*time.Millisecond)) {
			if _, err := s.put(b.Context(), c, n == 2); err != nil {
				b.Error(err)
			}
		}
	}
	b.Run("one-transaction-per-record", func(b *testing.B) {
		s := benchStore(b)
		for i := 0; b.Loop(); i++ {
			store(b, s, i)
		}
		report(b)
	})
	b.Run("100-writers", func(b *testing.B) {
		s := benchStore(b)
		var next atomic.Int64
		var wg sync.WaitGroup
		b.ResetTimer()
		for range 100 {
			wg.Go(func() {
				for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
					store(b, s, int(i))
				}
			})
		}
		wg.Wait()
		report(b)
	})
	b.Run("recorder", func(b *testing.B) {
		s := benchStore(b)
		var written atomic.Int64
		all := make(chan struct{})
		r := NewRecorder(s, RecorderOptions{Queue: 4 * b.N, OnDurable: func(c *queue.Call, _ []Missed) {
			if c.Phase == queue.Ended && written.Add(1) == int64(b.N) {
				close(all)
			}
		}})
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := r.Run(b.Context()); err != nil {
				b.Error(err)
			}
		})
		b.ResetTimer()
		kinds := [3]queue.Kind{queue.CallWaiting, queue.CallAnswered, queue.CallEnded}
		for wave := 0; wave < b.N; wave += 1000 {
			for n, kind := range kinds {
				for i := wave; i < min(wave+1000, b.N); i++ {
					r.Observe(&queue.Event{Kind: kind, Call: benchStates(i, begin.Add(time.Duration(i)*time.Millisecond))[n]})
				}
			}
		}
		<-all
		// Records of a call that wait together are joined: only what was
		// written counts.
		b.ReportMetric(float64(r.Stats().Written)/b.Elapsed().Seconds(), "records/s")
	})
}

// benchSpellings lists as many spellings of a number as Korea's numbering has.
func benchSpellings(tel string) []string {
	rest := strings.TrimPrefix(tel, "0")
	all := []string{tel}
	for _, whole := range []string{"82" + rest, "82" + tel} {
		for _, prefix := range []string{"", "00", "001", "002"} {
			all = append(all, prefix+whole)
		}
	}
	return all
}

// benchRows is the size of the history that pages are read from.
const benchRows = 1_000_000

// fill writes ended calls, one every 20 s, in large transactions without
// syncing: some 20 s for a million.
func fill(b *testing.B, s *Store, first time.Time) {
	b.Helper()
	s.db.NoSync = true
	for i := 0; i < benchRows; {
		batch := make([]*write, 0, 20_000)
		for ; len(batch) < cap(batch); i++ {
			c := benchStates(i, first.Add(time.Duration(i)*20*time.Second))[2]
			ch, err := s.newChange(c, true)
			if err != nil {
				b.Fatal(err)
			}
			batch = append(batch, &write{do: ch.apply})
			if i%1000 == 0 {
				batch = append(batch, &write{do: func(t *tables) error {
					return put(t.memos, c.ID, Memo{Text: "환불 요청, 내일 다시 전화", By: c.Agent, At: c.Begin})
				}})
			}
		}
		if _, err := s.transact(batch); err != nil {
			b.Fatal(err)
		}
	}
	s.db.NoSync = false
}

// BenchmarkHistory reads pages of 50 from a million calls. The goal is 2 ms.
func BenchmarkHistory(b *testing.B) {
	s := benchStore(b)
	s.spell = benchSpellings
	first := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	fill(b, s, first)
	middle := first.Add(benchRows / 2 * 20 * time.Second)
	var twenty []string
	for i := range 20 {
		twenty = append(twenty, fmt.Sprintf("%06d", 100_000+i))
	}
	newest, err := s.History(Query{Limit: 1})
	if err != nil {
		b.Fatal(err)
	}
	caller := newest.Calls[0].Caller
	for _, q := range []struct {
		name string
		Query
	}{
		{"newest", Query{}},
		{"middle", Query{To: middle}},
		{"queue", Query{Queues: twenty[:1], To: middle}},
		{"twenty-queues", Query{Queues: twenty, To: middle}},
		{"agent", Query{Agent: "agent007", To: middle}},
		{"caller", Query{Caller: caller}},
		{"queue-and-outcome", Query{Queues: twenty[:1], Outcome: queue.Abandoned, To: middle}},
		{"outcome", Query{Outcome: queue.Abandoned, To: middle}},
		{"text-full-scan", Query{Text: "nowhere to be found", To: middle}},
	} {
		b.Run(q.name, func(b *testing.B) {
			for b.Loop() {
				if _, err := s.History(q.Query); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("count-answered", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.CountAnswered("agent007", first.Add((benchRows-4320)*20*time.Second)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("missed-open", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.Missed(MissedQuery{Queues: twenty[:3]}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("check", func(b *testing.B) {
		for b.Loop() {
			if err := s.Check(); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// benchList is a store with a dial list of 100,000 entries of two numbers. It
// tells the list's id.
func benchList(b *testing.B) (*Store, string) {
	b.Helper()
	s := benchStore(b)
	l, err := s.CreateList(b.Context(), campaign.DialList{Name: "list"}, time.Now())
	if err != nil {
		b.Fatal(err)
	}
	const batch = 500
	entries := make([]campaign.Entry, batch)
	for n := 0; n < 100_000; n += batch {
		for i := range entries {
			entries[i] = campaign.Entry{
				Key: fmt.Sprintf("K%06d", n+i), Name: "김철수", Variables: map[string]string{"city": "서울", "contract": "A-17"},
				Numbers: []campaign.Number{{Number: fmt.Sprintf("010%08d", n+i)}, {Number: fmt.Sprintf("02%08d", n+i)}},
			}
		}
		if _, err := s.AddEntries(b.Context(), l.ID, entries); err != nil {
			b.Fatal(err)
		}
	}
	return s, l.ID
}

// BenchmarkLoad loads a list of 100,000 entries.
func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		benchList(b)
	}
}

// BenchmarkTry finds the next entry of a list of 100,000, claims and settles
// it, durably: alone, and with 100 tries at once.
func BenchmarkTry(b *testing.B) {
	try := func(b *testing.B, s *Store, list string, skip map[string]bool, i int) {
		b.Helper()
		now := time.Now()
		due, _, err := s.Due(list, now, 1, skip)
		if err != nil || len(due) == 0 {
			b.Fatal("no entry is due: ", err)
		}
		e := due[0]
		r := campaign.Result{ID: fmt.Sprint(i), Campaign: "1", Entry: e.ID, Number: e.Numbers[0].Number, Dialled: &now}
		if err := s.Claim(b.Context(), r); err != nil {
			b.Fatal(err)
		}
		r.DialResult, r.End = queue.DialBusy, &now
		e.Due = now.Add(time.Hour)
		if err := s.Settle(b.Context(), r, e); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("alone", func(b *testing.B) {
		s, list := benchList(b)
		for i := 0; b.Loop(); i++ {
			try(b, s, list, nil, i)
		}
	})
	b.Run("due", func(b *testing.B) {
		s, list := benchList(b)
		for b.Loop() {
			if _, _, err := s.Due(list, time.Now(), 20, nil); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("tried", func(b *testing.B) { // by other lists
		s, list := benchList(b)
		s.spell = benchSpellings
		s.db.NoSync = true
		for i := range 10_000 {
			try(b, s, list, nil, i)
		}
		s.db.NoSync = false
		since := time.Now().Add(-dialledFor)
		b.ResetTimer()
		for b.Loop() {
			if _, err := s.Tried([]string{"01012345678", "0215881234"}, since); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("100-at-once", func(b *testing.B) {
		s, list := benchList(b)
		due, _, err := s.Due(list, time.Now(), 100_000, nil)
		if err != nil {
			b.Fatal(err)
		}
		b.SetParallelism(100)
		var n atomic.Int64
		b.ResetTimer()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				i := int(n.Add(1))
				e, now := due[i%len(due)], time.Now()
				r := campaign.Result{ID: fmt.Sprint(i), Campaign: "1", Entry: e.ID, Number: e.Numbers[0].Number, Dialled: &now}
				if err := s.Claim(b.Context(), r); err != nil {
					b.Error(err)
				}
				r.DialResult, r.End = queue.DialBusy, &now
				if err := s.Settle(b.Context(), r, e); err != nil {
					b.Error(err)
				}
			}
		})
	})
}

// BenchmarkReport reads what a month's report counts: the calls of a month out
// of a million, and the states of 200 agents, of each some 1,700 changes. The
// goal is 2 s in all, and 50 ms at most in one transaction.
func BenchmarkReport(b *testing.B) {
	s := benchStore(b)
	first := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	fill(b, s, first)
	from, to := first.AddDate(0, 6, 0), first.AddDate(0, 7, 0)
	for agent := range 200 {
		var list []AgentState
		for i := range 1700 {
			list = append(list, AgentState{
				Agent: fmt.Sprintf("agent%03d", agent), State: queue.AgentStates()[i%7], From: from.Add(time.Duration(i) * 25 * time.Minute),
			})
		}
		if err := s.PutAgentStates(b.Context(), list, to); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("calls", func(b *testing.B) {
		n, longest, began := 0, time.Duration(0), time.Now()
		for b.Loop() {
			n = 0
			began = time.Now()
			err := s.EachCall(b.Context(), from, to, func(*queue.Call) {
				if n++; n%MaxLimit == 0 { // the last of its transaction
					longest, began = max(longest, time.Since(began)), time.Now()
				}
			})
			if err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(n), "calls")
		b.ReportMetric(float64(longest.Milliseconds()), "ms/longest-transaction")
	})
	b.Run("states", func(b *testing.B) {
		n := 0
		for b.Loop() {
			n = 0
			if err := s.AgentSpans(b.Context(), nil, from, to, func(AgentSpan) { n++ }); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(n), "spans")
	})
}
