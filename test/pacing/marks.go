package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// mark is a promise, and in how many cells it was kept.
type mark struct {
	name                  string
	binding               bool // the program fails when it is missed
	cells, pass, splendid int
	missed                []string // with their figures
}

func (m *mark) passed() bool { return len(m.missed) == 0 }

// add judges one cell.
func (m *mark) add(where, got string, pass, splendid bool) {
	m.cells++
	if pass {
		m.pass++
	} else {
		m.missed = append(m.missed, where+": "+got)
	}
	if splendid {
		m.splendid++
	}
}

// judge holds the cells against the marks.
func judge(cells []*cell) []mark {
	var out []mark
	for _, method := range []string{risk3, risk3 + hangUp, risk1, lite3} {
		compliance := mark{name: method + ": limit kept"}
		occupancy := mark{name: method + ": occupancy"}
		won := mark{name: method + ": talk over progressive"}
		worst := mark{name: method + ": worst 10 minutes"}
		stepped := mark{name: method + ": first 10 minutes after a step up"}
		cold := mark{name: method + ": first 30 minutes"}
		published := mark{name: method + ": published tests"}
		cost := mark{name: method + ": cost of a decision"}
		for _, c := range cells {
			if c.name() != method {
				continue
			}
			c.judgeCompliance(&compliance)
			c.judgeGrid(cells, &occupancy, &won, &worst)
			c.judgeChanges(&stepped, &cold)
			c.judgePublished(&published)
			if c.scenario.Agents == 100 {
				cost.add(c.scenario.Name, c.days.PerDecision().String(), c.days.PerDecision() <= time.Millisecond, c.days.PerDecision() <= 200*time.Microsecond)
			}
		}
		for _, m := range []mark{compliance, occupancy, won, worst, stepped, cold, published, cost} {
			// The worst minutes of six days are chance for the most part.
			if m.binding = !strings.HasSuffix(method, hangUp) && m.name != worst.name; m.cells > 0 {
				out = append(out, m)
			}
		}
	}
	return out
}

func (c *cell) is(names ...string) bool {
	kind, _, _ := strings.Cut(c.scenario.Name, " ")
	return slices.Contains(names, kind)
}

// judgeCompliance: every day within the limit and three calls, the jumping
// lists within the limit and 0.3 points.
func (c *cell) judgeCompliance(m *mark) {
	if c.is("A1", "A2", "A3") {
		return
	}
	pass, splendid := true, true
	got := ""
	for seed, d := range c.days {
		over := float64(d.Abandoned) - c.limit*float64(d.Answered)
		within := over <= 3
		if c.is("block") {
			within = d.Rate() <= c.limit+0.003
		}
		if !within {
			pass = false
			got = fmt.Sprintf("day %d %s %% (%.1f calls over)", seed+1, percent(d.Rate()), over)
		}
		splendid = splendid && over <= 0
	}
	m.add(c.scenario.Name, got, pass, splendid)
}

// judgeGrid judges the steady days.
func (c *cell) judgeGrid(cells []*cell, occupancy, won, worst *mark) {
	ref, steady := reference[c.scenario.Name]
	if !steady {
		return
	}
	if c.limit == usual {
		limit := worstMinutes[c.scenario.Agents]
		worst.add(c.scenario.Name, percent(c.days.Worst()), c.days.Worst() <= limit, c.days.Worst() <= c.peer(cells, "adaptive").days.Worst()/2)
	}
	if c.contender.Name == "lite" {
		return
	}
	risk, frontier := ref.risk3, ref.frontier3
	if c.limit == strict {
		risk, frontier = ref.risk1, ref.frontier1
	}
	got := 100 * c.days.Occupancy()
	occupancy.add(c.scenario.Name, number(got), got >= risk-1, got >= frontier-0.5)
	if g, ok := gain[c.scenario.Name]; ok && c.limit == usual {
		more := c.days.TalkPerHour() - c.peer(cells, "progressive").days.TalkPerHour()
		won.add(c.scenario.Name, number(more), more >= g[0], more >= g[1])
	}
}

// peer is the same scenario played by another.
func (c *cell) peer(cells []*cell, name string) *cell {
	for _, other := range cells {
		if other.scenario.Name == c.scenario.Name && other.contender.Name == name {
			return other
		}
	}
	return nil
}

// judgeChanges judges the minutes after a step, and the first half hour.
func (c *cell) judgeChanges(stepped, cold *mark) {
	if c.is("up") && c.scenario.Agents <= 50 {
		w := c.afterStep()
		calls := float64(w.Abandoned) / float64(len(c.days))
		stepped.add(c.scenario.Name, fmt.Sprintf("%s %%, %.1f calls", percent(w.Rate()), calls), w.Rate() <= 0.09 && calls <= 15, w.Rate() <= 0.05)
	}
	if c.scenario.Agents >= 20 && c.is("up", "down", "sine", "lunch", "talk", "bimodal", "cv2.0", "cv0.3") {
		w := c.firstHalfHour()
		cold.add(c.scenario.Name, percent(w.Rate())+" %", w.Rate() <= c.limit+0.01, w.Rate() <= c.limit)
	}
}

// judgePublished: more than 90 % at 3 %, as the vendor claims; splendid at 1 %.
func (c *cell) judgePublished(m *mark) {
	if !c.is("A1", "A2", "A3") || c.contender.Name == "lite" {
		return
	}
	rate, good := c.days.Rate(), c.days.Occupancy() > 0.9
	pass := rate <= c.limit && (good || c.limit == strict)
	m.add(c.scenario.Name, fmt.Sprintf("%s %% at %s %%", percent(c.days.Occupancy()), percent(rate)), pass, pass && good && rate <= strict)
}
