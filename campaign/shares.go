package campaign

import (
	"cmp"
	"maps"
	"slices"
)

// shares gives each agent to one campaign at most, so that campaigns with the
// same agents do not dial for them twice. An agent stays with a campaign until
// the next call is over. Then the campaign that has the fewest gets the agent,
// of several the one whose turn is the longest ago.
type shares struct {
	of    map[string]string // campaign, by agent
	turn  map[string]uint64 // of the campaigns: when they were last given an agent
	turns uint64
}

func newShares() shares { return shares{of: map[string]string{}, turn: map[string]uint64{}} }

// wanting is a campaign that asks for agents.
type wanting struct {
	id    string
	queue string
	// underway is how many of its customers ring or wait: for so many free agents
	// it has dialled already. more: it has somebody to dial beside them.
	underway int
	more     bool
}

// sharer is an agent who works, and whether free.
type sharer struct {
	id     string
	queues []string
	free   bool
}

// release gives an agent up, at the end of a call or at leaving.
func (s *shares) release(agent string) { delete(s.of, agent) }

// took notes that an agent serves a customer of a campaign, to whomever the
// agent was given: then both campaigns exchange agents.
func (s *shares) took(agent, campaign string, agents []sharer) {
	was, had := s.of[agent]
	if had && was == campaign {
		return
	}
	s.of[agent] = campaign
	if !had {
		return
	}
	i := slices.IndexFunc(agents, func(a sharer) bool { return a.id == agent })
	if i < 0 {
		return
	}
	for _, a := range agents {
		if a.free && s.of[a.id] == campaign && a.id != agent && slices.ContainsFunc(a.queues, func(q string) bool { return slices.Contains(agents[i].queues, q) }) {
			s.of[a.id] = was
			return
		}
	}
}

// give shares the agents out anew, as far as nobody is in the way: who rings or
// waits for an agent keeps one.
func (s *shares) give(campaigns []wanting, agents []sharer) {
	known := map[string]*wanting{}
	for i := range campaigns {
		known[campaigns[i].id] = &campaigns[i]
	}
	here := map[string]bool{}
	for _, a := range agents {
		here[a.id] = true
		if c := known[s.of[a.id]]; c == nil || !slices.Contains(a.queues, c.queue) {
			delete(s.of, a.id)
		}
	}
	maps.DeleteFunc(s.of, func(agent, _ string) bool { return !here[agent] })
	maps.DeleteFunc(s.turn, func(id string, _ uint64) bool { return known[id] == nil })
	s.spare(known, agents)
	for _, a := range agents {
		if s.of[a.id] == "" {
			s.assign(known, a)
		}
	}
	for s.even(known, agents) {
	}
}

// spare takes from each campaign with nobody more to dial the free agents for
// whom none of its customers rings.
func (s *shares) spare(known map[string]*wanting, agents []sharer) {
	kept := map[string]int{}
	for _, a := range agents {
		c := known[s.of[a.id]]
		if c == nil || c.more || !a.free {
			continue
		}
		if kept[c.id] < c.underway {
			kept[c.id]++
		} else {
			delete(s.of, a.id)
		}
	}
}

// assign gives an agent to the campaign that has the fewest.
func (s *shares) assign(known map[string]*wanting, a sharer) {
	have := s.count()
	var best *wanting
	for _, id := range slices.Sorted(maps.Keys(known)) {
		c := known[id]
		if !c.more || !slices.Contains(a.queues, c.queue) {
			continue
		}
		if best == nil || cmp.Or(cmp.Compare(have[c.id], have[best.id]), cmp.Compare(s.turn[c.id], s.turn[best.id])) < 0 {
			best = c
		}
	}
	if best != nil {
		s.hand(a.id, best.id)
	}
}

func (s *shares) hand(agent, campaign string) {
	s.turns++
	s.of[agent], s.turn[campaign] = campaign, s.turns
}

func (s *shares) count() map[string]int {
	have := map[string]int{}
	for _, id := range s.of {
		have[id]++
	}
	return have
}

// even moves one free agent, for whom nobody rings, from a campaign to another
// that has at least two fewer; false when there is none to move.
func (s *shares) even(known map[string]*wanting, agents []sharer) bool {
	have, free := s.count(), map[string]int{}
	for _, a := range agents {
		if a.free {
			free[s.of[a.id]]++
		}
	}
	for _, a := range agents {
		from := known[s.of[a.id]]
		if from == nil || !a.free || free[from.id] <= from.underway {
			continue
		}
		for _, id := range slices.Sorted(maps.Keys(known)) {
			to := known[id]
			if to.more && slices.Contains(a.queues, to.queue) && have[to.id]+1 < have[from.id] {
				s.hand(a.id, to.id)
				return true
			}
		}
	}
	return false
}
