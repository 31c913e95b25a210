package queue_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"calld/config"
	"calld/queue"
)

func TestRunEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := queue.New(queue.Options{Config: testConfig(1, nil)})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- b.Run(ctx) }()
		synctest.Wait()
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}

func TestAnEarlierTimerWakesRun(t *testing.T) {
	onDesk(t, testConfig(1, func(q *config.Queue) { q.MaxWait, q.NoAgentWait = time.Hour, 0 }), func(d *desk) {
		d.call("c1") // Run sleeps until the end of its hour
		d.login("a1")
		_ = d.Disconnect("a1")
		d.pass(15 * time.Second)
		d.wantState("a1", queue.AgentRings)
		d.pass(31 * time.Second)
		d.wantState("a1", queue.Offline)
	})
}

// A few hundred callers, their scripts and agents, and the exchange, all at
// once: each call ends once, and nobody is left over.
func TestConcurrentUse(t *testing.T) {
	const agents, callers = 20, 300
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig(agents, func(q *config.Queue) {
			q.MaxWait, q.RingTimeout, q.Wrapup, q.RetryPause, q.AwayAfter = 2*time.Minute, 5*time.Second, time.Second, time.Second, 0
		})
		for i := range cfg.Agents {
			if i%3 == 0 {
				cfg.Agents[i].Queues = []string{"q1", "q2"}
			}
		}
		second := cfg.Queues[0]
		second.ID, second.Number, second.Queueing = "q2", "022", config.All
		cfg.Queues = append(cfg.Queues, second)
		var seq atomic.Uint64
		var mu sync.Mutex
		ended := map[string]int{}
		b := queue.New(queue.Options{Config: cfg, Observers: []queue.Observer{queue.ObserverFunc(func(e *queue.Event) {
			if seq.Add(1) != e.Seq {
				t.Errorf("event %d out of order", e.Seq)
			}
			if e.Kind == queue.CallEnded {
				mu.Lock()
				ended[e.Call.ID]++
				mu.Unlock()
			}
		})}})
		go b.Run(t.Context())
		b.Deaf(false)
		var wg sync.WaitGroup
		for _, a := range cfg.Agents {
			wg.Go(func() {
				for range 20 {
					_ = b.Connect(a.ID)
					time.Sleep(time.Duration(rand.IntN(10_000)) * time.Millisecond)
					_ = b.SetState(a.ID, rand.IntN(3) == 0, "")
					b.Phone(a.Phone, queue.PhoneIdle)
					_ = b.EndWrapup(a.ID)
					_ = b.Disconnect(a.ID)
				}
			})
		}
		for i := range callers {
			wg.Go(func() {
				time.Sleep(time.Duration(rand.IntN(60_000)) * time.Millisecond)
				serve(t, b, fmt.Sprintf("c%d", i), fmt.Sprintf("q%d", 1+i%2))
			})
		}
		wg.Go(func() {
			for range 100 {
				time.Sleep(time.Second)
				s := b.Snapshot()
				var live []queue.Channel
				for _, c := range s.Calls {
					live = append(live, queue.Channel{UniqueID: c.UniqueID})
				}
				b.Reconcile(s.At, time.Time{}, live)
				b.Reload(cfg)
				b.Load("q1")
			}
		})
		wg.Wait()
		time.Sleep(3 * time.Minute)
		s := b.Snapshot()
		if len(s.Calls) > 0 {
			t.Errorf("left over: %+v", s.Calls)
		}
		for _, a := range s.Agents {
			if a.State != queue.Offline {
				t.Errorf("%s is %s, want offline", a.ID, a.State)
			}
		}
		mu.Lock()
		defer mu.Unlock()
		for i := range callers {
			if n := ended[fmt.Sprintf("c%d", i)]; n != 1 {
				t.Errorf("c%d ended %d times", i, n)
			}
		}
	})
}

// serve is a script, and the exchange that it is in.
func serve(t *testing.T, b *queue.Board, id, queueID string) {
	t.Helper()
	ticket, err := b.Enter(queue.Entry{ID: id, Queue: queueID, UniqueID: id})
	if err != nil {
		t.Errorf("Enter: %v", err)
		return
	}
	short := func() { time.Sleep(time.Duration(rand.IntN(3000)) * time.Millisecond) }
	short()
	ticket.Ready()
	for {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		o, outcome, err := ticket.Next(ctx)
		cancel()
		switch {
		case outcome != "":
			return
		case err != nil && rand.IntN(3) == 0:
			ticket.Detach()
			if ticket, err = b.Enter(queue.Entry{ID: id, Queue: queueID, UniqueID: id, Returning: true}); err != nil {
				t.Errorf("Enter: %v", err)
				return
			}
			ticket.Ready()
			continue
		case err != nil:
			ticket.Hangup(16)
			return
		}
		r := queue.DialReport{Offer: o.ID, Result: queue.NoAnswer}
		phone := o.Agents[rand.IntN(len(o.Agents))].Phone
		b.Heard(queue.Fact{Kind: queue.PhoneRings, UniqueID: id, Phone: phone})
		short()
		if rand.IntN(3) > 0 {
			b.Heard(queue.Fact{Kind: queue.PhoneAnswers, UniqueID: id, Phone: phone})
			short()
			r.Result, r.Phone = queue.RingAnswer, phone
		}
		r.CallerGone = rand.IntN(4) == 0
		ticket.Dialled(r)
	}
}

func TestCallIDsSortByTime(t *testing.T) {
	at := time.Date(2026, 11, 22, 10, 44, 13, 0, time.FixedZone("KST", 9*3600))
	var ids []string
	for i := range 100 {
		ids = append(ids, queue.NewCallID(at.Add(time.Duration(i)*time.Second)))
	}
	if !slices.IsSorted(ids) || ids[0][:16] != "20261122-104413-" || len(ids[0]) != 28 {
		t.Errorf("ids %q …", ids[:3])
	}
}
