package pacing

import (
	"math"
	"time"
)

const maxRingLimit = 120 * time.Second

const (
	// shapeHalfLife is after how many answers a weight has halved, and after
	// how many calls without an answer.
	shapeHalfLife = 600.0
	// slowFade is how far each ended call moves the slow answer rate.
	slowFade = 1.0 / 150
	// shapeEvery is after how many ended calls the shape is worked out anew.
	shapeEvery = 10

	// The shape assumed before there is data weighs as much as priorCalls
	// answers and as many calls without one: answers come after priorAnswer
	// seconds on average, and priorQuick of the others end within two.
	priorCalls  = 15.0
	priorAnswer = 9.0
	priorQuick  = 0.2
	priorRate   = 0.9
)

// The forecast looks at horizons: horizonStep seconds ahead, twice that, and so on.
const (
	horizons    = 14
	horizonStep = 2
)

// leastChance is taken instead of nought where something is divided by a chance.
const leastChance = 1e-9

// rings is the model of ringing: when answers come, when calls end without
// one, and how many customers answer at all. A call is one of two sorts: of
// those that will be answered, or of those that will not. The longer it
// rings, the likelier it is of the second.
type rings struct {
	limit    int       // whole seconds; nothing is answered later
	answer   []float64 // weight of answers, by whole seconds of ringing
	quiet    []float64 // weight of calls that ended unanswered
	censored []float64 // weight of calls given up
	rate     level
	slow     float64   // answer rate over some hundred calls
	seen     time.Time // up to when the silence of ringing calls is counted
	fresh    int       // ended calls since the shape was worked out
	counts   []int32   // calls that ring, by age, at the last look

	// Worked out from the above.
	ended   float64             // weight of ended calls
	heard   float64             // weight of the answers among them
	before  []float64           // share of the answers that come before age s
	silent  []float64           // share of the calls without an answer that ring on at age s
	next    [][horizons]float64 // share of the answers that come within each horizon after age s
	when    [horizons]float64   // share of the answers that come in each horizon of a new call
	silence [][levels]float64   // by age and rate: logarithm of the chance to ring on
	odds    [][levels]float64   // by age and rate: what before and next are multiplied by
	belief  []float64           // odds, averaged over the rate
	cases   [cases]rateCase     // the same in cases, if a new call is answered
}

// cases is into how many cases the belief about the rate is split, from low
// rates to high ones. An average hides the danger: when by chance nobody has
// answered for some seconds, the rate may have fallen to a tenth, or not.
const cases = 4

// shareOfCase is how much of the belief each case holds; the last takes the rest.
func shareOfCase(c int) float64 { return float64(cases-c) / 10 }

// rateCase is a part of the belief about the rate.
type rateCase struct {
	share  float64
	belief []float64 // odds, averaged over the rates of this case
}

func newRings(limit time.Duration) rings {
	n := int((limit+time.Second-1)/time.Second) + 1
	r := rings{
		limit: n - 1, rate: newLevel(), slow: priorRate, counts: make([]int32, n),
		answer: make([]float64, n), quiet: make([]float64, n), censored: make([]float64, n),
		before: make([]float64, n+1), silent: make([]float64, n), next: make([][horizons]float64, n),
		silence: make([][levels]float64, n), odds: make([][levels]float64, n), belief: make([]float64, n),
	}
	for c := range r.cases {
		r.cases[c].belief = make([]float64, n)
	}
	r.shape()
	return r
}

// age is the ring age in whole seconds, at most the limit.
func (r *rings) age(d time.Duration) int { return min(max(int(d/time.Second), 0), r.limit) }

// look counts the silence of the calls that ring on.
func (r *rings) look(ringing []time.Time, now time.Time) {
	clear(r.counts)
	for _, since := range ringing {
		r.counts[r.age(now.Sub(since))]++
	}
	if r.seen.IsZero() {
		r.seen = now
	}
	passed := now.Sub(r.seen)
	if passed < time.Second {
		return
	}
	var likelihood [levels]float64
	for _, since := range ringing {
		from, to := r.age(r.seen.Sub(since)), r.age(now.Sub(since))
		if from == to {
			continue
		}
		for k := range likelihood {
			likelihood[k] += r.silence[to][k] - r.silence[from][k]
		}
	}
	// However many calls ring, they tell no more than what is known of when answers come.
	trust := r.heard / (r.heard + float64(len(ringing)) + 1)
	for k := range likelihood {
		likelihood[k] *= trust
	}
	r.seen = now
	r.rate.pass(passed.Seconds())
	r.rate.heard(&likelihood)
	r.believe()
}

// answered, unanswered and givenUp take in how a call's ringing ended.
func (r *rings) answered(at time.Time, took time.Duration) {
	r.settle(at, took, &r.rate.yes)
	r.slow += (1 - r.slow) * slowFade
	count(r.answer, r.age(took))
	r.reshape()
}

func (r *rings) unanswered(at time.Time, took time.Duration) {
	r.settle(at, took, &r.rate.no)
	r.slow -= r.slow * slowFade
	count(r.quiet, r.age(took))
	r.reshape()
}

func (r *rings) givenUp(at time.Time, took time.Duration) {
	to := r.age(took)
	r.settle(at, took, &r.silence[to])
	count(r.censored, to)
}

