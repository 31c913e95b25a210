package hours_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"calld/hours"
)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func schedule(t *testing.T, loc *time.Location, spans ...string) hours.Schedule {
	t.Helper()
	s := hours.Schedule{Zone: loc, Holidays: map[hours.Date]string{{2026, 12, 25}: "성탄절", {2026, 12, 26}: ""}}
	for _, text := range spans {
		v, err := hours.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		s.Spans = append(s.Spans, v)
	}
	return s
}

func TestParse(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"a working week":      {"mon-fri 09:00-18:00", "mon-fri 09:00-18:00"},
		"spaces, capitals":    {" Mon-FRI  09:00-18:00 ", "mon-fri 09:00-18:00"},
		"one day":             {"sat 09:00-13:00", "sat 09:00-13:00"},
		"a list":              {"sun,tue,wed 09:00-13:00", "tue-wed,sun 09:00-13:00"},
		"over the week's end": {"sat-mon 09:00-13:00", "mon,sat-sun 09:00-13:00"},
		"every day":           {"mon-sun 00:00-24:00", "daily 00:00-24:00"},
		"overnight":           {"daily 22:00-06:00", "daily 22:00-06:00"},
		"no times":            {"mon-fri", `hours: "mon-fri" is not days and times; write it like "mon-fri 09:00-18:00"`},
		"a time alone":        {"mon 09:00", `hours: "09:00" is not a time to a time; write it like "09:00-18:00"`},
		"no day":              {"mo 09:00-18:00", `hours: "mo" is no day; the days are mon tue wed thu fri sat sun, or daily`},
		"twice":               {"mon-wed,tue 09:00-18:00", `hours: "mon-wed,tue" names a day twice`},
		"no time":             {"mon 9:00-18:00", `hours: "9:00" is no time; write it from 00:00 to 24:00`},
		"too late":            {"mon 09:00-24:01", `hours: "24:01" is no time; write it from 00:00 to 24:00`},
		"sixty minutes":       {"mon 09:00-17:60", `hours: "17:60" is no time; write it from 00:00 to 24:00`},
		"nothing":             {"mon 09:00-09:00", `hours: "mon 09:00-09:00" ends when it begins; for a whole day write 00:00-24:00`},
		"from the day's end":  {"mon 24:00-06:00", `hours: "mon 24:00-06:00" begins at 24:00; write 00:00 of the next day`},
	} {
		t.Run(name, func(t *testing.T) {
			v, err := hours.Parse(c.text)
			got := v.String()
			if err != nil {
				got = err.Error()
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// FuzzParse: what is read is written so that it reads the same.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"mon-fri 09:00-18:00", "sat,sun 10:00-24:00", "daily 22:00-06:00", "fri-mon 23:59-00:00", "mon 24:00-1", ",- :-:"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v, err := hours.Parse(s)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "hours: ") {
				t.Errorf("error %q", err)
			}
			return
		}
		if again, err := hours.Parse(v.String()); err != nil || again != v {
			t.Errorf("%q reads as %v, which reads as %v, %v", s, v, again, err)
		}
	})
}

// FuzzParseDate: likewise.
func FuzzParseDate(f *testing.F) {
	f.Add("2026-12-25")
	f.Add("2026-02-29")
	f.Fuzz(func(t *testing.T, s string) {
		if d, err := hours.ParseDate(s); err == nil && d.String() != s {
			t.Errorf("%q reads as %v", s, d)
		}
	})
}

