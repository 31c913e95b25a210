package app

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"calld/config"
	"calld/queue"
)

// While nothing gets to disk, those who are to be called back take no agent from those who
// wait on the telephone; when it does again they are called.
func TestCallsBackOnAFullDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := &config.Config{Queues: []config.Queue{{
			ID: "q", Number: "0215881234", RingTimeout: 20 * time.Second, RetryPause: 10 * time.Second,
			Callback: config.Callback{Key: "1", Expires: time.Hour, Attempts: 3, Retry: time.Minute},
		}}}
		cfg.Server.Timezone = time.UTC
		cfg.Agents = []config.Agent{{ID: "a1", Phone: "801", Queues: []string{"q"}}}
		var full atomic.Bool
		var mu sync.Mutex
		var rung []string
		var reserved time.Duration
		var since time.Time
		var board *queue.Board
		b := newCallbacks(
			func(_ context.Context, c *queue.Call) error {
				mu.Lock()
				defer mu.Unlock()
				rung = append(rung, c.ID)
				return nil
			},
			func(id, why string) { board.CallOff(id, why) },
			func() error {
				if full.Load() {
					return errors.New("no space left on device")
				}
				return nil
			}, slog.New(slog.DiscardHandler))
		begun := make(chan *queue.Call, 100)
		watch := queue.ObserverFunc(func(e *queue.Event) {
			switch {
			case e.Kind == queue.AgentChanged && e.Agent.State == queue.AgentRings:
				since = e.At
			case e.Kind == queue.AgentChanged && !since.IsZero():
				reserved += e.At.Sub(since)
				since = time.Time{}
			case e.Kind == queue.CallRinging:
				begun <- e.Call
			}
		})
		board = queue.New(queue.Options{Config: cfg, Observers: []queue.Observer{b, watch}})
		board.Deaf(false)
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { _ = board.Run(ctx) })
		running.Go(func() { _ = b.Run(ctx) })
		defer running.Wait()
		defer stop()
		ticket, err := board.Enter(queue.Entry{ID: "c1", Queue: "q", Caller: "01012345678", UniqueID: "u1", Ready: true})
		if err != nil || !ticket.Book("1") {
			t.Fatal("not booked", err)
		}
		ticket.Detach()
		full.Store(true)
		if err := board.Connect("a1"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if reserved > 2*time.Minute {
			t.Errorf("the agent was kept for %s of ten minutes in which no phone could ring", reserved)
		}
		if len(rung) > 0 {
			t.Errorf("rung for calls that are not on disk: %v", rung)
		}
		for len(begun) > 0 {
			<-begun
		}
		full.Store(false)
		b.durable(<-begun)
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		if len(rung) != 1 {
			t.Errorf("rung %v once the disk had room", rung)
		}
	})
}
