package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"calld/simulate"
)

// step is half time in seconds, when the scenarios that step do so.
const step = 4 * 3600

func (c *cell) firstHalfHour() simulate.Window { return c.days.Between(0, 1800) }

func (c *cell) afterStep() simulate.Window { return c.days.Between(step, step+600) }

func percent(x float64) string { return fmt.Sprintf("%.2f", 100*x) }

func number(x float64) string { return fmt.Sprintf("%.1f", x) }

var (
	figureHeading = []string{
		"scenario", "method", "occupancy %", "talk min/h", "abandoned %", "worst day %", "worst 10 min %",
		"first 30 min %", "after step %", "idle s", "dials/agent h", "decision",
	}
	figureWidths = []int{10, 16, 11, 10, 11, 11, 14, 14, 12, 6, 13, 8}
)

func (c *cell) figures() []string {
	return []string{
		c.scenario.Name, c.name(), percent(c.days.Occupancy()), number(c.days.TalkPerHour()),
		percent(c.days.Rate()), percent(c.days.HighestRate()), percent(c.days.Worst()),
		percent(c.firstHalfHour().Rate()), percent(c.afterStep().Rate()),
		number(c.days.Idle()), number(c.days.DialsPerHour()),
		c.days.PerDecision().Round(100 * time.Nanosecond).String(),
	}
}

func printMarks(w io.Writer, marks []mark, markdown bool) error {
	if _, err := fmt.Fprintln(w); err != nil {
		return err
	}
	t := table{w: w, markdown: markdown, widths: []int{48, 5, 5, 8}}
	if err := t.row("mark", "cells", "pass", "splendid", "missed"); err != nil {
		return err
	}
	for _, m := range marks {
		missed := "-"
		if !m.passed() {
			missed = strings.Join(m.missed, "; ")
		}
		if err := t.row(m.name, strconv.Itoa(m.cells), strconv.Itoa(m.pass), strconv.Itoa(m.splendid), missed); err != nil {
			return err
		}
	}
	return nil
}

// table prints rows as they come, the first as a heading.
type table struct {
	w        io.Writer
	markdown bool
	widths   []int // of all columns but the last
	rows     int
}

func (t *table) row(cells ...string) error {
	var b strings.Builder
	t.rows++
	if t.markdown {
		b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
		if t.rows == 1 {
			b.WriteString(strings.Repeat("|---", len(cells)) + "|\n")
		}
	} else {
		for i, cell := range cells {
			if i < len(t.widths) {
				fmt.Fprintf(&b, "%-*s  ", t.widths[i], cell)
			} else {
				b.WriteString(cell)
			}
		}
		b.WriteByte('\n')
	}
	_, err := io.WriteString(t.w, b.String())
	return err
}
