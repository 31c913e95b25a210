package report

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"calld/config"
	"calld/queue"

	"github.com/google/go-cmp/cmp"
)

const resolved = 90 * time.Minute

// busy is a centre in which agents also come, go and do after-call work. It
// notes every state.
type busy struct {
	*centre
	spans []Span // the last of each agent has no end yet
}

func newBusy(seed uint64, loc *time.Location, begin time.Time) *busy {
	b := &busy{centre: newCentre(seed, loc, begin)}
	cfg := &config.Config{}
	cfg.Server.Timezone = loc
	for _, q := range []string{"q1", "q2"} {
		cfg.Queues = append(cfg.Queues, config.Queue{
			ID: q, Number: "02" + q, Queueing: config.Inline, Order: config.Listed, RingTimeout: 20 * time.Second,
			MaxWait: 2 * time.Minute, Wrapup: 30 * time.Second, AwayAfter: 3,
		})
	}
	for i := range 3 {
		cfg.Agents = append(cfg.Agents, config.Agent{ID: fmt.Sprint("a", i), Queues: []string{"q1", "q2"}, Phone: fmt.Sprint("80", i)})
	}
	served := map[string]string{}
	b.Board = queue.New(queue.Options{Config: cfg, Seed: 1, Now: func() time.Time { return b.now }, Observers: []queue.Observer{
		queue.ObserverFunc(func(e *queue.Event) {
			switch e.Kind {
			case queue.CallEnded:
				b.ended = append(b.ended, *e.Call)
			case queue.CallAnswered:
				served[e.Call.Agent] = e.Call.Queue
			case queue.AgentChanged:
				b.close(e.Agent.ID)
				s := Span{Agent: e.Agent.ID, State: e.Agent.State, Reason: e.Agent.Reason, From: e.At}
				if s.State == queue.AgentWrapup {
					s.Queue = served[s.Agent]
				}
				b.spans = append(b.spans, s)
			default:
			}
		}),
	}})
	b.Deaf(false)
	return b
}

// close ends the last span of an agent now.
func (b *busy) close(agent string) {
	for i := range slices.Backward(b.spans) {
		if s := &b.spans[i]; s.Agent == agent {
			if s.To.IsZero() {
				s.To = b.now
			}
			return
		}
	}
}

