package campaign

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"calld/config"
	"calld/exchange"
	"calld/queue"
)

const (
	// settleRetry is the pause after a result could not be written.
	settleRetry = 2 * time.Second
	// hangUpRetry is the pause after a channel was not there to be ended.
	hangUpRetry = time.Second
)

// place dials an entry: the try is written down first. It reports whether the
// entry was good for it.
func (d *Dialler) place(r *run, c choice, now time.Time) *try {
	id := queue.NewCallID(now)
	n := c.entry.Numbers[c.index]
	t := &try{
		run: r, entry: c.entry, number: config.NormalNumber(n.Number), same: c.same, placing: true, reason: -1,
		r: Result{
			ID: id, Campaign: r.c.ID, Plan: r.plan.ID, PlanRev: r.plan.Revision, List: r.list.ID, Entry: c.entry.ID,
			Key: c.entry.Key, Queue: r.c.Queue, Number: n.Number, Index: c.index, Try: n.Tries + 1, Mode: r.plan.Mode,
		},
	}
	d.tries[id] = t
	d.inUse[t.same]++
	r.tries++
	return t
}

// order claims the entry of a try, and has its customer dialled.
func (d *Dialler) order(t *try) {
	now := d.now()
	t.r.Dialled = &now
	plan, entry, try, o := t.run.plan, t.entry, t.r, d.origination(t)
	var step stage
	d.work(storeTime+orderTime, func(ctx context.Context) {
		if step = d.claim(ctx, &plan, entry, try); step.claimed && !step.blocked && step.err == nil {
			step.err = d.originate(ctx, o)
		}
	}, func() { d.placed(t, step) })
}

// stage is how far an order has come.
type stage struct {
	err     error
	rests   time.Time // the customer was tried too often: not before
	claimed bool
	blocked bool // the number must not be dialled
}

// claim writes a try down, unless the customer has been tried too often, and looks
// whether the number must not be dialled. It runs beside the dialler: meanwhile
// nobody else dials a number of the entry, and who did before has written it down.
func (d *Dialler) claim(ctx context.Context, p *Plan, e Entry, try Result) (s stage) {
	now := d.now()
	if s.err = d.recall(p, &e, now); s.err != nil {
		return s
	}
	if at := p.restsUntil(&e); at.After(now) {
		s.rests = at
		return s
	}
	if s.err = d.o.Store.Claim(ctx, try); s.err != nil {
		return s
	}
	s.claimed = true
	s.blocked, s.err = d.o.Store.DoNotCall(try.Number)
	return s
}

// recall adds to an entry when its numbers were dialled in other lists, if the plan
// limits that.
func (d *Dialler) recall(p *Plan, e *Entry, now time.Time) error {
	if p.MaxTries24h == 0 {
		return nil
	}
	numbers := make([]string, len(e.Numbers))
	for i := range e.Numbers {
		numbers[i] = e.Numbers[i].Number
	}
	tried, err := d.o.Store.Tried(numbers, now.Add(-day))
	if err != nil {
		return fmt.Errorf("campaign: tries of entry %s: %w", e.ID, err)
	}
	tried = append(tried, e.Tried...)
	slices.SortFunc(tried, time.Time.Compare)
	e.Tried = slices.CompactFunc(tried, time.Time.Equal)
	return nil
}

// originate has Asterisk dial. It runs beside the dialler.
func (d *Dialler) originate(ctx context.Context, o exchange.Origination) error {
	ctx, cancel := context.WithTimeout(ctx, orderTime)
	defer cancel()
	return d.o.Exchange.Originate(ctx, o)
}

// unclaimed forgets a try that was not written down.
func (d *Dialler) unclaimed(t *try, s stage) {
	switch {
	case !s.rests.IsZero():
		t.run.rest(t.entry.ID, rest{at: s.rests})
	case !errors.Is(s.err, ErrClaimed) && !errors.Is(s.err, ErrUnknown):
		d.storeFails(t.run, s.err)
	}
	d.drop(t)
}

