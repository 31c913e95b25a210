package campaign

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"calld/config"
	"calld/pacing"
)

// Bounds of a plan.
const (
	MinRing        = 15 * time.Second // rules of several countries: no shorter
	MaxRing        = 2 * time.Minute
	DefaultRing    = 25 * time.Second
	DefaultAbandon = 0.03
	MaxAbandon     = 0.2 // what package pacing can keep
	MaxRatio       = 20.0
	MostTries      = 20
	MostTries24h   = 100
	MaxRest        = 30 * 24 * time.Hour // of a number after a result
	MostLines      = 10_000
	MostRate       = 1000.0 // dials per second
	MaxName        = 100    // characters
	MaxScript      = 10_000 // characters of a script or message
)

// checker collects the faults of one thing.
type checker struct{ faults Faults }

// Checked returns the plan with what was left open filled in, and everything
// that is wrong with it; nil: nothing.
func (p Plan) Checked() (Plan, Faults) {
	var c checker
	p.Name = c.name("name", p.Name)
	p.fill()
	c.mode(&p)
	c.between("max_abandon_rate", p.MaxAbandonRate, 0.001, MaxAbandon, "a share, such as 0.03")
	if ring := time.Duration(p.RingTimeout); ring < MinRing || ring > MaxRing {
		c.outside("ring_timeout", MinRing.String(), MaxRing.String(), "is %s; use %s to %s, such as \"25s\"", ring, MinRing, MaxRing)
	}
	if p.CallerID != "" {
		n, err := config.DialNumber(p.CallerID)
		if err != nil {
			c.faults.add("caller_id", FaultNumber, "%v", err)
		}
		p.CallerID = n
	}
	oneOf(&c, "amd", p.AMD, AMDOff, AMDHumans, AMDHumansOrUnsure)
	if p.AMD != AMDOff && p.Mode == Preview {
		c.faults.add("amd", FaultOtherMode, "is not used in preview, where an agent hears who answers; remove it")
	}
	c.between("max_tries", float64(p.MaxTries), 1, MostTries, "tries of each number")
	c.between("max_tries_24h", float64(p.MaxTries24h), 0, MostTries24h, "tries, 0 for no limit")
	c.retry(p.Retry)
	c.hours("hours", p.Hours)
	oneOf(&c, "list_end", p.ListEnd, ListStop, ListKeep)
	c.between("max_lines", float64(p.MaxLines), 0, MostLines, "channels, 0 for what the configuration allows")
	c.between("max_rate", p.MaxRate, 0, MostRate, "dials per second, 0 for what the configuration allows")
	c.sound("abandon_sound", p.AbandonSound)
	c.message(&p)
	c.text("script", p.Script, MaxScript)
	return p, c.faults
}

// fill is the one place where a plan's defaults are.
func (p *Plan) fill() {
	if p.Mode == Predictive {
		p.Method = cmp.Or(p.Method, pacing.Risk)
	}
	p.MaxAbandonRate = cmp.Or(p.MaxAbandonRate, DefaultAbandon)
	p.RingTimeout = cmp.Or(p.RingTimeout, Duration(DefaultRing))
	p.AMD = cmp.Or(p.AMD, AMDOff)
	p.MaxTries = cmp.Or(p.MaxTries, 1)
	p.ListEnd = cmp.Or(p.ListEnd, ListStop)
}

// mode checks how the plan dials, and what belongs to another way.
func (c *checker) mode(p *Plan) {
	if p.Mode == "" {
		c.faults.add("mode", FaultMissing, "is missing; set preview, progressive, power, predictive or message")
	} else {
		oneOf(c, "mode", p.Mode, Preview, Progressive, Power, Predictive, Message)
	}
	switch {
	case p.Mode != Predictive && p.Method != "":
		c.faults.add("method", FaultOtherMode, "belongs to mode predictive; remove it or change mode")
	case p.Mode == Predictive:
		oneOf(c, "method", p.Method, pacing.Risk, pacing.Lite)
	}
	if p.HangUpLate && (p.Mode != Predictive || p.Method != pacing.Risk) {
		c.faults.add("hang_up_late", FaultOtherMode, "belongs to mode predictive with method risk; remove it")
	}
	switch {
	case p.Mode == Power:
		c.between("power_ratio", p.PowerRatio, 1, MaxRatio, "lines for each free agent")
	case p.PowerRatio != 0:
		c.faults.add("power_ratio", FaultOtherMode, "belongs to mode power; remove it or change mode")
	}
}

