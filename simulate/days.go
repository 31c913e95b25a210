package simulate

import "time"

// Days is the results of one scenario played several times, each with
// customers of its own.
type Days []Result

// Play plays as many days as there are seeds, from seed 1 on.
func Play(s Scenario, c Contender, days int) (Days, error) {
	out := make(Days, days)
	for i := range out {
		p, err := c.New(s)
		if err != nil {
			return nil, err
		}
		out[i] = Run(s, p, uint64(i+1))
	}
	return out, nil
}

func (d Days) mean(of func(Result) float64) float64 {
	sum := 0.0
	for _, r := range d {
		sum += of(r)
	}
	return sum / float64(max(len(d), 1))
}

// Occupancy is the mean of the days', as are the following.
func (d Days) Occupancy() float64 { return d.mean(Result.Occupancy) }

// TalkPerHour is minutes of talk in an agent's hour.
func (d Days) TalkPerHour() float64 { return d.mean(Result.TalkPerHour) }

// Worst is the abandoned share of the worst ten minutes of a day.
func (d Days) Worst() float64 { return d.mean(Result.Worst) }

// Idle is the seconds an agent waits for a call.
func (d Days) Idle() float64 { return d.mean(Result.Idle) }

// DialsPerHour is dials in an agent's hour.
func (d Days) DialsPerHour() float64 { return d.mean(Result.DialsPerHour) }

// PerDecision is the cost of a decision.
func (d Days) PerDecision() time.Duration {
	return time.Duration(d.mean(func(r Result) float64 { return float64(r.PerDecision()) }))
}

// Between sums up the same ten minutes of every day; from and to are seconds.
func (d Days) Between(from, to float64) Window {
	var sum Window
	for _, r := range d {
		w := r.Between(from, to)
		sum.Answered += w.Answered
		sum.Abandoned += w.Abandoned
	}
	return sum
}

// Rate is the abandoned share of all days together.
func (d Days) Rate() float64 {
	var sum Window
	for _, r := range d {
		sum.Answered += r.Answered
		sum.Abandoned += r.Abandoned
	}
	return sum.Rate()
}

// HighestRate is the abandoned share of the worst day.
func (d Days) HighestRate() float64 {
	highest := 0.0
	for _, r := range d {
		highest = max(highest, r.Rate())
	}
	return highest
}
