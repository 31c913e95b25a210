package pacing

import "math"

// levels is how many answer rates are weighed against each other.
const levels = 20

const (
	lowestLogit  = -5.0 // an answer rate of 0.7 %
	highestLogit = 4.5  // 98.9 %
	// priorShape weighs the rates before there is data: almost everyone answers.
	priorShape = 6.0
	// jumpEvery is the mean number of seconds until the rate jumps to any
	// other: the next list, the next hour.
	jumpEvery = 900.0
	// driftEvery is the mean number of seconds until it has moved one step up or down.
	driftEvery = 1800.0
	// leastWeight keeps every rate possible.
	leastWeight = 1e-9
)

// level is the belief about the answer rate, the share of the dialled
// customers who answer within the ring limit: a Bayes filter over a grid of
// rates, for a rate that drifts and now and then jumps.
type level struct{ weight [levels]float64 }

// rateOf is the answer rate of a grid point.
func rateOf(k int) float64 {
	logit := lowestLogit + (highestLogit-lowestLogit)*float64(k)/(levels-1)
	return 1 / (1 + math.Exp(-logit))
}

func newLevel() level {
	var l level
	for k := range l.weight {
		l.weight[k] = math.Pow(rateOf(k), priorShape)
	}
	l.normalise()
	return l
}

// pass lets seconds go by.
func (l *level) pass(seconds float64) {
	jump := 1 - math.Exp(-seconds/jumpEvery)
	drift := (1 - math.Exp(-seconds/driftEvery)) / 2
	before := l.weight
	for k := range l.weight {
		down, up := before[max(k-1, 0)], before[min(k+1, levels-1)]
		l.weight[k] = (before[k]*(1-2*drift)+(down+up)*drift)*(1-jump) + jump/levels
	}
}

// heard takes in the logarithm of how likely each rate made what was seen.
func (l *level) heard(likelihood *[levels]float64) {
	top := math.Inf(-1)
	for _, x := range likelihood {
		top = max(top, x)
	}
	for k := range l.weight {
		l.weight[k] *= math.Exp(likelihood[k] - top)
	}
	l.normalise()
}

func (l *level) normalise() {
	sum := 0.0
	for k := range l.weight {
		l.weight[k] = max(l.weight[k], leastWeight)
		sum += l.weight[k]
	}
	for k := range l.weight {
		l.weight[k] /= sum
	}
}
