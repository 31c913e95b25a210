package simulate

import "time"

// windowSeconds is the stretch of which the worst is told.
const windowSeconds = 600

// Window counts the customers who answered within ten minutes.
type Window struct{ Answered, Abandoned int }

// Rate is the abandoned share.
func (w Window) Rate() float64 {
	if w.Answered == 0 {
		return 0
	}
	return float64(w.Abandoned) / float64(w.Answered)
}

// Result is what one run measured.
type Result struct {
	Window             // the whole run
	Windows   []Window // ten minutes each
	Dials     int
	Talk      float64 // seconds agents talked
	WrapUp    float64 // seconds of wrap-up
	LoggedIn  float64 // seconds agents were there
	Served    int
	Decisions int
	Deciding  time.Duration // real time spent in decisions and facts
}

// Occupancy is the share of talk and wrap-up in the agents' time.
func (r Result) Occupancy() float64 { return (r.Talk + r.WrapUp) / r.LoggedIn }

// TalkPerHour is minutes of talk in an agent's hour.
func (r Result) TalkPerHour() float64 { return 60 * r.Talk / r.LoggedIn }

// Idle is the mean seconds an agent waits for a call.
func (r Result) Idle() float64 {
	return (r.LoggedIn - r.Talk - r.WrapUp) / float64(max(r.Served, 1))
}

// DialsPerHour is dials in an agent's hour.
func (r Result) DialsPerHour() float64 { return float64(r.Dials) * hour / r.LoggedIn }

// Worst is the abandoned share of the worst ten minutes.
func (r Result) Worst() float64 {
	worst := 0.0
	for _, w := range r.Windows {
		worst = max(worst, w.Rate())
	}
	return worst
}

// Between sums up whole ten minutes; from and to are seconds.
func (r Result) Between(from, to float64) Window {
	var sum Window
	for i, w := range r.Windows {
		if at := float64(i * windowSeconds); at >= from && at < to {
			sum.Answered += w.Answered
			sum.Abandoned += w.Abandoned
		}
	}
	return sum
}

// PerDecision is the mean cost of a decision.
func (r Result) PerDecision() time.Duration { return r.Deciding / time.Duration(max(r.Decisions, 1)) }
