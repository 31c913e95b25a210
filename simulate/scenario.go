package simulate

import (
	"math"
	"math/rand/v2"
	"time"
)

// Scenario is a day of a call centre. Times are seconds since its begin.
type Scenario struct {
	Name   string
	Agents int
	Length float64

	AnswerRate func(at float64) float64               // share of the dialled who answer
	Answer     func(r *rand.Rand) float64             // from dialling to the answer
	Quick      float64                                // share of the unanswered who fail at once: busy, no such number
	RingLimit  float64                                // no answer ends here
	Talk       func(r *rand.Rand, at float64) float64 // length of a talk that begins then
	WrapUp     float64                                // mean of an exponential
	Lines      int                                    // most calls and talks at once; 0 is no limit
	Outage     Span                                   // the trunk is away
	Break      Span                                   // a share of the agents is away, when done with their talk
	BreakShare float64
}

// Span is a stretch of time; the zero Span is none.
type Span struct{ From, To float64 }

func (s Span) holds(at float64) bool { return at >= s.From && at < s.To }

const (
	// Grace is how long an answered customer waits for an agent.
	Grace = 2 * time.Second
	// A call's set-up takes from shortest to longest seconds; one that fails at once fails then.
	shortestSetUp, longestSetUp = 1.0, 2.0
	hour                        = 3600.0
)

// Standard is the common day: 8 hours, answers after 8 s on average, no
// answer ends at 25 s, talks of 2 minutes, wrap-up of 15 s.
func Standard(name string, agents int, answerRate float64) Scenario {
	return Scenario{
		Name: name, Agents: agents, Length: 8 * hour,
		AnswerRate: func(float64) float64 { return answerRate },
		Answer:     ringing(8, 25), Quick: 0.25, RingLimit: 25,
		Talk: Talks(120, 1), WrapUp: 15,
	}
}

// ringing draws the time from dialling to the answer: the set-up, then a
// constant chance in every second, before the limit.
func ringing(mean, limit float64) func(*rand.Rand) float64 {
	return func(r *rand.Rand) float64 {
		for {
			t := setUp(r) + r.ExpFloat64()*(mean-(shortestSetUp+longestSetUp)/2)
			if t < limit {
				return t
			}
		}
	}
}

func setUp(r *rand.Rand) float64 { return shortestSetUp + (longestSetUp-shortestSetUp)*r.Float64() }

// Talks draws talks of a mean and a coefficient of variation, lognormal as
// lengths of talk are found to be.
func Talks(mean, cv float64) func(r *rand.Rand, at float64) float64 {
	variance := math.Log1p(cv * cv)
	middle, sd := math.Log(mean)-variance/2, math.Sqrt(variance)
	return func(r *rand.Rand, _ float64) float64 { return math.Exp(middle + sd*r.NormFloat64()) }
}