func (b *busy) stir(t *testing.T) {
	t.Helper()
	b.step(t)
	id := fmt.Sprint("a", b.r.IntN(3))
	var err error
	switch b.r.IntN(12) {
	case 0:
		err = b.SetState(id, true, []string{"lunch", "meeting"}[b.r.IntN(2)])
	case 1, 2:
		err = b.SetState(id, false, "")
	case 3:
		err = b.Connect(id)
	case 4:
		if b.r.IntN(4) == 0 {
			err = b.Logout(id)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestReportsEqualRecount: reports of random times and intervals are what is
// counted anew, one figure at a time, from the calls and states of a board,
// over hours that are left out or come twice.
func TestReportsEqualRecount(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for name, begin := range map[string]time.Time{
		"summer time comes": time.Date(2026, 3, 28, 22, 0, 0, 0, berlin),
		"summer time goes":  time.Date(2026, 10, 24, 22, 0, 0, 0, berlin),
	} {
		t.Run(name, func(t *testing.T) {
			b := newBusy(uint64(begin.Unix()), berlin, begin)
			for i := range 3 {
				if err := b.Connect(fmt.Sprint("a", i)); err != nil {
					t.Fatal(err)
				}
			}
			for range 1500 {
				b.stir(t)
			}
			for i := range 3 {
				b.close(fmt.Sprint("a", i))
			}
			b.invent()
			r := rand.New(rand.NewPCG(7, 7))
			seen := map[string]bool{}
			for range 5 {
				from := begin.Add(time.Duration(r.IntN(6*3600)) * time.Second)
				to := from.Add(time.Duration(1+r.IntN(8*3600)) * time.Second)
				by := Intervals()[r.IntN(5)]
				cuts, err := Cut(from, to, by, berlin)
				if err != nil {
					t.Fatal(err)
				}
				b.compareQueues(t, cuts, seen)
				b.compareAgents(t, cuts, seen)
			}
			for _, want := range []string{"level", "wrapup", "transferred", "unresolved", "overflowed", "reached", "lunch", "not taken", "occupancy"} {
				if !seen[want] {
					t.Errorf("no report had any %s: the test shows less than it should", want)
				}
			}
		})
	}
}

// invent makes of some calls what the steps don't do: calls to customers, calls
// handed over, and rings that nobody took.
func (b *busy) invent() {
	for i := range b.ended {
		c := &b.ended[i]
		switch {
		case i%11 == 0:
			c.Direction, c.Caller, c.Callee = queue.Out, "02", c.Caller
		case i%13 == 0 && c.Start != nil:
			c.Transfers = []queue.Transfer{{To: "q2"}}
		case i%17 == 0 && c.Queue == "q2":
			c.Transfers = []queue.Transfer{{Kind: queue.KindOverflow, Queue: "q1", At: c.Begin.Add(3 * time.Second)}}
		case i%16 == 0:
			c.Transfers = []queue.Transfer{{To: "a2", Kind: queue.Consultative, Result: queue.TransferCancelled}}
		case i%19 == 0:
			c.Outcome = queue.Blocked
		case i%7 == 0 && len(c.Rings) > 0:
			c.Rings[0].Result = queue.NoAnswer
		}
	}
}

// national is a number as it is written within the country.
func national(number string) string {
	if rest, ok := strings.CutPrefix(number, "+82"); ok {
		return "0" + rest
	}
	return number
}

func (b *busy) compareQueues(t *testing.T, cuts Cuts, seen map[string]bool) {
	t.Helper()
	r := NewQueues(QueueOptions{
		Cuts: cuts, Numbering: config.Numbering{Country: "82", National: "0"},
		Threshold: func(string) time.Duration { return threshold }, Resolved: resolved, Now: b.now,
	})
	sorted := slices.SortedFunc(slices.Values(b.ended), func(x, y queue.Call) int { return y.Begin.Compare(x.Begin) })
	for i := range sorted {
		if sorted[i].Begin.Before(r.Until()) {
			r.Add(&sorted[i])
		}
	}
	for i := range b.spans {
		r.AddSpan(&b.spans[i])
	}
	want := []QueueRow{}
	for i := range len(cuts) - 1 {
		for _, q := range []string{"q1", "q2"} {
			if f, any := b.naiveQueue(q, cuts[i], cuts[i+1], i == 0); any {
				want = append(want, QueueRow{q, cuts[i], cuts[i+1], f})
				seen["level"] = seen["level"] || f.ServiceLevel != nil
				seen["wrapup"] = seen["wrapup"] || f.WrapupAvgMS > 0
				seen["transferred"] = seen["transferred"] || f.Transferred > 0
				seen["unresolved"] = seen["unresolved"] || f.FirstResolved < f.FirstContact
				seen["overflowed"] = seen["overflowed"] || f.Overflowed > 0
				seen["reached"] = seen["reached"] || f.Reached > 0
			}
		}
	}
	if diff := cmp.Diff(want, r.Rows()); diff != "" {
		t.Fatalf("%s to %s, queues (-want +got):\n%s", cuts.From(), cuts.To(), diff)
	}
	for _, total := range r.Totals() {
		f, _ := b.naiveQueue(total.Queue, cuts.From(), cuts.To(), true)
		if diff := cmp.Diff(f, total.QueueFigures); diff != "" {
			t.Fatalf("%s to %s, total of %s (-want +got):\n%s", cuts.From(), cuts.To(), total.Queue, diff)
		}
	}
}

// within is how much of a span lies between two times.
func within(s Span, from, to time.Time) time.Duration {
	return max(0, time.Duration(min(s.To.UnixNano(), to.UnixNano())-max(s.From.UnixNano(), from.UnixNano())))
}

// naiveQueue is a queue's figures by the words of the documentation.
func (b *busy) naiveQueue(id string, from, to time.Time, first bool) (f QueueFigures, any bool) {
	f.MissedBy = map[queue.Outcome]int{}
	var waited, talks, wrapups int64
	for _, c := range b.ended {
		if c.Outcome == queue.Blocked || c.Begin.Before(from) || !c.Begin.Before(to) {
			continue
		}
		if id == "q1" && len(c.Transfers) > 0 && c.Transfers[0].Queue == id {
			any = true
			f.Offered++
			f.Overflowed++
			waited += 3000
			f.WaitMaxMS = max(f.WaitMaxMS, 3000)
		}
		if c.Queue != id {
			continue
		}
		any = true
		if c.Direction == queue.Out {
			f.Made++
			if c.Start != nil {
				f.Reached++
				f.MadeTalkMS += c.TalkMS
			}
			continue
		}
		f.Offered++
		waited += c.WaitMS
		f.WaitMaxMS = max(f.WaitMaxMS, c.WaitMS)
		if len(c.Transfers) > 0 && c.Transfers[0].Kind == "" {
			f.Transferred++
		}
		if c.Start == nil {
			f.Missed++
			f.MissedBy[c.Outcome]++
			if c.Outcome == queue.Abandoned {
				f.Abandoned++
				if c.WaitMS < 5000 {
					f.Short++
				}
			}
			continue
		}
		f.Answered++
		talks++
		f.TalkMS += c.TalkMS
		if c.WaitMS <= 20_000 {
			f.InTime++
		}
		if c.Caller == "" || b.now.Sub(c.Begin) < resolved {
			continue
		}
		f.FirstContact++
		again := slices.ContainsFunc(b.ended, func(d queue.Call) bool {
			return d.Direction == queue.In && d.Outcome != queue.Blocked && d.Queue == id && national(d.Caller) == national(c.Caller) &&
				d.Begin.After(c.Begin) && d.Begin.Sub(c.Begin) < resolved
		})
		if !again {
			f.FirstResolved++
		}
	}
	if f.Offered > 0 {
		f.WaitAvgMS = waited / int64(f.Offered)
	}
	if talks > 0 {
		f.TalkAvgMS = f.TalkMS / talks
	}
	f.ServiceLevel, f.Resolution = ratio(f.InTime, f.Offered-f.Short), ratio(f.FirstResolved, f.FirstContact)
	var wrapup time.Duration
	for _, s := range b.spans {
		d := within(s, from, to)
		if s.State != queue.AgentWrapup || s.Queue != id || d == 0 {
			continue
		}
		any = true
		wrapup += d
		if first || !s.From.Before(from) {
			wrapups++
		}
	}
	f.WrapupMS = wrapup.Milliseconds()
	if wrapups > 0 {
		f.WrapupAvgMS = f.WrapupMS / wrapups
	}
	return f, any
}

func ratio(a, b int) *float64 {
	if b == 0 {
		return nil
	}
	x := float64(a) / float64(b)
	return &x
}

func (b *busy) compareAgents(t *testing.T, cuts Cuts, seen map[string]bool) {
	t.Helper()
	r := NewAgents(cuts, nil)
	for i := range b.ended {
		r.Add(&b.ended[i])
	}
	for i := range b.spans {
		r.AddSpan(&b.spans[i])
	}
	want := []AgentRow{}
	for i := range len(cuts) - 1 {
		for _, id := range []string{"a0", "a1", "a2"} {
			if f, any := b.naiveAgent(id, cuts[i], cuts[i+1]); any {
				want = append(want, AgentRow{id, cuts[i], cuts[i+1], f})
				seen["lunch"] = seen["lunch"] || f.AwayBy["lunch"] > 0
				seen["not taken"] = seen["not taken"] || f.NotTaken > 0
				seen["occupancy"] = seen["occupancy"] || f.Occupancy != nil
			}
		}
	}
	if diff := cmp.Diff(want, r.Rows()); diff != "" {
		t.Fatalf("%s to %s, agents (-want +got):\n%s", cuts.From(), cuts.To(), diff)
	}
	for _, total := range r.Totals() {
		f, _ := b.naiveAgent(total.Agent, cuts.From(), cuts.To())
		if diff := cmp.Diff(f, total.AgentFigures); diff != "" {
			t.Fatalf("%s to %s, total of %s (-want +got):\n%s", cuts.From(), cuts.To(), total.Agent, diff)
		}
	}
}

func (b *busy) naiveAgent(id string, from, to time.Time) (f AgentFigures, any bool) {
	f.AwayBy = map[string]int64{}
	for _, c := range b.ended {
		if c.Begin.Before(from) || !c.Begin.Before(to) {
			continue
		}
		for n, ring := range c.Rings {
			if ring.Agent != id {
				continue
			}
			switch {
			case c.Direction == queue.Out && n == 0:
			case ring.Result == queue.RingAnswer:
				f.Answered++
				any = true
			case ring.Result == queue.NoAnswer || ring.Result == queue.Refused:
				f.NotTaken++
				any = true
			}
		}
		if c.Direction == queue.Out && (len(c.Rings) > 0 && c.Rings[0].Agent == id || len(c.Rings) == 0 && c.Agent == id) {
			any = true
			f.Made++
			if c.Start != nil {
				f.Reached++
			}
		}
	}
	times := map[queue.AgentState]time.Duration{}
	away := map[string]time.Duration{}
	var online, busy time.Duration
	for _, s := range b.spans {
		d := within(s, from, to)
		if s.Agent != id || s.State == queue.Offline || d == 0 {
			continue
		}
		any = true
		online += d
		times[s.State] += d
		switch s.State {
		case queue.AgentRings, queue.AgentTalks, queue.AgentWrapup:
			busy += d
		case queue.Away:
			away[s.Reason] += d
		default:
		}
	}
	f.AvailableMS, f.RingMS = times[queue.Available].Milliseconds(), times[queue.AgentRings].Milliseconds()
	f.TalkMS, f.WrapupMS = times[queue.AgentTalks].Milliseconds(), times[queue.AgentWrapup].Milliseconds()
	f.UnreachableMS, f.AwayMS = times[queue.PhoneAway].Milliseconds(), times[queue.Away].Milliseconds()
	f.LoggedInMS = online.Milliseconds()
	for reason, d := range away {
		f.AwayBy[reason] = d.Milliseconds()
	}
	if online > 0 {
		x := float64(busy) / float64(online)
		f.Occupancy = &x
	}
	return f, any
}

// TestCut: intervals are those of the calendar, whatever its clocks do.
// Where the clocks are put forward over midnight, a day begins when they are.
func TestCutWithoutAMidnight(t *testing.T) {
	santiago, err := time.LoadLocation("America/Santiago")
	if err != nil {
		t.Fatal(err)
	}
	cuts, err := Cut(time.Date(2026, 9, 5, 0, 0, 0, 0, santiago), time.Date(2026, 9, 8, 0, 0, 0, 0, santiago), Daily, santiago)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, at := range cuts {
		got = append(got, at.Format(time.DateTime))
	}
	want := []string{"2026-09-05 00:00:00", "2026-09-06 01:00:00", "2026-09-07 00:00:00", "2026-09-08 00:00:00"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("days begin (-want +got):\n%s", diff)
	}
}

func TestCut(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		from, to string // in Berlin
		by       Interval
		want     string
	}{
		"quarters, ends in between":       {"2026-01-05 08:07:00", "2026-01-05 08:31:00", Quarter, "08:07 08:15 08:30 08:31"},
		"hours, one left out":             {"2026-03-29 01:00:00", "2026-03-29 04:00:00", Hourly, "01:00 03:00 04:00"},
		"hours, one comes twice":          {"2026-10-25 01:00:00", "2026-10-25 04:00:00", Hourly, "01:00 02:00 02:00 03:00 04:00"},
		"days":                            {"2026-03-28 00:00:00", "2026-03-30 00:00:00", Daily, "28. 29. 30."},
		"weeks begin on Monday":           {"2026-11-01 00:00:00", "2026-11-16 00:00:00", Weekly, "01. 02. 09. 16."},
		"a week from Monday is one":       {"2026-11-02 00:00:00", "2026-11-09 00:00:00", Weekly, "02. 09."},
		"months":                          {"2026-01-31 00:00:00", "2026-03-15 00:00:00", Monthly, "31. 01. 01. 15."},
		"the end is no interval's middle": {"2026-01-05 00:00:00", "2026-01-05 00:00:01", Monthly, "05. 05."},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var ends [2]time.Time
			for i, text := range []string{tt.from, tt.to} {
				if ends[i], err = time.ParseInLocation(time.DateTime, text, berlin); err != nil {
					t.Fatal(err)
				}
			}
			cuts, err := Cut(ends[0], ends[1], tt.by, berlin)
			if err != nil {
				t.Fatal(err)
			}
			layout := "02."
			if tt.by == Quarter || tt.by == Hourly {
				layout = "15:04"
			}
			var got []string
			for i, c := range cuts {
				got = append(got, c.In(berlin).Format(layout))
				if in := cuts.Interval(c); in != i && i < len(cuts)-1 || i == len(cuts)-1 && in != -1 {
					t.Errorf("cut %d lies in interval %d", i, in)
				}
			}
			if s := strings.Join(got, " "); s != tt.want {
				t.Errorf("cuts %s, want %s", s, tt.want)
			}
		})
	}
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, berlin)
	for want, try := range map[error]func() (Cuts, error){
		ErrEmptyRange:    func() (Cuts, error) { return Cut(at, at, Daily, berlin) },
		ErrUnknownPeriod: func() (Cuts, error) { return Cut(at, at.Add(1), "decade", berlin) },
		ErrTooFine:       func() (Cuts, error) { return Cut(time.Time{}, at, Quarter, berlin) },
	} {
		if _, err := try(); !errors.Is(err, want) {
			t.Errorf("error %v, want %v", err, want)
		}
	}
}
