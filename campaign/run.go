package campaign

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"calld/pacing"
	"calld/queue"
)

const (
	// hopperSize is how many entries a campaign reads ahead.
	hopperSize = 200
	// maxDials bounds what one campaign dials at one look; the next follows.
	maxDials = 50
	// numberRest is how long an entry is put aside whose number is in a call now.
	numberRest = 15 * time.Second
	// failRest is how long nothing is dialled, and no state is changed, after the
	// store has failed.
	failRest = 5 * time.Second
	// defaultRing is how long customers are rung.
	defaultRing = 25 * time.Second
)

// run is a campaign that runs, or of which calls are under way.
type run struct {
	c      Campaign
	plan   Plan
	list   DialList
	zones  map[string]*time.Location
	zone   *time.Location // of the server
	pacer  *pacing.Pacer  // nil: the mode needs none
	day    Day
	tries  int
	dialAt time.Time // not before: the plan's rate

	hopper  []Entry
	resting map[string]rest // entries that are due, but may not be dialled yet, or at all
	loading bool
	loaded  bool      // the list has been read once
	loadAt  time.Time // when to read again; zero: nothing is due any more

	failing      error // of the store
	failingSince time.Time
	reason       Reason
	until        time.Time // of AllResting, OutsideHours
	told         Stats
	toldAt       time.Time
	open         int
	closing      bool // its last state is being written
	figures      struct{ free, busy int }
}

// rest is until when an entry is left alone.
type rest struct {
	at    time.Time // zero: for ever, as far as the plan goes
	hours bool      // because of the calling hours
}

// choice is a number to be dialled.
type choice struct {
	entry Entry
	index int
	same  string // the number as numbers are compared
}

func (p *Plan) ringTimeout() time.Duration { return cmp.Or(time.Duration(p.RingTimeout), defaultRing) }
func (p *Plan) amd() bool                  { return p.AMD != "" && p.AMD != AMDOff }

// newPacer makes the pacer of a plan: nil for a mode that has none.
func (p *Plan) newPacer(s *pacing.State) (*pacing.Pacer, error) {
	o := pacing.Options{Limit: p.MaxAbandonRate, RingLimit: p.ringTimeout(), State: s}
	switch p.Mode {
	case Progressive:
		o.Method = pacing.Progressive
	case Power:
		o.Method, o.Ratio = pacing.Power, p.PowerRatio
	case Predictive:
		o.Method, o.HangUp = cmp.Or(p.Method, pacing.Risk), p.HangUpLate && p.Method != pacing.Lite
	default:
		return nil, nil
	}
	return pacing.New(o)
}

func (r *run) learn(f pacing.Fact) {
	if r.pacer != nil {
		r.pacer.Learn(f)
	}
}

// storeRests reports whether the store has failed a moment ago.
func (r *run) storeRests(now time.Time) bool {
	return r.failing != nil && now.Before(r.failingSince.Add(failRest))
}

// location is the time zone of an entry.
func (r *run) location(e *Entry) *time.Location {
	name := cmp.Or(e.Timezone, r.list.Timezone)
	if name == "" {
		return r.zone
	}
	z, known := r.zones[name]
	if !known {
		var err error
		if z, err = time.LoadLocation(name); err != nil {
			z = r.zone
		}
		r.zones[name] = z
	}
	return z
}

