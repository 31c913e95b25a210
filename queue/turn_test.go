package queue_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"calld/config"
	"calld/queue"
)

func TestVIPsAndHeavyQueuesFirst(t *testing.T) {
	cfg := testConfig(1, nil)
	heavy := cfg.Queues[0]
	heavy.ID, heavy.Number, heavy.Weight = "q2", "0215880000", 2
	cfg.Queues = append(cfg.Queues, heavy)
	cfg.Agents[0].Queues = []string{"q1", "q2"}
	cfg.Callers.VIP = config.Numbers{"0101*"}
	onDesk(t, cfg, func(d *desk) {
		d.login("a1")
		d.SetState("a1", true, "")
		enter := func(id, queueID, number string) *caller {
			return d.enter(queue.Entry{ID: id, Queue: queueID, Caller: number, Ready: true})
		}
		calls := map[string]*caller{}
		for _, e := range []struct{ id, queue, number string }{
			{"first", "q1", "02"}, {"second", "q1", "02"}, {"heavy", "q2", "02"}, {"vip", "q1", "01012345678"}, {"heavy vip", "q2", "0101"},
		} {
			calls[e.id] = enter(e.id, e.queue, e.number)
			d.pass(30 * time.Second)
		}
		d.pass(time.Minute)
		calls["late"] = enter("late", "q2", "02") // more than two minutes after the first
		d.SetState("a1", false, "")
		var order []string
		for range len(calls) {
			i := slices.IndexFunc(d.Snapshot().Calls, func(c queue.Call) bool { return c.Phase == queue.Ringing })
			id := d.Snapshot().Calls[i].ID
			order = append(order, id)
			c := calls[id]
			c.wantOffer("a1")
			c.Hangup(16)
		}
		if diff := cmp.Diff([]string{"heavy vip", "vip", "heavy", "first", "second", "late"}, order); diff != "" {
			t.Errorf("order (-want +got):\n%s", diff)
		}
	})
}

