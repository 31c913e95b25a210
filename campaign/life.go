package campaign

import (
	"context"
	"errors"
	"fmt"
	"time"

	"calld/config"
	"calld/pacing"
	"calld/queue"
)

// ErrState says that a campaign is not in a state for what was asked for.
var ErrState = errors.New("campaign: not in this state")

// The causes of a change of state; see [Campaign.Why].
const (
	ByAdmin     = "admin"
	BySchedule  = "schedule"
	ByListEnd   = "list_end"
	ByForceStop = "force_stop"
	ByNext      = "next_campaign"
)

// Start starts a campaign that is stopped or paused. The error is a [Faults]
// when something of it is not fit for that, and nothing has begun then;
// [ErrState] when it runs or is about to stop; or one of the store.
func (d *Dialler) Start(ctx context.Context, id string) error { return d.start(ctx, id, ByAdmin) }

func (d *Dialler) start(ctx context.Context, id, why string) error {
	d.life.Lock()
	defer d.life.Unlock()
	c, err := d.o.Store.Campaign(id)
	if err != nil {
		return err
	}
	if c.State != Stopped && c.State != Paused {
		return fmt.Errorf("%w: it is %s", ErrState, c.State)
	}
	up := false
	if err := d.ask(ctx, func() { up = d.up }); err != nil {
		return err
	}
	if faults := append(d.check(&c), d.checkAsterisk(ctx, up)...); len(faults) > 0 {
		return faults
	}
	r, err := d.open(c)
	if err != nil {
		return err
	}
	if err := d.change(ctx, &r.c, Running, why); err != nil {
		return err
	}
	return d.ask(ctx, func() {
		delete(d.refused, id)
		d.join(r)
	})
}

// check lists what of the campaign keeps it from starting.
func (d *Dialler) check(c *Campaign) (faults Faults) {
	cfg := d.o.Config()
	p, err := d.o.Store.Plan(c.Plan)
	if err != nil {
		faults.add("plan", FaultNotFound, "plan %q can't be read (%v); choose another one", c.Plan, err)
	} else {
		_, wrong := p.Checked()
		for _, f := range wrong {
			f.Field = "plan." + f.Field
			faults = append(faults, f)
		}
		if p.Mode == Preview && d.o.CallOut == nil {
			faults.add("plan.mode", FaultUnknown, "preview is not possible here")
		}
	}
	switch list, err := d.o.Store.List(c.DialList); {
	case err != nil:
		faults.add("dial_list", FaultNotFound, "dial list %q can't be read (%v); choose another one", c.DialList, err)
	case list.Open == 0:
		faults.add("dial_list", FaultNobodyLeft, "nobody of dial list %q is left to dial; load entries or choose another list", list.Name)
	}
	if _, ok := cfg.Queue(c.Queue); !ok {
		faults.add("queue", FaultNotFound, "there is no queue %q; choose one of the configuration", c.Queue)
	} else if p.needsAgents() && !hasAgents(cfg, c.Queue) {
		faults.add("queue", FaultNoAgents, "no agent with a phone serves queue %q; give it some in the configuration", c.Queue)
	}
	return faults
}

// needsAgents reports whether customers may come to an agent.
func (p *Plan) needsAgents() bool { return p.Mode != Message || p.MessageKey != "" }

func hasAgents(cfg *config.Config, queueID string) bool {
	for i := range cfg.Agents {
		for _, q := range cfg.Agents[i].Queues {
			if q == queueID && cfg.Agents[i].Phone != "" {
				return true
			}
		}
	}
	return false
}

// change writes a campaign's new state.
func (d *Dialler) change(ctx context.Context, c *Campaign, s State, why string) error {
	at := d.now()
	if err := d.o.Store.SetState(ctx, c.ID, s, why, at); err != nil {
		return err
	}
	c.State, c.Since, c.Why = s, at, why
	d.log.Info("campaign", "campaign", c.ID, "state", s, "why", why)
	return nil
}

