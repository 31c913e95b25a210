package pacing

import "math"

// levels is how many answer rates are weighed against each other.
const levels = 20

const (
	lowestLogit  = -5.0 // an answer rate of 0.7 %
	highestLogit = 4.5  // 98.9 %
	// priorShape weighs the rates before there is data: almost everyone answers.
	priorShape = 6.0
	// jumpEvery is the mean number of seconds until the rate jumps: the next
	// list, the next hour.
	jumpEvery = 900.0
	// driftEvery is the mean number of seconds until it has moved one step up or down.
	driftEvery = 1800.0
	// Of the jumps knownJumps go where the rate has been before, weighed by
	// how long within about pastSeconds; the others go anywhere.
	knownJumps  = 0.7
	pastSeconds = 7200.0
	// leastWeight keeps every rate possible.
	leastWeight = 1e-9
)

// level is the belief about the answer rate, the share of the dialled
// customers who answer within the ring limit: a Bayes filter over a grid of
// rates, for a rate that drifts and now and then jumps.
type level struct {
	weight [levels]float64
	past   [levels]float64 // mean of weight
	rate   [levels]float64 // the grid: evenly spaced logits
	yes    [levels]float64 // logarithm of rate
	no     [levels]float64 // logarithm of 1 - rate
}

func newLevel() level {
	var l level
	for k := range l.weight {
		logit := lowestLogit + (highestLogit-lowestLogit)*float64(k)/(levels-1)
		p := 1 / (1 + math.Exp(-logit))
		l.rate[k], l.yes[k], l.no[k] = p, math.Log(p), math.Log1p(-p)
		l.weight[k], l.past[k] = math.Pow(p, priorShape), 1.0/levels
	}
	l.normalise()
	return l
}

// pass lets seconds go by.
func (l *level) pass(seconds float64) {
	jump := 1 - math.Exp(-seconds/jumpEvery)
	drift := (1 - math.Exp(-seconds/driftEvery)) / 2
	fade := 1 - math.Exp(-seconds/pastSeconds)
	before := l.weight
	for k := range l.weight {
		l.past[k] += (before[k] - l.past[k]) * fade
		down, up := before[max(k-1, 0)], before[min(k+1, levels-1)]
		stays := before[k]*(1-2*drift) + (down+up)*drift
		l.weight[k] = stays*(1-jump) + jump*(knownJumps*l.past[k]+(1-knownJumps)/levels)
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
