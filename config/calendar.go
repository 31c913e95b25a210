package config

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"calld/hours"
)

// Calendar is one [calendars.ID] table: holidays that queues share.
type Calendar struct {
	ID       string
	Holidays []Holiday // in the order of the file
}

// Holiday is a day on which a queue stays closed.
type Holiday struct {
	Date hours.Date
	Name string // for people; may be empty
}

func (l *loader) readCalendars(top *section, c *Config) {
	top.each("calendars", func(id string, s *section) {
		if err := identifier(id); err != nil {
			l.faults = append(l.faults, Fault{File: s.node.file, Line: s.node.line(), Key: s.path.String(), Text: err.Error()})
		}
		calendar := Calendar{ID: id}
		days := s.table("holidays")
		if days.node != nil {
			for _, key := range days.node.order {
				date, err := hours.ParseDate(key)
				name := days.str(key, "", line)
				if err != nil {
					days.fault(key, "%s", withoutPackage(err))
					continue
				}
				calendar.Holidays = append(calendar.Holidays, Holiday{date, name})
			}
		}
		s.done()
		c.Calendars = append(c.Calendars, calendar)
	})
}

// readHours reads when a queue is open.
func (s *section) readHours(q *Queue, c *Config) {
	if zone := s.str("timezone", "", optional(timezone)); zone != "" {
		q.Timezone, _ = time.LoadLocation(zone) // was loaded by the check
	}
	for _, text := range s.list("hours", nil) {
		v, err := hours.Parse(text)
		if err != nil {
			s.fault("hours", "%s", withoutPackage(err))
			continue
		}
		q.Hours = append(q.Hours, v)
	}
	for _, id := range s.list("calendars", nil) {
		var known []string
		for _, calendar := range c.Calendars {
			known = append(known, calendar.ID)
		}
		if !slices.Contains(known, id) {
			s.fault("calendars", "there is no calendar %q%s; add [calendars.%s.holidays]", id, didYouMean(id, known), id)
			continue
		}
		q.Calendars = append(q.Calendars, id)
	}
	for _, text := range s.list("holidays", nil) {
		date, err := hours.ParseDate(text)
		if err != nil {
			s.fault("holidays", "%s", withoutPackage(err))
			continue
		}
		q.Holidays = append(q.Holidays, date)
	}
}

// Schedule is when a queue takes calls: its hours, without its own holidays and
// those of its calendars. A holiday without a name has that of its date.
func (c *Config) Schedule(q *Queue) hours.Schedule {
	s := hours.Schedule{Spans: q.Hours, Holidays: map[hours.Date]string{}, Zone: q.Timezone}
	if s.Zone == nil {
		s.Zone = c.Server.Timezone
	}
	for _, date := range q.Holidays {
		s.Holidays[date] = date.String()
	}
	for _, calendar := range c.Calendars {
		if !slices.Contains(q.Calendars, calendar.ID) {
			continue
		}
		for _, h := range calendar.Holidays {
			s.Holidays[h.Date] = cmp.Or(h.Name, h.Date.String())
		}
	}
	return s
}

// withoutPackage is an error as a reader of the file is told it.
func withoutPackage(err error) string { return strings.TrimPrefix(err.Error(), "hours: ") }

// settings lists the calendar's days as one key.
func (c Calendar) settings() []setting {
	days := make([]string, len(c.Holidays))
	for i, h := range c.Holidays {
		days[i] = h.Date.String() + " " + h.Name
	}
	return []setting{texts("holidays", days)}
}

func stringsOf[T interface{ String() string }](list []T) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = v.String()
	}
	return out
}
