package campaign

import (
	"slices"
	"time"
)

const (
	day = 24 * time.Hour
	// horizon is how far ahead the next calling hours are looked for: every
	// weekday has come by then.
	horizon = 8 * day
)

// window is Hours read: wall-clock times since midnight on some days.
type window struct {
	days     [7]bool
	from, to time.Duration
}

// window reads the hours; false: [Plan.Checked] refuses them.
func (h Hours) window() (w window, ok bool) {
	for _, d := range h.Days {
		i := slices.Index(weekdays[:], d)
		if i < 0 {
			return w, false
		}
		w.days[i] = true
	}
	from, err := clockMinutes(h.From)
	to, err2 := clockMinutes(h.To)
	w.from, w.to = time.Duration(from)*time.Minute, time.Duration(to)*time.Minute
	return w, err == nil && err2 == nil && from < to && len(h.Days) > 0
}

// NextOpen is the first moment from t on at which the clocks of the zone are
// within the hours: t itself when they are now; no hours are always open. It is
// false when they never are. Where clocks are put forward over the beginning,
// hours begin at the change; where they are put back, an hour comes twice. What
// counts is what the customer's clock shows, unlike with opening hours (package
// hours), which last from one moment to another.
func NextOpen(hours []Hours, zone *time.Location, t time.Time) (time.Time, bool) {
	if len(hours) == 0 {
		return t, true
	}
	var windows []window
	for _, h := range hours {
		if w, ok := h.window(); ok {
			windows = append(windows, w)
		}
	}
	// Between two changes of the clocks, wall-clock time runs evenly.
	for at := t; at.Before(t.Add(horizon)); {
		local := at.In(zone)
		_, change := local.ZoneBounds()
		next, ok := nextIn(windows, local)
		if ok && (change.IsZero() || next.Before(change)) {
			return next.In(t.Location()), true
		}
		if change.IsZero() {
			break
		}
		at = change
	}
	return time.Time{}, false
}

// nextIn is NextOpen for clocks that are not changed.
func nextIn(windows []window, local time.Time) (best time.Time, ok bool) {
	h, m, s := local.Clock()
	since := time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(s)*time.Second + time.Duration(local.Nanosecond())
	for _, w := range windows {
		for ahead := range 8 {
			if !w.days[(int(local.Weekday())+ahead)%7] {
				continue
			}
			from := time.Duration(ahead)*day + w.from - since
			if ahead == 0 && since >= w.to {
				continue
			}
			at := local.Add(max(0, from))
			if !ok || at.Before(best) {
				best, ok = at, true
			}
			break
		}
	}
	return best, ok
}
