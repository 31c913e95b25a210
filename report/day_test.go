package report

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"calld/config"
	"calld/queue"

	"github.com/google/go-cmp/cmp"
)

const threshold = 20 * time.Second

// centre is a board with a made-up clock, its figures, and its history.
type centre struct {
	*queue.Board
	now   time.Time
	day   *Day
	ended []queue.Call
	r     *rand.Rand
	n     int
}

func newCentre(seed uint64, loc *time.Location, begin time.Time) *centre {
	c := &centre{now: begin, r: rand.New(rand.NewPCG(seed, 1))}
	cfg := &config.Config{}
	cfg.Server.Timezone = loc
	for _, q := range []string{"q1", "q2"} {
		cfg.Queues = append(cfg.Queues, config.Queue{
			ID: q, Number: "02" + q, Queueing: config.Inline, Order: config.Listed, RingTimeout: 20 * time.Second, MaxWait: 2 * time.Minute,
		})
	}
	for i := range 3 {
		cfg.Agents = append(cfg.Agents, config.Agent{ID: fmt.Sprint("a", i), Queues: []string{"q1", "q2"}, Phone: fmt.Sprint("80", i)})
	}
	c.day = c.newDay(loc)
	c.Board = queue.New(queue.Options{Config: cfg, Seed: 1, Now: func() time.Time { return c.now }, Observers: []queue.Observer{
		c.day, queue.ObserverFunc(func(e *queue.Event) {
			if e.Kind == queue.CallEnded {
				c.ended = append(c.ended, *e.Call)
			}
		}),
	}})
	c.Deaf(false)
	return c
}

func (c *centre) newDay(loc *time.Location) *Day {
	return NewDay(Options{Location: loc, Threshold: func(string) time.Duration { return threshold }, Now: func() time.Time { return c.now }})
}

// step lets something happen to a call.
func (c *centre) step(t *testing.T) {
	t.Helper()
	c.now = c.now.Add(time.Duration(c.r.IntN(40_000)) * time.Millisecond)
	if c.r.IntN(3) == 0 {
		c.n++
		id := fmt.Sprint("c", c.n)
		ticket, err := c.Enter(queue.Entry{
			ID: id, Queue: fmt.Sprint("q", 1+c.r.IntN(2)), Caller: fmt.Sprint([]string{"010", "+8210"}[c.r.IntN(2)], c.r.IntN(100)), UniqueID: id, Begin: c.now,
		})
		if err != nil {
			t.Fatal(err)
		}
		ticket.Ready()
		return
	}
	calls := c.Snapshot().Calls
	if len(calls) == 0 {
		return
	}
	call := calls[c.r.IntN(len(calls))]
	f := queue.Fact{Kind: queue.CallerGone, UniqueID: call.UniqueID, At: c.now}
	if call.Phase == queue.Ringing && c.r.IntN(4) > 0 {
		rung := call.Rings[len(call.Rings)-1].Agent
		f.Kind, f.Phone = queue.PhoneAnswers, "80"+rung[1:]
	}
	c.Heard(f)
}

// TestDayEqualsHistory: the figures kept while calls come and go are those
// counted anew from the history and the talks that still go on, over midnights
// and hours that are left out or come twice.
func TestDayEqualsHistory(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	santiago, err := time.LoadLocation("America/Santiago")
	if err != nil {
		t.Fatal(err)
	}
	begins := map[string]time.Time{
		"a winter's day":       time.Date(2026, 1, 14, 21, 0, 0, 0, berlin),
		"summer time comes":    time.Date(2026, 3, 28, 22, 0, 0, 0, berlin),
		"summer time goes":     time.Date(2026, 10, 24, 22, 0, 0, 0, berlin),
		"it comes at midnight": time.Date(2026, 9, 5, 21, 0, 0, 0, santiago),
		"it goes at midnight":  time.Date(2026, 4, 4, 21, 0, 0, 0, santiago),
	}
	for name, begin := range begins {
		t.Run(name, func(t *testing.T) {
			zone := begin.Location()
			c := newCentre(uint64(begin.Unix()), zone, begin)
			for i := range 3 {
				if err := c.Connect(fmt.Sprint("a", i)); err != nil {
					t.Fatal(err)
				}
			}
			answered := 0
			for i := range 3000 {
				c.step(t)
				if i%100 != 0 {
					continue
				}
				again := c.newDay(zone)
				for _, call := range c.ended {
					again.Add(stored(t, call))
				}
				for _, call := range c.Snapshot().Calls {
					if call.Phase == queue.Talking {
						again.Add(&call)
					}
				}
				for _, q := range []string{"q1", "q2"} {
					got, want := c.day.Queue(q), again.Queue(q)
					answered += got.Total.Answered
					if diff := cmp.Diff(want, got); diff != "" {
						t.Fatalf("step %d at %s, queue %s (-anew +kept):\n%s", i, c.now, q, diff)
					}
					if diff := cmp.Diff(naive(c, q), got.Total); diff != "" {
						t.Fatalf("step %d at %s, queue %s (-want +got):\n%s", i, c.now, q, diff)
					}
				}
			}
			if answered == 0 || len(c.ended) < 500 {
				t.Fatalf("%d calls ended: the test shows nothing", len(c.ended))
			}
		})
	}
}

