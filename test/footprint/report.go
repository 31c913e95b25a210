package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// report is all that was found.
type report struct {
	o      options
	size   int64 // of the store
	starts []started
	stages []stage
}

// print prints the figures, and how they stand to the aims; the error says that
// one was missed.
func (r *report) print(w io.Writer) error {
	p := func(format string, a ...any) { _, _ = fmt.Fprintf(w, format, a...) } // standard output
	p("\nFrom the start of the process until /readyz is green, with %d ended calls in a store of %s:\n\n", r.o.calls, mib(r.size))
	rows := [][]string{{"store and program", "starts", "median", "longest", "calld CPU"}}
	late := false
	for _, cold := range []bool{false, true} {
		var took []time.Duration
		var cpu time.Duration
		for _, s := range r.starts {
			if s.cold == cold {
				took = append(took, s.ready)
				cpu += s.cpu
			}
		}
		if len(took) == 0 {
			continue
		}
		slices.Sort(took)
		late = late || took[len(took)-1] > maxReady
		rows = append(rows, []string{
			map[bool]string{false: "in the page cache", true: "on disk"}[cold], fmt.Sprint(len(took)),
			ms(took[len(took)/2]), ms(took[len(took)-1]), ms(cpu / time.Duration(len(took))),
		})
	}
	r.table(w, rows)
	p("\nMemory:\n\n")
	rows = [][]string{{"", "resident", "proportional", "of it own", "pages of the store", "Go heap in use", "goroutines", "CPU at rest"}}
	heavy := false
	for _, s := range r.stages {
		heavy = heavy || s.resident > maxMemory
		rows = append(rows, []string{
			s.name, mib(s.resident), mib(s.proportional), mib(s.anonymous), mib(s.store), mib(s.heap), fmt.Sprint(s.routines), ms(s.cpu) + "/s",
		})
	}
	r.table(w, rows)
	p("\n")
	var missed error
	for aim, bad := range map[string]bool{
		"ready within " + ms(maxReady):                      late,
		"at most " + mib(maxMemory) + " of memory resident": heavy,
	} {
		if bad {
			missed = errors.Join(missed, fmt.Errorf("%w: %s", errMissed, aim))
			continue
		}
		p("- %s: met\n", aim)
	}
	return missed
}

func (r *report) table(w io.Writer, rows [][]string) {
	if r.o.markdown {
		for i, row := range rows {
			_, _ = fmt.Fprintf(w, "| %s |\n", strings.Join(row, " | "))
			if i == 0 {
				_, _ = fmt.Fprintf(w, "|%s\n", strings.Repeat("---|", len(row)))
			}
		}
		return
	}
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		_, _ = fmt.Fprintln(tw, strings.Join(row, "\t"))
	}
	_ = tw.Flush()
}

func ms(d time.Duration) string { return fmt.Sprintf("%.0f ms", float64(d)/float64(time.Millisecond)) }
func mib(n int64) string        { return fmt.Sprintf("%.0f MiB", float64(n)/(1<<20)) }
