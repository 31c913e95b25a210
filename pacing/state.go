package pacing

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// ErrState is a state that no pacer of these options could have written.
var ErrState = errors.New("pacing: state does not fit")

// State is all that a pacer has learnt. It may be kept as JSON.
type State struct {
	Method    Method    `json:"method"`
	RingLimit int       `json:"ring_limit_s"`
	Price     float64   `json:"price"`
	Settled   int       `json:"settled"`
	Answered  int       `json:"answered"`
	Abandoned int       `json:"abandoned"`
	Window    float64   `json:"window"`
	Rate      []float64 `json:"rate"`      // belief about the answer rate
	PastRate  []float64 `json:"past_rate"` // where it has been
	Answers   []float64 `json:"answers"`   // weights by seconds of ringing
	Quiet     []float64 `json:"quiet"`
	GivenUp   []float64 `json:"given_up"`
	Slow      float64   `json:"slow"` // answer rate over some hundred calls
	Talks     Held      `json:"talks"`
	WrapUps   Held      `json:"wrap_ups"`
}

// Held is what is known of a duration.
type Held struct {
	Ends     []float64 `json:"ends"`
	Exposure []float64 `json:"exposure"`
}

// State copies what has been learnt.
func (p *Pacer) State() State {
	m := &p.model
	return State{
		Method: p.o.Method, RingLimit: m.rings.limit, Price: p.price.value(0), Settled: p.price.settled,
		Answered: p.tally.answered, Abandoned: p.tally.abandoned, Window: p.tally.window,
		Rate: slices.Clone(m.rings.rate.weight[:]), PastRate: slices.Clone(m.rings.rate.past[:]), Answers: slices.Clone(m.rings.answer), Quiet: slices.Clone(m.rings.quiet),
		GivenUp: slices.Clone(m.rings.censored), Slow: m.rings.slow,
		Talks:   Held{slices.Clone(m.holds.talks.ends), slices.Clone(m.holds.talks.exposure)},
		WrapUps: Held{slices.Clone(m.holds.wraps.ends), slices.Clone(m.holds.wraps.exposure)},
	}
}

// numbers is one list of a state, and where it goes.
type numbers struct {
	name     string
	from, to []float64
}

// restore takes a state up. Of another method or ring limit only what still
// holds is taken.
func (p *Pacer) restore(s *State) error {
	m := &p.model
	into := []numbers{
		{"rate", s.Rate, m.rings.rate.weight[:]},
		{"past_rate", s.PastRate, m.rings.rate.past[:]},
		{"talks.ends", s.Talks.Ends, m.holds.talks.ends},
		{"talks.exposure", s.Talks.Exposure, m.holds.talks.exposure},
		{"wrap_ups.ends", s.WrapUps.Ends, m.holds.wraps.ends},
		{"wrap_ups.exposure", s.WrapUps.Exposure, m.holds.wraps.exposure},
	}
	if s.RingLimit == m.rings.limit {
		into = append(into, numbers{"answers", s.Answers, m.rings.answer},
			numbers{"quiet", s.Quiet, m.rings.quiet}, numbers{"given_up", s.GivenUp, m.rings.censored})
	}
	for _, f := range into {
		if len(f.from) != len(f.to) {
			return fmt.Errorf("%w: %s has %d numbers, not %d", ErrState, f.name, len(f.from), len(f.to))
		}
		for _, x := range f.from {
			if !(x >= 0 && x < 1e9) {
				return fmt.Errorf("%w: %s has %v", ErrState, f.name, x)
			}
		}
	}
	if s.Answered < 0 || s.Abandoned < 0 || s.Abandoned > s.Answered || s.Settled < 0 {
		return fmt.Errorf("%w: %d abandoned of %d", ErrState, s.Abandoned, s.Answered)
	}
	if !(s.Slow >= 0 && s.Slow <= 1) || !(s.Window >= 0 && s.Window <= 1) || !(s.Price > 0 && s.Price < 1e9) {
		return fmt.Errorf("%w: slow %v, window %v, price %v", ErrState, s.Slow, s.Window, s.Price)
	}
	for _, f := range into {
		copy(f.to, f.from)
	}
	m.rings.rate.normalise()
	m.rings.slow = s.Slow
	m.rings.shape()
	p.tally = tally{answered: s.Answered, abandoned: s.Abandoned, window: s.Window}
	p.price.settled = s.Settled
	if s.Method == p.o.Method {
		p.price.log = min(max(math.Log(s.Price), p.price.lowest), p.price.highest)
	}
	return nil
}