// TestNobodyWaitsForEver: however many VIPs come, and callers of heavier queues,
// nobody is overtaken by who came later than their lead allows.
func TestNobodyWaitsForEver(t *testing.T) {
	r := rand.New(rand.NewPCG(rand.Uint64(), 0))
	cfg := testConfig(1, func(q *config.Queue) { q.MaxWait, q.RingTimeout = 0, time.Hour })
	for i, weight := range []int{1, 5, 100} {
		q := cfg.Queues[0]
		q.ID, q.Number, q.Weight = fmt.Sprintf("heavy%d", i), fmt.Sprintf("02%d", i), weight
		cfg.Queues = append(cfg.Queues, q)
		cfg.Agents[0].Queues = append(cfg.Agents[0].Queues, q.ID)
	}
	cfg.Callers.VIP = config.Numbers{"0101"}
	now := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	b := queue.New(queue.Options{Config: cfg, Seed: 1, Now: func() time.Time { return now }})
	b.Deaf(false)
	must(t, b.Connect("a1"))
	waits := map[string]queue.Call{}
	tickets := map[string]*queue.Ticket{}
	lead := func(c queue.Call) time.Duration {
		q, _ := cfg.Queue(c.Queue)
		d := time.Duration(q.Weight) * queue.WeightLead
		if c.VIP {
			d += queue.VIPLead
		}
		return d
	}
	for i := range 600 {
		now = now.Add(time.Duration(r.IntN(60)) * time.Second)
		// More come than the agent can serve.
		for range 1 + r.IntN(2) {
			e := queue.Entry{ID: fmt.Sprintf("c%d-%d", i, len(waits)), Queue: cfg.Queues[r.IntN(4)].ID, Ready: true}
			e.UniqueID, e.Caller = e.ID, []string{"0101", "02"}[r.IntN(2)]
			ticket, err := b.Enter(e)
			must(t, err)
			tickets[e.ID] = ticket
			waits[e.ID], _ = b.Call(e.ID)
		}
		for id, c := range waits {
			if live, _ := b.Call(id); live.Phase != queue.Ringing {
				continue
			}
			delete(waits, id)
			tickets[id].Hangup(16)
			for _, other := range waits {
				if early := c.Begin.Sub(other.Begin); early > max(0, lead(c)-lead(other)) {
					t.Fatalf("%s was served before %s, who had come %s earlier", id, other.ID, early)
				}
			}
			break
		}
	}
	if len(waits) < 100 {
		t.Errorf("only %d wait: the agent was not overloaded", len(waits))
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestLevels(t *testing.T) {
	levels := func(q *config.Queue) { q.Levels = map[string]int{"a1": 2, "a3": 3} }
	t.Run("the lower level first", func(t *testing.T) {
		onDesk(t, testConfig(3, levels), func(d *desk) {
			for _, a := range []string{"a1", "a2", "a3"} {
				d.login(a)
			}
			d.call("c1").wantOffer("a2")
			d.call("c2").wantOffer("a1")
			d.call("c3").wantOffer("a3")
		})
	})
	t.Run("who let it ring comes last", func(t *testing.T) {
		onDesk(t, testConfig(2, func(q *config.Queue) { levels(q); q.RetryPause = 0 }), func(d *desk) {
			d.login("a1")
			d.login("a2")
			c := d.call("c1")
			for _, a := range []string{"a2", "a1", "a2", "a1"} {
				c.wantOffer(a)
				d.pass(20 * time.Second)
				c.reports(queue.NoAnswer)
			}
		})
	})
	t.Run("all of one level at once, then the next too", func(t *testing.T) {
		onDesk(t, testConfig(3, func(q *config.Queue) {
			q.Queueing, q.RetryPause = config.All, 0
			q.Levels = map[string]int{"a3": 2}
		}), func(d *desk) {
			for _, a := range []string{"a1", "a2", "a3"} {
				d.login(a)
			}
			c := d.call("c1")
			c.wantOffer("a1", "a2")
			d.pass(20 * time.Second)
			c.reports(queue.NoAnswer)
			c.wantOffer("a1", "a2", "a3")
		})
	})
	after := func(q *config.Queue) { levels(q); q.LevelAfter, q.RingTimeout = 20*time.Second, time.Minute }
	t.Run("the next level after a while", func(t *testing.T) {
		onDesk(t, testConfig(3, after), func(d *desk) {
			for _, a := range []string{"a1", "a2", "a3"} {
				d.login(a)
			}
			d.call("c1").wantOffer("a2")
			c := d.call("c2")
			d.pass(19 * time.Second)
			c.wantNothing()
			d.pass(time.Second)
			c.wantOffer("a1")
			c = d.call("c3")
			d.pass(39 * time.Second)
			c.wantNothing()
			d.pass(time.Second)
			c.wantOffer("a3")
		})
	})
	t.Run("a level at which nobody works takes no time", func(t *testing.T) {
		onDesk(t, testConfig(3, after), func(d *desk) {
			d.login("a2")
			d.login("a3")
			d.call("c1").wantOffer("a2")
			c := d.call("c2") // waits for a2, and for nobody of level 2
			d.pass(19 * time.Second)
			c.wantNothing()
			d.pass(time.Second)
			c.wantOffer("a3")
		})
		onDesk(t, testConfig(2, after), func(d *desk) {
			d.login("a1")
			d.login("a2")
			first := d.call("c1")
			first.wantOffer("a2")
			c := d.call("c2")
			c.wantNothing()
			d.SetState("a2", true, "")
			first.Hangup(16)
			c.wantOffer("a1")
		})
	})
}

func TestSticky(t *testing.T) {
	sticky := func(wait time.Duration) func(*config.Queue) {
		return func(q *config.Queue) {
			q.Sticky, q.StickyWait, q.Wrapup = 24*time.Hour, wait, 0
			q.Levels, q.LevelAfter = map[string]int{"a3": 2}, time.Minute
		}
	}
	tests := map[string]struct {
		wait time.Duration
		busy bool // the agent who is known has another call
		away bool
		want []string // is rung at once, and after 10 s
	}{
		"is free":                     {0, false, false, []string{"a3", "a3"}},
		"is busy":                     {0, true, false, []string{"a1", "a1"}},
		"is busy and waited for":      {10 * time.Second, true, false, []string{"", "a1"}},
		"is away and not waited for":  {10 * time.Second, false, true, []string{"a1", "a1"}},
		"is busy, waited for at most": {20 * time.Second, true, false, []string{"", ""}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			onDesk(t, testConfig(3, sticky(tt.wait)), func(d *desk) {
				for _, a := range []string{"a1", "a2", "a3"} {
					d.login(a)
				}
				if tt.busy {
					d.enter(queue.Entry{ID: "c0", Queue: "q1", Caller: "02", Sticky: "a3", Ready: true}).wantOffer("a3")
				}
				if tt.away {
					d.SetState("a3", true, "")
				}
				c := d.enter(queue.Entry{ID: "c1", Queue: "q1", Caller: "02", Sticky: "a3", Ready: true})
				var got []string
				for range 2 {
					rung := ""
					if k, _ := d.Call("c1"); len(k.Rings) > 0 {
						rung = k.Rings[0].Agent
					}
					got = append(got, rung)
					d.pass(10 * time.Second)
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("rung (-want +got):\n%s", diff)
				}
				c.Hangup(16)
			})
		})
	}
}

// Blocked callers are on record, but nobody hears of them.
func TestBlockedCallers(t *testing.T) {
	cfg := testConfig(1, nil)
	cfg.Callers.Blocked = config.Numbers{"010*"}
	onDesk(t, cfg, func(d *desk) {
		d.login("a1")
		c := d.enter(queue.Entry{ID: "c1", Queue: "q1", Caller: "010-1234-5678"})
		c.wantEnd(queue.Blocked)
		events := d.take(queue.CallWaiting, queue.CallRinging, queue.CallEnded)
		if len(events) != 1 || events[0].Call.Missed() || len(events[0].Call.Rings) > 0 {
			t.Errorf("events = %+v", events)
		}
		cfg.Callers = config.Callers{}
		d.Reload(cfg)
		d.enter(queue.Entry{ID: "c2", Queue: "q1", Caller: "01012345678", Ready: true}).wantOffer("a1")
	})
}

func TestReloadRanksCallersAnew(t *testing.T) {
	cfg := testConfig(1, nil)
	onDesk(t, cfg, func(d *desk) {
		d.login("a1")
		d.SetState("a1", true, "")
		d.enter(queue.Entry{ID: "c1", Queue: "q1", Caller: "02", Ready: true})
		d.pass(time.Second)
		c := d.enter(queue.Entry{ID: "c2", Queue: "q1", Caller: "010", Ready: true})
		vip := *cfg
		vip.Callers.VIP = config.Numbers{"010"}
		d.Reload(&vip)
		if k, _ := d.Call("c2"); !k.VIP {
			t.Error("the caller is no VIP")
		}
		d.SetState("a1", false, "")
		c.wantOffer("a1")
	})
}
