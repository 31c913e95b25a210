package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"golang.org/x/sync/errgroup"

	"calld/queue"
	"calld/store"
	"calld/test/centre"
)

const (
	// writers share the store's transactions: as many calls as one takes.
	writers = 1000
	// historyDays is over how long the calls are spread: a year of a centre
	// with some 2,700 calls a day, the last of them today.
	historyDays = 365
	// historySeed makes each run's history the same.
	historySeed = 1
	// customers is how many numbers the calls come from.
	customers = 300_000
)

// fill writes so many ended calls into a store at path; one in ten was missed,
// and one in a hundred of those is still open.
func fill(ctx context.Context, path string, calls int, plan *centre.Plan) error {
	s, err := store.Open(path, store.Options{})
	if err != nil {
		return err
	}
	made := make(chan *queue.Call, writers)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(made)
		random := rand.New(rand.NewPCG(historySeed, 0))
		step := historyDays * 24 * time.Hour / time.Duration(calls)
		begin := time.Now().Add(-historyDays * 24 * time.Hour)
		for i := range calls {
			select {
			case made <- ended(i, begin.Add(time.Duration(i)*step), plan, random):
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
		return nil
	})
	for range writers {
		g.Go(func() error {
			for c := range made {
				if _, err := s.Finish(ctx, c); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		_ = s.Close() // the file is of no use
		return fmt.Errorf("history: %w", err)
	}
	return s.Close()
}

// ended is the record of a call that came in at begin.
func ended(i int, begin time.Time, plan *centre.Plan, random *rand.Rand) *queue.Call {
	q := plan.Queues[i%len(plan.Queues)]
	c := &queue.Call{
		ID: queue.NewCallID(begin), Queue: q.ID, Direction: queue.In, Phase: queue.Ended, Outcome: queue.Abandoned,
		Caller: fmt.Sprintf("010%08d", random.IntN(customers)), CallerName: "김철수", Callee: q.Number,
		Channel: fmt.Sprintf("PJSIP/trunk-%08x", i), UniqueID: fmt.Sprintf("%d.%d", begin.Unix(), i),
		Begin: begin, WaitMS: 12_000, Cause: "16 caller", Rings: []queue.Ring{},
	}
	start, end := begin.Add(12*time.Second), begin.Add(3*time.Minute)
	c.End = &end
	if i%10 != 0 {
		c.Agent = plan.Agents[random.IntN(len(plan.Agents))].ID
		c.Outcome, c.Start, c.TalkMS, c.Cause = queue.Answered, &start, end.Sub(start).Milliseconds(), "16 agent"
		c.Rings = []queue.Ring{{Agent: c.Agent, At: begin, Rang: &begin, End: &start, Result: queue.RingAnswer}}
		c.Record = begin.Format("2006/01/02/") + c.ID + ".wav"
	}
	return c
}
