package campaign

import (
	"context"
	"maps"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"calld/pacing"
)

// tellEvery bounds how often the figures of a campaign are told.
const tellEvery = 500 * time.Millisecond

// Stats are the live figures of a campaign.
type Stats struct {
	Campaign string     `json:"campaign"`
	Queue    string     `json:"queue"`
	State    State      `json:"state"`
	Since    time.Time  `json:"since"`
	Reason   Reason     `json:"reason"`          // why it does not dial now; empty: it does
	Until    *time.Time `json:"until,omitempty"` // of resting and hours: when somebody may be dialled again
	Day      Day        `json:"day"`
	// AbandonRate is the abandoned share of the day's answered calls.
	AbandonRate float64 `json:"abandon_rate"`
	Ringing     int     `json:"ringing"` // customers' phones
	Waiting     int     `json:"waiting"` // answered, without an agent yet
	Talking     int     `json:"talking"`
	Preview     int     `json:"preview"`   // shown to an agent, who has not decided yet
	Remaining   int     `json:"remaining"` // entries that may still be dialled
	AgentsFree  int     `json:"agents_free"`
	AgentsBusy  int     `json:"agents_busy"` // of the campaign's share
	// Refused is what kept the campaign from starting by its schedule or after
	// another one, the last time that it was to.
	Refused []Fault `json:"refused,omitempty"`
	// Pacing is what the pacer believes; missing for a mode without one.
	Pacing *pacing.Pace `json:"pacing,omitempty"`
}

// ended counts a try that is over.
func (y *Day) ended(r *Result) {
	y.Results[r.Kind()]++
	y.underWay(r)
	switch {
	case r.Answered == nil || r.Machine() || r.Mode == Message && r.Bridged == nil:
	case r.Bridged != nil:
		y.Answered++
	case r.AgentResult == CustomerLeft:
		y.Left++
	default:
		y.Answered++
		y.Abandoned++
	}
}

// underWay counts what is counted of a try before its end too.
func (y *Day) underWay(r *Result) {
	if r.Dialled != nil {
		y.Dialled++
	}
	if r.Bridged != nil {
		y.Connected++
	}
}

// stats are the figures of a run.
func (d *Dialler) stats(r *run) Stats {
	s := Stats{
		Campaign: r.c.ID, Queue: r.c.Queue, State: r.c.State, Since: r.c.Since, Reason: r.reason, Day: r.day, Remaining: r.open,
		AgentsFree: r.figures.free, AgentsBusy: r.figures.busy,
	}
	if r.c.State != Running {
		s.Reason = NotRunning
	} else if !r.until.IsZero() {
		until := r.until
		s.Until = &until
	}
	s.Day.Results = maps.Clone(r.day.Results)
	if s.Day.Answered > 0 {
		s.AbandonRate = float64(s.Day.Abandoned) / float64(s.Day.Answered)
	}
	for _, t := range d.tries {
		if t.run == r && t.ordered && !t.settling {
			s.Day.underWay(&t.r)
		}
		switch {
		case t.run != r || t.settling:
		case t.shown != nil && t.shown.call == "":
			s.Preview++
		case t.r.Bridged != nil && !t.left:
			s.Talking++
		case t.waiting():
			s.Waiting++
		case t.ringing():
			s.Ringing++
		}
	}
	if r.pacer != nil {
		f := r.pacer.Pace()
		s.Pacing = &f
	}
	return s
}

// tell passes changed figures on, not too often.
func (d *Dialler) tell(r *run, now time.Time) {
	if at := r.toldAt.Add(tellEvery); now.Before(at) {
		d.wake(at)
		return
	}
	s := d.stats(r)
	if reflect.DeepEqual(s, r.told) {
		return
	}
	r.told, r.toldAt = s, now
	d.o.OnStats(s)
}

// Stats returns the figures of a campaign: of one that does not run and has no
// calls, those of the day so far. The errors are those of the store, and
// [ErrStopped].
func (d *Dialler) Stats(ctx context.Context, id string) (s Stats, err error) {
	found := false
	var refused Faults
	err = d.ask(ctx, func() {
		refused = d.refused[id]
		if r := d.runs[id]; r != nil {
			s, found = d.stats(r), true
		}
	})
	if found || err != nil {
		return s, err
	}
	s, err = d.idleStats(id)
	s.Refused = refused
	return s, err
}

// idleStats are the figures of a campaign that does not run, as the store has them.
func (d *Dialler) idleStats(id string) (s Stats, err error) {
	c, err := d.o.Store.Campaign(id)
	if err != nil {
		return s, err
	}
	s = Stats{Campaign: id, Queue: c.Queue, State: c.State, Since: c.Since, Reason: NotRunning}
	if list, err := d.o.Store.List(c.DialList); err == nil {
		s.Remaining = list.Open
	}
	if s.Day, err = d.counted(id); err != nil {
		return s, err
	}
	if s.Day.Answered > 0 {
		s.AbandonRate = float64(s.Day.Abandoned) / float64(s.Day.Answered)
	}
	return s, nil
}

// today is a day's figures as they begin.
func (d *Dialler) today() Day {
	return Day{Date: d.now().In(d.o.Config().Server.Timezone).Format(time.DateOnly), Results: map[string]int{}}
}

// counted is the figures of today by the results that are on disk, so that a
// calld that was killed loses none. A try of before midnight stays with its day.
func (d *Dialler) counted(id string) (Day, error) {
	now := d.now().In(d.o.Config().Server.Timezone)
	year, month, date := now.Date()
	midnight := time.Date(year, month, date, 0, 0, 0, 0, now.Location())
	y := d.today()
	err := d.o.Store.EachResult(id, midnight, time.Time{}, y.ended)
	return y, err
}

// Totals is what all campaigns have done since the dialler was made, and do now.
type Totals struct {
	Dialled uint64
	Ended   map[string]uint64 // by Result.Kind
	Dropped uint64            // facts left out because they came too fast
}

// counts are counted by the dialler and read by anybody.
type counts struct {
	dialled atomic.Uint64
	mu      sync.Mutex
	kinds   map[string]uint64
}

func (c *counts) ended(kind string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kinds == nil {
		c.kinds = map[string]uint64{}
	}
	c.kinds[kind]++
}

// Totals returns what was counted.
func (d *Dialler) Totals() Totals {
	d.counts.mu.Lock()
	defer d.counts.mu.Unlock()
	c := Totals{Dialled: d.counts.dialled.Load(), Ended: map[string]uint64{}, Dropped: d.dropped.Load()}
	maps.Copy(c.Ended, d.counts.kinds)
	return c
}
