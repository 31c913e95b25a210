package store_test

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"calld/queue"
	"calld/store"
)

// twin is the store as simple as it can be said: maps and loops.
type twin struct {
	live, ended map[string]queue.Call
	memos       map[string]store.Memo
	missed      map[string]store.Missed
	away        map[string]store.Away
}

// numbers are ways to write a number, and which number it is.
var numbers = map[string]string{
	"010-1234-5678": "01012345678", "01012345678": "01012345678", "+82 (10) 1234": "82101234", "82101234": "82101234",
	"Alice": "alice", "alice ": "alice", "": "", "\xff\xff": "\ufffd\ufffd", "\ufffd\ufffd": "\ufffd\ufffd", "*98#": "*98#",
	"+82 10-1234-5678": "01012345678", "82 (10) 1234 5678": "01012345678",
}

// spell lists the numbers that are one with a number.
func spell(tel string) []string {
	same, known := numbers[tel]
	if !known {
		return []string{tel}
	}
	all := []string{same}
	for _, other := range slices.Sorted(maps.Keys(numbers)) {
		if numbers[other] == same {
			all = append(all, other)
		}
	}
	return all
}

func (w *twin) number(c queue.Call) string {
	if c.Direction == queue.Out {
		return numbers[c.Callee]
	}
	return numbers[c.Caller]
}

func (w *twin) put(c queue.Call) []store.Missed {
	if _, over := w.ended[c.ID]; over {
		return nil
	}
	w.live[c.ID] = c
	if c.Start != nil {
		return w.settle(c)
	}
	return nil
}

func (w *twin) finish(c queue.Call) []store.Missed {
	_, again := w.ended[c.ID]
	delete(w.live, c.ID)
	w.ended[c.ID] = c
	switch {
	case again:
		return nil
	case c.Start != nil:
		return w.settle(c)
	case c.Direction == queue.Out:
		return w.tried(c)
	case c.Outcome == queue.Blocked || c.Outcome == queue.CalledBack:
		return nil
	default:
		return []store.Missed{w.add(c)}
	}
}

// tried notes a call back that was not answered.
func (w *twin) tried(c queue.Call) (changed []store.Missed) {
	for id, m := range w.missed {
		if m.State != store.MissedOpen || w.number(c) == "" || w.number(queue.Call{Caller: m.Caller}) != w.number(c) {
			continue
		}
		m.Callbacks++
		m.LastCallback = &store.Callback{At: c.Begin, By: c.Agent, Call: c.ID, Cause: c.Cause}
		if m.Owner == c.Agent && m.Owner != "" && !m.OwnerSince.After(*c.End) {
			m.Owner, m.OwnerSince = "", nil
		}
		w.missed[id] = m
		changed = append(changed, m)
	}
	return changed
}

// releaseClaims ends the claims without a live call.
func (w *twin) releaseClaims() (released []store.Missed) {
	for id, m := range w.missed {
		carried := false
		for _, c := range w.live {
			carried = carried || c.Direction == queue.Out && c.Agent == m.Owner && w.number(c) == w.number(queue.Call{Caller: m.Caller})
		}
		if m.State == store.MissedOpen && m.Owner != "" && w.number(queue.Call{Caller: m.Caller}) != "" && !carried {
			m.Owner, m.OwnerSince = "", nil
			w.missed[id] = m
			released = append(released, m)
		}
	}
	return released
}

func (w *twin) add(c queue.Call) store.Missed {
	m := store.Missed{ID: c.ID, Queue: c.Queue, First: c.Begin, Last: c.Begin, State: store.MissedOpen}
	for _, have := range w.missed {
		if have.State == store.MissedOpen && w.number(c) != "" && have.Queue == c.Queue &&
			w.number(queue.Call{Caller: have.Caller}) == w.number(c) {
			m = have
		}
	}
	if c.Begin.Before(m.First) {
		m.First = c.Begin
	}
	if c.Begin.After(m.Last) {
		m.Last = c.Begin
	}
	m.Caller, m.CallerName, m.LastOutcome, m.LastCause, m.LastWaitMS = c.Caller, c.CallerName, c.Outcome, c.Cause, c.WaitMS
	m.WaitMS = max(m.WaitMS, c.WaitMS)
	m.Tries++
	m.Calls = append(slices.Clone(m.Calls), c.ID)
	if len(m.Calls) > store.MissedCalls {
		m.Calls = m.Calls[1:]
	}
	w.missed[m.ID] = m
	return m
}

