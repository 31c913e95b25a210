package pacing

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestPriceStaysWithinItsBounds(t *testing.T) {
	tests := []struct {
		name            string
		method          Method
		abandoned       bool
		answers         int
		lowest, highest float64
	}{
		{"risk, early, all served", Risk, false, earlyAnswers - 1, 0.03, 0.06},
		{"risk, all served", Risk, false, 5000, 0.3, 0.3},
		{"risk, all abandoned", Risk, true, 5000, 0.00001, 0.00001},
		{"lite, all served", Lite, false, 5000, 2.5, 2.5},
		{"lite, all abandoned", Lite, true, 5000, 0.05, 0.05},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newPrice(tt.method, 0.03)
			for range tt.answers {
				p.settle(tt.abandoned, 0)
			}
			if got := p.value(0); got < tt.lowest*0.999 || got > tt.highest*1.001 {
				t.Errorf("price %v, want %v to %v", got, tt.lowest, tt.highest)
			}
		})
	}
}

// However the price turns into abandoned customers, the day ends at the target.
func TestPriceFindsTheTarget(t *testing.T) {
	for _, wrong := range []float64{0.3, 1, 5} {
		random := rand.New(rand.NewPCG(4, 1))
		p := newPrice(Risk, 0.03)
		abandoned := 0
		const answers = 5000
		for n := range answers {
			hit := random.Float64() < wrong*p.value(0)
			if hit {
				abandoned++
			}
			p.settle(hit, float64(abandoned)-p.target*float64(n+1))
		}
		if got := float64(abandoned) / answers; math.Abs(got-p.target) > 0.001 {
			t.Errorf("price wrong by a factor of %v: %v abandoned, target %v", wrong, got, p.target)
		}
	}
}

// Above its limit a day is more careful at once, and not for ever.
func TestPriceBrakesAboveTheLimit(t *testing.T) {
	p := newPrice(Risk, 0.03)
	if within, over := p.value(-5), p.value(2); over > within/2 {
		t.Errorf("price %v two calls above the limit, %v within it", over, within)
	}
	if got := p.value(1000); got < 0.00001*0.999 {
		t.Errorf("price %v, below its lowest", got)
	}
}
