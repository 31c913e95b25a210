package simulate

import (
	"time"

	"calld/pacing"
)

// Contender is a method to try.
type Contender struct {
	Name string
	New  func(Scenario) (Pacer, error)
}

// powerRatio is that of the fixed ratio shown beside the other methods.
const powerRatio = 2

// Contenders are the methods to compare, for a limit of abandoned calls.
func Contenders(limit float64) []Contender {
	by := func(name string, o pacing.Options) Contender {
		return Contender{name, func(s Scenario) (Pacer, error) {
			o.Limit = limit
			o.RingLimit = time.Duration(s.RingLimit * float64(time.Second))
			return pacing.New(o)
		}}
	}
	return []Contender{
		by("progressive", pacing.Options{Method: pacing.Progressive}),
		by("power", pacing.Options{Method: pacing.Power, Ratio: powerRatio}),
		{"adaptive", func(Scenario) (Pacer, error) { return NewAdaptive(limit), nil }},
		by("lite", pacing.Options{Method: pacing.Lite}),
		by("risk", pacing.Options{Method: pacing.Risk}),
		by("risk-hangup", pacing.Options{Method: pacing.Risk, HangUp: true}),
	}
}
