package pacing

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

func TestHoldsLearnExponentialTalks(t *testing.T) {
	h := newHolds(2 * time.Second)
	random := rand.New(rand.NewPCG(3, 1))
	for range 4000 {
		h.talks.add(seconds(random.ExpFloat64() * 100))
		h.wraps.add(0)
	}
	h.look(nil, epoch)
	for _, age := range []float64{5, 50, 100} {
		free := h.within(Busy{Since: epoch.Add(-seconds(age))}, epoch)
		for j, got := range free {
			// Within the horizon and the grace, whatever the age.
			want := 1 - math.Exp(-float64((j+1)*horizonStep+2)/100)
			if math.Abs(got-want) > 0.08 {
				t.Errorf("busy for %v s: free within %d s with %v, want %v", age, (j+1)*horizonStep, got, want)
			}
		}
	}
}

// All talks last 60 s: one of 50 s ends soon, one of 5 s does not.
func TestHoldsAgeMatters(t *testing.T) {
	h := newHolds(2 * time.Second)
	for range 600 {
		h.talks.add(60 * time.Second)
		h.wraps.add(5 * time.Second)
	}
	h.look(nil, epoch)
	within := func(age float64, wrapUp bool, j int) float64 {
		return h.within(Busy{Since: epoch.Add(-seconds(age)), WrapUp: wrapUp}, epoch)[j]
	}
	if got := within(5, false, horizons-1); got > 0.1 {
		t.Errorf("a talk of 5 s is free within 28 s with %v", got)
	}
	if got := within(50, false, horizons-1); got < 0.8 {
		t.Errorf("a talk of 50 s is free within 28 s with %v", got)
	}
	if got := within(59, false, 0); got > 0.5 {
		t.Errorf("a talk of 59 s with 5 s of wrap-up to come is free within 2 s with %v", got)
	}
	if got := within(3, true, 1); got < 0.8 {
		t.Errorf("a wrap-up of 3 s is free within 4 s with %v", got)
	}
}

// Before any talk has ended, those that run show that talks are long.
func TestHoldsRunningTalksCount(t *testing.T) {
	h, cold := newHolds(2*time.Second), newHolds(2*time.Second)
	var busy []Busy
	for range 50 {
		busy = append(busy, Busy{Since: epoch.Add(-100 * time.Second)})
	}
	h.look(busy, epoch)
	cold.look(nil, epoch)
	young := Busy{Since: epoch.Add(-10 * time.Second)}
	got, before := h.within(young, epoch)[horizons-1], cold.within(young, epoch)[horizons-1]
	if got > before/5 {
		t.Errorf("50 talks have run for 100 s: a young one is free within 28 s with %v, without them %v", got, before)
	}
}

func TestHoldsChancesRiseWithTheHorizon(t *testing.T) {
	h := newHolds(2 * time.Second)
	random := rand.New(rand.NewPCG(3, 2))
	for range 300 {
		h.talks.add(seconds(random.ExpFloat64() * 60))
		h.wraps.add(seconds(random.ExpFloat64() * 10))
	}
	h.look(nil, epoch)
	for age := 0.0; age < 3*longestHold; age += 7 {
		for _, wrapUp := range []bool{false, true} {
			last := 0.0
			for j, p := range h.within(Busy{Since: epoch.Add(-seconds(age)), WrapUp: wrapUp}, epoch) {
				if p < last || p > 1 || math.IsNaN(p) {
					t.Fatalf("busy for %v s, wrap-up %v, horizon %d: %v after %v", age, wrapUp, j, p, last)
				}
				last = p
			}
		}
	}
}