// placed takes up a try whose order has been given, or could not be.
func (d *Dialler) placed(t *try, s stage) {
	t.placing = false
	r := t.run
	switch {
	case !s.claimed:
		d.unclaimed(t, s)
		return
	case s.blocked:
		t.r.Why, t.r.DialResult, t.r.Dialled = WhyDoNotCall, queue.DialFailed, nil
	case s.err != nil && !errors.Is(s.err, exchange.ErrUnanswered): // else it may be under way
		d.log.Warn("a customer can't be dialled", "campaign", r.c.ID, "try", t.r.ID, "err", s.err)
		t.r.Why, t.r.DialResult, t.r.Dialled = WhyNotDialled, queue.DialFailed, nil
	default:
		t.ordered = true
		r.failing = nil
		d.counts.dialled.Add(1)
		if t.stopped != "" {
			d.hangUp(t, t.stopped)
		}
		d.look(t, d.now())
		return
	}
	now := d.now()
	t.r.End = &now
	r.day.ended(&t.r)
	d.counts.ended(t.r.Kind())
	d.settle(t)
}

// origination is the order for Asterisk.
func (d *Dialler) origination(t *try) exchange.Origination {
	cfg := d.o.Config()
	o := exchange.Origination{
		Channel: strings.ReplaceAll(cfg.Asterisk.TrunkDial, "{number}", t.number), ID: queue.TryChannel(t.r.ID),
		Context: d.o.Context, Extension: "s", RingFor: t.run.plan.ringTimeout(),
	}
	if shown := d.shownNumber(t.run); shown != "" {
		o.CallerID = "<" + shown + ">"
	}
	return o
}

// shownNumber is what customers see.
func (d *Dialler) shownNumber(r *run) string {
	if r.plan.CallerID != "" {
		return r.plan.CallerID
	}
	q, _ := d.o.Config().Queue(r.c.Queue)
	return q.Number
}

// hangUp ends a try's channel.
func (d *Dialler) hangUp(t *try, why string) {
	t.stopped = why
	if t.shown == nil && !t.ordered || !t.gone.IsZero() || t.settling {
		return
	}
	channel := queue.TryChannel(t.r.ID)
	if t.shown != nil { // an agent calls the customer
		channel = cmp.Or(t.shown.channel, queue.OutChannel(t.r.ID))
	}
	const normalClearing = 16
	var err error
	d.work(orderTime, func(ctx context.Context) { err = d.o.Exchange.Hangup(ctx, channel, normalClearing) }, func() {
		switch {
		case errors.Is(err, exchange.ErrNoChannel):
			// One that was ordered a moment ago may still come about.
			if d.tries[t.r.ID] == t && t.r.Dialled != nil && d.now().Before(t.r.Dialled.Add(orderTime)) {
				d.after(hangUpRetry, func() { d.hangUp(t, why) })
			}
		case err != nil:
			d.log.Warn("a customer's channel can't be ended", "try", t.r.ID, "err", err)
		}
	})
}

// settle writes a try's result and what becomes of its entry. It is tried until
// it has been written: until then the number is in use.
func (d *Dialler) settle(t *try) {
	t.settling = true
	result := t.r
	entry := t.run.plan.After(t.entry, &result, *result.End)
	var err error
	d.work(storeTime, func(ctx context.Context) { err = d.o.Store.Settle(ctx, result, entry) }, func() {
		if err != nil && !d.stopping {
			d.storeFails(t.run, err)
			d.after(settleRetry, func() { d.settle(t) })
			return
		}
		t.run.failing = nil
		d.drop(t)
	})
}

// after has something done later, unless the dialler ends before.
func (d *Dialler) after(wait time.Duration, f func()) {
	d.work(wait+storeTime, func(context.Context) {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-d.done:
		}
	}, f)
}

// drop forgets a try.
func (d *Dialler) drop(t *try) {
	if d.tries[t.r.ID] != t {
		return
	}
	delete(d.tries, t.r.ID)
	d.putBack(t.same)
	t.run.tries--
	t.run.loadAt = d.now()
}

// storeFails stops a campaign's dialling for a while.
func (d *Dialler) storeFails(r *run, err error) {
	if r.failing == nil {
		d.log.Error("a campaign can't be written down: it dials nobody", "campaign", r.c.ID, "err", err)
	}
	r.failing, r.failingSince = err, d.now()
}