func (c *checker) retry(r Retry) {
	for _, rest := range []struct {
		field string
		d     Duration
	}{
		{"busy", r.Busy},
		{"no_answer", r.NoAnswer},
		{"congestion", r.Congestion},
		{"failed", r.Failed},
		{"machine", r.Machine},
		{"abandoned", r.Abandoned},
	} {
		if d := time.Duration(rest.d); d != 0 && (d < time.Second || d > MaxRest) {
			c.outside("retry."+rest.field, "1s", MaxRest.String(), "is %s; use 1s to %s, or 0s for no other try", d, MaxRest)
		}
	}
}

func (c *checker) message(p *Plan) {
	if p.Mode != Message {
		for _, f := range []struct{ field, value string }{
			{"message_sound", p.MessageSound}, {"message_text", p.MessageText}, {"message_key", p.MessageKey},
		} {
			if f.value != "" {
				c.faults.add(f.field, FaultOtherMode, "belongs to mode message; remove it or change mode")
			}
		}
		return
	}
	switch {
	case p.MessageSound == "" && strings.TrimSpace(p.MessageText) == "":
		c.faults.add("message_sound", FaultMissing, "is missing; set it to a sound file, or message_text to what is to be spoken")
	case p.MessageSound != "" && p.MessageText != "":
		c.faults.add("message_text", FaultConflict, "stands beside message_sound; remove one of them")
	}
	c.sound("message_sound", p.MessageSound)
	c.text("message_text", p.MessageText, MaxScript)
	if p.MessageKey != "" && (len(p.MessageKey) != 1 || !strings.Contains("0123456789*#", p.MessageKey)) {
		c.faults.add("message_key", FaultKey, "is %q; use one key: a digit, * or #", p.MessageKey)
	}
}

// Refers tells which things there are that a campaign may refer to.
type Refers struct {
	Plan, DialList, Queue, Campaign func(id string) bool
}

// Checked returns the campaign with its name trimmed, and everything that is
// wrong with it; nil: nothing.
func (c Campaign) Checked(there Refers) (Campaign, Faults) {
	var k checker
	c.Name = k.name("name", c.Name)
	for _, ref := range []struct {
		field, what, id string
		there           func(string) bool
		optional        bool
	}{
		{"plan", "plan", c.Plan, there.Plan, false},
		{"dial_list", "dial list", c.DialList, there.DialList, false},
		{"queue", "queue", c.Queue, there.Queue, false},
		{"next_campaign", "campaign", c.Next, there.Campaign, true},
	} {
		switch {
		case ref.id == "" && !ref.optional:
			k.faults.add(ref.field, FaultMissing, "is missing; set it to the id of a %s", ref.what)
		case ref.id != "" && !ref.there(ref.id):
			k.faults.add(ref.field, FaultNotFound, "there is no %s %q", ref.what, ref.id)
		}
	}
	if c.Next != "" && c.Next == c.ID {
		k.faults.add("next_campaign", FaultItself, "is the campaign itself; choose another or remove it")
	}
	if s := c.Schedule; s != nil {
		if s.From.IsZero() {
			k.faults.add("schedule.from", FaultMissing, "is missing; set when the campaign starts first")
		}
		if !s.Until.IsZero() && !s.Until.After(s.From) {
			k.faults.add("schedule.until", FaultOrder, "is not after schedule.from; set a later time, or remove it for no end")
		}
		k.hours("schedule.hours", s.Hours)
	}
	return c, k.faults
}

// Checked returns the list with its name trimmed, and everything that is wrong
// with it; nil: nothing.
func (l DialList) Checked() (DialList, Faults) {
	var c checker
	l.Name = c.name("name", l.Name)
	if l.Timezone != "" {
		if fault := badZone(l.Timezone); fault != "" {
			c.faults.add("timezone", FaultZone, "%s", fault)
		}
	}
	return l, c.faults
}

