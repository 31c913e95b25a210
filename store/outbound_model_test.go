package store_test

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"calld/campaign"
	"calld/queue"
	"calld/store"
)

// outboundTwin is what is kept for campaigns as simple as it can be said.
type outboundTwin struct {
	plans     map[string]campaign.Plan
	lists     map[string]campaign.DialList
	campaigns map[string]campaign.Campaign
	entries   []campaign.Entry // in the order of loading
	tries     map[string]campaign.Result
	results   []campaign.Result
	barred    map[string]campaign.Barred
}

func (w *outboundTwin) uses(of func(campaign.Campaign) bool) bool {
	for _, c := range w.campaigns {
		if of(c) {
			return true
		}
	}
	return false
}

func (w *outboundTwin) list(id string) campaign.DialList {
	l := w.lists[id]
	l.States = map[campaign.EntryState]int{}
	for _, e := range w.entries {
		if e.List == id {
			l.Entries++
			l.States[e.State]++
		}
	}
	l.Open = l.States[campaign.EntryOpen]
	return l
}

func (w *outboundTwin) entry(id string) *campaign.Entry {
	for i := range w.entries {
		if w.entries[i].ID == id {
			return &w.entries[i]
		}
	}
	return nil
}

func (w *outboundTwin) duplicate(e campaign.Entry) bool {
	for _, o := range w.entries {
		if o.List != e.List {
			continue
		}
		if e.Key != "" && e.Key == o.Key {
			return true
		}
		for _, n := range e.Numbers {
			if slices.ContainsFunc(o.Numbers, func(m campaign.Number) bool { return plain(m.Number) == plain(n.Number) }) {
				return true
			}
		}
	}
	return false
}

func (w *outboundTwin) due(list string, now time.Time, n int, skip map[string]bool) (due []campaign.Entry, next time.Time) {
	var open []campaign.Entry
	for _, e := range w.entries {
		if e.List == list && e.State == campaign.EntryOpen && !skip[e.ID] {
			open = append(open, e)
		}
	}
	slices.SortStableFunc(open, func(a, b campaign.Entry) int { return a.Due.Compare(b.Due) })
	for _, e := range open {
		switch {
		case e.Due.After(now):
			return due, e.Due
		case len(due) == n:
			return due, now
		}
		due = append(due, e)
	}
	return due, time.Time{}
}

func plain(number string) string { return strings.TrimPrefix(number, "+") }

// outboundModel plays random operations on a store and its twin.
type outboundModel struct {
	model
	w    outboundTwin
	nTry int
}

// refusedAs checks whether the store refused what the twin does.
func (m *outboundModel) refusedAs(what string, err, want error) bool {
	m.t.Helper()
	if !errors.Is(err, want) || want == nil && err != nil {
		m.t.Fatalf("%s: %v, want %v", what, err, want)
	}
	return want != nil
}

func (m *outboundModel) anyID(n int) string { return strconv.Itoa(1 + m.r.IntN(n)) }

func (m *outboundModel) someEntry() *campaign.Entry {
	if len(m.w.entries) == 0 {
		return nil
	}
	return &m.w.entries[m.r.IntN(len(m.w.entries))]
}

func (m *outboundModel) play() {
	m.clock = m.clock.Add(time.Duration(m.r.IntN(60)) * time.Second)
	switch n := m.r.IntN(100); {
	case n < 8:
		m.setUp()
	case n < 14:
		m.change()
	case n < 18:
		m.takeDown()
	case n < 30:
		m.load()
	case n < 55:
		m.claim()
	case n < 58:
		m.amend()
	case n < 75:
		m.settle()
	case n < 80:
		m.rest()
	case n < 84:
		m.bar()
	case n < 85:
		before := m.clock.Add(-time.Duration(m.r.IntN(60)) * time.Minute)
		if _, _, err := m.s.Purge(m.t.Context(), before); err != nil {
			m.t.Fatal(err)
		}
		m.w.results = slices.DeleteFunc(m.w.results, func(r campaign.Result) bool { return r.Dialled.Before(before) })
	case n < 86:
		if err := errors.Join(m.s.Check(), m.s.Close()); err != nil {
			m.t.Fatal(err)
		}
		var err error
		if m.s, err = store.Open(m.path, store.Options{}); err != nil {
			m.t.Fatal(err)
		}
	default:
		m.compareOutbound()
	}
}

