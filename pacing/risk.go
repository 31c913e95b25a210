package pacing

import (
	"slices"
	"time"
)

// Late rings are given up (Options.HangUp) after lateRing, when the danger is
// dangerousPrices times the price and they are less likely to be answered
// than a new call. Rules known to us want 15 s of ringing.

const (
	lateRing        = 15 * time.Second
	dangerousPrices = 3
)

// byRisk dials while the chance that the next call, if answered, finds no
// agent is at most the price.
func (p *Pacer) byRisk(v View, now time.Time) Decision {
	p.forecast(v, now)
	r := &p.model.rings
	free, price := v.Free-v.Waiting, p.highest()
	n := 0
	for ; n < mostDials; n++ {
		if p.risk = p.chance(free, len(v.Ringing)+n); p.risk > price {
			break
		}
		for c := range p.sums {
			p.sums[c].answer(1, r.cases[c].belief[0], &r.next[0])
		}
	}
	d := Decision{Dial: n}
	switch {
	case n > 0:
		return d
	case p.o.HangUp:
		d.HangUp = p.tooLate(v, now, free)
	}
	d.Reason = EnoughRinging
	if free <= 0 && len(v.Ringing) == 0 {
		d.Reason = AgentsBusy
	}
	return d
}

// forecast sums up answers and agents for each horizon, in each case of the
// answer rate.
func (p *Pacer) forecast(v View, now time.Time) {
	r, h := &p.model.rings, &p.model.holds
	h.look(v.Busy, now)
	agents := newSums(len(v.Busy) + len(v.Ringing))
	for _, b := range v.Busy {
		agents.agent(h.within(b, now))
	}
	for c := range p.sums {
		p.sums[c] = agents
		for age, n := range r.counts[:r.limit] {
			if n > 0 {
				p.sums[c].answer(int(n), r.cases[c].belief[age], &r.next[age])
			}
		}
	}
}

// chance is how likely one call more, if it is answered, finds no agent.
func (p *Pacer) chance(free, ringing int) float64 {
	if ringing < free {
		return 0 // should all answer at once, an agent is left
	}
	chance := 0.0
	for c := range p.sums {
		for j, share := range p.model.rings.when {
			chance += p.model.rings.cases[c].share * share * p.sums[c].short(j, free)
		}
	}
	return chance
}

// tooLate are the calls to give up, the oldest first.
func (p *Pacer) tooLate(v View, now time.Time, free int) []int {
	r := &p.model.rings
	var late []int
	for i, since := range v.Ringing {
		if age := now.Sub(since); age >= lateRing && r.hope(r.age(age)) < r.hope(0) {
			late = append(late, i)
		}
	}
	slices.SortStableFunc(late, func(a, b int) int { return v.Ringing[a].Compare(v.Ringing[b]) })
	for i, call := range late {
		if p.chance(free, len(v.Ringing)-i) <= dangerousPrices*p.highest() {
			return late[:i]
		}
		r.counts[r.age(now.Sub(v.Ringing[call]))]--
		p.forecast(v, now)
	}
	return late
}
