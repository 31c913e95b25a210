package pacing

import "math"

// exactMost is up to how many events chances are worked out exactly; above,
// an approximation is good enough, and cheaper.
const exactMost = 16

// sums is, for each horizon, how many agents are short: the answers that
// come, less the agents who become free. Both are sums of independent yes/no
// events; so is their difference, but for a shift, if of each agent the event
// is counted that it stays busy.
type sums struct {
	events int
	agents int                              // of the events
	few    bool                             // at most exactMost events, and exact is kept
	exact  [horizons][exactMost + 1]float64 // chance of so many events happening

	mean, variance, third [horizons]float64 // moments of the difference
}

// newSums is for about so many events.
func newSums(events int) sums {
	s := sums{few: events <= exactMost}
	if s.few {
		for j := range s.exact {
			s.exact[j][0] = 1
		}
	}
	return s
}

// more counts n events more.
func (s *sums) more(n int) {
	s.events += n
	s.few = s.few && s.events <= exactMost
}

// answer adds n calls: belief × next is the chance of an answer of each.
func (s *sums) answer(n int, belief float64, next *[horizons]float64) {
	for range n {
		s.more(1)
		for j := 0; s.few && j < horizons; j++ {
			s.happens(j, min(belief*next[j], 1))
		}
	}
	for j := range horizons {
		p := min(belief*next[j], 1)
		v := float64(n) * p * (1 - p)
		s.mean[j] += float64(n) * p
		s.variance[j] += v
		s.third[j] += v * (1 - 2*p)
	}
}

// agent adds an agent with these chances to be free.
func (s *sums) agent(free *[horizons]float64) {
	s.more(1)
	s.agents++
	for j, p := range free {
		if s.few {
			s.happens(j, 1-p)
		}
		v := p * (1 - p)
		s.mean[j] -= p
		s.variance[j] += v
		s.third[j] -= v * (1 - 2*p)
	}
}

// happens takes in an event that has been counted.
func (s *sums) happens(j int, p float64) {
	e := &s.exact[j]
	for i := s.events; i > 0; i-- {
		e[i] = e[i]*(1-p) + e[i-1]*p
	}
	e[0] *= 1 - p
}

// short is the chance that at a horizon at least free agents are short: that
// an answer more finds nobody.
func (s *sums) short(j, free int) float64 {
	if !s.few {
		return s.about(j, free)
	}
	sum := 0.0
	for i := max(free+s.agents, 0); i <= s.events; i++ {
		sum += s.exact[j][i]
	}
	return min(sum, 1)
}

const (
	leastVariance = 1e-9
	farOut        = 6.0 // standard deviations beyond which a chance is nought
)

// about is short by the refined normal approximation of the Poisson binomial
// distribution: half a step, and a term for the skewness.
func (s *sums) about(j, free int) float64 {
	x := float64(free) - 0.5 - s.mean[j]
	if s.variance[j] < leastVariance {
		if x < 0 {
			return 1
		}
		return 0
	}
	sd := math.Sqrt(s.variance[j])
	x /= sd
	if x > farOut {
		return 0
	}
	skew := s.third[j] / (s.variance[j] * sd)
	density := math.Exp(-x*x/2) / math.Sqrt(2*math.Pi)
	return min(max(math.Erfc(x/math.Sqrt2)/2-skew*(1-x*x)*density/6, 0), 1)
}
