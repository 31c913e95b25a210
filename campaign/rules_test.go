package campaign

import (
	"testing"
	"time"

	"calld/queue"

	"github.com/google/go-cmp/cmp"
)

func zone(tb testing.TB, name string) *time.Location {
	tb.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		tb.Fatal(err)
	}
	return z
}

func everyDay(from, to string) []Hours {
	return []Hours{{Days: []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}, From: from, To: to}}
}

func TestNextOpen(t *testing.T) {
	workdays := []Hours{{Days: []string{"mon", "tue", "wed", "thu", "fri"}, From: "09:00", To: "18:00"}, {Days: []string{"sat"}, From: "10:00", To: "12:00"}}
	tests := map[string]struct {
		hours    []Hours
		zone     string
		at, want string // RFC 3339; "" never
	}{
		"no hours":                          {nil, "Asia/Seoul", "2026-03-01T03:00:00+09:00", "2026-03-01T03:00:00+09:00"},
		"within":                            {workdays, "Asia/Seoul", "2026-03-02T09:00:00+09:00", "2026-03-02T09:00:00+09:00"},
		"the last moment":                   {workdays, "Asia/Seoul", "2026-03-02T17:59:59+09:00", "2026-03-02T17:59:59+09:00"},
		"the end is not within":             {workdays, "Asia/Seoul", "2026-03-02T18:00:00+09:00", "2026-03-03T09:00:00+09:00"},
		"before the hours":                  {workdays, "Asia/Seoul", "2026-03-02T08:59:00+09:00", "2026-03-02T09:00:00+09:00"},
		"over Saturday to Monday":           {workdays, "Asia/Seoul", "2026-03-07T12:00:00+09:00", "2026-03-09T09:00:00+09:00"},
		"Friday evening to Saturday":        {workdays, "Asia/Seoul", "2026-03-06T20:00:00+09:00", "2026-03-07T10:00:00+09:00"},
		"the customer's zone":               {workdays, "America/New_York", "2026-03-02T22:00:00+09:00", "2026-03-02T23:00:00+09:00"},
		"until midnight":                    {everyDay("20:00", "24:00"), "Asia/Seoul", "2026-03-02T23:59:59+09:00", "2026-03-02T23:59:59+09:00"},
		"one day a week":                    {[]Hours{{Days: []string{"mon"}, From: "09:00", To: "10:00"}}, "Asia/Seoul", "2026-03-02T10:00:00+09:00", "2026-03-09T09:00:00+09:00"},
		"unreadable hours":                  {[]Hours{{Days: []string{"mon"}, From: "9", To: "10:00"}}, "Asia/Seoul", "2026-03-02T10:00:00+09:00", ""},
		"clocks forward over the beginning": {everyDay("02:30", "05:00"), "Europe/Berlin", "2026-03-29T00:00:00+01:00", "2026-03-29T03:00:00+02:00"},
		"clocks forward, an hour less":      {everyDay("09:00", "18:00"), "Europe/Berlin", "2026-03-28T18:00:00+01:00", "2026-03-29T09:00:00+02:00"},
		"clocks back, an hour more":         {everyDay("09:00", "18:00"), "Europe/Berlin", "2026-10-24T18:00:00+02:00", "2026-10-25T09:00:00+01:00"},
		"clocks back, between the two":      {everyDay("02:00", "02:30"), "Europe/Berlin", "2026-10-25T02:45:00+02:00", "2026-10-25T02:00:00+01:00"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			at, err := time.Parse(time.RFC3339, tt.at)
			if err != nil {
				t.Fatal(err)
			}
			got, ok := NextOpen(tt.hours, zone(t, tt.zone), at)
			if !ok {
				if tt.want != "" {
					t.Fatalf("never, want %s", tt.want)
				}
				return
			}
			if want, err := time.Parse(time.RFC3339, tt.want); err != nil || !got.Equal(want) {
				t.Errorf("%s, want %s", got.Format(time.RFC3339), tt.want)
			}
		})
	}
}

