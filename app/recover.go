package app

import (
	"context"
	"fmt"
	"time"

	"calld/queue"
)

// restore puts on the board what an earlier calld left in the store: its live
// calls, who was away, and how many calls each agent has answered today. The
// states of agents that it left open end when it was last known to run. A
// live call that can't be read or ended is logged: the new calls matter more.
func (a *App) restore(ctx context.Context) error {
	// Also when calld is told to stop already: else the next start finds them open.
	if _, err := a.store.CloseAgentStates(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	if err := a.away.restore(a.board); err != nil {
		return err
	}
	since := startOfDay(time.Now(), a.Config().Server.Timezone)
	for _, ag := range a.Config().Agents {
		n, err := a.store.CountAnswered(ag.ID, since)
		if err != nil {
			return err
		}
		if err := a.board.RestoreCalls(ag.ID, n); err != nil {
			return err
		}
	}
	live, err := a.store.Live()
	if err != nil {
		a.log.Error("live calls of the last run can't be read", "err", err)
	}
	a.queueLog.Configure(a.Config(), live)
	unknown := a.board.Restore(live)
	for i := range live {
		if live[i].Phase == queue.Talking {
			a.day.Add(&live[i])
		}
	}
	if len(live) > 0 {
		a.log.Info("live calls of the last run restored", "calls", len(live)-len(unknown))
	}
	for _, c := range unknown {
		if err := a.settle(ctx, c); err != nil {
			a.log.Error("live call of a queue that is gone not ended", "call_id", c.ID, "err", err)
		}
	}
	released, err := a.store.ReleaseClaims(ctx)
	if err != nil {
		a.log.Error("claims of missed calls not released", "err", err)
	}
	for i := range released {
		a.log.Info("claim of a missed call released: nobody calls back", "missed", released[i].ID)
	}
	return nil
}

// settle ends a call of the last run whose queue is gone: nobody can follow
// it any more.
func (a *App) settle(ctx context.Context, c queue.Call) error {
	now := time.Now()
	c.Phase, c.Outcome, c.Cause, c.End = queue.Ended, queue.Failed, "queue_removed", &now
	c.WaitMS = now.Sub(c.Begin).Milliseconds()
	if c.Start != nil {
		c.Outcome = queue.Answered
		c.WaitMS, c.TalkMS = c.Start.Sub(c.Begin).Milliseconds(), now.Sub(*c.Start).Milliseconds()
	}
	a.log.Warn("live call of a queue that is gone: ended", "call_id", c.ID, "queue", c.Queue)
	if _, err := a.store.Finish(ctx, &c); err != nil {
		return fmt.Errorf("settle call %s: %w", c.ID, err)
	}
	a.day.Add(&c)
	a.hooks.Observe(&queue.Event{At: now, Kind: queue.CallEnded, Call: &c})
	return nil
}