func (m *outboundModel) setUp() {
	ctx := m.t.Context()
	switch m.r.IntN(3) {
	case 0:
		p, err := m.s.CreatePlan(ctx, campaign.Plan{Name: "설문", Mode: campaign.Power}, m.clock)
		m.refusedAs("plan", err, nil)
		m.same("plan", p, campaign.Plan{ID: p.ID, Name: "설문", Mode: campaign.Power, Revision: 1, Changed: m.clock})
		m.w.plans[p.ID] = p
	case 1:
		l, err := m.s.CreateList(ctx, campaign.DialList{Name: "list", Entries: 7, Open: 7}, m.clock)
		m.refusedAs("list", err, nil)
		m.w.lists[l.ID] = campaign.DialList{ID: l.ID, Name: "list", Revision: 1, Changed: m.clock}
	default:
		c := campaign.Campaign{Name: "c", Plan: m.anyID(8), DialList: m.anyID(8), Queue: "123456", State: campaign.Running}
		if m.r.IntN(2) == 0 {
			c.Next = m.anyID(8)
		}
		got, err := m.s.CreateCampaign(ctx, c, m.clock)
		if m.refusedAs("campaign", err, m.unfit(c)) {
			return
		}
		c.ID, c.State, c.Since, c.Revision, c.Changed = got.ID, campaign.Stopped, m.clock, 1, m.clock
		m.same("campaign", got, c)
		m.w.campaigns[c.ID] = c
	}
}

func (m *outboundModel) unfit(c campaign.Campaign) error {
	_, plan := m.w.plans[c.Plan]
	_, list := m.w.lists[c.DialList]
	_, next := m.w.campaigns[c.Next]
	if !plan || !list || c.Next != "" && !next {
		return campaign.ErrUnknown
	}
	return nil
}

// seen is what an editor has seen of a revision, and whether it is stale.
func (m *outboundModel) seen(revision uint64) (uint64, error) {
	if m.r.IntN(4) == 0 {
		return revision + 1, campaign.ErrStale
	}
	return pick(m.r, 0, revision), nil
}

func (m *outboundModel) change() {
	ctx, id := m.t.Context(), m.anyID(8)
	running := func(c campaign.Campaign) bool { return c.State != campaign.Stopped }
	switch m.r.IntN(4) {
	case 0:
		p, ok := m.w.plans[id]
		seen, want := m.seen(p.Revision)
		if m.w.uses(func(c campaign.Campaign) bool { return c.Plan == id && running(c) }) {
			want = cmp.Or(want, campaign.ErrInUse)
		}
		if !ok {
			want = campaign.ErrUnknown
		}
		got, err := m.s.EditPlan(ctx, campaign.Plan{ID: id, Name: "n", Revision: seen}, m.clock)
		if !m.refusedAs("edit plan", err, want) {
			m.w.plans[id] = campaign.Plan{ID: id, Name: "n", Revision: p.Revision + 1, Changed: m.clock}
			m.same("edited plan", got, m.w.plans[id])
		}
	case 1:
		l, ok := m.w.lists[id]
		seen, want := m.seen(l.Revision)
		if m.w.uses(func(c campaign.Campaign) bool { return c.DialList == id && running(c) }) {
			want = cmp.Or(want, campaign.ErrInUse)
		}
		if !ok {
			want = campaign.ErrUnknown
		}
		_, err := m.s.EditList(ctx, campaign.DialList{ID: id, Name: "n", Revision: seen, Entries: 99}, m.clock)
		if !m.refusedAs("edit list", err, want) {
			m.w.lists[id] = campaign.DialList{ID: id, Name: "n", Revision: l.Revision + 1, Changed: m.clock}
		}
	case 2:
		c, ok := m.w.campaigns[id]
		edited := campaign.Campaign{ID: id, Name: "n", Plan: m.anyID(8), DialList: m.anyID(8), Queue: "q"}
		var want error
		edited.Revision, want = m.seen(c.Revision)
		if running(c) {
			want = cmp.Or(want, campaign.ErrInUse)
		}
		want = cmp.Or(want, m.unfit(edited))
		if !ok {
			want = campaign.ErrUnknown
		}
		_, err := m.s.EditCampaign(ctx, edited, m.clock)
		if !m.refusedAs("edit campaign", err, want) {
			edited.Revision, edited.Changed, edited.State, edited.Since, edited.Why = c.Revision+1, m.clock, c.State, c.Since, c.Why
			m.w.campaigns[id] = edited
		}
	default:
		c, ok := m.w.campaigns[id]
		state := pick(m.r, campaign.Running, campaign.Stopped)
		err := m.s.SetState(ctx, id, state, "admin", m.clock)
		if !ok {
			m.refusedAs("state", err, campaign.ErrUnknown)
			return
		}
		m.refusedAs("state", err, nil)
		c.State, c.Why, c.Since = state, "admin", m.clock
		m.w.campaigns[id] = c
	}
}