func TestAt(t *testing.T) {
	seoul, berlin := zone(t, "Asia/Seoul"), zone(t, "Europe/Berlin")
	office := schedule(t, seoul, "mon-fri 09:00-18:00", "sat 09:00-13:00")
	night := schedule(t, seoul, "daily 22:00-06:00")
	berlinNight := schedule(t, berlin, "sat 22:00-06:00", "sun 02:15-02:45")
	always, never := schedule(t, seoul), schedule(t, seoul, "mon 09:00-10:00")
	for d := time.Date(2026, 1, 1, 0, 0, 0, 0, seoul); d.Year() < 2029; d = d.AddDate(0, 0, 1) {
		never.Holidays[hours.DateOf(d)] = "쉼"
	}
	const layout = "2006-01-02 15:04:05"
	for name, c := range map[string]struct {
		s        hours.Schedule
		at, want string
	}{
		"a second before":         {office, "2026-11-23 08:59:59", "closed until 2026-11-23 09:00:00"},
		"it opens":                {office, "2026-11-23 09:00:00", "open until 2026-11-23 18:00:00"},
		"it closes":               {office, "2026-11-23 18:00:00", "closed until 2026-11-24 09:00:00"},
		"the week's end":          {office, "2026-11-21 13:00:00", "closed until 2026-11-23 09:00:00"},
		"a holiday":               {office, "2026-12-25 10:00:00", "closed until 2026-12-28 09:00:00 성탄절"},
		"the eve of a holiday":    {office, "2026-12-24 19:00:00", "closed until 2026-12-28 09:00:00"},
		"overnight":               {night, "2026-11-23 23:00:00", "open until 2026-11-24 06:00:00"},
		"the morning after":       {night, "2026-11-24 05:59:00", "open until 2026-11-24 06:00:00"},
		"the night of a holiday":  {night, "2026-12-25 03:00:00", "open until 2026-12-25 06:00:00"},
		"after that":              {night, "2026-12-25 23:00:00", "closed until 2026-12-27 22:00:00 성탄절"},
		"holidays alone":          {always, "2026-11-23 03:00:00", "open until 2026-12-25 00:00:00"},
		"holidays alone, on them": {always, "2026-12-25 03:00:00", "closed until 2026-12-27 00:00:00 성탄절"},
		"no change in sight":      {always, "2027-03-01 03:00:00", "open"},
		"never":                   {never, "2026-03-02 09:30:00", "closed 쉼"},
		"a night of seven hours":  {berlinNight, "2026-03-28 23:00:00", "open until 2026-03-29 06:00:00"},
		"a night of nine hours":   {berlinNight, "2026-10-24 23:00:00", "open until 2026-10-25 06:00:00"},
	} {
		t.Run(name, func(t *testing.T) {
			at, err := time.ParseInLocation(layout, c.at, c.s.Zone)
			if err != nil {
				t.Fatal(err)
			}
			got := c.s.At(at.UTC())
			text := "closed"
			if got.Open {
				text = "open"
			}
			if got.Until != nil {
				text += " until " + got.Until.Format(layout)
			}
			if got.Holiday != "" {
				text += " " + got.Holiday
			}
			if diff := cmp.Diff(c.want, text); diff != "" {
				t.Error(diff)
			}
		})
	}
	if s := (&hours.Schedule{}).At(time.Now()); !s.Open || s.Until != nil {
		t.Errorf("without hours: %+v", s)
	}
}

// TestUntil: at Until the state is the other one, and until then it stays, in
// zones whose clocks are put forward and back, at midnight too.
func TestUntil(t *testing.T) {
	for _, name := range []string{"Asia/Seoul", "Europe/Berlin", "America/Sao_Paulo", "Pacific/Apia", "Australia/Lord_Howe"} {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			loc := zone(t, name)
			for range 400 {
				s := hours.Schedule{Zone: loc, Holidays: map[hours.Date]string{}}
				for range 1 + r.IntN(3) {
					v := hours.Span{From: r.IntN(48) * 30, To: r.IntN(49) * 30}
					for d := range v.Days {
						v.Days[d] = r.IntN(2) == 0
					}
					if v.To == v.From {
						v.To = (v.From + 30) % (24*60 + 1)
					}
					s.Spans = append(s.Spans, v)
				}
				at := time.Date(2011, 1, 1, 0, 0, 0, 0, loc).Add(time.Duration(r.Int64N(int64(8 * 365 * 24 * time.Hour))))
				for range 3 {
					s.Holidays[hours.DateOf(at.AddDate(0, 0, r.IntN(4)))] = "x"
				}
				if err := holds(&s, at, r); err != nil {
					t.Fatalf("%v %v at %s: %v", s.Spans, s.Holidays, at, err)
				}
			}
		})
	}
}

func holds(s *hours.Schedule, at time.Time, r *rand.Rand) error {
	now := s.At(at)
	if now.Until == nil {
		return nil
	}
	if !now.Until.After(at) {
		return fmt.Errorf("%+v is over", now)
	}
	if then := s.At(*now.Until); then.Open == now.Open {
		return fmt.Errorf("%+v, and then %+v", now, then)
	}
	for range 5 {
		between := at.Add(time.Duration(r.Int64N(int64(now.Until.Sub(at)))))
		if b := s.At(between); b.Open != now.Open || !b.Until.Equal(*now.Until) {
			return fmt.Errorf("%+v, but at %s %+v", now, between, b)
		}
	}
	return nil
}

// A day begins once, also where the clocks are put forward or back at midnight, and a
// day is left out.
func TestBegin(t *testing.T) {
	for _, zone := range []string{"Asia/Seoul", "Europe/Berlin", "Africa/Cairo", "America/Santiago", "America/Havana", "Atlantic/Azores", "Pacific/Apia"} {
		loc, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		for _, year := range []int{2011, 2026} {
			before := hours.Date{Year: year, Month: 1, Day: 1}.Begin(loc)
			for day := 2; day <= 365; day++ {
				begin := hours.Date{Year: year, Month: 1, Day: day}.Begin(loc)
				if begin.Before(before) || begin.Equal(before) && zone != "Pacific/Apia" {
					t.Fatalf("%s: day %d of %d begins at %s, the one before at %s", zone, day, year, begin, before)
				}
				if last, first := begin.Add(-time.Nanosecond), hours.DateOf(begin); hours.DateOf(last) == first {
					t.Errorf("%s: %s is not the first moment of %s", zone, begin, first)
				}
				before = begin
			}
		}
	}
}