func (w *twin) settle(c queue.Call) (settled []store.Missed) {
	reason := "called_again"
	if c.Direction == queue.Out {
		reason = "reached"
	}
	for id, m := range w.missed {
		if m.State != store.MissedOpen || w.number(c) == "" || w.number(queue.Call{Caller: m.Caller}) != w.number(c) ||
			c.Direction == queue.In && m.Queue != c.Queue || m.Last.After(*c.Start) {
			continue
		}
		m.State = store.MissedResolved
		m.Resolved = &store.Resolution{At: *c.Start, By: c.Agent, Reason: reason, Call: c.ID}
		w.missed[id] = m
		settled = append(settled, m)
	}
	return settled
}

func (w *twin) joined(c queue.Call) queue.Call {
	if m, ok := w.memos[c.ID]; ok {
		c.Memo, c.Disposition = m.Text, m.Disposition
	}
	return c
}

func (w *twin) history(q store.Query) []queue.Call {
	found := []queue.Call{}
	for _, c := range w.ended {
		c = w.joined(c)
		text := strings.Contains(strings.ToLower(strings.Join([]string{c.Memo, c.Disposition, c.Caller, c.CallerName, c.Callee, c.Agent}, "\n")),
			strings.ToLower(q.Text))
		if (q.Queues == nil || slices.Contains(q.Queues, c.Queue)) &&
			(q.Caller == "" || w.number(c) == numbers[q.Caller]) &&
			(q.Agent == "" || c.Agent == q.Agent) &&
			(q.Outcome == "" || c.Outcome == q.Outcome) &&
			(q.Direction == "" || c.Direction == q.Direction) &&
			(q.From.IsZero() || !c.Begin.Before(q.From)) &&
			(q.To.IsZero() || c.Begin.Before(q.To)) && text {
			found = append(found, c)
		}
	}
	slices.SortFunc(found, func(a, b queue.Call) int {
		return cmp.Or(b.Begin.Compare(a.Begin), cmp.Compare(b.ID, a.ID))
	})
	return found
}

func (w *twin) missedList(q store.MissedQuery) []store.Missed {
	found := []store.Missed{}
	for _, m := range w.missed {
		if m.State == cmp.Or(q.State, store.MissedOpen) && (q.Queues == nil || slices.Contains(q.Queues, m.Queue)) {
			found = append(found, m)
		}
	}
	slices.SortFunc(found, func(a, b store.Missed) int {
		return cmp.Or(b.Last.Compare(a.Last), cmp.Compare(b.ID, a.ID))
	})
	return found
}

func (w *twin) purge(before time.Time) (n int, recordings []string) {
	for id, c := range w.ended {
		if c.Begin.Before(before) {
			n++
			delete(w.ended, id)
			delete(w.memos, id)
			if c.Record != "" {
				recordings = append(recordings, c.Record)
			}
		}
	}
	for id, m := range w.missed {
		if m.State == store.MissedResolved && m.Last.Before(before) {
			delete(w.missed, id)
		}
	}
	return n, recordings
}

// model plays random operations on a store and its twin.
type model struct {
	t     *testing.T
	r     *rand.Rand
	path  string
	s     *store.Store
	w     twin
	ids   int
	clock time.Time
}

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

func (m *model) writtenNumber() string {
	return pick(m.r, slices.Sorted(maps.Keys(numbers))...)
}

func (m *model) someID() string { return fmt.Sprintf("c%d", max(0, m.ids-m.r.IntN(60))) }

func (m *model) call() queue.Call {
	m.ids++
	m.clock = m.clock.Add(time.Duration(m.r.IntN(90)) * time.Second)
	c := *waiting(fmt.Sprintf("c%d", m.ids), 0, m.writtenNumber())
	c.Begin = m.clock.Add(-time.Duration(m.r.IntN(4)) * time.Minute)
	c.Queue = pick(m.r, "123456", "상담", "b")
	c.CallerName = pick(m.r, "", "김철수", "Bob")
	if m.r.IntN(4) == 0 {
		c.Direction, c.Caller, c.Callee, c.Agent = queue.Out, "0215881234", c.Caller, pick(m.r, "홍길동", "lee")
	}
	if m.r.IntN(3) == 0 {
		c.Record = c.ID + ".wav"
	}
	return c
}

// stored is what comes back of a call: JSON holds no invalid UTF-8.
func stored(c queue.Call) queue.Call {
	c.Caller, c.Callee = string([]rune(c.Caller)), string([]rune(c.Callee))
	return c
}

func (m *model) same(what string, got, want any) {
	m.t.Helper()
	if diff := gocmp.Diff(want, got); diff != "" {
		m.t.Fatalf("%s (-twin +store):\n%s", what, diff)
	}
}

func (m *model) sameMissed(what string, got, want []store.Missed) {
	m.t.Helper()
	byID := func(a, b store.Missed) int { return cmp.Compare(a.ID, b.ID) }
	for _, list := range [][]store.Missed{got, want} {
		slices.SortFunc(list, byID)
		for i := range list {
			list[i].Caller = string([]rune(list[i].Caller))
		}
	}
	m.same(what, got, want)
}

