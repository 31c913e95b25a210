package app

import (
	"context"
	"time"

	"calld/notify"
	"calld/store"
)

// dayEvery is how often supervisors' pages are told of a queue's figures of
// the day, when they have changed.
const dayEvery = time.Second

// serviceLevel is how soon a call of a queue is to be answered; 0 for a queue
// that is gone.
func (a *App) serviceLevel(queueID string) time.Duration {
	q, _ := a.Config().Queue(queueID)
	return q.ServiceLevel
}

// tellDay keeps the figures of the day: first it counts the calls that ended
// before this calld was started, then it tells of changes until ctx ends.
func (a *App) tellDay(ctx context.Context) error {
	if err := a.countHistory(ctx); err != nil && ctx.Err() == nil {
		a.log.Error("the figures of today lack the calls of before the start", "err", err)
	}
	tick := time.NewTicker(dayEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		for _, t := range a.day.Changed() {
			a.hub.Push("", notify.TypeQueueDay, t)
		}
	}
}

// countHistory counts today's calls that ended before this calld was started;
// the board tells of those after.
func (a *App) countHistory(ctx context.Context) error {
	q := store.Query{From: a.day.Start(), Limit: store.MaxLimit}
	for {
		page, err := a.store.History(q)
		if err != nil {
			return err
		}
		for i := range page.Calls {
			if c := &page.Calls[i]; c.End != nil && c.End.Before(a.started) {
				a.day.Add(c)
			}
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}