// open makes a run of a campaign as the store has it.
func (d *Dialler) open(c Campaign) (*run, error) {
	p, err := d.o.Store.Plan(c.Plan)
	if err != nil {
		return nil, fmt.Errorf("campaign: plan of %s: %w", c.ID, err)
	}
	list, err := d.o.Store.List(c.DialList)
	if err != nil {
		return nil, fmt.Errorf("campaign: dial list of %s: %w", c.ID, err)
	}
	kept, err := d.o.Store.Progress(c.ID)
	if err != nil {
		return nil, fmt.Errorf("campaign: progress of %s: %w", c.ID, err)
	}
	day, err := d.counted(c.ID)
	if err != nil {
		return nil, fmt.Errorf("campaign: results of %s: %w", c.ID, err)
	}
	r := &run{
		c: c, plan: p, list: list, open: list.Open, zones: map[string]*time.Location{}, zone: d.o.Config().Server.Timezone,
		day: day, resting: map[string]rest{}, loadAt: d.now(),
	}
	var learnt *pacing.State
	if kept != nil && kept.Pacing != nil {
		learnt = kept.Pacing // as of some seconds before the end, or of another day
		learnt.Answered, learnt.Abandoned = day.Answered, day.Abandoned
	}
	if r.pacer, err = p.newPacer(learnt); errors.Is(err, pacing.ErrState) {
		d.log.Warn("what a campaign had learnt can't be taken up: it begins anew", "campaign", c.ID, "err", err)
		r.pacer, err = p.newPacer(nil)
	}
	if err != nil {
		return nil, err
	}
	return r, nil
}

// join takes a run up, beside the calls that an earlier one of the campaign has.
func (d *Dialler) join(r *run) {
	d.listen()
	if was := d.runs[r.c.ID]; was != nil {
		r.day, r.tries = was.day, was.tries
		if was.pacer != nil && r.pacer != nil && was.plan.Method == r.plan.Method && was.plan.Mode == r.plan.Mode && was.plan.ringTimeout() == r.plan.ringTimeout() {
			r.pacer = was.pacer
		}
		for _, t := range d.tries {
			if t.run == was {
				t.run = r
			}
		}
	}
	d.runs[r.c.ID] = r
}

// Pause has a campaign dial nobody more; its calls go on.
func (d *Dialler) Pause(ctx context.Context, id string) error {
	return d.end(ctx, id, Pausing, ByAdmin, false)
}

// Stop has a campaign dial nobody more; its calls go on, and then it is stopped.
func (d *Dialler) Stop(ctx context.Context, id string) error {
	return d.end(ctx, id, Stopping, ByAdmin, false)
}

// ForceStop is Stop, and has all calls of the campaign ended.
func (d *Dialler) ForceStop(ctx context.Context, id string) error {
	return d.end(ctx, id, Stopping, ByForceStop, true)
}

// end begins a pause or the end of a campaign.
func (d *Dialler) end(ctx context.Context, id string, to State, why string, force bool) error {
	d.life.Lock()
	defer d.life.Unlock()
	c, err := d.o.Store.Campaign(id)
	if err != nil {
		return err
	}
	idle := false
	if err := d.ask(ctx, func() { idle = d.runs[id] == nil }); err != nil {
		return err
	}
	switch {
	case c.State == Stopped, to == Pausing && c.State != Running:
		return fmt.Errorf("%w: it is %s", ErrState, c.State)
	case c.State == Paused, idle && to == Stopping: // it has no calls
		to = Stopped
	case idle:
		to = Paused
	}
	if c.State != to {
		if err := d.change(ctx, &c, to, why); err != nil {
			return err
		}
	}
	return d.ask(ctx, func() {
		r := d.runs[id]
		if r == nil {
			return
		}
		r.c = c
		r.hopper = nil
		for _, t := range d.tries {
			switch {
			case t.run != r:
			case t.shown != nil && t.shown.call == "":
				d.expire(t)
			case force:
				d.hangUp(t, WhyForceStop)
			}
		}
	})
}

