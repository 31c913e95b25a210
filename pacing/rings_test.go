package pacing

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

var epoch = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func after(seconds float64) time.Time {
	return epoch.Add(time.Duration(seconds * float64(time.Second)))
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// play dials a call every other second and tells the model what comes of
// it: answers are uniform over 2 to 14 s, other calls ring until the limit.
func play(r *rings, random *rand.Rand, calls int, rate float64) (end time.Time) {
	type call struct {
		dialled, ends float64
		answered      bool
	}
	var live []call
	for now := 0.0; calls > 0 || len(live) > 0; now++ {
		if calls > 0 && int(now)%2 == 0 {
			calls--
			c := call{dialled: now, ends: now + 25}
			if random.Float64() < rate {
				c.answered, c.ends = true, now+2+12*random.Float64()
			}
			live = append(live, c)
		}
		var still []call
		var ringing []time.Time
		for _, c := range live {
			switch {
			case c.ends > now:
				still = append(still, c)
				ringing = append(ringing, after(c.dialled))
			case c.answered:
				r.answered(after(c.ends), seconds(c.ends-c.dialled))
			default:
				r.unanswered(after(c.ends), seconds(c.ends-c.dialled))
			}
		}
		live = still
		end = after(now)
		r.look(ringing, end)
	}
	return end
}

func TestRingsLearnTheAnswerRate(t *testing.T) {
	for _, rate := range []float64{0.05, 0.2, 0.4, 0.8} {
		r := newRings(25 * time.Second)
		play(&r, rand.New(rand.NewPCG(1, 1)), 1500, rate)
		if got := r.level(); math.Abs(got-rate) > 0.08 {
			t.Errorf("answer rate %v: level %v", rate, got)
		}
		if got := r.slow; math.Abs(got-rate) > 0.1 {
			t.Errorf("answer rate %v: slow level %v", rate, got)
		}
	}
}

func TestRingsStartAsIfAlmostEverybodyAnswers(t *testing.T) {
	r := newRings(25 * time.Second)
	if got := r.level(); got < 0.85 {
		t.Errorf("level %v before there is data", got)
	}
}

// A ring time that no answer ever had, and above all the ring limit, leaves nothing to hope for.
func TestRingsNothingIsHopedForLate(t *testing.T) {
	r := newRings(25 * time.Second)
	end := play(&r, rand.New(rand.NewPCG(1, 2)), 1500, 0.4)
	hope := func(age float64) float64 {
		r.look([]time.Time{end.Add(-seconds(age))}, end)
		sum, _ := r.expected()
		return sum
	}
	for _, age := range []float64{25, 26, 40, 3600} {
		if got := hope(age); got != 0 {
			t.Errorf("age %v s: %v answers expected after the ring limit", age, got)
		}
	}
	if got := hope(16); got > 0.02 {
		t.Errorf("age 16 s: %v answers expected, none came so late", got)
	}
	if young, old := hope(1), hope(10); young < 0.3 || old > young/2 {
		t.Errorf("answers expected of a call of 1 s: %v, of 10 s: %v; longer ringing must lower it", young, old)
	}
}

// Calls that ring on are evidence before they end.
func TestRingsSilenceCounts(t *testing.T) {
	r := newRings(25 * time.Second)
	end := play(&r, rand.New(rand.NewPCG(1, 3)), 1500, 0.6)
	before := r.level()
	ringing := make([]time.Time, 12)
	for i := range ringing {
		ringing[i] = end
	}
	for s := 1.0; s <= 15; s++ {
		r.look(ringing, end.Add(seconds(s)))
	}
	if r.level() > before/2 {
		t.Errorf("12 calls rang for 15 s: level %v, before %v", r.level(), before)
	}
}

// The first answers are the early ones; the calls that ring on must keep
// them from passing for all.
func TestRingsFirstAnswersAreNotAll(t *testing.T) {
	r := newRings(25 * time.Second)
	ringing := make([]time.Time, 100)
	for i := range ringing {
		ringing[i] = epoch
	}
	for s := 1.0; s <= 4; s++ {
		for range 5 {
			ringing = ringing[1:]
			r.answered(after(s), seconds(s))
		}
		r.look(ringing, after(s))
	}
	r.shape()
	if got := r.before[5]; got > 0.6 {
		t.Errorf("20 of 100 calls answered within 4 s, 80 ring on: %v of all answers believed to come within 5 s", got)
	}
}

func TestRingsCasesHoldTheWholeBelief(t *testing.T) {
	r := newRings(25 * time.Second)
	random := rand.New(rand.NewPCG(1, 4))
	for range 200 {
		for k := range r.rate.weight {
			r.rate.weight[k] = math.Pow(random.Float64(), 20)
		}
		r.rate.normalise()
		r.believe()
		share, mean, last := 0.0, 0.0, 0.0
		for _, c := range r.cases {
			share += c.share
			mean += c.share * c.belief[0]
			if c.share > leastChance && c.belief[0] < last-1e-9 {
				t.Fatalf("cases not from low to high: %v after %v", c.belief[0], last)
			}
			last = c.belief[0]
		}
		if math.Abs(share-1) > 1e-6 || mean < r.level()-1e-9 {
			t.Fatalf("shares sum to %v; rate of the answered %v, of all %v", share, mean, r.level())
		}
	}
}
