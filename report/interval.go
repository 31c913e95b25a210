package report

import (
	"errors"
	"fmt"
	"slices"
	"sort"
	"time"

	"calld/hours"
)

// Interval is how a report cuts its time.
type Interval string

// The intervals. All but the first two are those of the calendar: a day has 23
// to 25 hours, a week begins on Monday.
const (
	Quarter Interval = "15m"
	Hourly  Interval = "hour"
	Daily   Interval = "day"
	Weekly  Interval = "week"
	Monthly Interval = "month"
)

// Intervals lists every interval, for documentation.
func Intervals() []Interval { return []Interval{Quarter, Hourly, Daily, Weekly, Monthly} }

// MaxIntervals bounds the intervals of a report: a month by quarters of an hour.
const MaxIntervals = 3000

// The errors of [Cut].
var (
	ErrEmptyRange    = errors.New("report: to must be after from")
	ErrTooFine       = fmt.Errorf("report: more than %d intervals; choose a longer interval or less time", MaxIntervals)
	ErrUnknownPeriod = errors.New("report: unknown interval; use 15m, hour, day, week or month")
)

// Cuts are the beginnings of a report's intervals, and last the end of the
// last one.
type Cuts []time.Time

// Cut divides the time from from (included) to to (not included). The first
// interval begins at from and the last ends at to, wherever these lie.
func Cut(from, to time.Time, by Interval, loc *time.Location) (Cuts, error) {
	if !slices.Contains(Intervals(), by) {
		return nil, fmt.Errorf("%w, not %.20q", ErrUnknownPeriod, by)
	}
	if !to.After(from) {
		return nil, ErrEmptyRange
	}
	cuts := Cuts{from}
	for at := from; ; {
		if at = next(at.In(loc), by); !at.Before(to) {
			return append(cuts, to), nil
		}
		if len(cuts) == MaxIntervals {
			return nil, ErrTooFine
		}
		cuts = append(cuts, at)
	}
}

// next is the first beginning of an interval after a time.
func next(at time.Time, by Interval) time.Time {
	date := hours.DateOf(at)
	switch by {
	case Daily:
		date.Day++
		return date.Begin(at.Location())
	case Weekly:
		date.Day += 7 - (int(at.Weekday())+6)%7
		return date.Begin(at.Location())
	case Monthly:
		date.Month, date.Day = date.Month+1, 1
		return date.Begin(at.Location())
	default:
	}
	// Steps of time, not of the clock: an hour that comes twice counts twice.
	minutes := 60
	if by == Quarter {
		minutes = 15
	}
	into := time.Duration(at.Minute()%minutes)*time.Minute + time.Duration(at.Second())*time.Second + time.Duration(at.Nanosecond())
	return at.Add(time.Duration(minutes)*time.Minute - into)
}

// Interval is the place of a time, or -1 when it lies outside.
func (c Cuts) Interval(at time.Time) int {
	i := sort.Search(len(c), func(i int) bool { return c[i].After(at) }) - 1
	if i == len(c)-1 {
		return -1
	}
	return i
}

// From and To are the ends.
func (c Cuts) From() time.Time { return c[0] }

// To is the end, not included.
func (c Cuts) To() time.Time { return c[len(c)-1] }

// each cuts a span of time: it tells of each interval how much lies in it.
func (c Cuts) each(from, to time.Time, tell func(i int, d time.Duration)) {
	if from.Before(c.From()) {
		from = c.From()
	}
	for i := c.Interval(from); i >= 0 && i < len(c)-1 && from.Before(to); i++ {
		end := c[i+1]
		if to.Before(end) {
			end = to
		}
		tell(i, end.Sub(from))
		from = end
	}
}
