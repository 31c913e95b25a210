package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"calld/test/lab"
)

const (
	// talk is how long an agent talks.
	talk = 700 * time.Millisecond
	// callEvery is how often an honest caller calls: three agents stand it.
	callEvery = 600 * time.Millisecond
	// longestWait is how long an honest caller may wait while a machine with few
	// processors plays attackers, Asterisk, callers and calld.
	longestWait = 15 * time.Second
	// fewest is how many honest calls must have been answered before it is judged
	// how they fared: short attacks are over before one.
	fewest = 5
)

// traffic is the honest calls.
type traffic struct {
	cancel context.CancelFunc
	calls  sync.WaitGroup

	mu       sync.Mutex
	answered int
	worst    time.Duration
	failed   []error
}

// startTraffic has honest callers call until finish.
func (c *office) startTraffic(ctx context.Context) *traffic {
	ctx, cancel := context.WithCancel(ctx)
	t := &traffic{cancel: cancel}
	t.calls.Go(func() {
		tick := time.NewTicker(callEvery)
		defer tick.Stop()
		for n := 0; ; n++ {
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
			number := fmt.Sprintf("0101%07d", n)
			t.calls.Go(func() { t.call(context.WithoutCancel(ctx), c.caller, number) })
		}
	})
	return t
}

// call is one honest call.
func (t *traffic) call(ctx context.Context, from *lab.Caller, number string) {
	ctx, cancel := context.WithTimeout(ctx, longestWait)
	defer cancel()
	began := time.Now()
	leg, err := from.Call(ctx, deskNumber, lab.CallOptions{Number: number})
	if err == nil {
		err = leg.WaitTalking(ctx)
	}
	t.mu.Lock()
	if err != nil {
		t.failed = append(t.failed, fmt.Errorf("%s: %w", number, err))
	} else {
		t.answered++
		t.worst = max(t.worst, time.Since(began))
	}
	t.mu.Unlock()
	if err == nil {
		if _, err := leg.WaitEnded(ctx); err == nil {
			return // the agent hung up
		}
	}
	if leg != nil {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), longestWait)
		defer cancel()
		_ = leg.Hangup(end) // whatever became of it was noted above
	}
}

// finish waits for a few answered calls and ends the traffic; the error names
// calls that were not answered.
func (t *traffic) finish(ctx context.Context) error {
	few := eventually(ctx, "answers to honest callers", func(context.Context) error {
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.answered < fewest {
			return fmt.Errorf("%d answered, want %d", t.answered, fewest)
		}
		return nil
	})
	t.cancel()
	t.calls.Wait()
	t.mu.Lock()
	defer t.mu.Unlock()
	return errors.Join(append(t.failed, few)...)
}

func (t *traffic) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return fmt.Sprintf("honest callers: %d answered, %d not; the longest wait was %.1f s", t.answered, len(t.failed), t.worst.Seconds())
}
