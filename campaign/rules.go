package campaign

import (
	"cmp"
	"slices"
	"time"

	"calld/queue"
)

// Why a try ended that says nothing of the customer; see [Result.Why].
const (
	WhyRestart    = "restart"       // calld or Asterisk was restarted meanwhile
	WhyForceStop  = "force_stop"    // the campaign was stopped with all its calls
	WhyGivenUp    = "given_up"      // too many would have answered
	WhyDoNotCall  = "do_not_call"   // the number is on the do-not-call list
	WhySkipped    = "skipped"       // an agent skipped the customer in preview
	WhyExpired    = "expired"       // an agent did not decide in preview
	WhyNotDialled = "asterisk_away" // Asterisk did not take the order
)

const (
	// leastRest is how long a number rests at least after a try that says
	// nothing of the customer.
	leastRest = time.Minute
)

// Machine reports whether the try met an answering machine and ended there.
func (r *Result) Machine() bool {
	return r.DialResult == queue.DialAnswered && r.AMD != "" && r.AgentResult == "" && r.AMD != AMDHuman && r.AMD != AMDHangup
}

// Reached reports whether an agent talked with the customer, or the message was
// heard.
func (r *Result) Reached() bool {
	return r.AgentResult == AgentAnswered || r.Mode == Message && r.Heard
}

// Counts reports whether the try is one of those that are limited.
func (r *Result) Counts() bool { return r.Dialled != nil && r.Kind() != WhyGivenUp }

// Next finds the number of an entry that is to be dialled next, by its index,
// and from when on: not before now. Of several the one that was tried least
// comes first, then the first in the list. It is false when none may be dialled
// again. A zone is the entry's own.
func (p *Plan) Next(e *Entry, zone *time.Location, now time.Time) (index int, at time.Time, ok bool) {
	index, at, ok = p.nextRested(e, now)
	if !ok {
		return 0, time.Time{}, false
	}
	at, ok = NextOpen(p.Hours, zone, at)
	return index, at, ok
}

// nextRested is Next without the calling hours.
func (p *Plan) nextRested(e *Entry, now time.Time) (index int, at time.Time, ok bool) {
	from := later(later(now, e.Due), p.restsUntil(e))
	for i := range e.Numbers {
		n := &e.Numbers[i]
		if n.Done || n.Tries >= max(1, p.MaxTries) {
			continue
		}
		due := later(from, n.Due)
		if !ok || cmp.Or(due.Compare(at), cmp.Compare(n.Tries, e.Numbers[index].Tries)) < 0 {
			index, at, ok = i, due, true
		}
	}
	return index, at, ok
}

// restsUntil is when the customer of an entry may be tried again as far as
// MaxTries24h goes; zero: any time.
func (p *Plan) restsUntil(e *Entry) time.Time {
	if n := len(e.Tried) - p.MaxTries24h; p.MaxTries24h > 0 && n >= 0 {
		return e.Tried[n].Add(day)
	}
	return time.Time{}
}

// After is the entry as it is once a try has ended: whether anything of it may
// be dialled again, and when.
func (p *Plan) After(e Entry, r *Result, end time.Time) Entry {
	e.Numbers, e.Tried = slices.Clone(e.Numbers), slices.Clone(e.Tried)
	e.Try, e.Due = "", time.Time{}
	last := *r
	e.Last = &last
	if r.Why == WhySkipped {
		e.State = EntrySkipped
		return e
	}
	if r.Index < len(e.Numbers) {
		p.rest(&e.Numbers[r.Index], r, end)
	}
	if r.Counts() {
		e.Tried = append(e.Tried, *r.Dialled)
		e.Tried = slices.DeleteFunc(e.Tried, func(t time.Time) bool { return t.Add(day).Before(end) })
		e.Tried = e.Tried[max(0, len(e.Tried)-MostTries24h):]
	}
	if r.Reached() {
		e.State = EntryReached
		return e
	}
	_, at, ok := p.nextRested(&e, end)
	switch {
	case ok:
		e.State, e.Due = EntryOpen, at
	case !slices.ContainsFunc(e.Numbers, func(n Number) bool { return n.Last != WhyDoNotCall }):
		e.State = EntryBlocked
	default:
		e.State = EntryUsedUp
	}
	return e
}

// rest notes on a number what a try of it was like.
func (p *Plan) rest(n *Number, r *Result, end time.Time) {
	if r.Why == WhyExpired {
		return
	}
	kind := r.Kind()
	n.Last = kind
	if r.Counts() {
		n.Tries++
	}
	var wait Duration
	switch kind {
	case string(queue.DialBusy):
		wait = p.Retry.Busy
	case string(queue.DialNoAnswer):
		wait = p.Retry.NoAnswer
	case string(queue.DialCongestion):
		wait = p.Retry.Congestion
	case string(queue.DialFailed):
		wait = p.Retry.Failed
		if r.Dialled == nil { // nobody was bothered
			wait = max(wait, Duration(leastRest))
		}
	case WhyGivenUp:
		wait = max(p.Retry.NoAnswer, Duration(leastRest))
	case KindMachine:
		wait = p.Retry.Machine
	case KindAbandoned, string(CustomerLeft):
		wait = p.Retry.Abandoned
	}
	n.Due = end.Add(time.Duration(wait))
	n.Done = wait <= 0 || n.Tries >= max(1, p.MaxTries)
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