// Checked returns the entry with its texts trimmed and its numbers as they are
// to be dialled, each once, and everything that is wrong with it; nil:
// nothing. The fields of numbers are number1 to number8.
func (e Entry) Checked() (Entry, Faults) {
	var c checker
	e.Name, e.Key, e.Timezone = strings.TrimSpace(e.Name), strings.TrimSpace(e.Key), strings.TrimSpace(e.Timezone)
	c.short("name", e.Name)
	c.short("key", e.Key)
	if e.Timezone != "" {
		if fault := badZone(e.Timezone); fault != "" {
			c.faults.add("timezone", FaultZone, "%s", fault)
		}
	}
	if len(e.Variables) > MaxVariables {
		c.faults.exceeds("variables", FaultTooMany, MaxVariables, "are too many; an entry has at most %d")
	}
	for _, name := range slices.Sorted(maps.Keys(e.Variables)) {
		if name == "" || name != strings.TrimSpace(name) {
			c.faults.add("variables", FaultInvisible, "the name %q is empty or begins or ends with a space", name)
		}
		c.short(name, name)
		c.short(name, e.Variables[name])
	}
	if len(e.Numbers) == 0 {
		c.faults.add("number1", FaultMissing, "is missing; an entry needs a number")
	}
	if len(e.Numbers) > MaxNumbers {
		c.faults.exceeds("number"+strconv.Itoa(MaxNumbers+1), FaultTooMany, MaxNumbers, "is one too many; an entry has at most %d")
	}
	var numbers []Number
	for i, n := range e.Numbers {
		tel, err := config.DialNumber(n.Number)
		if err != nil {
			c.faults.add("number"+strconv.Itoa(i+1), FaultNumber, "%v", err)
		} else if !slices.ContainsFunc(numbers, func(m Number) bool { return m.Number == tel }) {
			n.Number = tel
			numbers = append(numbers, n)
		}
	}
	e.Numbers = numbers
	return e, c.faults
}

// Checked returns the barred number as it is dialled, and everything that is
// wrong with it; nil: nothing.
func (b Barred) Checked() (Barred, Faults) {
	var c checker
	n, err := config.DialNumber(strings.TrimSpace(b.Number))
	if err != nil {
		c.faults.add("number", FaultNumber, "%v", err)
	}
	b.Number, b.Note = n, strings.TrimSpace(b.Note)
	c.short("note", b.Note)
	return b, c.faults
}

func oneOf[T ~string](c *checker, field string, v T, allowed ...T) {
	if slices.Contains(allowed, v) {
		return
	}
	words := make([]string, len(allowed))
	for i, a := range allowed {
		words[i] = string(a)
	}
	c.faults.add(field, FaultUnknown, "%q is unknown; use %s", string(v), strings.Join(words, ", "))
}

// outside adds a fault of a value that is not within bounds.
func (c *checker) outside(field, least, most, format string, args ...any) {
	c.faults = append(c.faults, Fault{Field: field, Code: FaultRange, Text: fmt.Sprintf(format, args...), Least: least, Most: most})
}

func (c *checker) between(field string, v, least, most float64, unit string) {
	if !(v >= least && v <= most) { // not a number is neither
		c.outside(field, fmt.Sprint(least), fmt.Sprint(most), "is %v; use %v to %v: %s", v, least, most, unit)
	}
}

// name checks a name that people give, and trims it.
func (c *checker) name(field, s string) string {
	s = strings.TrimSpace(s)
	switch {
	case s == "":
		c.faults.add(field, FaultMissing, "is missing; set it")
	case utf8.RuneCountInString(s) > MaxName:
		c.faults.exceeds(field, FaultTooLong, MaxName, "is longer than %d characters; shorten it")
	case strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }):
		c.faults.add(field, FaultInvisible, "has characters that can't be seen; remove them")
	}
	return s
}

// short checks a text of an entry.
func (c *checker) short(field, s string) {
	switch {
	case len(s) > MaxText:
		c.faults.exceeds(field, FaultTooManyBytes, MaxText, "is longer than %d bytes; shorten it")
	case !readable(s):
		c.faults.add(field, FaultNotText, "has bytes that are no text; save the file as UTF-8")
	case strings.ContainsRune(s, 0):
		c.faults.add(field, FaultInvisible, "has characters that can't be seen; remove them")
	}
}

// readable is false for a text that was read in another encoding than it was
// written in.
func readable(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, utf8.RuneError) }

func (c *checker) text(field, s string, most int) {
	switch {
	case utf8.RuneCountInString(s) > most:
		c.faults.exceeds(field, FaultTooLong, most, "is longer than %d characters; shorten it")
	case !utf8.ValidString(s):
		c.faults.add(field, FaultNotText, "is no UTF-8 text")
	}
}

// sound checks the name of a sound file, which becomes an argument of a
// dialplan application.
func (c *checker) sound(field, s string) {
	if len(s) > MaxText || strings.HasPrefix(s, "-") || strings.ContainsFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("/_-.", r)
	}) || strings.Contains(s, "..") {
		c.faults.add(field, FaultSound, "%q is no sound file; use its path without extension, of letters, digits and / _ - .", s)
	}
}

func badZone(s string) string {
	if s == "Local" {
		return `write a time zone by its name, like "Asia/Seoul"`
	}
	if _, err := time.LoadLocation(s); err != nil {
		return `there is no time zone ` + strconv.Quote(s) + `; write it like "Asia/Seoul"`
	}
	return ""
}