// proceed ends what is about to end, when its last call is over, and a campaign
// whose list is at its end.
func (d *Dialler) proceed(r *run, now time.Time) {
	if date := d.today(); date.Date != r.day.Date {
		r.day = date
		if r.pacer != nil {
			r.pacer.NewDay()
		}
	}
	to, why := r.c.State, r.c.Why
	switch {
	case r.closing || r.tries > 0 || r.storeRests(now):
		return
	case r.c.State == Pausing:
		to = Paused
	case r.c.State == Stopping:
		to = Stopped
	case r.c.State == Running && r.reason == ListAtEnd && r.plan.ListEnd != ListKeep && !r.loading:
		to, why = Stopped, ByListEnd
	default:
		return
	}
	r.closing = true
	c, err := r.c, error(nil)
	d.save(r)
	d.work(storeTime, func(ctx context.Context) {
		d.life.Lock()
		defer d.life.Unlock()
		var kept Campaign
		if kept, err = d.o.Store.Campaign(c.ID); err == nil && kept.State == c.State {
			err = d.change(ctx, &c, to, why)
		} else {
			c = kept // somebody was faster
		}
	}, func() {
		r.closing = false
		if err != nil {
			d.storeFails(r, err)
			return
		}
		r.c = c
		d.tell(r, r.toldAt.Add(tellEvery))
		if c.State == Stopped && d.runs[c.ID] == r {
			delete(d.runs, c.ID)
			if why == ByListEnd && c.Next != "" {
				d.startLater(c.Next, ByNext)
			}
		}
	})
}

// startLater starts a campaign that nobody waits for. What keeps it from
// starting is told with its figures, and a schedule tries again at the next look.
func (d *Dialler) startLater(id, why string) {
	var err error
	var s Stats
	d.work(storeTime, func(ctx context.Context) {
		if err = d.start(ctx, id, why); err != nil {
			s, _ = d.idleStats(id) // without figures nothing is told
		}
	}, func() {
		var faults Faults
		switch {
		case err == nil, errors.Is(err, ErrState): // somebody was faster
			return
		case errors.As(err, &faults):
		default:
			faults.add("server", FaultFailed, "%v", err)
		}
		if why == BySchedule {
			d.wanted[id] = false
		}
		if d.refused[id].Error() == faults.Error() {
			return
		}
		d.log.Error("a campaign could not be started", "campaign", id, "why", why, "err", err)
		d.refused[id] = faults
		if s.Campaign != "" {
			s.Refused = faults
			d.o.OnStats(s)
		}
	})
}

// lookAtCampaigns starts and stops campaigns by their schedules, counts who is
// left of the lists, and has lists read again.
func (d *Dialler) lookAtCampaigns() {
	now := d.now()
	lists := map[string]DialList{}
	for _, r := range d.runs {
		lists[r.list.ID] = r.list
		if len(r.hopper) == 0 && r.c.State == Running {
			r.loadAt = now
		}
	}
	var all []Campaign
	var err error
	d.work(storeTime, func(context.Context) {
		all, err = d.o.Store.Campaigns()
		for id := range lists {
			if l, readErr := d.o.Store.List(id); readErr == nil { // who dials meets the error
				lists[id] = l
			}
		}
	}, func() {
		for _, r := range d.runs {
			if l, read := lists[r.list.ID]; read {
				r.list, r.open = l, l.Open
			}
		}
		if err != nil {
			d.log.Error("campaigns can't be read", "err", err)
			return
		}
		for i := range all {
			d.keepSchedule(&all[i], now)
		}
	})
}

