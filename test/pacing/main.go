// Command pacing plays every scenario of package simulate with every method
// of pacing, on a virtual clock and for several seeds, prints the figures
// side by side, and holds them against the marks of docs/pacing.md.
//
//	go run ./test/pacing -seeds 6 -markdown
//
// It fails when a mark is missed, but for those of the optional hang-up and of the worst ten minutes. All figures but the cost of a decision are
// the same on every machine.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"runtime"
	"sync"

	"calld/simulate"
)

// errMissed means that all was played, but not all marks were met.
var errMissed = errors.New("pacing: marks were missed")

func main() {
	seeds := flag.Int("seeds", 6, "days to play of each scenario, each with customers of its own")
	only := flag.String("only", "", "play scenarios whose name matches this regular `expression`")
	markdown := flag.Bool("markdown", false, "print Markdown")
	flag.Parse()
	if err := run(os.Stdout, *seeds, *only, *markdown); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// The limits that are tried; at the stricter one only risk.
const (
	usual  = 0.03
	strict = 0.01
)

// The cells that the marks are about.
const (
	lite3  = "lite 3%"
	risk3  = "risk 3%"
	risk1  = "risk 1%"
	hangUp = ", hang-up"
)

func run(w io.Writer, seeds int, only string, markdown bool) error {
	match, err := regexp.Compile(only)
	if err != nil {
		return err
	}
	var scenarios []simulate.Scenario
	for _, s := range append(append(simulate.Grid(), simulate.Changing()...), simulate.Published()...) {
		if match.MatchString(s.Name) {
			scenarios = append(scenarios, s)
		}
	}
	t := table{w: w, markdown: markdown, widths: figureWidths}
	if err := t.row(figureHeading...); err != nil {
		return err
	}
	var cells []*cell
	for _, s := range scenarios {
		played, err := play(s, seeds)
		if err != nil {
			return err
		}
		for _, c := range played {
			if err := t.row(c.figures()...); err != nil {
				return err
			}
		}
		cells = append(cells, played...)
	}
	marks := judge(cells)
	if err := printMarks(w, marks, markdown); err != nil {
		return err
	}
	for _, m := range marks {
		if m.binding && !m.passed() {
			return errMissed
		}
	}
	return nil
}

// cell is one scenario played by one contender.
type cell struct {
	scenario  simulate.Scenario
	contender simulate.Contender
	limit     float64
	days      simulate.Days
}

// name is the contender's, with the limit if it has one.
func (c *cell) name() string {
	switch c.contender.Name {
	case "progressive", "power":
		return c.contender.Name
	case "risk-hangup":
		return fmt.Sprintf("risk %.0f%%%s", 100*c.limit, hangUp)
	default:
		return fmt.Sprintf("%s %.0f%%", c.contender.Name, 100*c.limit)
	}
}

// play plays a scenario with everybody, a day at a time on each processor.
func play(s simulate.Scenario, seeds int) ([]*cell, error) {
	var cells []*cell
	for _, c := range simulate.Contenders(usual) {
		cells = append(cells, &cell{s, c, usual, make(simulate.Days, seeds)})
	}
	for _, c := range simulate.Contenders(strict) {
		if c.Name == "risk" {
			cells = append(cells, &cell{s, c, strict, make(simulate.Days, seeds)})
		}
	}
	type day struct {
		cell *cell
		seed int
	}
	days := make(chan day)
	var workers sync.WaitGroup
	errs := make([]error, runtime.GOMAXPROCS(0))
	for i := range errs {
		workers.Go(func() {
			for d := range days {
				p, err := d.cell.contender.New(d.cell.scenario)
				if err != nil {
					errs[i] = err
					continue
				}
				d.cell.days[d.seed] = simulate.Run(d.cell.scenario, p, uint64(d.seed+1))
			}
		})
	}
	for _, c := range cells {
		for seed := range seeds {
			days <- day{c, seed}
		}
	}
	close(days)
	workers.Wait()
	return cells, errors.Join(errs...)
}
