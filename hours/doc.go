// Package hours tells when something is open: by spans of a week, such as
// "mon-fri 09:00-18:00", and days on which it stays closed.
//
//	span, err := hours.Parse("mon-fri 09:00-18:00")
//	…
//	s := hours.Schedule{Spans: []hours.Span{span}, Holidays: map[hours.Date]string{{2026, 12, 25}: "성탄절"}, Zone: seoul}
//	now := s.At(time.Now())
//	if !now.Open {
//		fmt.Println("closed until", now.Until, now.Holiday)
//	}
//
// Times are those that a clock on the wall shows: on a day with 23 or 25 hours
// a span begins and ends at its times all the same. All of it is pure; values
// may be used from any goroutine as long as nobody changes them.
package hours