// dial has each campaign dial whom it should.
func (d *Dialler) dial(now time.Time) {
	var ids []string
	for id, r := range d.runs {
		if r.c.State == Running && !r.closing {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	if wanting := d.wanting(ids); len(wanting) > 0 {
		d.shares.give(wanting, d.sharers())
	} else {
		d.shares = newShares() // nobody asks for agents
	}
	d.first++
	for i := range ids {
		r := d.runs[ids[(i+d.first)%len(ids)]]
		d.refill(r, now)
		why, until := d.dialFor(r, now)
		if why == LoadingEntries && r.loaded && r.reason != Dialling {
			continue // what was true before is, until the list has been looked at again
		}
		r.reason, r.until = why, until
	}
}

// wanting lists the campaigns that need agents.
func (d *Dialler) wanting(ids []string) []wanting {
	var list []wanting
	for _, id := range ids {
		if r := d.runs[id]; r.pacer != nil {
			w := wanting{id: id, queue: r.c.Queue, more: len(r.hopper) > 0 || !r.loaded}
			for _, t := range d.tries {
				if t.run == r && (t.ringing() || t.waiting()) {
					w.underway++
				}
			}
			list = append(list, w)
		}
	}
	return list
}

// dialFor has one campaign dial; when it does not, it tells why and until when.
func (d *Dialler) dialFor(r *run, now time.Time) (Reason, time.Time) {
	switch {
	case !d.up || !d.met:
		return AsteriskAway, time.Time{}
	case r.storeRests(now):
		return StoreFailing, time.Time{}
	}
	if _, ok := d.o.Config().Queue(r.c.Queue); !ok {
		return QueueGone, time.Time{}
	}
	empty, until := r.empty(now)
	if r.plan.Mode == Preview {
		return cmp.Or(empty, WaitingPreview), until
	}
	lines := d.room(r)
	n := lines
	if r.pacer != nil {
		view := d.view(r, lines)
		decision := r.pacer.Decide(view, now)
		d.giveUp(r, decision.HangUp)
		n = decision.Dial
		if n == 0 {
			why := paced(decision.Reason)
			if why == NoAgents && d.anybody(r.c.Queue) {
				why = AgentsShared
			}
			// Without anybody to dial it has given its agents up.
			if empty == Dialling || empty == LoadingEntries && why != Dialling && why != AgentsShared {
				return why, until
			}
			return empty, until
		}
	}
	if n <= 0 {
		return cmp.Or(empty, LinesFull), until
	}
	for range min(n, maxDials) {
		if at := later(d.dialAt, r.dialAt); now.Before(at) {
			d.wake(at)
			return cmp.Or(empty, RateReached), until
		}
		c, ok := d.choose(r, now)
		if !ok {
			empty, until = r.empty(now)
			return cmp.Or(empty, Dialling), until
		}
		d.dialAt = spaced(d.dialAt, d.o.Config().Outbound.MaxRate, now)
		r.dialAt = spaced(r.dialAt, r.plan.MaxRate, now)
		d.order(d.place(r, c, now))
	}
	return Dialling, time.Time{}
}

// spaced is when the next call may follow, at a rate of calls a second; 0 is
// none. Evenly spaced, no second ever has more.
func spaced(last time.Time, rate float64, now time.Time) time.Time {
	if rate <= 0 {
		return last
	}
	return now.Add(time.Duration(float64(time.Second) / rate))
}

// room is how many channels more the campaign may have.
func (d *Dialler) room(r *run) int {
	all := d.o.Config().Outbound.MaxLines - d.lines(nil)
	if r.plan.MaxLines > 0 {
		return max(0, min(all, r.plan.MaxLines-d.lines(r)))
	}
	return max(0, all)
}

// lines counts the channels to customers of a campaign, or of all.
func (d *Dialler) lines(r *run) (n int) {
	for _, t := range d.tries {
		if (r == nil || t.run == r) && t.shown == nil && t.gone.IsZero() && !t.settling {
			n++
		}
	}
	return n
}

// view is what the pacer may see.
func (d *Dialler) view(r *run, room int) pacing.View {
	v := pacing.View{Room: room}
	for id, s := range d.agents {
		switch {
		case d.shares.of[id] != r.c.ID:
		case s.free():
			v.Free++
		case s.busy():
			v.Busy = append(v.Busy, pacing.Busy{Since: s.Since, WrapUp: s.State == queue.AgentWrapup})
		}
	}
	r.figures.free, r.figures.busy = v.Free, len(v.Busy)
	for _, t := range d.ringing(r) {
		v.Ringing = append(v.Ringing, *t.r.Dialled)
	}
	for _, t := range d.tries {
		if t.run == r && t.waiting() {
			v.Waiting++
		}
	}
	return v
}

// ringing lists a campaign's customers who have not answered, the first dialled
// first.
func (d *Dialler) ringing(r *run) (list []*try) {
	for _, t := range d.tries {
		if t.run == r && t.ringing() && t.r.Dialled != nil {
			list = append(list, t)
		}
	}
	slices.SortFunc(list, func(a, b *try) int {
		return cmp.Or(a.r.Dialled.Compare(*b.r.Dialled), cmp.Compare(a.r.ID, b.r.ID))
	})
	return list
}

// giveUp hangs up customers who ring, as the pacer wants.
func (d *Dialler) giveUp(r *run, which []int) {
	if len(which) == 0 {
		return
	}
	ringing := d.ringing(r)
	for _, i := range which {
		if i < len(ringing) && ringing[i].stopped == "" && !ringing[i].answered() {
			d.hangUp(ringing[i], WhyGivenUp)
		}
	}
}

// anybody reports whether an agent of the queue works.
func (d *Dialler) anybody(queueID string) bool {
	for _, s := range d.agents {
		if (s.free() || s.busy()) && slices.Contains(s.Queues, queueID) {
			return true
		}
	}
	return false
}

// choose takes the next entry that may be dialled now off the hopper.
func (d *Dialler) choose(r *run, now time.Time) (choice, bool) {
	for len(r.hopper) > 0 {
		e := r.hopper[0]
		r.hopper = r.hopper[1:]
		index, at, ok := r.plan.Next(&e, r.location(&e), now)
		same := ""
		if ok {
			same = d.sameNumber(e.Numbers[index].Number)
		}
		switch {
		case !ok, same == "":
			r.rest(e.ID, rest{})
		case at.After(now):
			_, rested, _ := r.plan.nextRested(&e, now)
			r.rest(e.ID, rest{at, at.After(rested)})
		case d.inACall(&e):
			r.rest(e.ID, rest{at: now.Add(numberRest)})
		default:
			return choice{e, index, same}, true
		}
	}
	return choice{}, false
}

// inACall reports whether a number of an entry is in use: a customer who is being
// called, or talks, is not called at another number as well.
func (d *Dialler) inACall(e *Entry) bool {
	return slices.ContainsFunc(e.Numbers, func(n Number) bool { return d.inUse[d.sameNumber(n.Number)] > 0 })
}

// rest leaves an entry alone, and has the list read again when that is over.
func (r *run) rest(entry string, x rest) {
	r.resting[entry] = x
	r.readAt(x.at)
}

// readAt has the list read at a time, or before; the zero time changes nothing.
func (r *run) readAt(at time.Time) {
	if !at.IsZero() && (r.loadAt.IsZero() || at.Before(r.loadAt)) {
		r.loadAt = at
	}
}

// refill reads ahead when the hopper runs low.
func (d *Dialler) refill(r *run, now time.Time) {
	for id, rest := range r.resting {
		if !rest.at.IsZero() && !rest.at.After(now) {
			delete(r.resting, id)
			r.loadAt = now
		}
	}
	if r.loading || len(r.hopper) > hopperSize/4 || r.loadAt.IsZero() {
		return
	}
	if now.Before(r.loadAt) {
		d.wake(r.loadAt)
		return
	}
	r.loading = true
	skip := make(map[string]bool, len(r.resting)+len(r.hopper))
	for id := range r.resting {
		skip[id] = true
	}
	for i := range r.hopper {
		skip[r.hopper[i].ID] = true
	}
	for _, t := range d.tries {
		if t.run.list.ID == r.list.ID {
			skip[t.r.Entry] = true
		}
	}
	var due []Entry
	var next time.Time
	var err error
	list, plan := r.list, r.plan
	d.work(storeTime, func(context.Context) {
		if due, next, err = d.o.Store.Due(list.ID, now, hopperSize, skip); err == nil {
			list, err = d.o.Store.List(list.ID)
		}
		for i := 0; i < len(due) && err == nil; i++ {
			err = d.recall(&plan, &due[i], now)
		}
	}, func() {
		r.loading = false
		if err != nil {
			d.storeFails(r, err)
			r.loadAt = d.now().Add(failRest)
			return
		}
		r.loaded, r.open, r.list = true, list.Open, list
		r.hopper = append(r.hopper, due...)
		r.loadAt = next // of those not due yet
		if len(due) == hopperSize {
			r.loadAt = d.now()
		}
		for _, rest := range r.resting {
			r.readAt(rest.at)
		}
	})
}

// empty tells why there is nobody to dial; Dialling: there is somebody.
func (r *run) empty(now time.Time) (Reason, time.Time) {
	switch {
	case len(r.hopper) > 0:
		return Dialling, time.Time{}
	case !r.loaded || r.loading && !r.loadAt.After(now):
		return LoadingEntries, time.Time{}
	case r.loadAt.IsZero():
		return ListAtEnd, time.Time{}
	}
	why := AllResting
	if len(r.resting) > 0 {
		all := slices.Collect(maps.Values(r.resting))
		if !slices.ContainsFunc(all, func(x rest) bool { return !x.hours && !x.at.IsZero() }) && slices.ContainsFunc(all, func(x rest) bool { return x.hours }) {
			why = OutsideHours
		}
	}
	return why, r.loadAt
}
