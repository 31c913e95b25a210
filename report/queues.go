package report

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"calld/config"
	"calld/queue"
)

// QueueRow is what became of the calls of a queue that began in an interval.
type QueueRow struct {
	Queue string    `json:"queue"`
	Start time.Time `json:"start" doc:"Of the interval, included."`
	End   time.Time `json:"end" doc:"Of the interval, not included."`
	QueueFigures
}

// QueueFigures are [Figures] and what is counted besides.
type QueueFigures struct {
	Figures
	MissedBy    map[queue.Outcome]int `json:"missed_by" doc:"The missed calls by outcome."`
	Transferred int                   `json:"transferred" doc:"Calls, of those that came in, that were handed over; a consultation after which the agent kept the customer is none."`
	WrapupMS    int64                 `json:"wrapup_ms" doc:"After-call work of the queue's calls, under the time at which it was done."`
	WrapupAvgMS int64                 `json:"wrapup_avg_ms" doc:"Of all after-call work that began in the interval."`
	// FirstContact and FirstResolved are a share of calls of which it is known.
	FirstContact  int      `json:"first_contact" doc:"Answered calls with a number for which it is known whether the customer called again."`
	FirstResolved int      `json:"first_resolved" doc:"Of these: the same number did not call the queue again within resolved_days."`
	Resolution    *float64 `json:"resolution" doc:"first_resolved / first_contact; null when there was no such call."`
	Made          int      `json:"made" doc:"Calls to customers."`
	Reached       int      `json:"reached" doc:"Of the calls made: the customer answered."`
	MadeTalkMS    int64    `json:"made_talk_ms" doc:"Talk of the calls made."`
}

// QueueOptions say what a report of queues counts.
type QueueOptions struct {
	Cuts Cuts
	// Queues are those wanted; empty: all.
	Queues []string
	// Numbering tells which numbers are one customer's.
	Numbering config.Numbering
	// Threshold is how soon a call of a queue is to be answered.
	Threshold func(queueID string) time.Duration
	// Resolved is for how long a customer must not call again for the call to
	// have settled the matter.
	Resolved time.Duration
	Now      time.Time
}

// Queues counts calls by queue and interval. It is not for several goroutines.
type Queues struct {
	o      QueueOptions
	counts map[string]map[int]*queueTally
	later  map[customerOf]time.Time // when a customer called a queue next
}

type customerOf struct{ queue, number string }

type queueTally struct {
	tally
	missedBy          map[queue.Outcome]int
	transferred       int
	wrapups           int
	wrapup            time.Duration
	contact, resolved int
	made, reached     int
	madeTalk          int64
}

// NewQueues makes an empty report.
func NewQueues(o QueueOptions) *Queues {
	return &Queues{o: o, counts: map[string]map[int]*queueTally{}, later: map[customerOf]time.Time{}}
}

// Until is the end of the calls to be added: customers may call again after
// the report's time.
func (r *Queues) Until() time.Time { return r.o.Cuts.To().Add(r.o.Resolved) }

// Add counts an ended call. Calls must come the newest first, from
// [Queues.Until] on.
func (r *Queues) Add(c *queue.Call) {
	i := r.o.Cuts.Interval(c.Begin)
	if uncounted(c) {
		return
	}
	if i >= 0 && c.Direction == queue.In {
		overflows(c, func(queueID string, wait time.Duration) {
			if r.wants(queueID) {
				r.at(queueID, i).overflow(wait)
			}
		})
	}
	if !r.wants(c.Queue) {
		return
	}
	if c.Direction == queue.Out {
		if i >= 0 {
			r.at(c.Queue, i).out(c)
		}
		return
	}
	if i >= 0 {
		t := r.at(c.Queue, i)
		t.in(c, r.o.Threshold(c.Queue))
		r.resolve(t, c)
	}
	if n := r.o.Numbering.Same(c.Caller); n != "" {
		r.later[customerOf{c.Queue, n}] = c.Begin
	}
}

// AddSpan counts after-call work; other spans are no matter of queues.
func (r *Queues) AddSpan(s *Span) {
	if s.State != queue.AgentWrapup || s.Queue == "" || !r.wants(s.Queue) {
		return
	}
	begun := 1 // counted once, where it begins
	r.o.Cuts.each(s.From, s.To, func(i int, d time.Duration) {
		t := r.at(s.Queue, i)
		t.wrapup += d
		t.wrapups += begun
		begun = 0
	})
}

