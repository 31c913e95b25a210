package pacing

import "math"

// price is the knob of a method that the outcomes turn: each abandoned
// customer lowers it, each served one raises it a little. In the long run the
// abandoned share is the target, whatever the models get wrong.
type price struct {
	log     float64 // natural logarithm of the price
	gain    float64
	target  float64 // abandoned share of the answered
	lowest  float64 // of log
	highest float64
	early   float64 // highest until earlyAnswers
	reserve float64 // abandoned calls
	settled int     // answers so far
}

const (
	// targetShare is how much of the limit is aimed at.
	targetShare = 0.975
	// The day is aimed at fewer abandoned calls than the target's share, by a
	// reserve: by how many they deviate among reserveAnswers answers, as chance
	// has it (a count by chance deviates by its root). So much may come in a
	// burst before its outcomes have turned the price.
	reserveAnswers = 250.0
	// What the day has too many of abandoned calls is paid back within about
	// payBack answers, what it has too few is spent within about spend: the
	// aim is at most cutMost below the target and creditMost above it.
	payBack    = 100.0
	spend      = 200.0
	cutMost    = 0.7
	creditMost = 0.3
	// While the day is above its limit, each call too many lowers the price
	// by this much more at once, on the logarithm.
	brake = 0.5
	// In earlyAnswers the price is at most twice the limit: over a short
	// campaign the outcomes have no time to correct it.
	earlyAnswers = 300
)

// Lite's price is expected answers for each free agent; risk's is a chance.
const (
	liteGain, liteFirst, liteLowest, liteHighest = 0.15, 0.5, 0.05, 2.5
	riskFirst                                    = 0.5 // of the target
	riskGain, riskLowest, riskHighest            = 0.3, 0.00001, 0.3
)

func newPrice(m Method, limit float64) price {
	target, reserve := targetShare*limit, math.Sqrt(limit*reserveAnswers)
	if m == Lite {
		return price{
			reserve: reserve, log: math.Log(liteFirst), gain: liteGain, target: target,
			lowest: math.Log(liteLowest), highest: math.Log(liteHighest), early: math.Log(liteHighest),
		}
	}
	return price{
		reserve: reserve, log: math.Log(riskFirst * target), gain: riskGain, target: target,
		lowest: math.Log(riskLowest), highest: math.Log(riskHighest), early: math.Log(2 * limit),
	}
}

// settle takes in whether an answered customer was abandoned. surplus is how
// many more than the target's share the day has abandoned.
func (p *price) settle(abandoned bool, surplus float64) {
	p.settled++
	surplus += p.reserve
	within := spend
	if surplus > 0 {
		within = payBack
	}
	aim := p.target - min(max(surplus/within, -creditMost*p.target), cutMost*p.target)
	if abandoned {
		aim--
	}
	highest := p.highest
	if p.settled < earlyAnswers {
		highest = p.early
	}
	p.log = min(max(p.log+p.gain*aim, p.lowest), highest)
}

// value is the price; over is how many calls the day is above its limit.
func (p *price) value(over float64) float64 {
	return math.Exp(max(p.log-brake*max(over, 0), p.lowest))
}
