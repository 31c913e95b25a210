package simulate

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// Grid is the steady days: 5 to 100 agents, answer rates of 0.2 to 0.6.
func Grid() []Scenario {
	var out []Scenario
	for _, n := range []int{5, 10, 20, 50, 100} {
		for _, p := range []float64{0.2, 0.4, 0.6} {
			out = append(out, Standard(fmt.Sprintf("N%d p%.1f", n, p), n, p))
		}
	}
	return out
}

// Changing is the days on which something changes or is out of the common.
func Changing() []Scenario {
	var out []Scenario
	for _, n := range []int{5, 10, 20, 50, 100} {
		out = append(out, Up(n))
	}
	for _, n := range []int{5, 20, 50} {
		out = append(out, Down(n), Sine(n), Block(n), Lunch(n), ShorterTalks(n), Bimodal(n), Spread(n, 2), Spread(n, 0.3), Cold(n), Outage(n))
	}
	return out
}

func named(name string, agents int) string { return fmt.Sprintf("%s %d", name, agents) }

// Up steps from few answers to many at half time.
func Up(agents int) Scenario { return step(named("up", agents), agents, 0.2, 0.6) }

// Down steps from many answers to few.
func Down(agents int) Scenario { return step(named("down", agents), agents, 0.6, 0.2) }

func step(name string, agents int, first, second float64) Scenario {
	s := Standard(name, agents, 0)
	s.AnswerRate = func(at float64) float64 {
		if at < 4*hour {
			return first
		}
		return second
	}
	return s
}

// Sine lets the answer rate swing within each hour.
func Sine(agents int) Scenario {
	s := Standard(named("sine", agents), agents, 0)
	s.AnswerRate = func(at float64) float64 { return 0.4 + 0.2*math.Sin(2*math.Pi*at/hour) }
	return s
}

// Block jumps between two answer rates every five minutes, as lists loaded
// in blocks do.
func Block(agents int) Scenario {
	s := Standard(named("block", agents), agents, 0)
	s.AnswerRate = func(at float64) float64 {
		if int(at/300)%2 == 0 {
			return 0.1
		}
		return 0.5
	}
	return s
}

// Lunch sends 60 % of the agents away for an hour.
func Lunch(agents int) Scenario {
	s := Standard(named("lunch", agents), agents, 0.4)
	s.Break, s.BreakShare = Span{4 * hour, 5 * hour}, 0.6
	return s
}

// ShorterTalks steps from talks of three minutes to talks of one.
func ShorterTalks(agents int) Scenario {
	s := Standard(named("talk", agents), agents, 0.4)
	long, short := Talks(180, 1), Talks(60, 1)
	s.Talk = func(r *rand.Rand, at float64) float64 {
		if at < 4*hour {
			return long(r, at)
		}
		return short(r, at)
	}
	return s
}

// Bimodal has many short refusals and some long talks.
func Bimodal(agents int) Scenario {
	s := Standard(named("bimodal", agents), agents, 0.3)
	refusal, talk := Talks(20, 0.7), Talks(270, 0.5)
	s.Talk = func(r *rand.Rand, at float64) float64 {
		if r.Float64() < 0.6 {
			return refusal(r, at)
		}
		return talk(r, at)
	}
	return s
}

// Spread has talks of another coefficient of variation.
func Spread(agents int, cv float64) Scenario {
	s := Standard(fmt.Sprintf("cv%.1f %d", cv, agents), agents, 0.3)
	s.Talk = Talks(120, cv)
	return s
}

// Cold is a list of which one in twenty answers.
func Cold(agents int) Scenario { return Standard(named("p.05", agents), agents, 0.05) }

// Outage loses the trunk for three minutes; there are five lines an agent.
func Outage(agents int) Scenario {
	s := Standard(named("outage", agents), agents, 0.3)
	s.Lines = 5 * agents
	s.Outage = Span{3.95 * hour, 4 * hour}
	return s
}

// Published is the tests a vendor (Aurus) has published: 50 agents, 58
// minutes, four of five answer after 15 to 25 s, hardly any wrap-up.
func Published() []Scenario {
	var out []Scenario
	for i, talk := range []Span{{40, 60}, {60, 120}, {500, 600}} {
		s := Standard(fmt.Sprintf("A%d", i+1), 50, 0.8)
		s.Length = 58 * 60
		s.Answer = func(r *rand.Rand) float64 { return 15 + 10*r.Float64() }
		s.RingLimit = 30
		s.Talk = func(r *rand.Rand, _ float64) float64 { return talk.From + (talk.To-talk.From)*r.Float64() }
		s.WrapUp = 0.5
		out = append(out, s)
	}
	return out
}
