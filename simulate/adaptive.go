package simulate

import (
	"time"

	"calld/pacing"
)

// The adaptive method's constants, as VICIdial documents their defaults.
const (
	adaptEvery    = 15 * time.Second
	adaptLongest  = 3.0
	adaptShortest = 1.0
)

// Adaptive is the average mode of VICIdial's adaptive dialling, written anew
// from its description to compare with: lines for each agent who is logged
// in, a level from 1 to 3 that is looked at every 15 s. It rises with the
// share of idle agents and falls back when more than the limit of the day's
// answered calls have been dropped. The product's own loop differs in detail.
type Adaptive struct {
	limit             float64
	level             float64
	adapted           time.Time
	answered, dropped int
	idle, seen        float64 // sums over the views since the last look
}

// NewAdaptive begins a day.
func NewAdaptive(limit float64) *Adaptive { return &Adaptive{limit: limit, level: adaptShortest} }

// Learn counts.
func (a *Adaptive) Learn(f pacing.Fact) {
	switch f.Kind {
	case pacing.Served:
		a.answered++
	case pacing.Abandoned:
		a.answered++
		a.dropped++
	default:
	}
}

// Decide keeps level × agents calls ringing or talking.
func (a *Adaptive) Decide(v pacing.View, now time.Time) pacing.Decision {
	agents := v.Free + len(v.Busy)
	if agents == 0 {
		return pacing.Decision{Reason: pacing.NoAgents}
	}
	talking := 0
	for _, b := range v.Busy {
		if !b.WrapUp {
			talking++
		}
	}
	a.idle += float64(v.Free)
	a.seen += float64(agents)
	if now.Sub(a.adapted) >= adaptEvery {
		a.adapt(now)
	}
	n := int(a.level*float64(v.Free+talking)) - talking - len(v.Ringing) - v.Waiting
	if n <= 0 {
		return pacing.Decision{Reason: pacing.EnoughRinging}
	}
	return pacing.Decision{Dial: min(n, max(v.Room, 0))}
}

func (a *Adaptive) adapt(now time.Time) {
	a.adapted = now
	if float64(a.dropped) > a.limit*float64(a.answered) {
		a.level = adaptShortest
	} else {
		a.level = min(a.level*(1+a.idle/a.seen), adaptLongest)
	}
	a.idle, a.seen = 0, 0
}
