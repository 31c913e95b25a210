package pacing

import "math"

// sums is, for each horizon, how many agents are short: the answers that
// come, less the agents who become free. Both are sums of independent yes/no
// events; so is their difference, but for a shift, if of each agent the event
// is counted that it stays busy. Three moments are kept.
type sums struct{ mean, variance, third [horizons]float64 }

// answer adds n calls: belief × next is the chance of an answer of each.
func (s *sums) answer(n, belief float64, next *[horizons]float64) {
	for j := range horizons {
		p := min(belief*next[j], 1)
		v := n * p * (1 - p)
		s.mean[j] += n * p
		s.variance[j] += v
		s.third[j] += v * (1 - 2*p)
	}
}

// agent adds an agent with these chances to be free.
func (s *sums) agent(free *[horizons]float64) {
	for j, p := range free {
		v := p * (1 - p)
		s.mean[j] -= p
		s.variance[j] += v
		s.third[j] -= v * (1 - 2*p)
	}
}

const (
	leastVariance = 1e-9
	farOut        = 6.0 // standard deviations beyond which a chance is nought
)

// short is the chance that at a horizon at least free agents are short: that
// an answer more finds nobody. It is the refined normal approximation of the
// Poisson binomial distribution: half a step, and a term for the skewness.
func (s *sums) short(j, free int) float64 {
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
