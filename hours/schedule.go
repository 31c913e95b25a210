package hours

import "time"

// lookAhead is for how many days a change is looked for.
const lookAhead = 400

// Schedule is when something is open. The zero value is always open.
type Schedule struct {
	// Spans are the hours of opening. Without any it is open all day.
	Spans []Span
	// Holidays are days on which no span begins, with their names. A span that
	// began the day before ends as ever.
	Holidays map[Date]string
	// Zone is where the clock hangs; nil: UTC.
	Zone *time.Location
}

// Opening is whether something is open at a moment.
type Opening struct {
	Open bool `json:"open"`
	// Until is when that changes; nil when it does not within a year.
	Until *time.Time `json:"until,omitempty" doc:"When that changes; left out when it does not within a year."`
	// Holiday names the holiday for which it is closed; empty on another day.
	Holiday string `json:"holiday,omitempty" doc:"The holiday for which it is closed."`
}

// Always reports whether the schedule never closes.
func (s *Schedule) Always() bool { return len(s.Spans) == 0 && len(s.Holidays) == 0 }

// At tells whether it is open at a time.
func (s *Schedule) At(t time.Time) Opening {
	if s.Always() {
		return Opening{Open: true}
	}
	zone := s.Zone
	if zone == nil {
		zone = time.UTC
	}
	t = t.In(zone)
	limit := t.AddDate(0, 0, lookAhead)
	end := t
	for e, ok := s.covered(end); ok && end.Before(limit); e, ok = s.covered(end) {
		end = e
	}
	if end.After(t) {
		state := Opening{Open: true}
		if end.Before(limit) {
			state.Until = &end
		}
		return state
	}
	state := Opening{Holiday: s.Holidays[DateOf(t)]}
	if next, ok := s.next(t); ok {
		state.Until = &next
	}
	return state
}

// covered tells until when it is open at least, if it is open at t.
func (s *Schedule) covered(t time.Time) (end time.Time, ok bool) {
	// A span ends at most a day after the one on which it begins; two days back
	// since a zone may have left out a day.
	for back := range 3 {
		s.on(t.AddDate(0, 0, -back), func(from, to time.Time) {
			if !from.After(t) && to.After(t) && to.After(end) {
				end, ok = to, true
			}
		})
	}
	return end, ok
}

// next is when it opens after t, at which it is closed.
func (s *Schedule) next(t time.Time) (first time.Time, ok bool) {
	for ahead := range lookAhead {
		s.on(t.AddDate(0, 0, ahead), func(from, to time.Time) {
			if from.After(t) && (!ok || from.Before(first)) {
				first, ok = from, true
			}
		})
		if ok {
			return first, true
		}
	}
	return time.Time{}, false
}

// on calls f for each span that begins on the day of t.
func (s *Schedule) on(t time.Time, f func(from, to time.Time)) {
	y, m, d := t.Date()
	if _, holiday := s.Holidays[Date{y, m, d}]; holiday {
		return
	}
	clock := func(minutes int) time.Time { return time.Date(y, m, d, 0, minutes, 0, 0, t.Location()) }
	if len(s.Spans) == 0 {
		f(clock(0), clock(dayMinutes))
		return
	}
	for _, v := range s.Spans {
		if !v.Days[t.Weekday()] {
			continue
		}
		to := v.To
		if to <= v.From {
			to += dayMinutes
		}
		// On the day on which the clock is put forward a span within the hour
		// that is left out may have no length.
		if from, to := clock(v.From), clock(to); from.Before(to) {
			f(from, to)
		}
	}
}
