package hours

import (
	"fmt"
	"strings"
	"time"
)

const (
	dayMinutes = 24 * 60
	// week is written in the order of ISO 8601.
	week = "mon tue wed thu fri sat sun"
)

// Span is the same hours on some days of the week.
type Span struct {
	// Days tells by [time.Weekday] on which days the span begins.
	Days [7]bool
	// From is when it begins, To when it ends, in minutes after midnight by the
	// clock on the wall: From up to 23:59, To up to 24:00. To that is not after
	// From is on the next day.
	From, To int
}

// Parse reads days and times: "mon-fri 09:00-18:00", "sat,sun 10:00-24:00",
// "daily 22:00-06:00".
func Parse(s string) (Span, error) {
	var v Span
	fields := strings.Fields(s)
	if len(fields) != 2 {
		return v, fmt.Errorf(`hours: %q is not days and times; write it like "mon-fri 09:00-18:00"`, s)
	}
	if err := v.parseDays(strings.ToLower(fields[0])); err != nil {
		return Span{}, err
	}
	from, to, ok := strings.Cut(fields[1], "-")
	if !ok {
		return Span{}, fmt.Errorf(`hours: %q is not a time to a time; write it like "09:00-18:00"`, fields[1])
	}
	var err error
	if v.From, err = parseClock(from); err != nil {
		return Span{}, err
	}
	if v.To, err = parseClock(to); err != nil {
		return Span{}, err
	}
	if v.From == dayMinutes {
		return Span{}, fmt.Errorf("hours: %q begins at 24:00; write 00:00 of the next day", s)
	}
	if v.From == v.To {
		return Span{}, fmt.Errorf("hours: %q ends when it begins; for a whole day write 00:00-24:00", s)
	}
	return v, nil
}

// parseDays reads "daily", or days and ranges of days between commas.
func (v *Span) parseDays(s string) error {
	if s == "daily" {
		v.Days = [7]bool{true, true, true, true, true, true, true}
		return nil
	}
	for part := range strings.SplitSeq(s, ",") {
		first, last, isRange := strings.Cut(part, "-")
		if !isRange {
			last = first
		}
		from, err := parseDay(first)
		if err != nil {
			return err
		}
		to, err := parseDay(last)
		if err != nil {
			return err
		}
		for d := from; ; d = (d + 1) % 7 {
			if v.Days[d] {
				return fmt.Errorf("hours: %q names a day twice", s)
			}
			v.Days[d] = true
			if d == to {
				break
			}
		}
	}
	return nil
}

func parseDay(s string) (time.Weekday, error) {
	for i, name := range strings.Fields(week) {
		if s == name {
			return time.Weekday((i + 1) % 7), nil
		}
	}
	return 0, fmt.Errorf("hours: %q is no day; the days are %s, or daily", s, week)
}

// parseClock reads a time of day, in minutes.
func parseClock(s string) (int, error) {
	digit := func(i int) int { return int(s[i] - '0') }
	if len(s) == 5 && s[2] == ':' && strings.Trim(s[:2]+s[3:], "0123456789") == "" {
		hour, minute := 10*digit(0)+digit(1), 10*digit(3)+digit(4)
		if at := 60*hour + minute; minute < 60 && at <= dayMinutes {
			return at, nil
		}
	}
	return 0, fmt.Errorf("hours: %q is no time; write it from 00:00 to 24:00", s)
}

// String writes the span as [Parse] reads it.
func (v Span) String() string {
	return fmt.Sprintf("%s %02d:%02d-%02d:%02d", v.days(), v.From/60, v.From%60, v.To/60, v.To%60)
}

func (v Span) days() string {
	names := strings.Fields(week)
	open := func(i int) bool { return v.Days[(i+1)%7] }
	var parts []string
	for i := 0; i < 7; i++ {
		if !open(i) {
			continue
		}
		last := i
		for last < 6 && open(last+1) {
			last++
		}
		switch last {
		case i:
			parts = append(parts, names[i])
		default:
			parts = append(parts, names[i]+"-"+names[last])
		}
		i = last
	}
	if len(parts) == 1 && parts[0] == "mon-sun" {
		return "daily"
	}
	return strings.Join(parts, ",")
}

// Date is a day of the calendar.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// ParseDate reads a date such as 2026-12-25.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return Date{}, fmt.Errorf(`hours: %q is no date; write it like "2026-12-25"`, s)
	}
	return DateOf(t), nil
}

// DateOf is the day of a time, in that time's zone.
func DateOf(t time.Time) Date {
	y, m, d := t.Date()
	return Date{y, m, d}
}

// Begin is the first moment of the day in a zone: midnight, or where the clocks are
// put forward over it the moment at which they are. A day beyond the end of its month
// is one of the next, as with [time.Date], which may answer with an hour of the day
// before instead.
func (d Date) Begin(zone *time.Location) time.Time {
	t := time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, zone)
	if noon := time.Date(d.Year, d.Month, d.Day, 12, 0, 0, 0, zone); t.Day() != noon.Day() {
		_, t = t.ZoneBounds()
	}
	return t
}

// String writes the date as [ParseDate] reads it.
func (d Date) String() string { return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day) }