// keepSchedule acts when the time of a schedule begins or ends; what an admin does
// in between stands.
func (d *Dialler) keepSchedule(c *Campaign, now time.Time) {
	if c.Schedule == nil {
		delete(d.wanted, c.ID)
		return
	}
	zone := d.o.Config().Server.Timezone
	wanted := c.Schedule.at(now, zone)
	was, known := d.wanted[c.ID]
	if !known {
		was = c.Schedule.at(c.Since, zone)
	}
	d.wanted[c.ID] = wanted
	if !wanted {
		delete(d.refused, c.ID)
	}
	switch {
	case wanted && !was && c.State == Stopped:
		d.startLater(c.ID, BySchedule)
	case !wanted && was && c.State == Running:
		var err error
		id := c.ID
		d.work(storeTime, func(ctx context.Context) { err = d.end(ctx, id, Stopping, BySchedule, false) }, func() {
			if err == nil || errors.Is(err, ErrState) {
				return
			}
			d.wanted[id] = true // for the next look to try again
			if r := d.runs[id]; r != nil {
				d.storeFails(r, err)
			}
		})
	}
}

// at reports whether the campaign is to run at a time.
func (s *Schedule) at(t time.Time, zone *time.Location) bool {
	if t.Before(s.From) || !s.Until.IsZero() && !t.Before(s.Until) {
		return false
	}
	next, ok := NextOpen(s.Hours, zone, t)
	return ok && next.Equal(t)
}

// save writes what a campaign has learnt.
func (d *Dialler) save(r *run) {
	if r.pacer == nil {
		return
	}
	s := r.pacer.State()
	p := &Progress{Pacing: &s}
	var err error
	id := r.c.ID
	d.work(storeTime, func(ctx context.Context) { err = d.o.Store.SaveProgress(ctx, id, p) }, func() {
		if err != nil {
			d.log.Error("the progress of a campaign was not written", "campaign", id, "err", err)
		}
	})
}

// restore takes up the campaigns that ran when the last calld ended, and the tries
// that were under way. Until Asterisk has told which of their channels live, nobody
// is dialled.
func (d *Dialler) restore() error {
	all, err := d.o.Store.Campaigns()
	if err != nil {
		return fmt.Errorf("campaign: campaigns can't be read: %w", err)
	}
	for _, c := range all {
		if c.State == Stopped || c.State == Paused {
			continue
		}
		r, err := d.open(c)
		if err != nil {
			d.log.Error("a campaign can't go on", "campaign", c.ID, "err", err)
			continue
		}
		d.runs[c.ID] = r
	}
	claims, err := d.o.Store.Claims()
	if err != nil {
		return fmt.Errorf("campaign: the tries under way can't be read: %w", err)
	}
	for i := range claims {
		if err := d.adopt(&claims[i]); err != nil {
			d.log.Error("a try of the last run can't be taken up", "try", claims[i].ID, "err", err)
		}
	}
	if len(claims) > 0 {
		d.log.Info("tries of the last run taken up", "tries", len(d.tries))
	}
	return nil
}

// adopt takes up a try of an earlier calld.
func (d *Dialler) adopt(claim *Result) error {
	r := d.runs[claim.Campaign]
	if r == nil {
		c, err := d.o.Store.Campaign(claim.Campaign)
		if err != nil {
			return err
		}
		if r, err = d.open(c); err != nil {
			return err
		}
		d.runs[c.ID] = r
	}
	e, err := d.o.Store.Entry(claim.Entry)
	if err != nil {
		return err
	}
	t := &try{run: r, r: *claim, entry: e, number: config.NormalNumber(claim.Number), same: d.sameNumber(claim.Number), ordered: true, adopted: true, reason: -1}
	d.tries[claim.ID] = t
	d.inUse[t.same]++
	r.tries++
	// Its call may have ended before the result was written.
	if c, err := d.o.Store.Call(claim.ID); err == nil && c.Phase == queue.Ended && c.End != nil {
		t.gone = *c.End
		d.onBoard(t, &c)
	}
	return nil
}