func (m *model) step() {
	ctx, t := m.t.Context(), m.t
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	switch n := m.r.IntN(100); {
	case n < 25:
		c := m.call()
		if m.r.IntN(2) == 0 {
			c = *answered(&c, pick(m.r, "홍길동", "lee"))
		}
		got, err := m.s.PutLive(ctx, &c)
		must(err)
		m.sameMissed("put", got, m.w.put(stored(c)))
	case n < 55:
		c := m.call()
		if live, ok := m.w.live[m.someID()]; ok && m.r.IntN(2) == 0 {
			c = live
		}
		outcome := pick(m.r, queue.Outcomes()...)
		if c.Start == nil && outcome == queue.Answered {
			c = *answered(&c, pick(m.r, "홍길동", "lee"))
		}
		c = *ended(&c, outcome)
		got, err := m.s.Finish(ctx, &c)
		must(err)
		m.sameMissed("finish", got, m.w.finish(stored(c)))
	case n < 58: // again, and changed
		c, ok := m.w.ended[m.someID()]
		if !ok {
			return
		}
		c.Agent, c.Begin, c.Queue = "lee", c.Begin.Add(time.Second), "b"
		got, err := m.s.Finish(ctx, &c)
		must(err)
		m.sameMissed("finish again", got, m.w.finish(c))
	case n < 60: // too late
		if c, ok := m.w.ended[m.someID()]; ok {
			c.Phase, c.Outcome = queue.Talking, ""
			_, err := m.s.PutLive(ctx, &c)
			must(err)
		}
	case n < 70:
		id := m.someID()
		memo := m.w.memos[id]
		change := store.MemoChange{By: "lee", At: m.clock}
		if m.r.IntN(3) > 0 {
			change.Text = new(pick(m.r, "", "환불 요청", "Call back"))
			memo.Text = *change.Text
		}
		if m.r.IntN(3) > 0 {
			change.Disposition = new(pick(m.r, "", "sold"))
			memo.Disposition = *change.Disposition
		}
		memo.By, memo.At = change.By, change.At
		got, err := m.s.SetMemo(ctx, id, change)
		must(err)
		m.w.memos[id] = memo
		m.same("memo", got, memo)
	case n < 80:
		m.workOff()
	case n < 81:
		got, err := m.s.ReleaseClaims(ctx)
		must(err)
		m.sameMissed("released", got, m.w.releaseClaims())
	case n < 82:
		before := m.clock.Add(-time.Duration(m.r.IntN(120)) * time.Minute)
		count, recordings, err := m.s.Purge(ctx, before)
		must(err)
		wantCount, wantRecordings := m.w.purge(before)
		slices.Sort(recordings)
		slices.Sort(wantRecordings)
		m.same("purged", count, wantCount)
		m.same("recordings", recordings, wantRecordings)
	case n < 85:
		agent := pick(m.r, "홍길동", "lee")
		if m.r.IntN(2) == 0 {
			delete(m.w.away, agent)
			must(m.s.ClearAway(ctx, agent))
			return
		}
		m.w.away[agent] = store.Away{Agent: agent, Reason: "점심", Since: m.clock}
		must(m.s.PutAway(ctx, m.w.away[agent]))
	case n < 86:
		must(m.s.Check())
		must(m.s.Close())
		var err error
		m.s, err = store.Open(m.path, store.Options{Spellings: spell})
		must(err)
	default:
		m.compare()
	}
}

// workOff claims, releases or resolves some missed call.
func (m *model) workOff() {
	ctx, id := m.t.Context(), m.someID()
	agent := pick(m.r, "홍길동", "lee")
	want, known := m.w.missed[id]
	held := want.Owner != "" && want.Owner != agent && m.clock.Sub(*want.OwnerSince) < store.ClaimTime
	var got store.Missed
	var err error
	switch m.r.IntN(4) {
	case 0, 1:
		got, err = m.s.ClaimMissed(ctx, id, agent, m.clock)
		want.Owner, want.OwnerSince = agent, new(m.clock)
	case 2:
		got, err = m.s.ReleaseMissed(ctx, id, agent, m.clock)
		want.Owner, want.OwnerSince = "", nil
	default:
		got, err = m.s.ResolveMissed(ctx, id, agent, "잘못 걸린 전화", m.clock)
		want.State, want.Resolved = store.MissedResolved, &store.Resolution{At: m.clock, By: agent, Reason: "잘못 걸린 전화"}
		held = false
	}
	var claimed *store.ClaimedError
	switch {
	case !known:
		m.same("not found", errors.Is(err, store.ErrNotFound), true)
	case m.w.missed[id].State != store.MissedOpen:
		m.same("resolved", errors.Is(err, store.ErrResolved), true)
	case held:
		m.same("held", errors.As(err, &claimed) && claimed.Owner == m.w.missed[id].Owner, true)
	default:
		m.same("refused", err, error(nil))
		m.sameMissed("worked off", []store.Missed{got}, []store.Missed{want})
		m.w.missed[id] = want
	}
}

