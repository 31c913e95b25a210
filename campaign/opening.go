package campaign

import (
	"fmt"
	"slices"
	"time"
)

const (
	day = 24 * time.Hour
	// horizon is how far ahead the next calling hours are looked for: every
	// weekday has come by then.
	horizon = 8 * day
)

// dayNames are the names of days in [Hours], as [time.Weekday] counts them.
func dayNames() []string { return []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"} }

// window is Hours read: wall-clock times since midnight on some days.
type window struct {
	days     [7]bool
	from, to time.Duration
}

// window reads the hours. The error names what is wrong.
func (h Hours) window() (window, error) {
	var w window
	for _, d := range h.Days {
		i := slices.Index(dayNames(), d)
		if i < 0 {
			return w, fmt.Errorf("campaign: %q is no day; use mon, tue, wed, thu, fri, sat, sun", d)
		}
		w.days[i] = true
	}
	if len(h.Days) == 0 {
		return w, fmt.Errorf("campaign: hours without days; name at least one of mon, tue, wed, thu, fri, sat, sun")
	}
	var err error
	if w.from, err = wallClock(h.From); err != nil {
		return w, err
	}
	if w.to, err = wallClock(h.To); err != nil {
		return w, err
	}
	if w.from >= w.to {
		return w, fmt.Errorf("campaign: hours from %s to %s; the end must be later the same day (24:00 at the latest)", h.From, h.To)
	}
	return w, nil
}

// wallClock reads 00:00 to 24:00.
func wallClock(s string) (time.Duration, error) {
	bad := fmt.Errorf("campaign: %q is no time of day; write it like 09:00, up to 24:00", s)
	if len(s) != 5 || s[2] != ':' {
		return 0, bad
	}
	for _, i := range []int{0, 1, 3, 4} {
		if s[i] < '0' || s[i] > '9' {
			return 0, bad
		}
	}
	h, m := int(s[0]-'0')*10+int(s[1]-'0'), int(s[3]-'0')*10+int(s[4]-'0')
	if m > 59 || h > 24 || h == 24 && m > 0 {
		return 0, bad
	}
	return time.Duration(h)*time.Hour + time.Duration(m)*time.Minute, nil
}

// NextOpen is the first moment from t on at which the clocks of the zone are
// within the hours: t itself when they are now; no hours are always open. It is
// false when they never are. Where clocks are put forward over the beginning,
// hours begin at the change; where they are put back, an hour comes twice.
func NextOpen(hours []Hours, zone *time.Location, t time.Time) (time.Time, bool) {
	if len(hours) == 0 {
		return t, true
	}
	var windows []window
	for _, h := range hours {
		if w, err := h.window(); err == nil {
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
