package notify

import (
	"context"
	"strconv"
	"time"

	"calld/ami"
	"calld/queue"
)

// adopt puts calls on the board whose agents talk or are rung, and which it does
// not know: an earlier calld served them, and was killed before they were on
// disk, or an older copy of the store has taken its place. When such a caller
// hangs up first, no script comes back that could tell of the call. Those who
// wait do come back.
func (w *Watcher) adopt(ctx context.Context, asOf time.Time, list []*ami.Event) error {
	s := w.board.Snapshot()
	known := make(map[string]bool, len(s.Calls))
	for i := range s.Calls {
		known[s.Calls[i].UniqueID] = true
	}
	agents := make(map[string]string, len(s.Agents)) // by phone
	for i := range s.Agents {
		agents[s.Agents[i].Phone] = s.Agents[i].ID
	}
	var calls []queue.Call
	for _, e := range list {
		if e.Get("Context") != w.context || known[e.Get("Uniqueid")] {
			continue
		}
		var rings []queue.Ring
		for _, phone := range w.legs.ringing(e.Get("Uniqueid")) {
			if id := agents[phone]; id != "" {
				rings = append(rings, queue.Ring{Agent: id, At: asOf})
			}
		}
		q, ok := w.board.QueueForNumber(e.Get("Exten"))
		if !ok || len(rings) == 0 {
			continue
		}
		id, begin, err := w.earlier(ctx, e.Get("Channel"))
		if err != nil {
			return err
		}
		if id == "" || begin.IsZero() {
			continue
		}
		c := queue.Call{
			ID: id, Queue: q.ID, Direction: queue.In, Phase: queue.Ringing,
			Caller: e.Get("CallerIDNum"), CallerName: e.Get("CallerIDName"), Callee: q.Number,
			Channel: e.Get("Channel"), UniqueID: e.Get("Uniqueid"), Begin: begin, Rings: rings,
		}
		c.Record = w.record(&c)
		w.log.Warn("a call of an earlier calld is not in the store: taken up from its channels", "call_id", id, "channel", c.Channel)
		calls = append(calls, c)
	}
	if len(calls) > 0 {
		w.board.Restore(calls) // they are of queues that the board has
	}
	return nil
}

// earlier asks a channel for its call's id and when that came in; "" when the
// channel has ended meanwhile, zero when it did not come in from outside.
func (w *Watcher) earlier(ctx context.Context, channel string) (id string, begin time.Time, err error) {
	if id, err = w.variable(ctx, channel, w.call.id); err != nil || id == "" {
		return "", begin, err
	}
	entered, err := w.variable(ctx, channel, w.call.entered)
	if err != nil {
		return "", begin, err
	}
	if ms, err := strconv.ParseInt(entered, 10, 64); err == nil {
		begin = time.UnixMilli(ms)
	}
	return id, begin, nil
}