// open is the naive meaning of hours: what the clocks show.
func open(hours []Hours, zone *time.Location, t time.Time) bool {
	l := t.In(zone)
	for _, h := range hours {
		for _, d := range h.Days {
			if d == weekdays[l.Weekday()] && l.Format("15:04") >= h.From && l.Format("15:04") < h.To {
				return true
			}
		}
	}
	return false
}

// FuzzNextOpen: the moment found is within the hours by the customer's clocks,
// and no minute before it is.
func FuzzNextOpen(f *testing.F) {
	f.Add(int64(1774746000), uint8(127), uint16(150), uint16(300), uint8(1))
	f.Add(int64(1792890000), uint8(64), uint16(0), uint16(30), uint8(2))
	f.Add(int64(1774746000), uint8(1), uint16(1439), uint16(1440), uint8(3))
	zones := []string{"Asia/Seoul", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/St_Johns"}
	f.Fuzz(func(t *testing.T, unix int64, days uint8, from, to uint16, z uint8) {
		at := time.Unix(unix%(1<<33), 0)
		h := Hours{From: clockText(from), To: clockText(to)}
		for i, d := range weekdays {
			if days>>i&1 == 1 {
				h.Days = append(h.Days, d)
			}
		}
		zone := zone(t, zones[int(z)%len(zones)])
		got, ok := NextOpen([]Hours{h}, zone, at)
		if _, good := h.window(); good != ok {
			t.Fatalf("%+v: read %t, found %t", h, good, ok)
		}
		if !ok {
			return
		}
		if got.Before(at) || got.Sub(at) > horizon || !open([]Hours{h}, zone, got) {
			t.Fatalf("%+v in %s: %s after %s is not within", h, zone, got.In(zone), at.In(zone))
		}
		for m := at.Truncate(time.Minute); m.Before(got.Truncate(time.Minute)); m = m.Add(7 * time.Minute) {
			if !m.Before(at) && open([]Hours{h}, zone, m) {
				t.Fatalf("%+v in %s: %s is within, before %s", h, zone, m.In(zone), got.In(zone))
			}
		}
	})
}

func clockText(minutes uint16) string {
	m := int(minutes) % 1441
	return twoDigits(m/60) + ":" + twoDigits(m%60)
}

func twoDigits(n int) string { return string([]byte{byte('0' + n/10), byte('0' + n%10)}) }

var t0 = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)

func minutes(n int) time.Time { return t0.Add(time.Duration(n) * time.Minute) }

