package report

import (
	"time"

	"calld/queue"
)

// ShortAbandon is how soon a caller who hangs up has not waited at all.
const ShortAbandon = 5 * time.Second

// Figures are what became of the calls of some time.
type Figures struct {
	Offered  int `json:"offered" doc:"Calls that came in: answered, missed, called back and overflowed."`
	Answered int `json:"answered"`
	Missed   int `json:"missed" doc:"Ended without an answer, for whatever reason."`
	// CalledBack callers have waited until they asked for it.
	CalledBack int `json:"called_back" doc:"Asked to be called back while they waited, and were reached."`
	Abandoned  int `json:"abandoned" doc:"Of the missed: the caller hung up."`
	Short      int `json:"short" doc:"Of the abandoned: within 5 s. They are no part of the service level."`
	// Overflowed calls count again in the queue where they went on.
	Overflowed int `json:"overflowed" doc:"Led on to another queue, since this one was closed or full, nobody was there, or the wait was over."`
	InTime     int `json:"in_time" doc:"Of the answered: within the queue's threshold."`
	// ServiceLevel is nil when no call counts for it.
	ServiceLevel *float64 `json:"service_level" doc:"in_time / (offered - short), from 0 to 1; null when there was no such call."`
	WaitAvgMS    int64    `json:"wait_avg_ms" doc:"Of all offered, until the answer or the end."`
	WaitMaxMS    int64    `json:"wait_max_ms"`
	TalkMS       int64    `json:"talk_ms" doc:"Of all talks that are over."`
	TalkAvgMS    int64    `json:"talk_avg_ms"`
}

// tally is figures in the making.
type tally struct {
	answered, missed, calledBack, abandoned, short, overflowed, inTime, talks int
	waited, longest, talked                                                   int64 // ms
}

// uncounted reports whether a call is none of a queue's figures: an unwanted one,
// one of a customer who called again and whose later call counts for both, or whose
// call-back was not wanted any more.
func uncounted(c *queue.Call) bool {
	return c.Outcome == queue.Blocked || c.Outcome == queue.CalledBack && c.Cause != queue.CauseReached
}

// offer counts a call that is answered or missed.
func (t *tally) offer(c *queue.Call, threshold time.Duration) {
	t.waited += c.WaitMS
	t.longest = max(t.longest, c.WaitMS)
	wait := time.Duration(c.WaitMS) * time.Millisecond
	if c.Start != nil {
		t.answered++
		if wait <= threshold {
			t.inTime++
		}
		return
	}
	if c.Outcome == queue.CalledBack {
		t.calledBack++
		return
	}
	t.missed++
	if c.Outcome != queue.Abandoned {
		return
	}
	t.abandoned++
	if wait < ShortAbandon {
		t.short++
	}
}

// overflows tells from which queues a call was led on, and after which wait.
func overflows(c *queue.Call, tell func(queueID string, wait time.Duration)) {
	since := c.Begin
	for _, x := range c.Transfers {
		if x.Kind != queue.KindOverflow {
			return
		}
		if x.Queue != c.Queue { // else a number outside was called for it there
			tell(x.Queue, x.At.Sub(since))
		}
		since = x.At
	}
}

// overflow counts a call that was led on to another queue after a wait.
func (t *tally) overflow(wait time.Duration) {
	t.overflowed++
	t.waited += wait.Milliseconds()
	t.longest = max(t.longest, wait.Milliseconds())
}

// talk counts a talk that is over.
func (t *tally) talk(c *queue.Call) {
	t.talks++
	t.talked += c.TalkMS
}

func (t *tally) add(o tally) {
	t.answered += o.answered
	t.missed += o.missed
	t.calledBack += o.calledBack
	t.abandoned += o.abandoned
	t.short += o.short
	t.overflowed += o.overflowed
	t.inTime += o.inTime
	t.talks += o.talks
	t.waited += o.waited
	t.longest = max(t.longest, o.longest)
	t.talked += o.talked
}

func (t *tally) figures() Figures {
	f := Figures{
		Offered: t.answered + t.missed + t.calledBack + t.overflowed, Answered: t.answered, Missed: t.missed, CalledBack: t.calledBack, Abandoned: t.abandoned,
		Short: t.short, Overflowed: t.overflowed, InTime: t.inTime, WaitMaxMS: t.longest, TalkMS: t.talked,
	}
	if n := f.Offered - f.Short; n > 0 {
		level := float64(f.InTime) / float64(n)
		f.ServiceLevel = &level
	}
	if f.Offered > 0 {
		f.WaitAvgMS = t.waited / int64(f.Offered)
	}
	if t.talks > 0 {
		f.TalkAvgMS = t.talked / int64(t.talks)
	}
	return f
}
