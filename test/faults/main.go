// Command faults is a call centre in which everything fails that can: 20 calls
// a second go through a real Asterisk and calld while one part after another is
// killed, cut off, filled up or stopped, at random moments. After each fault it
// compares what the customers heard, what Asterisk's CDRs say and what calld's
// history says, and fails when a call was lost, dropped, overtaken or has not
// exactly one outcome, when an agent is stuck, or when goroutines or file
// handles were not given back.
//
//	go run ./test/faults -rounds 3 -only ami
//
// Needs root: for Asterisk's root folder, a small disk, and limits of file handles.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"hash/fnv"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"calld/test/lab"
)

// errViolated means that the run itself went well, but a promise was broken.
var errViolated = errors.New("faults: promises were broken")

// options are the flags.
type options struct {
	rounds int
	only   string
	seed   uint64
	rate   float64
	minute bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var o options
	flag.IntVar(&o.rounds, "rounds", 3, "rounds of each fault")
	flag.StringVar(&o.only, "only", "", "only faults with one of these `words`, separated by commas, in their names")
	flag.Uint64Var(&o.seed, "seed", uint64(time.Now().UnixNano()), "of the moments and lengths; the same for the same")
	flag.Float64Var(&o.rate, "rate", 20, "calls a second")
	flag.BoolVar(&o.minute, "minute", false, "stop Asterisk for a whole minute")
	flag.Parse()
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	if err := run(ctx, o, log); err != nil {
		fmt.Fprintln(os.Stderr, err)
		stop()
		os.Exit(1)
	}
}

// line is a line of the table.
type line struct {
	fault                                                    string
	rounds, calls, answered, kept, lost, unheard, violations int
	worst                                                    time.Duration
}

func run(ctx context.Context, o options, log *slog.Logger) error {
	if err := lab.Need(ctx, log, "sipp"); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "calld-faults-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary folder
	binary, err := build(ctx, dir)
	if err != nil {
		return err
	}
	fmt.Printf("seed %d\n", o.seed)
	r := runner{o: o, binary: binary, log: log}
	for _, f := range faults(o.minute) {
		if wanted(f.name, o.only) && err == nil {
			err = r.repeat(ctx, f)
		}
	}
	report(r.table)
	if r.scene != nil {
		err = errors.Join(err, r.scene.close())
	}
	for _, l := range r.table {
		if l.violations > 0 {
			err = errors.Join(err, errViolated)
			break
		}
	}
	return err
}

func wanted(name, only string) bool {
	for word := range strings.SplitSeq(only, ",") {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}

// runner runs all rounds.
type runner struct {
	o      options
	binary string
	log    *slog.Logger
	scene  *scene // nil: the next round begins with a new one
	base   base   // what it took when it was new
	rounds int    // in it
	table  []line
}

// repeat has one fault happen again and again. A round without violations leaves
// a call centre that is as good as new.
func (r *runner) repeat(ctx context.Context, f fault) error {
	name := fnv.New64()
	_, _ = io.WriteString(name, f.name)                     // never fails
	chance := rand.New(rand.NewPCG(r.o.seed, name.Sum64())) //nolint:gosec // to be had again
	l := line{fault: f.name}
	defer func() { r.table = append(r.table, l) }()
	for n := range r.o.rounds {
		if err := r.prepare(ctx); err != nil {
			return err
		}
		r.rounds++
		found, err := r.scene.round(ctx, f, r.rounds, r.o.rate, chance, r.base)
		if err != nil {
			return fmt.Errorf("%s, round %d: %w", f.name, n+1, err)
		}
		l.add(found)
		fmt.Printf("%s %d: %d calls, %d answered, %d talks went through it, %d ended with it, %d left unheard, recovered in %v, %d violations\n",
			f.name, n+1, found.calls, found.answered, found.kept, found.lost, found.unheard, found.recovery.Round(10*time.Millisecond), len(found.violations))
		if len(found.violations) == 0 {
			continue
		}
		for _, v := range found.violations[:min(len(found.violations), maxShown)] {
			fmt.Printf("  VIOLATION %s\n", v)
		}
		kept, err := r.scene.keep(f, n+1)
		if err = errors.Join(err, r.scene.close()); err != nil {
			return err
		}
		r.scene = nil
		fmt.Printf("  again: -only %s -seed %d -rounds %d -rate %v; logs in %s\n", f.name, r.o.seed, n+1, r.o.rate, kept)
	}
	return nil
}

// prepare makes a call centre, if there is none.
func (r *runner) prepare(ctx context.Context) (err error) {
	if r.scene != nil && r.rounds < maxRounds {
		return nil
	}
	if r.scene != nil {
		err = r.scene.close()
	}
	if err == nil {
		r.scene, err = newScene(ctx, r.binary, r.log)
	}
	if err != nil {
		r.scene = nil
		return err
	}
	r.rounds = 0
	r.base, err = r.scene.takes(ctx)
	return err
}

// add takes a round in.
func (l *line) add(r result) {
	l.rounds++
	l.calls += r.calls
	l.answered += r.answered
	l.kept += r.kept
	l.lost += r.lost
	l.unheard += r.unheard
	l.violations += len(r.violations)
	l.worst = max(l.worst, r.recovery)
}

// maxRounds is how many rounds a call centre serves: customers' numbers have
// three digits for the round.
const maxRounds = 999

// maxShown is how many violations of a round are shown.
const maxShown = 10

func report(table []line) {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(format string, a ...any) { _, _ = fmt.Fprintf(w, format, a...) } // to memory
	row("\nfault\trounds\tcalls\tanswered\ttalks through it\tended with it\tleft unheard\tworst recovery\tviolations\t\n")
	var all line
	for _, l := range table {
		row("%s\t%d\t%d\t%d\t%d\t%d\t%d\t%.1f s\t%d\t\n", l.fault, l.rounds, l.calls, l.answered, l.kept, l.lost, l.unheard, l.worst.Seconds(), l.violations)
		all.rounds += l.rounds
		all.calls += l.calls
		all.answered += l.answered
		all.kept += l.kept
		all.lost += l.lost
		all.unheard += l.unheard
		all.violations += l.violations
		all.worst = max(all.worst, l.worst)
	}
	row("all\t%d\t%d\t%d\t%d\t%d\t%d\t%.1f s\t%d\t\n", all.rounds, all.calls, all.answered, all.kept, all.lost, all.unheard, all.worst.Seconds(), all.violations)
	_ = w.Flush() // to memory
	fmt.Print(b.String())
}