// compare reads everything that can be read.
func (m *model) compare() {
	q := store.Query{Limit: 1 + m.r.IntN(20)}
	some := func() bool { return m.r.IntN(4) == 0 }
	if some() {
		q.Queues = pick(m.r, []string{}, []string{"상담"}, []string{"b", "123456", "b", "none"})
	}
	if some() {
		q.Caller = m.writtenNumber()
	}
	if some() {
		q.Agent = pick(m.r, "홍길동", "lee", "nobody")
	}
	if some() {
		q.Outcome = pick(m.r, queue.Outcomes()...)
	}
	if some() {
		q.Direction = pick(m.r, queue.In, queue.Out)
	}
	if some() {
		q.From = m.clock.Add(-time.Duration(m.r.IntN(180)) * time.Minute)
	}
	if some() {
		q.To = m.clock.Add(-time.Duration(m.r.IntN(180)) * time.Minute)
	}
	if some() {
		q.Text = pick(m.r, "환불", "CALL", "bob", "1234")
	}
	want := m.w.history(q)
	m.same(fmt.Sprintf("history %+v", q), m.allHistory(q), want)
	if q.Caller != "" && numbers[q.Caller] != "" {
		got, err := m.s.EarlierCalls(q.Caller, 3)
		m.same("earlier", err, error(nil))
		all := m.w.history(store.Query{Caller: q.Caller})
		m.same("earlier", got, all[:min(3, len(all))])
	}

	mq := store.MissedQuery{State: pick(m.r, "", store.MissedOpen, store.MissedResolved), Limit: q.Limit, Queues: q.Queues}
	m.same(fmt.Sprintf("missed %+v", mq), m.allMissed(mq), m.w.missedList(mq))

	live, err := m.s.Live()
	m.same("live", err, error(nil))
	m.same("live", len(live), len(m.w.live))
	for _, c := range live {
		m.same("live", c, m.w.joined(m.w.live[c.ID]))
	}
	id := m.someID()
	c, err := m.s.Call(id)
	if wantCall, ok := m.w.ended[id]; ok {
		m.same("ended call", c, m.w.joined(wantCall))
	} else if wantCall, ok := m.w.live[id]; ok {
		m.same("live call", c, m.w.joined(wantCall))
	} else {
		m.same("no call", errors.Is(err, store.ErrNotFound), true)
	}
	count, err := m.s.CountAnswered("lee", q.From)
	m.same("count", err, error(nil))
	m.same("count", count, len(m.w.history(store.Query{Agent: "lee", Outcome: queue.Answered, From: q.From})))
	away, err := m.s.AgentsAway()
	m.same("away", err, error(nil))
	m.same("away", away, m.w.away)
}

func (m *model) allHistory(q store.Query) []queue.Call {
	all := []queue.Call{}
	for {
		page, err := m.s.History(q)
		if err != nil {
			m.t.Fatal(err)
		}
		if len(page.Calls) > q.Limit {
			m.t.Fatalf("page of %d, limit %d", len(page.Calls), q.Limit)
		}
		all = append(all, page.Calls...)
		if q.Cursor = page.Next; q.Cursor == "" {
			return all
		}
	}
}

func (m *model) allMissed(q store.MissedQuery) []store.Missed {
	all := []store.Missed{}
	for {
		page, err := m.s.Missed(q)
		if err != nil {
			m.t.Fatal(err)
		}
		all = append(all, page.Missed...)
		if q.Cursor = page.Next; q.Cursor == "" {
			return all
		}
	}
}

var modelSteps = flag.Int("model.steps", 500, "inputs to the store that TestModel compares with its twin")

func TestModel(t *testing.T) {
	for range 2 {
		seed := rand.Uint64()
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "calld.db")
			s, err := store.Open(path, store.Options{Spellings: spell})
			if err != nil {
				t.Fatal(err)
			}
			m := &model{
				t: t, r: rand.New(rand.NewPCG(seed, 0)), path: path, s: s, clock: day(),
				w: twin{
					live: map[string]queue.Call{}, ended: map[string]queue.Call{}, memos: map[string]store.Memo{},
					missed: map[string]store.Missed{}, away: map[string]store.Away{},
				},
			}
			t.Cleanup(func() {
				if err := errors.Join(m.s.Check(), m.s.Close()); err != nil {
					t.Error(err)
				}
			})
			for range *modelSteps {
				m.step()
			}
		})
	}
}