func (m *outboundModel) takeDown() {
	ctx, id := m.t.Context(), m.anyID(8)
	switch m.r.IntN(3) {
	case 0:
		p, ok := m.w.plans[id]
		seen, want := m.seen(p.Revision)
		if m.w.uses(func(c campaign.Campaign) bool { return c.Plan == id }) {
			want = cmp.Or(want, campaign.ErrInUse)
		}
		if !ok {
			want = campaign.ErrUnknown
		}
		if !m.refusedAs("delete plan", m.s.DeletePlan(ctx, id, seen), want) {
			delete(m.w.plans, id)
		}
	case 1:
		l, ok := m.w.lists[id]
		seen, want := m.seen(l.Revision)
		if m.w.uses(func(c campaign.Campaign) bool { return c.DialList == id }) {
			want = cmp.Or(want, campaign.ErrInUse)
		}
		if !ok {
			want = campaign.ErrUnknown
		}
		if !m.refusedAs("delete list", m.s.DeleteList(ctx, id, seen), want) {
			delete(m.w.lists, id)
			m.w.entries = slices.DeleteFunc(m.w.entries, func(e campaign.Entry) bool { return e.List == id })
		}
	default:
		c, ok := m.w.campaigns[id]
		seen, want := m.seen(c.Revision)
		if c.State != campaign.Stopped || m.w.uses(func(o campaign.Campaign) bool { return o.Next == id }) {
			want = cmp.Or(want, campaign.ErrInUse)
		}
		if !ok {
			want = campaign.ErrUnknown
		}
		if !m.refusedAs("delete campaign", m.s.DeleteCampaign(ctx, id, seen), want) {
			delete(m.w.campaigns, id)
		}
	}
}

func (m *outboundModel) tel() string {
	return pick(m.r, "", "+") + "0101234" + fmt.Sprintf("%03d", m.r.IntN(400))
}

func (m *outboundModel) load() {
	listID := m.anyID(8)
	var batch []campaign.Entry
	for range 1 + m.r.IntN(6) {
		e := campaign.Entry{List: listID, Name: pick(m.r, "김철수", "Bob"), Variables: map[string]string{"city": "서울"}}
		if m.r.IntN(2) == 0 {
			e.Key = "k" + strconv.Itoa(m.r.IntN(100))
		}
		if m.r.IntN(3) == 0 {
			e.Due = m.clock.Add(time.Duration(m.r.IntN(600)) * time.Second)
		}
		for range 1 + m.r.IntN(3) {
			e.Numbers = append(e.Numbers, campaign.Number{Number: m.tel()})
		}
		batch = append(batch, e)
	}
	refused, err := m.s.AddEntries(m.t.Context(), listID, batch)
	if _, ok := m.w.lists[listID]; !ok {
		m.refusedAs("load", err, campaign.ErrUnknown)
		return
	}
	m.refusedAs("load", err, nil)
	page, err := m.s.Entries(store.EntryQuery{List: listID, Limit: store.MaxLimit})
	m.refusedAs("load", err, nil)
	ids := page.Entries[len(m.entriesOf(listID)):]
	for i, e := range batch {
		var dup *campaign.DuplicateError
		m.same("duplicate", errors.As(refused[i], &dup), m.w.duplicate(e))
		if dup != nil {
			if o := m.w.entry(dup.Entry); o == nil || o.List != listID {
				m.t.Fatalf("duplicate of %s, which is not there", dup.Entry)
			}
			continue
		}
		var once []campaign.Number
		for _, n := range e.Numbers {
			if !slices.ContainsFunc(once, func(o campaign.Number) bool { return plain(o.Number) == plain(n.Number) }) {
				once = append(once, n)
			}
		}
		e.ID, e.State, e.Numbers = ids[0].ID, campaign.EntryOpen, once
		ids = ids[1:]
		m.w.entries = append(m.w.entries, e)
	}
}

func (m *outboundModel) entriesOf(list string) (of []campaign.Entry) {
	for _, e := range m.w.entries {
		if e.List == list {
			of = append(of, e)
		}
	}
	return of
}

func (m *outboundModel) claim() {
	e := m.someEntry()
	if e == nil {
		return
	}
	m.nTry++
	i := m.r.IntN(len(e.Numbers))
	try := campaign.Result{
		ID: fmt.Sprintf("t%d", m.nTry), Campaign: m.anyID(4), Entry: e.ID, List: e.List,
		Number: e.Numbers[i].Number, Index: i, Dialled: new(m.clock),
	}
	var want error
	if m.r.IntN(8) == 0 {
		try.Number, want = "0000", campaign.ErrClaimed
	}
	if e.State != campaign.EntryOpen {
		want = campaign.ErrClaimed
	}
	if !m.refusedAs("claim", m.s.Claim(m.t.Context(), try), want) {
		e.State, e.Try = campaign.EntryDialling, try.ID
		m.w.tries[try.ID] = try
	}
}

