package campaign

import (
	"fmt"
	"slices"
	"testing"
)

// FuzzShares has agents come, work and go, and campaigns begin and end, as the bytes
// say. Nobody is given twice, to a campaign unknown, or one that the agent does not serve;
// what is given away is never more than there is; and who shares agents with nobody
// in the way gets as many as the other, but for one.
func FuzzShares(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7})
	f.Add([]byte("a long working day of a call centre"))
	f.Add([]byte{255, 0, 255, 0, 128, 64, 32, 16, 8, 4, 2, 1})
	f.Fuzz(func(t *testing.T, steps []byte) {
		s := newShares()
		const most = 9
		var agents []sharer
		for i := range most {
			agents = append(agents, sharer{id: fmt.Sprint("a", i), queues: []string{"q", []string{"x", "y"}[i%2]}, free: true})
		}
		campaigns := []wanting{
			{id: "c1", queue: "q", more: true}, {id: "c2", queue: "q", more: true}, {id: "c3", queue: "x", more: true}, {id: "c4", queue: "y", more: true},
		}
		for _, b := range steps {
			i, j := int(b)%most, int(b>>4)%len(campaigns)
			here, run := agents, campaigns
			switch b % 5 {
			case 0: // an agent begins or ends a call
				if agents[i].free = !agents[i].free; agents[i].free {
					s.release(agents[i].id)
				} else if slices.Contains(agents[i].queues, campaigns[j].queue) {
					s.took(agents[i].id, campaigns[j].id, agents)
				}
			case 1:
				campaigns[j].more = !campaigns[j].more
			case 2:
				campaigns[j].underway = int(b>>5) % 4
			case 3: // some agents are away for once, and a campaign is paused
				here, run = agents[i:], campaigns[:j]
			}
			s.give(run, here)
			checkShares(t, &s, run, here)
		}
		// Once nobody is in the way all get their part.
		for i := range agents {
			agents[i].free = true
		}
		both := []wanting{{id: "c1", queue: "q", more: true}, {id: "c2", queue: "q", more: true}}
		s.give(both, agents)
		checkShares(t, &s, both, agents)
		if have := s.count(); have["c1"]+have["c2"] != most || max(have["c1"], have["c2"])-min(have["c1"], have["c2"]) > 1 {
			t.Errorf("shares of %d agents: %v", most, have)
		}
	})
}

func checkShares(t *testing.T, s *shares, campaigns []wanting, agents []sharer) {
	t.Helper()
	for agent, id := range s.of {
		i := slices.IndexFunc(agents, func(a sharer) bool { return a.id == agent })
		j := slices.IndexFunc(campaigns, func(c wanting) bool { return c.id == id })
		if i < 0 || j < 0 {
			t.Fatalf("%s is given to %s: one of them is not there", agent, id)
		}
		if !slices.Contains(agents[i].queues, campaigns[j].queue) {
			t.Fatalf("%s does not serve %s", agent, campaigns[j].queue)
		}
	}
	for i, a := range agents { // nobody idles while a campaign could have them
		if s.of[a.id] == "" && slices.ContainsFunc(campaigns, func(c wanting) bool { return c.more && slices.Contains(agents[i].queues, c.queue) }) {
			t.Fatalf("%s is given to nobody: %+v", a.id, campaigns)
		}
	}
}

// The agent left over goes to each campaign in turn.
func TestSharesRotate(t *testing.T) {
	s := newShares()
	agents := []sharer{{id: "a1", queues: []string{"q"}, free: true}}
	campaigns := []wanting{{id: "c1", queue: "q", more: true}, {id: "c2", queue: "q", more: true}, {id: "c3", queue: "q", more: true}}
	var got []string
	for range 6 {
		s.give(campaigns, agents)
		got = append(got, s.of["a1"])
		s.release("a1") // the call is over
	}
	if want := []string{"c1", "c2", "c3", "c1", "c2", "c3"}; !slices.Equal(got, want) {
		t.Errorf("given to %v, want %v", got, want)
	}
}