func (r *Queues) wants(id string) bool {
	return len(r.o.Queues) == 0 || slices.Contains(r.o.Queues, id)
}

func (r *Queues) at(id string, i int) *queueTally {
	if r.counts[id] == nil {
		r.counts[id] = map[int]*queueTally{}
	}
	t := r.counts[id][i]
	if t == nil {
		t = &queueTally{missedBy: map[queue.Outcome]int{}}
		r.counts[id][i] = t
	}
	return t
}

// resolve counts whether an answered call settled the matter. It is known once
// the customer has had the time to call again, and not before, or the latest
// calls would look the better.
func (r *Queues) resolve(t *queueTally, c *queue.Call) {
	n := r.o.Numbering.Same(c.Caller)
	if c.Start == nil || n == "" || r.o.Now.Sub(c.Begin) < r.o.Resolved {
		return
	}
	t.contact++
	if again, called := r.later[customerOf{c.Queue, n}]; !called || again.Sub(c.Begin) >= r.o.Resolved {
		t.resolved++
	}
}

func (t *queueTally) in(c *queue.Call, threshold time.Duration) {
	t.offer(c, threshold)
	if c.Start != nil {
		t.talk(c)
	} else if c.Outcome != queue.CalledBack {
		t.missedBy[c.Outcome]++
	}
	if slices.ContainsFunc(c.Transfers, func(x queue.Transfer) bool { return x.Kind != queue.KindOverflow && x.Moved() }) {
		t.transferred++
	}
}

func (t *queueTally) out(c *queue.Call) {
	t.made++
	if c.Start != nil {
		t.reached++
		t.madeTalk += c.TalkMS
	}
}

func (t *queueTally) plus(o *queueTally) {
	t.add(o.tally)
	for outcome, n := range o.missedBy {
		t.missedBy[outcome] += n
	}
	t.transferred += o.transferred
	t.wrapups += o.wrapups
	t.wrapup += o.wrapup
	t.contact += o.contact
	t.resolved += o.resolved
	t.made += o.made
	t.reached += o.reached
	t.madeTalk += o.madeTalk
}

func (t *queueTally) all() QueueFigures {
	f := QueueFigures{
		Figures: t.figures(), MissedBy: t.missedBy, Transferred: t.transferred, WrapupMS: t.wrapup.Milliseconds(),
		FirstContact: t.contact, FirstResolved: t.resolved, Made: t.made, Reached: t.reached, MadeTalkMS: t.madeTalk,
	}
	if t.wrapups > 0 {
		f.WrapupAvgMS = t.wrapup.Milliseconds() / int64(t.wrapups)
	}
	f.Resolution = share(t.resolved, t.contact)
	return f
}

// Rows are the figures of each queue and interval in which something was
// counted, by time and queue.
func (r *Queues) Rows() []QueueRow {
	rows := []QueueRow{}
	for id, counts := range r.counts {
		for i, t := range counts {
			rows = append(rows, QueueRow{id, r.o.Cuts[i], r.o.Cuts[i+1], t.all()})
		}
	}
	slices.SortFunc(rows, func(a, b QueueRow) int {
		return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.Queue, b.Queue))
	})
	return rows
}

// Totals are the figures of each queue over all intervals, by queue.
func (r *Queues) Totals() []QueueRow {
	rows := []QueueRow{}
	for _, id := range slices.Sorted(maps.Keys(r.counts)) {
		rows = append(rows, QueueRow{id, r.o.Cuts.From(), r.o.Cuts.To(), r.sum(id).all()})
	}
	return rows
}

// Total is the figures of all queues over all intervals.
func (r *Queues) Total() QueueFigures {
	sum := &queueTally{missedBy: map[queue.Outcome]int{}}
	for id := range r.counts {
		sum.plus(r.sum(id))
	}
	return sum.all()
}

func (r *Queues) sum(id string) *queueTally {
	sum := &queueTally{missedBy: map[queue.Outcome]int{}}
	for _, t := range r.counts[id] {
		sum.plus(t)
	}
	return sum
}

// share is a part of a whole; nil when there is none.
func share[N int | int64](part, whole N) *float64 {
	if whole == 0 {
		return nil
	}
	s := float64(part) / float64(whole)
	return &s
}