// amend keeps more of a try under way, and nothing of one that is over.
func (m *outboundModel) amend() {
	id := fmt.Sprintf("t%d", max(0, m.nTry-m.r.IntN(20)))
	try, open := m.w.tries[id]
	try.ID, try.AMD = id, campaign.AMDMachine
	if err := m.s.Amend(m.t.Context(), try); err != nil {
		m.t.Fatal(err)
	}
	if open {
		m.w.tries[id] = try
	}
}

func (m *outboundModel) settle() {
	id := fmt.Sprintf("t%d", max(0, m.nTry-m.r.IntN(20)))
	try, open := m.w.tries[id]
	if !open {
		try = campaign.Result{ID: id, Dialled: new(m.clock)}
		if e := m.someEntry(); e != nil {
			try.Entry = e.ID
		}
	}
	try.DialResult, try.Agent = pick(m.r, queue.DialBusy, queue.DialAnswered), pick(m.r, "", "홍길동")
	try.End = new(m.clock)
	e := m.w.entry(try.Entry)
	now := campaign.Entry{State: campaign.EntryUsedUp}
	if e != nil {
		now = *e
		now.Numbers = slices.Clone(e.Numbers)
		now.Numbers[try.Index].Tries++
		now.Numbers[try.Index].Last = string(try.DialResult)
		now.State = pick(m.r, campaign.EntryOpen, campaign.EntryReached, campaign.EntryUsedUp)
		now.Due = m.clock.Add(time.Duration(m.r.IntN(600)) * time.Second)
		now.Tried = append(now.Tried, m.clock)
	}
	given := now
	given.Name, given.Variables = "changed", nil // which an entry keeps
	if err := m.s.Settle(m.t.Context(), try, given); err != nil {
		m.t.Fatal(err)
	}
	if !open {
		return
	}
	delete(m.w.tries, id)
	m.w.results = append(m.w.results, try)
	if e != nil {
		now.Try, now.Last = "", &try
		*e = now
	}
}

// rest gives entries another time, or blocks them.
func (m *outboundModel) rest() {
	e := m.someEntry()
	if e == nil {
		return
	}
	now := *e
	now.State = pick(m.r, campaign.EntryOpen, campaign.EntryBlocked)
	now.Due = m.clock.Add(time.Duration(m.r.IntN(600)) * time.Second)
	if err := m.s.PutOpen(m.t.Context(), []campaign.Entry{now, {ID: "9-99999"}, {ID: "x"}}); err != nil {
		m.t.Fatal(err)
	}
	if e.State == campaign.EntryOpen {
		*e = now
	}
}

func (m *outboundModel) bar() {
	ctx, tel := m.t.Context(), m.tel()
	_, on := m.w.barred[plain(tel)]
	if m.r.IntN(3) == 0 {
		var want error
		if !on {
			want = campaign.ErrUnknown
		}
		m.refusedAs("unbar", m.s.Unbar(ctx, tel), want)
		delete(m.w.barred, plain(tel))
		return
	}
	b := campaign.Barred{Number: tel, Note: "요청", By: "lee", At: m.clock}
	added, err := m.s.Bar(ctx, []campaign.Barred{b})
	m.refusedAs("bar", err, nil)
	m.same("added", added == 0, on)
	m.w.barred[plain(tel)] = b
}

func sorted[T any](m map[string]T) []T {
	all := []T{}
	for _, id := range slices.SortedFunc(maps.Keys(m), func(a, b string) int { return cmp.Or(len(a)-len(b), cmp.Compare(a, b)) }) {
		all = append(all, m[id])
	}
	return all
}

func TestOutboundModel(t *testing.T) {
	for range 2 {
		seed := rand.Uint64()
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "calld.db")
			s, err := store.Open(path, store.Options{})
			if err != nil {
				t.Fatal(err)
			}
			m := &outboundModel{
				model: model{t: t, r: rand.New(rand.NewPCG(seed, 0)), path: path, s: s, clock: day()},
				w: outboundTwin{
					plans: map[string]campaign.Plan{}, lists: map[string]campaign.DialList{}, campaigns: map[string]campaign.Campaign{},
					tries: map[string]campaign.Result{}, barred: map[string]campaign.Barred{},
				},
			}
			t.Cleanup(func() {
				if err := errors.Join(m.s.Check(), m.s.Close()); err != nil {
					t.Error(err)
				}
			})
			for range *modelSteps {
				m.play()
			}
		})
	}
}
