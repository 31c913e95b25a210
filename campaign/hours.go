package campaign

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// weekdays are the names of the days, as time.Weekday counts them.
var weekdays = [...]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

const dayMinutes = 24 * 60

// clockMinutes reads 09:00 as minutes after midnight; 24:00 is the end of the
// day.
func clockMinutes(s string) (int, error) {
	hour, minute, ok := strings.Cut(s, ":")
	h, err := strconv.ParseUint(hour, 10, 8)
	m, err2 := strconv.ParseUint(minute, 10, 8)
	at := int(h)*60 + int(m)
	if !ok || err != nil || err2 != nil || len(hour) != 2 || len(minute) != 2 || m > 59 || at > dayMinutes {
		return 0, fmt.Errorf("%q is no time of day; write it like \"09:00\"", s)
	}
	return at, nil
}

func (c *checker) hours(field string, hours []Hours) {
	for i, h := range hours {
		at := field + "[" + strconv.Itoa(i) + "]."
		if len(h.Days) == 0 {
			c.faults.add(at+"days", FaultMissing, "is missing; name the days: mon tue wed thu fri sat sun")
		}
		for n, d := range h.Days {
			switch {
			case !slices.Contains(weekdays[:], d):
				c.faults.add(at+"days", FaultUnknown, "%q is no day; use mon tue wed thu fri sat sun", d)
			case slices.Contains(h.Days[:n], d):
				c.faults.add(at+"days", FaultTwice, "%q stands there twice; remove one", d)
			}
		}
		from, err := clockMinutes(h.From)
		if err != nil {
			c.faults.add(at+"from", FaultTime, "%v", err)
		}
		to, err2 := clockMinutes(h.To)
		if err2 != nil {
			c.faults.add(at+"to", FaultTime, "%v", err2)
		}
		if err == nil && err2 == nil && from >= to {
			c.faults.add(at+"to", FaultOrder, "%s is not after from, %s; for hours over midnight write two, up to 24:00 and from 00:00", h.To, h.From)
		}
	}
}
