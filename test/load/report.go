package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// The targets at the highest rate.
const (
	maxSlower   = 10 * time.Millisecond // p99 of calld over that of Dial()
	maxDearer   = 1.2                   // Asterisk's processor time, of that of Dial()
	maxLateFew  = 5 * time.Millisecond  // p99 of the alerts
	maxLateMany = 20 * time.Millisecond
)

// table is printed for people, or as Markdown.
type table [][]string

func (t table) print(w io.Writer, markdown bool) {
	if !markdown {
		tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		for _, row := range t {
			_, _ = fmt.Fprintln(tw, strings.Join(row, "\t")) // standard output
		}
		_ = tw.Flush()
		return
	}
	for i, row := range t {
		_, _ = fmt.Fprintf(w, "| %s |\n", strings.Join(row, " | "))
		if i == 0 {
			_, _ = fmt.Fprintf(w, "|%s\n", strings.Repeat("---|", len(row)))
		}
	}
}

// report prints all figures and how they stand to the targets.
func report(w io.Writer, all []*figures, o options) {
	calls := table{{
		"way", "agents", "calls/s", "calls", "failed", "p50", "p99", "max",
		"Asterisk CPU/call", "calld CPU/call", "load CPU/call", "machine busy", "others", "load before",
	}}
	pages := table{{"way", "pages", "calls/s", "alerts", "p50", "p99", "max", "unmatched", "frames/s", "bytes/frame", "pages lost"}}
	for _, f := range all {
		calls = append(calls, f.callsRow())
		if f.plan.tapped {
			pages = append(pages, f.pagesRow())
		}
	}
	section := func(title string, t table) {
		if len(t) > 1 {
			_, _ = fmt.Fprintf(w, "\n%s\n\n", title)
			t.print(w, o.markdown)
		}
	}
	section("From INVITE to 200, and processor time:", calls)
	section("From the event that a phone rings, arrived on this machine, to the alert read by the agent's page:", pages)
	_, _ = fmt.Fprintln(w)
	for _, line := range verdicts(all) {
		_, _ = fmt.Fprintln(w, "-", line)
	}
	for _, f := range all {
		if f.faults > 0 {
			_, _ = fmt.Fprintf(w, "- %s at %d calls/s: %d warnings in the logs, the last: %s\n", f.plan.name, f.plan.rate, f.faults, f.fault)
		}
		if o.events && f.events != nil {
			f.printEvents(w)
		}
	}
}

func (f *figures) callsRow() []string {
	u := f.used
	share := func(d time.Duration) string { return fmt.Sprintf("%.0f %%", 100*d.Seconds()/u.capacity.Seconds()) }
	server := "–"
	if f.plan.way == calld {
		server = ms(f.perCall(u.calld), 2)
	}
	return []string{
		f.plan.name, fmt.Sprint(f.plan.agents), fmt.Sprint(f.plan.rate), fmt.Sprint(f.calls()), fmt.Sprint(f.failed()),
		ms(f.result.P50, 0), ms(f.result.P99, 0), ms(f.result.Max, 0),
		ms(f.perCall(u.asterisk), 2), server, ms(f.perCall(u.load), 2),
		share(u.machine), share(u.others()), fmt.Sprintf("%.1f", f.loadavg),
	}
}

func (f *figures) pagesRow() []string {
	a := &f.alerts
	return []string{
		f.plan.name, fmt.Sprint(f.plan.agents), fmt.Sprint(f.plan.rate), fmt.Sprint(len(a.late)),
		ms(a.percentile(50), 2), ms(a.percentile(99), 2), ms(a.percentile(100), 2), fmt.Sprint(a.unmatched),
		fmt.Sprintf("%.0f", float64(f.frames)/f.result.Took.Seconds()), fmt.Sprint(f.bytes / max(1, f.frames)), fmt.Sprint(f.lost),
	}
}

func ms(d time.Duration, digits int) string {
	return fmt.Sprintf("%.*f ms", digits, float64(d)/float64(time.Millisecond))
}

// verdicts compare the figures with the targets, where both sides were
// measured.
func verdicts(all []*figures) []string {
	var lines []string
	judge := func(good bool, format string, a ...any) {
		word := "met"
		if !good {
			word = "MISSED"
		}
		lines = append(lines, fmt.Sprintf(format, a...)+": "+word)
	}
	find := func(name string, rate int) *figures {
		for _, f := range all {
			if f.plan.name == name && f.plan.rate == rate {
				return f
			}
		}
		return nil
	}
	for _, f := range all {
		rate := f.plan.rate
		switch {
		case f.plan.tapped:
			limit := maxLateFew
			if f.plan.agents > few {
				limit = maxLateMany
			}
			p99 := f.alerts.percentile(99)
			judge(p99 < limit && len(f.alerts.late) > 0, "%s at %d calls/s: p99 of the alerts %s, below %s wanted", f.plan.name, rate, ms(p99, 2), ms(limit, 0))
		case f.plan.way == calld:
			if base := find("Dial()", rate); base != nil {
				more := f.result.P99 - base.result.P99
				judge(more <= maxSlower, "%s at %d calls/s: p99 %s over Dial(), at most %s wanted", f.plan.name, rate, ms(more, 0), ms(maxSlower, 0))
				times := float64(f.perCall(f.used.asterisk)) / float64(max(1, base.perCall(base.used.asterisk)))
				judge(times <= maxDearer, "%s at %d calls/s: Asterisk's CPU %.2f times that of Dial(), at most %.1f wanted", f.plan.name, rate, times, maxDearer)
			}
			if base := find("Queue()", rate); base != nil {
				times := float64(f.perCall(f.used.asterisk)) / float64(max(1, base.perCall(base.used.asterisk)))
				judge(times < 1, "%s at %d calls/s: Asterisk's CPU %.2f times that of Queue(), less wanted", f.plan.name, rate, times)
			}
		}
	}
	return lines
}

// printEvents prints what the manager sent, for each call.
func (f *figures) printEvents(w io.Writer) {
	calls := float64(max(1, f.calls()))
	_, _ = fmt.Fprintf(w, "- %s at %d calls/s: the manager sent %.0f bytes a call, in events:\n", f.plan.name, f.plan.rate, float64(f.amiBytes)/calls)
	for _, name := range slices.Sorted(maps.Keys(f.events)) {
		_, _ = fmt.Fprintf(w, "  - %s %.2f a call\n", name, float64(f.events[name])/calls)
	}
}
