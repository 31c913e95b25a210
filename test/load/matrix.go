package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"
)

// The shape of the matrix: all agents are in one queue.
const (
	fifty = 50
	// fiftyTalk keeps three agents of five busy at 150 calls a second.
	fiftyTalk = 200 * time.Millisecond
	// oneTalk leaves one agent time for 3 calls a second.
	oneTalk = 200 * time.Millisecond
	// allTalk: of the fifty phones that ring, five are answered.
	allTalk = 100 * time.Millisecond

	turnsLength = 8 * time.Second
	oneLength   = 15 * time.Second
	allLength   = 15 * time.Second
	// patience is how long one measurement may take in all: where calls pile up
	// it gives way.
	patience = time.Minute
)

// block is one table of the matrix.
type block struct {
	title string
	rates []int
	plan  plan
	done  []*figures
}

func blocks(rates []int) []*block {
	if len(rates) == 0 {
		rates = []int{20, 50, 100, 150}
	}
	return []*block{
		{
			title: "Fifty agents of one queue who take turns; talks of 0.2 s", rates: rates,
			plan: plan{agents: fifty, queues: 1, talk: fiftyTalk, length: turnsLength},
		},
		{
			title: "One agent; talks of 0.2 s", rates: []int{1, 2, 3},
			plan: plan{agents: 1, queues: 1, talk: oneTalk, length: oneLength},
		},
		{
			title: "Fifty agents who all ring for each call, of whom five answer; talks of 0.1 s", rates: []int{1, 2, 5},
			plan: plan{agents: fifty, queues: 1, talk: allTalk, length: allLength, all: true},
		},
	}
}

// runMatrix measures every way in every block, and prints and draws it. What
// can't be measured because something gives way is told in the table.
func runMatrix(ctx context.Context, o options, only, binary string, log *slog.Logger) error {
	var failed error
	all := blocks(o.rates)
	for _, b := range all {
		for _, rate := range b.rates {
			for _, w := range []way{dial, queue, calld} {
				p := b.plan
				p.way, p.name, p.rate = w, w.String(), rate
				if !strings.Contains(p.name, only) {
					continue
				}
				limited, cancel := context.WithTimeout(ctx, patience)
				f, err := measure(limited, p, o, binary, log)
				if limited.Err() != nil {
					err = fmt.Errorf("not over within %s", patience)
				}
				cancel()
				if ctx.Err() != nil {
					return context.Cause(ctx)
				}
				if err != nil {
					f = &figures{plan: p, broken: err}
				}
				fmt.Fprintf(os.Stderr, "%s: %s at %d calls/s: %d calls, %d failed\n", b.title, p.name, rate, f.calls(), f.failed())
				b.done = append(b.done, f)
				if n := f.failed(); w == calld && n > 0 {
					err = fmt.Errorf("%w: %d of %d at %d calls/s: %s", errFailed, n, f.calls(), rate, b.title)
				}
				if w == calld {
					failed = errors.Join(failed, err)
				}
			}
		}
	}
	for _, b := range all {
		b.print(os.Stdout, o.markdown)
	}
	if o.picture != "" {
		return errors.Join(failed, draw(o.picture, all[0]))
	}
	return failed
}

func (w way) String() string { return [...]string{dial: "Dial()", queue: "Queue()", calld: "calld"}[w] }

// print prints the table, and what broke.
func (b *block) print(w io.Writer, markdown bool) {
	if len(b.done) == 0 {
		return
	}
	_, _ = fmt.Fprintf(w, "\n%s:\n\n", b.title) // standard output, as all below
	t := table{{
		"way", "calls/s", "calls", "failed", "to 180: p50", "p99", "to 200: p50", "p99", "max", "to the agent, mean",
		"Asterisk CPU/call", "calld CPU/call", "machine busy", "others",
	}}
	for _, f := range b.done {
		t = append(t, f.matrixRow())
	}
	t.print(w, markdown)
	_, _ = fmt.Fprintln(w)
	for _, f := range b.done {
		if f.broken != nil {
			why, _, _ := strings.Cut(f.broken.Error(), "\n") // the rest is what sipp printed
			_, _ = fmt.Fprintf(w, "- %s at %d calls/s gave way: %s\n", f.plan.name, f.plan.rate, why)
		}
		if f.faults > 0 {
			_, _ = fmt.Fprintf(w, "- %s at %d calls/s: %d warnings in the logs, the last: %s\n", f.plan.name, f.plan.rate, f.faults, f.fault)
		}
	}
}

func (f *figures) matrixRow() []string {
	row := []string{f.plan.name, fmt.Sprint(f.plan.rate)}
	if f.broken != nil {
		return append(row, "gave way", "", "", "", "", "", "", "", "", "", "", "")
	}
	u := f.used
	share := func(d time.Duration) string { return fmt.Sprintf("%.0f %%", 100*d.Seconds()/u.capacity.Seconds()) }
	ring50, ring99 := ms(f.result.Ring50, 0), ms(f.result.Ring99, 0)
	toAgent, server := f.result.Mean, "–"
	switch f.plan.way {
	case queue:
		ring50, ring99 = "–", "–" // its option r rings before any phone does
	case calld:
		toAgent, server = f.wait, ms(f.perCall(u.calld), 2)
	case dial:
	}
	return append(row, fmt.Sprint(f.calls()), fmt.Sprint(f.failed()), ring50, ring99,
		ms(f.result.P50, 0), ms(f.result.P99, 0), ms(f.result.Max, 0), ms(toAgent, 1),
		ms(f.perCall(u.asterisk), 2), server, share(u.machine), share(u.others()))
}
