package config

import (
	"fmt"
	"slices"
	"strings"
)

// maxListed bounds the entries of a list of numbers.
const maxListed = 10_000

// Callers is the [callers] table: customers who are treated differently.
type Callers struct {
	VIP     Numbers // are served before others; never blocked
	Blocked Numbers // are turned away
}

// IsBlocked reports whether calls of a number, however it is written, are turned
// away.
func (c *Callers) IsBlocked(n *Numbering, number string) bool {
	return c.Blocked.Has(n, number) && !c.VIP.Has(n, number)
}

// Numbers is a sorted list of normal numbers. An entry that ends in * is every
// number that begins so.
type Numbers []string

// Has reports whether a number, however it is written, is in the list. A
// withheld number, the empty one, never is.
//
// A beginning that is no longer than what may stand before a number, such as 00*
// or +82*, is of numbers that are written so: it would be everybody's.
func (l Numbers) Has(n *Numbering, number string) bool {
	written := NormalNumber(number)
	if written == "" || len(l) == 0 {
		return false
	}
	if l.has(written) || l.begins(way{text: written}) || slices.ContainsFunc(n.ways(number), l.begins) {
		return true
	}
	return slices.ContainsFunc(n.Spellings(number), func(s string) bool { return l.has(s) || l.has("+"+s) })
}

func (l Numbers) has(entry string) bool {
	_, ok := slices.BinarySearch(l, entry)
	return ok
}

// begins reports whether the list has a beginning that is longer than the lead.
func (l Numbers) begins(w way) bool {
	for i := w.lead + 1; i <= min(len(w.text), maxNumber); i++ {
		if l.has(w.text[:i] + "*") {
			return true
		}
	}
	return false
}

func readCallers(s *section) Callers {
	c := Callers{VIP: s.numbers("vip"), Blocked: s.numbers("blocked")}
	for _, n := range c.Blocked {
		if _, both := slices.BinarySearch(c.VIP, n); both {
			s.fault("blocked", "%s is in callers.vip too; remove one of the two", n)
		}
	}
	s.done()
	return c
}

// numbers reads a list of numbers and beginnings of numbers.
func (s *section) numbers(key string) Numbers {
	var list Numbers
	for _, text := range s.list(key, nil) {
		// A * alone would be everybody, surely by mistake.
		begin, pattern := strings.CutSuffix(NormalNumber(text), "*")
		if err := number(begin); err != nil {
			s.fault(key, "%q is neither a number nor the beginning of one with * after it", text)
			continue
		}
		if pattern {
			begin += "*"
		}
		list = append(list, begin)
	}
	if len(list) > maxListed {
		s.fault(key, "has %d entries; there may be %d: a beginning with * after it stands for many", len(list), maxListed)
	}
	slices.Sort(list)
	for i := 1; i < len(list); i++ {
		if list[i] == list[i-1] {
			s.fault(key, "%s is listed twice; remove one", list[i])
		}
	}
	return slices.Compact(list)
}

// maxLevel is the last level that agents of a queue may have; the first is 1.
const maxLevel = 9

// levels reads the levels of the agents who have another than the first. Who
// they are is looked at when the agents have been read.
func (s *section) levels() map[string]int {
	t := s.table("levels")
	if t.node == nil {
		return nil
	}
	levels := map[string]int{}
	for _, id := range t.node.order {
		levels[id] = t.integer(id, 1, 1, maxLevel)
	}
	s.l.levels = append(s.l.levels, t)
	return levels
}

// checkLevels warns of levels that mean nobody. They are no faults: an agent
// may be added without the file.
func (l *loader) checkLevels(c *Config) {
	ids := make([]string, len(c.Agents))
	for i := range c.Agents {
		ids[i] = c.Agents[i].ID
	}
	for _, t := range l.levels {
		queue := t.path[1]
		for _, agent := range t.node.order {
			a, ok := c.Agent(agent)
			switch {
			case l.partial:
			case !ok:
				t.warn(agent, "the files have no such agent%s", didYouMean(agent, ids))
			case !slices.Contains(a.Queues, queue):
				t.warn(agent, "this agent does not serve the queue; add it to the agent's queues")
			}
		}
	}
}

// Level is the agent's level in the queue: those of a lower one are rung first.
func (q *Queue) Level(agent string) int { return max(1, q.Levels[agent]) }

// shownLevels are levels as the file has them.
func shownLevels(levels map[string]int) setting {
	var list []string
	for id, level := range levels {
		list = append(list, fmt.Sprintf("%q = %d", id, level))
	}
	slices.Sort(list)
	return setting{key: "levels", value: "{" + strings.Join(list, ", ") + "}"}
}