// stored is a call as the store gives it back.
func stored(t *testing.T, c queue.Call) *queue.Call {
	t.Helper()
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var d queue.Call
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	return &d
}

// naive is a queue's figures by the words of the documentation.
func naive(c *centre, id string) (f Figures) {
	calls := c.ended
	for _, call := range c.Snapshot().Calls {
		if call.Phase == queue.Talking {
			calls = append(calls, call)
		}
	}
	midnight := c.day.Start()
	var waited, talks int64
	for _, call := range calls {
		if call.Queue != id || call.Begin.Before(midnight) {
			continue
		}
		f.Offered++
		waited += call.WaitMS
		f.WaitMaxMS = max(f.WaitMaxMS, call.WaitMS)
		switch {
		case call.Start != nil:
			f.Answered++
			if call.WaitMS <= 20_000 {
				f.InTime++
			}
			if call.End != nil {
				talks++
				f.TalkMS += call.TalkMS
			}
		case call.Outcome == queue.Abandoned && call.WaitMS < 5000:
			f.Short++
			fallthrough
		case call.Outcome == queue.Abandoned:
			f.Abandoned++
			fallthrough
		default:
			f.Missed++
		}
	}
	if f.Offered > 0 {
		f.WaitAvgMS = waited / int64(f.Offered)
	}
	if talks > 0 {
		f.TalkAvgMS = f.TalkMS / talks
	}
	if n := f.Answered + f.Missed - f.Short; n > 0 {
		level := float64(f.InTime) / float64(n)
		f.ServiceLevel = &level
	}
	return f
}

// TestServiceLevel holds the definition by example.
func TestServiceLevel(t *testing.T) {
	call := func(wait time.Duration, o queue.Outcome) queue.Call {
		c := queue.Call{Queue: "q1", Direction: queue.In, Phase: queue.Ended, Outcome: o, WaitMS: wait.Milliseconds()}
		if o == queue.Answered {
			c.Start = new(time.Time)
		}
		return c
	}
	tests := map[string]struct {
		calls []queue.Call
		want  string
	}{
		"nothing came":                     {nil, "null"},
		"in time to the millisecond":       {[]queue.Call{call(threshold, queue.Answered)}, "1"},
		"too late":                         {[]queue.Call{call(threshold+time.Millisecond, queue.Answered)}, "0"},
		"missed for whatever reason":       {[]queue.Call{call(0, queue.Answered), call(0, queue.Full), call(time.Minute, queue.Timeout), call(time.Hour, queue.NoAgent)}, "0.25"},
		"hung up after a while":            {[]queue.Call{call(0, queue.Answered), call(ShortAbandon, queue.Abandoned)}, "0.5"},
		"hung up at once":                  {[]queue.Call{call(0, queue.Answered), call(ShortAbandon-1, queue.Abandoned)}, "1"},
		"nothing but those who hung up":    {[]queue.Call{call(time.Second, queue.Abandoned)}, "null"},
		"calls that we make do not matter": {[]queue.Call{{Queue: "q1", Direction: queue.Out, Phase: queue.Ended, Outcome: queue.Failed}}, "null"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			d := NewDay(Options{Location: time.UTC, Threshold: func(string) time.Duration { return threshold }})
			for i, c := range tt.calls {
				c.ID, c.Begin = fmt.Sprint(i), d.Start()
				d.Add(&c)
			}
			got, err := json.Marshal(d.Queue("q1").Total.ServiceLevel)
			if err != nil || string(got) != tt.want {
				t.Errorf("service level %s, %v; want %s", got, err, tt.want)
			}
		})
	}
}

// TestChanged: each change is told once, and a new day changes every queue
// that had calls.
func TestChanged(t *testing.T) {
	now := time.Date(2026, 11, 22, 23, 0, 0, 0, time.UTC)
	d := NewDay(Options{Location: time.UTC, Threshold: func(string) time.Duration { return threshold }, Now: func() time.Time { return now }})
	want := func(what string, offered ...int) {
		t.Helper()
		got := []int{}
		for _, q := range d.Changed() {
			got = append(got, q.Total.Offered)
		}
		if diff := cmp.Diff(append([]int{}, offered...), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	want("nothing came")
	for _, q := range []string{"q2", "q1", "q1"} {
		d.Add(&queue.Call{ID: q, Queue: q, Direction: queue.In, Phase: queue.Ended, Outcome: queue.Full, Begin: now})
	}
	want("three calls", 2, 1)
	want("told already")
	now = now.Add(2 * time.Hour)
	want("a new day", 0, 0)
	want("told already")
}
