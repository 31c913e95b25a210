package report

import (
	"maps"
	"slices"
	"sync"
	"time"

	"calld/hours"
	"calld/queue"
)

// Options say what a day is.
type Options struct {
	// Location is where its midnights are.
	Location *time.Location
	// Threshold is how soon a call of a queue is to be answered. A new one
	// counts for the calls from then on. It must return at once.
	Threshold func(queueID string) time.Duration
	// Now is the clock; nil: time.Now.
	Now func() time.Time
}

// Today is a queue's figures since midnight.
type Today struct {
	Queue       string  `json:"queue"`
	Date        string  `json:"date" doc:"Such as 2026-11-22, in the server's time zone."`
	ThresholdMS int64   `json:"threshold_ms" doc:"service_level of the queue: how soon its calls are to be answered."`
	Total       Figures `json:"total"`
	Hours       []Hour  `json:"hours" doc:"Hours in which calls came in, in order."`
}

// Hour is the figures of one hour of the day.
type Hour struct {
	Hour    int     `json:"hour" doc:"0 to 23, in the server's time zone."`
	Figures Figures `json:"figures"`
}

// Day is the figures of the running day by queue; at midnight it begins anew.
type Day struct {
	loc       *time.Location
	threshold func(string) time.Duration
	now       func() time.Time

	mu         sync.Mutex
	start, end time.Time
	queues     map[string]*[24]tally
	// talking are the calls of today that were counted when they were
	// answered. Each leaves when it ends.
	talking map[string]bool
	changed map[string]bool
}

// NewDay makes the figures of today, all zero.
func NewDay(o Options) *Day {
	d := &Day{loc: o.Location, threshold: o.Threshold, now: o.Now, changed: map[string]bool{}}
	if d.now == nil {
		d.now = time.Now
	}
	d.roll()
	return d
}

// Start is the last midnight.
func (d *Day) Start() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.roll()
	return d.start
}

// roll begins a new day when the old one is over.
func (d *Day) roll() {
	now := d.now()
	if now.Before(d.end) {
		return
	}
	date := hours.DateOf(now.In(d.loc))
	d.start = date.Begin(d.loc)
	date.Day++
	d.end = date.Begin(d.loc)
	for id := range d.queues {
		d.changed[id] = true
	}
	d.queues, d.talking = map[string]*[24]tally{}, map[string]bool{}
}

// Observe counts what the board tells.
func (d *Day) Observe(e *queue.Event) {
	if e.Kind != queue.CallAnswered && e.Kind != queue.CallEnded {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.roll()
	d.count(e.Call)
}

// Add counts a call that the board does not tell of: one that ended before, or
// one that was answered before and is still talked on.
func (d *Day) Add(c *queue.Call) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.roll()
	d.count(c)
}

func (d *Day) count(c *queue.Call) {
	if c.Direction != queue.In || uncounted(c) || c.Begin.Before(d.start) || !c.Begin.Before(d.end) {
		return
	}
	t := d.tally(c.Queue, c)
	if !d.talking[c.ID] {
		t.offer(c, d.threshold(c.Queue))
		overflows(c, func(queueID string, wait time.Duration) { d.tally(queueID, c).overflow(wait) })
	}
	switch {
	case c.Phase != queue.Ended:
		d.talking[c.ID] = true
		return
	case c.Start != nil:
		t.talk(c)
	}
	delete(d.talking, c.ID)
}

// tally is that of the hour in which a call came in, in one of its queues.
func (d *Day) tally(queueID string, c *queue.Call) *tally {
	hours := d.queues[queueID]
	if hours == nil {
		hours = new([24]tally)
		d.queues[queueID] = hours
	}
	d.changed[queueID] = true
	return &hours[c.Begin.In(d.loc).Hour()]
}

// Queue is a queue's figures of today.
func (d *Day) Queue(id string) Today {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.roll()
	return d.today(id)
}

func (d *Day) today(id string) Today {
	t := Today{
		Queue: id, Date: d.start.Format(time.DateOnly), ThresholdMS: d.threshold(id).Milliseconds(), Hours: []Hour{},
	}
	var total tally
	if hours := d.queues[id]; hours != nil {
		for h := range hours {
			if f := hours[h].figures(); f.Offered > 0 {
				t.Hours = append(t.Hours, Hour{h, f})
				total.add(hours[h])
			}
		}
	}
	t.Total = total.figures()
	return t
}

// Changed returns the figures of the queues that changed since it was last
// asked, in order of their ids.
func (d *Day) Changed() []Today {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.roll()
	var list []Today
	for _, id := range slices.Sorted(maps.Keys(d.changed)) {
		list = append(list, d.today(id))
	}
	clear(d.changed)
	return list
}