func TestNext(t *testing.T) {
	type want struct {
		index int
		at    time.Time
		ok    bool
	}
	two := []Number{{Number: "01"}, {Number: "02"}}
	tests := map[string]struct {
		plan  Plan
		entry Entry
		want  want
	}{
		"the first":                        {Plan{MaxTries: 1}, Entry{Numbers: two}, want{0, t0, true}},
		"the one tried less":               {Plan{MaxTries: 2}, Entry{Numbers: []Number{{Tries: 1}, {}}}, want{1, t0, true}},
		"the one that is due":              {Plan{MaxTries: 2}, Entry{Numbers: []Number{{Tries: 1, Due: minutes(5)}, {Tries: 1, Due: minutes(3)}}}, want{1, minutes(3), true}},
		"done":                             {Plan{MaxTries: 2}, Entry{Numbers: []Number{{Done: true}, {Tries: 2}}}, want{}},
		"no numbers":                       {Plan{}, Entry{}, want{}},
		"no tries named are one":           {Plan{}, Entry{Numbers: two}, want{0, t0, true}},
		"the entry rests":                  {Plan{}, Entry{Numbers: two, Due: minutes(9)}, want{0, minutes(9), true}},
		"24 hours, one too many":           {Plan{MaxTries24h: 2}, Entry{Numbers: two, Tried: []time.Time{minutes(-90), minutes(-60), minutes(-30)}}, want{0, minutes(-60).Add(day), true}},
		"24 hours, room":                   {Plan{MaxTries24h: 4}, Entry{Numbers: two, Tried: []time.Time{minutes(-90), minutes(-60), minutes(-30)}}, want{0, t0, true}},
		"24 hours, over":                   {Plan{MaxTries24h: 1}, Entry{Numbers: two, Tried: []time.Time{t0.Add(-day)}}, want{0, t0, true}},
		"hours after the rest":             {Plan{Hours: everyDay("08:00", "11:00")}, Entry{Numbers: []Number{{Due: minutes(90)}}}, want{0, t0.Add(22 * time.Hour), true}},
		"the hours of the customer's zone": {Plan{Hours: everyDay("19:00", "20:00")}, Entry{Numbers: two}, want{0, t0, true}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			z := time.UTC
			if name == "the hours of the customer's zone" {
				z = zone(t, "Asia/Seoul")
			}
			index, at, ok := tt.plan.Next(&tt.entry, z, t0)
			if got := (want{index, at.UTC(), ok}); ok && got != tt.want || ok != tt.want.ok {
				t.Errorf("%+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestAfter(t *testing.T) {
	plan := Plan{MaxTries: 3, Retry: Retry{
		Busy: Duration(5 * time.Minute), NoAnswer: Duration(10 * time.Minute), Congestion: Duration(2 * time.Minute),
		Failed: Duration(3 * time.Minute), Machine: Duration(time.Hour), Abandoned: Duration(20 * time.Minute),
	}}
	dialled := minutes(-1)
	answered := Result{DialResult: queue.DialAnswered, Answered: &dialled}
	with := func(r Result, change func(*Result)) Result { change(&r); return r }
	tests := map[string]struct {
		plan   Plan
		result Result
		state  EntryState
		last   string
		due    int // minutes from the end
		tries  int
	}{
		"busy":                    {plan, Result{DialResult: queue.DialBusy}, EntryOpen, "busy", 5, 1},
		"no answer":               {plan, Result{DialResult: queue.DialNoAnswer}, EntryOpen, "no_answer", 10, 1},
		"congestion":              {plan, Result{DialResult: queue.DialCongestion}, EntryOpen, "congestion", 2, 1},
		"failed":                  {plan, Result{DialResult: queue.DialFailed}, EntryOpen, "failed", 3, 1},
		"a restart":               {plan, Result{DialResult: queue.DialFailed, Why: WhyRestart}, EntryOpen, "failed", 3, 1},
		"machine":                 {plan, with(answered, func(r *Result) { r.AMD = AMDMachine }), EntryOpen, "machine", 60, 1},
		"abandoned":               {plan, with(answered, func(r *Result) { r.AgentResult = AgentAbandoned }), EntryOpen, "abandoned", 20, 1},
		"an agent did not answer": {plan, with(answered, func(r *Result) { r.AgentResult = AgentNoAnswer }), EntryOpen, "abandoned", 20, 1},
		"the customer left":       {plan, with(answered, func(r *Result) { r.AgentResult = CustomerLeft }), EntryOpen, "customer_left", 20, 1},
		"reached":                 {plan, with(answered, func(r *Result) { r.AgentResult = AgentAnswered }), EntryReached, "answered", 0, 1},
		"the message was heard":   {plan, with(answered, func(r *Result) { r.Mode, r.Heard = Message, true }), EntryReached, "answered", 0, 1},
		"unallocated":             {plan, Result{DialResult: queue.DialUnallocated}, EntryUsedUp, "unallocated", 0, 1},
		"rejected":                {plan, Result{DialResult: queue.DialRejected}, EntryUsedUp, "rejected", 0, 1},
		"not to be tried again":   {Plan{MaxTries: 3}, Result{DialResult: queue.DialBusy}, EntryUsedUp, "busy", 0, 1},
		"the last try":            {Plan{MaxTries: 1, Retry: plan.Retry}, Result{DialResult: queue.DialBusy}, EntryUsedUp, "busy", 0, 1},
		"given up":                {Plan{MaxTries: 1}, Result{DialResult: queue.DialNoAnswer, Why: WhyGivenUp}, EntryOpen, "given_up", 1, 0},
		"do not call":             {plan, Result{DialResult: queue.DialFailed, Why: WhyDoNotCall}, EntryBlocked, "do_not_call", 0, 0},
		"Asterisk was away":       {Plan{MaxTries: 1}, Result{DialResult: queue.DialFailed, Why: WhyNotDialled}, EntryOpen, "failed", 1, 0},
		"skipped":                 {plan, Result{DialResult: queue.DialFailed, Why: WhySkipped}, EntrySkipped, "", 0, 0},
		"nobody decided":          {plan, Result{DialResult: queue.DialFailed, Why: WhyExpired}, EntryOpen, "", 0, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if tt.tries > 0 || tt.result.Why == WhyGivenUp {
				tt.result.Dialled = &dialled
			}
			e := Entry{ID: "e", State: EntryDialling, Try: "t", Numbers: []Number{{Number: "01"}}}
			got := tt.plan.After(e, &tt.result, t0)
			n := got.Numbers[0]
			if got.State != tt.state || n.Last != tt.last || n.Tries != tt.tries || len(got.Tried) != tt.tries || got.Try != "" {
				t.Errorf("%+v", got)
			}
			if tt.state == EntryOpen && !got.Due.Equal(minutes(tt.due)) {
				t.Errorf("due %s, want in %d minutes", got.Due, tt.due)
			}
			if e.Numbers[0].Tries != 0 {
				t.Error("the entry that was given has changed")
			}
		})
	}
}

// A number that is used up leaves the others.
func TestAfterLeavesOtherNumbers(t *testing.T) {
	p := Plan{MaxTries: 1}
	e := Entry{Numbers: []Number{{Number: "01"}, {Number: "02"}}}
	dialled := t0
	e = p.After(e, &Result{Index: 0, DialResult: queue.DialBusy, Dialled: &dialled}, t0)
	if i, at, ok := p.Next(&e, time.UTC, t0); e.State != EntryOpen || i != 1 || !at.Equal(t0) || !ok {
		t.Errorf("next %d at %s, %v: %+v", i, at, ok, e)
	}
	e = p.After(e, &Result{Index: 1, DialResult: queue.DialFailed, Why: WhyDoNotCall}, t0)
	if e.State != EntryUsedUp {
		t.Errorf("%+v", e)
	}
}

// TestShares: agents go round between campaigns that share them.
func TestShares(t *testing.T) {
	both := []wanting{{id: "a", queue: "q", more: true}, {id: "b", queue: "q", more: true}}
	free := func(ids ...string) (list []sharer) {
		for _, id := range ids {
			list = append(list, sharer{id, []string{"q"}, true})
		}
		return list
	}
	s := newShares()
	s.give(both, free("1", "2", "3", "4"))
	if diff := cmp.Diff(map[string]int{"a": 2, "b": 2}, s.count()); diff != "" {
		t.Errorf("shares (-want +got):\n%s", diff)
	}
	var turns []string
	for range 4 { // the one agent's calls end, one after another
		s = shares{of: map[string]string{}, turn: s.turn, turns: s.turns}
		s.give(both, free("1"))
		turns = append(turns, s.of["1"])
	}
	if turns[0] == turns[1] || turns[0] != turns[2] || turns[1] != turns[3] {
		t.Errorf("the agent went to %v", turns)
	}
	s = newShares()
	s.give(both[:1], free("1", "2", "3", "4"))
	both[0].underway = 4
	s.give(both, free("1", "2", "3", "4"))
	if got := s.count(); got["b"] != 0 {
		t.Errorf("agents for whom customers ring were taken away: %v", got)
	}
	both[0].underway = 1
	s.give(both, free("1", "2", "3", "4"))
	if got := s.count(); got["a"] != 2 || got["b"] != 2 {
		t.Errorf("a new campaign got %v", got)
	}
	both[0].more = false
	s.give(both, free("1", "2", "3", "4"))
	if got := s.count(); got["a"] != 1 || got["b"] != 3 {
		t.Errorf("with nobody more to dial it is %v", got)
	}
	s.took("4", "a", free("1", "2", "3"))
	if s.of["4"] != "a" {
		t.Errorf("agent 4 serves a customer of a: %v", s.of)
	}
}
