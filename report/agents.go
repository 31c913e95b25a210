package report

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"calld/queue"
)

// AgentRow is what an agent did in an interval.
type AgentRow struct {
	Agent string    `json:"agent"`
	Start time.Time `json:"start" doc:"Of the interval, included."`
	End   time.Time `json:"end" doc:"Of the interval, not included."`
	AgentFigures
}

// AgentFigures are an agent's calls, under the time at which they began, and
// the agent's time, cut at the ends of the interval.
type AgentFigures struct {
	Answered int `json:"answered" doc:"Calls, those of customers whom a campaign has dialled too, and calls handed over by others, that the agent answered."`
	NotTaken int `json:"not_taken" doc:"Rings that ended without an answer, or were refused."`
	Made     int `json:"made" doc:"Calls to customers."`
	Reached  int `json:"reached" doc:"Of the calls made: the customer answered."`
	// The times. While calld does not run, nothing is known of any agent.
	LoggedInMS    int64            `json:"logged_in_ms"`
	AvailableMS   int64            `json:"available_ms"`
	RingMS        int64            `json:"ring_ms"`
	TalkMS        int64            `json:"talk_ms" doc:"With customers, dialling them included."`
	WrapupMS      int64            `json:"wrapup_ms"`
	UnreachableMS int64            `json:"unreachable_ms" doc:"Logged in, but the phone could not be reached."`
	AwayMS        int64            `json:"away_ms"`
	AwayBy        map[string]int64 `json:"away_by" doc:"away_ms by the reason given."`
	Occupancy     *float64         `json:"occupancy" doc:"(talk_ms + ring_ms + wrapup_ms) / logged_in_ms; null without a log-in."`
}

// Agents counts calls and times by agent and interval. It is not for several
// goroutines.
type Agents struct {
	cuts   Cuts
	counts map[string]map[int]*agentTally
	wanted []string
}

type agentTally struct {
	answered, notTaken, made, reached int
	states                            map[queue.AgentState]time.Duration
	away                              map[string]time.Duration
}

// NewAgents makes an empty report of the wanted agents; nil: all.
func NewAgents(cuts Cuts, wanted []string) *Agents {
	return &Agents{cuts: cuts, counts: map[string]map[int]*agentTally{}, wanted: wanted}
}

// Add counts an ended call, in any order.
func (r *Agents) Add(c *queue.Call) {
	i := r.cuts.Interval(c.Begin)
	if i < 0 {
		return
	}
	rings := c.Rings
	// A customer whom a campaign has dialled comes to the agents like a caller.
	if c.Direction == queue.Out && !queue.IsTryChannel(c.UniqueID) {
		maker := c.Agent
		if len(rings) > 0 { // the first ring is that of who makes the call
			maker, rings = rings[0].Agent, rings[1:]
		}
		if t := r.at(maker, i); t != nil {
			t.made++
			if c.Start != nil {
				t.reached++
			}
		}
	}
	for n := range rings {
		switch rings[n].Result {
		case queue.RingAnswer:
			if t := r.at(rings[n].Agent, i); t != nil {
				t.answered++
			}
		case queue.NoAnswer, queue.Refused:
			if t := r.at(rings[n].Agent, i); t != nil {
				t.notTaken++
			}
		default: // nobody's doing
		}
	}
}

// AddSpan counts a state.
func (r *Agents) AddSpan(s *Span) {
	if s.State == queue.Offline {
		return
	}
	r.cuts.each(s.From, s.To, func(i int, d time.Duration) {
		t := r.at(s.Agent, i)
		if t == nil {
			return
		}
		t.states[s.State] += d
		if s.State == queue.Away {
			t.away[s.Reason] += d
		}
	})
}

// at is where an agent's figures of an interval are; nil: not wanted.
func (r *Agents) at(id string, i int) *agentTally {
	if id == "" || r.wanted != nil && !slices.Contains(r.wanted, id) {
		return nil
	}
	if r.counts[id] == nil {
		r.counts[id] = map[int]*agentTally{}
	}
	t := r.counts[id][i]
	if t == nil {
		t = newAgentTally()
		r.counts[id][i] = t
	}
	return t
}

func newAgentTally() *agentTally {
	return &agentTally{states: map[queue.AgentState]time.Duration{}, away: map[string]time.Duration{}}
}

func (t *agentTally) plus(o *agentTally) {
	t.answered += o.answered
	t.notTaken += o.notTaken
	t.made += o.made
	t.reached += o.reached
	for state, d := range o.states {
		t.states[state] += d
	}
	for reason, d := range o.away {
		t.away[reason] += d
	}
}

func (t *agentTally) figures() AgentFigures {
	f := AgentFigures{
		Answered: t.answered, NotTaken: t.notTaken, Made: t.made, Reached: t.reached,
		AvailableMS: t.states[queue.Available].Milliseconds(), RingMS: t.states[queue.AgentRings].Milliseconds(),
		TalkMS: t.states[queue.AgentTalks].Milliseconds(), WrapupMS: t.states[queue.AgentWrapup].Milliseconds(),
		UnreachableMS: t.states[queue.PhoneAway].Milliseconds(), AwayMS: t.states[queue.Away].Milliseconds(),
		AwayBy: map[string]int64{},
	}
	var online time.Duration
	for _, d := range t.states {
		online += d
	}
	f.LoggedInMS = online.Milliseconds()
	for reason, d := range t.away {
		f.AwayBy[reason] = d.Milliseconds()
	}
	busy := t.states[queue.AgentTalks] + t.states[queue.AgentRings] + t.states[queue.AgentWrapup]
	f.Occupancy = share(int64(busy), int64(online))
	return f
}

// Rows are the figures of each agent and interval in which something was
// counted, by time and agent.
func (r *Agents) Rows() []AgentRow {
	rows := []AgentRow{}
	for id, counts := range r.counts {
		for i, t := range counts {
			rows = append(rows, AgentRow{id, r.cuts[i], r.cuts[i+1], t.figures()})
		}
	}
	slices.SortFunc(rows, func(a, b AgentRow) int {
		return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.Agent, b.Agent))
	})
	return rows
}

// Totals are the figures of each agent over all intervals, by agent.
func (r *Agents) Totals() []AgentRow {
	rows := []AgentRow{}
	for _, id := range slices.Sorted(maps.Keys(r.counts)) {
		rows = append(rows, AgentRow{id, r.cuts.From(), r.cuts.To(), r.sum(id).figures()})
	}
	return rows
}

// Total is the figures of all agents over all intervals.
func (r *Agents) Total() AgentFigures {
	sum := newAgentTally()
	for id := range r.counts {
		sum.plus(r.sum(id))
	}
	return sum.figures()
}

func (r *Agents) sum(id string) *agentTally {
	sum := newAgentTally()
	for _, t := range r.counts[id] {
		sum.plus(t)
	}
	return sum
}
