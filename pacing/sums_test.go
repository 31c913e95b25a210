package pacing

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// shortExactly counts every outcome: answers less freed agents at least free.
func shortExactly(answers, frees []float64, free int) float64 {
	chances := []float64{1} // of so many answers, or agents who stay busy
	add := func(p float64) {
		next := make([]float64, len(chances)+1)
		for i, c := range chances {
			next[i] += c * (1 - p)
			next[i+1] += c * p
		}
		chances = next
	}
	for _, p := range answers {
		add(p)
	}
	for _, p := range frees {
		add(1 - p)
	}
	sum := 0.0
	for i, c := range chances {
		if i >= free+len(frees) {
			sum += c
		}
	}
	return sum
}

// bruteForce goes through all yes and no.
func bruteForce(answers, frees []float64, free int) float64 {
	all := append(append([]float64{}, answers...), frees...)
	sum := 0.0
	for bits := range 1 << len(all) {
		chance, short := 1.0, 0
		for i, p := range all {
			yes := bits&(1<<i) != 0
			if !yes {
				chance *= 1 - p
				continue
			}
			chance *= p
			if i < len(answers) {
				short++
			} else {
				short--
			}
		}
		if short >= free {
			sum += chance
		}
	}
	return sum
}

func TestSumsAgainstEveryOutcome(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 1))
	draw := func(n int) []float64 {
		out := make([]float64, n)
		for i := range out {
			out[i] = random.Float64() * 0.7
		}
		return out
	}
	tests := []struct {
		calls, agents int
		tolerance     float64
	}{
		{2, 3, 0.06}, {6, 4, 0.03}, {9, 7, 0.03}, {10, 14, 0.012}, {12, 20, 0.008}, {60, 50, 0.003}, {250, 100, 0.002},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%d calls %d agents", tt.calls, tt.agents), func(t *testing.T) {
			for range 50 {
				answers, frees := draw(tt.calls), draw(tt.agents)
				s := newSums(tt.calls + tt.agents)
				for _, p := range answers {
					s.answer(1, p, &[horizons]float64{1})
				}
				for _, p := range frees {
					s.agent(&[horizons]float64{p})
				}
				for free := range 4 {
					want := shortExactly(answers, frees, free)
					if got := s.about(0, free); math.Abs(got-want) > tt.tolerance {
						t.Errorf("free %d: about %v, exactly %v", free, got, want)
					}
					if got := s.short(0, free); tt.calls+tt.agents <= exactMost && math.Abs(got-want) > 1e-12 {
						t.Errorf("free %d: %v, exactly %v", free, got, want)
					}
					if tt.calls+tt.agents <= 10 {
						if brute := bruteForce(answers, frees, free); math.Abs(brute-want) > 1e-12 {
							t.Fatalf("the test itself errs: %v and %v", want, brute)
						}
					}
				}
			}
		})
	}
}

func TestSumsWithoutDoubt(t *testing.T) {
	tests := []struct {
		name         string
		answers, out int
		free         int
		want         float64
	}{
		{"nothing rings, nobody busy, one free", 0, 0, 1, 0},
		{"nothing rings, nobody free", 0, 0, 0, 1},
		{"one sure answer for one agent", 1, 0, 1, 1},
		{"one sure answer, two agents", 1, 0, 2, 0},
		{"one sure answer, one agent surely back", 1, 1, 0, 1},
		{"nothing rings, one agent surely back", 0, 1, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSums(0)
			s.answer(tt.answers, 1, &[horizons]float64{1})
			for range tt.out {
				s.agent(&[horizons]float64{1})
			}
			if got := s.short(0, tt.free); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}