// settle tells the rate how likely each rate made an end; the silence until
// the last look has been counted.
func (r *rings) settle(at time.Time, took time.Duration, end *[levels]float64) {
	from := r.age(r.seen.Sub(at.Add(-took)))
	var likelihood [levels]float64
	for k := range likelihood {
		likelihood[k] = end[k] - r.silence[from][k]
	}
	r.rate.heard(&likelihood)
	r.believe()
}

// count adds one to a weight and lets all fade.
func count(weights []float64, i int) {
	fade := math.Exp2(-1 / shapeHalfLife)
	for j := range weights {
		weights[j] *= fade
	}
	weights[i]++
}

func (r *rings) reshape() {
	if r.fresh++; r.fresh >= shapeEvery {
		r.shape()
	}
}

// shape works the tables out from the weights.
func (r *rings) shape() {
	r.fresh = 0
	answer, quiet := r.incidence()
	answering, silent := 1.0, 1.0
	for s := range answer {
		r.before[s], r.silent[s] = 1-answering, silent
		for k, p := range r.rate.rate {
			still := max(p*answering+(1-p)*silent, leastChance)
			r.silence[s][k] = math.Log(still)
			r.odds[s][k] = p / still
		}
		answering = max(answering-answer[s], 0)
		silent = max(silent-quiet[s], 0)
	}
	end := len(answer)
	r.before[end] = 1
	for s := range r.next {
		for j := range horizons {
			r.next[s][j] = max(r.before[min(s+(j+1)*horizonStep, end)]-r.before[s], 0)
		}
	}
	last := 0.0
	for j, before := range r.next[0] {
		r.when[j] = before - last
		last = before
	}
	r.when[horizons-1] += 1 - last
	r.believe()
}

// incidence estimates when answers come and when calls end without one: two
// distributions over the seconds of ringing. Calls that still ring, or were
// given up, count for as long as they rang (the estimator of Aalen and
// Johansen): else the first answers, which come early, would pass for all.
func (r *rings) incidence() (answer, quiet []float64) {
	answer, quiet = r.prior()
	at := make([]float64, len(answer)) // weight of the calls that rang until age s or longer
	risk := 0.0
	r.ended, r.heard = 0, 0
	for s := r.limit; s >= 0; s-- {
		r.heard += r.answer[s]
		r.ended += r.answer[s] + r.quiet[s]
		answer[s] += r.answer[s]
		quiet[s] += r.quiet[s]
		risk += answer[s] + quiet[s]
		at[s] = risk
		risk += float64(r.counts[s]) + r.censored[s]
	}
	left, answers, quiets := 1.0, 0.0, 0.0
	for s := range answer {
		a, q := left*answer[s]/at[s], left*quiet[s]/at[s]
		left -= a + q
		answer[s], quiet[s] = a, q
		answers += a
		quiets += q
	}
	for s := range answer {
		answer[s] /= answers
		quiet[s] /= quiets
	}
	return answer, quiet
}

// prior is the shape before there is data.
func (r *rings) prior() (answer, quiet []float64) {
	answer, quiet = make([]float64, r.limit+1), make([]float64, r.limit+1)
	left := 1.0
	for s := 1; s < r.limit; s++ {
		answer[s] = left * (1 - math.Exp(-1/priorAnswer))
		left -= answer[s]
	}
	for s := range answer {
		answer[s] *= priorCalls / (1 - left)
	}
	quiet[1] += priorCalls * priorQuick
	quiet[r.limit] += priorCalls * (1 - priorQuick)
	return answer, quiet
}

// believe averages over the rates.
func (r *rings) believe() {
	for s := range r.belief {
		sum := 0.0
		for k, w := range r.rate.weight {
			sum += w * r.odds[s][k]
		}
		r.belief[s] = sum
	}
	r.split()
}

// split makes the cases. If a new call is answered, the higher rates were the
// likelier ones: so much more they weigh.
func (r *rings) split() {
	for c := range r.cases {
		clear(r.cases[c].belief)
		r.cases[c].share = 0
	}
	c, room := 0, shareOfCase(0)
	for k, w := range r.rate.weight {
		for left := w * r.odds[0][k] / r.belief[0]; left > 0; {
			part := left
			if c < cases-1 {
				part = min(left, room)
			}
			rc := &r.cases[c]
			rc.share += part
			for s := range rc.belief {
				rc.belief[s] += part * r.odds[s][k]
			}
			left -= part
			if room -= part; room <= 0 && c < cases-1 {
				c++
				room = shareOfCase(c)
			}
		}
	}
	for c := range r.cases {
		rc := &r.cases[c]
		for s := range rc.belief {
			rc.belief[s] /= max(rc.share, leastChance)
		}
	}
}

// level is the mean answer rate.
func (r *rings) level() float64 { return r.belief[0] }

// hope is how likely a call of an age is answered in the end.
func (r *rings) hope(age int) float64 {
	if age >= r.limit {
		return 0
	}
	return r.belief[age] * (1 - r.before[age])
}

// expected is how many answers are to come of what rang at the last look,
// and of one call more. It goes by the higher of the two answer rates: that of
// the moment falls deep when by chance nobody answers for some seconds.
func (r *rings) expected() (sum, each float64) {
	p := max(r.level(), r.slow)
	for s, n := range r.counts {
		if n > 0 && s < r.limit {
			still := 1 - r.before[s]
			sum += float64(n) * p * still / max(p*still+(1-p)*r.silent[s], leastChance)
		}
	}
	return sum, p
}
