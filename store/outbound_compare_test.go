package store_test

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"calld/campaign"
	"calld/store"
)

func (m *outboundModel) compareOutbound() {
	must := func(err error) {
		m.t.Helper()
		m.refusedAs("read", err, nil)
	}
	allPlans, err := m.s.Plans()
	must(err)
	m.same("plans", allPlans, sorted(m.w.plans))
	allCampaigns, err := m.s.Campaigns()
	must(err)
	m.same("campaigns", allCampaigns, sorted(m.w.campaigns))
	allLists, err := m.s.Lists()
	must(err)
	wantLists := sorted(m.w.lists)
	for i := range wantLists {
		wantLists[i] = m.w.list(wantLists[i].ID)
	}
	m.same("lists", allLists, wantLists)

	claims, err := m.s.Claims()
	must(err)
	m.same("claims", len(claims), len(m.w.tries))
	for _, c := range claims {
		m.same("claim", c, m.w.tries[c.ID])
	}

	since, tels := m.clock.Add(-time.Duration(m.r.IntN(120))*time.Minute), []string{m.tel(), m.tel()}
	if e := m.someEntry(); e != nil {
		tels = append(tels, e.Numbers[0].Number)
	}
	tried, err := m.s.Tried(tels, since)
	must(err)
	var wantTried []time.Time
	for _, r := range m.w.results {
		if !r.Dialled.Before(since) && slices.ContainsFunc(tels, func(tel string) bool { return plain(tel) == plain(r.Number) }) {
			wantTried = append(wantTried, *r.Dialled)
		}
	}
	slices.SortFunc(wantTried, time.Time.Compare)
	m.same("tried", slices.EqualFunc(tried, wantTried, time.Time.Equal), true)

	id := m.anyID(8)
	skip := map[string]bool{}
	if e := m.someEntry(); e != nil {
		skip[e.ID] = true
		got, err := m.s.Entry(e.ID)
		must(err)
		m.same("entry", got, *e)
	}
	now, n := m.clock.Add(time.Duration(m.r.IntN(600)-300)*time.Second), 1+m.r.IntN(5)
	if _, ok := m.w.lists[id]; ok {
		due, next, err := m.s.Due(id, now, n, skip)
		must(err)
		wantDue, wantNext := m.w.due(id, now, n, skip)
		m.same("due", due, wantDue)
		m.same("next due", next.Equal(wantNext), true)
		m.compareEntries(store.EntryQuery{
			List: id, Limit: 1 + m.r.IntN(9), State: pick(m.r, "", campaign.EntryOpen, campaign.EntryReached), Text: pick(m.r, "", "BOB", "234-1", "서울", "k1"),
		})
	}
	m.compareResults(store.ResultQuery{
		Campaign: m.anyID(4), Limit: 1 + m.r.IntN(9), Kind: pick(m.r, "", "busy", "answered", campaign.KindMachine), Agent: pick(m.r, "", "홍길동"),
		From: pick(m.r, time.Time{}, m.clock.Add(-time.Hour)), To: pick(m.r, time.Time{}, m.clock.Add(-time.Minute)),
	})
	m.compareBarred(1+m.r.IntN(9), pick(m.r, "", "12341", "요청"))
}

func (m *outboundModel) compareEntries(q store.EntryQuery) {
	var got, want []campaign.Entry
	for {
		page, err := m.s.Entries(q)
		m.refusedAs("entries", err, nil)
		got = append(got, page.Entries...)
		if q.Cursor = page.Next; q.Cursor == "" {
			break
		}
	}
	for _, e := range m.entriesOf(q.List) {
		text := strings.ToLower(e.Name + "\n" + e.Key + "\n" + e.Variables["city"])
		for _, n := range e.Numbers {
			text += "\n" + n.Number
		}
		found := strings.Contains(text, strings.ToLower(q.Text)) || q.Text == "234-1" && strings.Contains(text, "2341")
		if (q.State == "" || q.State == e.State) && found {
			want = append(want, e)
		}
	}
	m.same(fmt.Sprintf("entries %+v", q), got, want)
}

func (m *outboundModel) compareResults(q store.ResultQuery) {
	var got, want []campaign.Result
	for {
		page, err := m.s.Results(q)
		m.refusedAs("results", err, nil)
		got = append(got, page.Results...)
		if q.Cursor = page.Next; q.Cursor == "" {
			break
		}
	}
	for _, r := range m.w.results {
		if r.Campaign == q.Campaign && (q.Kind == "" || q.Kind == r.Kind()) && (q.Agent == "" || q.Agent == r.Agent) &&
			(q.From.IsZero() || !r.Dialled.Before(q.From)) && (q.To.IsZero() || r.Dialled.Before(q.To)) {
			want = append(want, r)
		}
	}
	slices.SortFunc(want, func(a, b campaign.Result) int {
		return cmp.Or(b.Dialled.Compare(*a.Dialled), cmp.Compare(b.ID, a.ID))
	})
	m.same(fmt.Sprintf("results %+v", q), got, want)
}

func (m *outboundModel) compareBarred(limit int, text string) {
	var got, want []campaign.Barred
	for cursor := ""; ; {
		page, err := m.s.Barred(text, limit, cursor)
		m.refusedAs("barred", err, nil)
		got = append(got, page.Numbers...)
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	for _, n := range slices.Sorted(maps.Keys(m.w.barred)) {
		if b := m.w.barred[n]; strings.Contains(b.Number+b.Note, text) {
			want = append(want, b)
		}
	}
	m.same("do not call", got, want)
	tel := m.tel()
	on, err := m.s.DoNotCall(tel[:4] + "-" + tel[4:])
	_, wantOn := m.w.barred[plain(tel)]
	m.refusedAs("barred", err, nil)
	m.same("barred", on, wantOn)
}
