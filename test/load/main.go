// Command load measures what calld costs: the same calls, at the same rate, through
// plain Dial(), through app_queue's Queue() and through calld, each on a fresh
// Asterisk of its own, one after another; and how long after Asterisk's event
// that a phone rings the agent's page is told. It prints the figures side by
// side and fails when a call has failed.
//
//	go run ./test/load -rates 20,50,100 -markdown
//
// Callers and phones are SIPp without sound; pages are WebSocket clients in
// this program. All of them share the machine with what is measured: the
// figures say how busy it was and with whose work. Everything speaks on
// loopback only.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"calld/test/centre"
	"calld/test/lab"
)

// The shape of the call centre.
const (
	queues = 20
	// enough is how many agents serve the calls that are compared: nobody
	// waits at 100 calls a second and talks of 2 s.
	enough = 260
	few    = 200
	many   = 1000
)

const (
	talk = 2 * time.Second
	// shortTalk keeps half of few agents free at 100 calls a second.
	shortTalk = time.Second
	// warmUp is how long calls are made before any is measured.
	warmUp = 2 * time.Second
)

// errFailed means that the run itself went well, but some call did not.
var errFailed = errors.New("load: calls have failed")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var o options
	flag.Func("rates", "calls a second, separated by commas (100)", o.setRates)
	flag.DurationVar(&o.length, "for", 20*time.Second, "length of each measurement")
	flag.StringVar(&o.profile, "profile", "", "write CPU profiles of calld into this `folder`")
	flag.BoolVar(&o.events, "events", false, "count the manager events that calld is sent")
	flag.BoolVar(&o.markdown, "markdown", false, "print Markdown")
	flag.BoolVar(&o.matrix, "matrix", false, "measure each way at several rates with one and fifty agents, who take turns or ring together")
	flag.StringVar(&o.picture, "picture", "", "draw what -matrix has found into this SVG `file`")
	only := flag.String("only", "", "measure only what has this `word` in its name")
	flag.Parse()
	if len(o.rates) == 0 && !o.matrix {
		o.rates = []int{100}
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	if err := run(ctx, o, *only, log); err != nil {
		fmt.Fprintln(os.Stderr, err)
		stop()
		os.Exit(1)
	}
}

// options are the flags.
type options struct {
	rates            []int
	length           time.Duration
	profile, picture string
	markdown, events bool
	matrix           bool
}

func (o *options) setRates(text string) error {
	for word := range strings.SplitSeq(text, ",") {
		rate, err := strconv.Atoi(word)
		if err != nil || rate < 1 {
			return fmt.Errorf("%q is no number of calls a second", word)
		}
		o.rates = append(o.rates, rate)
	}
	return nil
}

// plan is one measurement.
type plan struct {
	name   string
	way    way
	agents int
	rate   int
	talk   time.Duration
	queues int
	all    bool // an agent's queue rings all agents; else they take turns
	tapped bool // the manager's connection is listened to
	lean   bool // Asterisk's manager makes no events that calld never reads
	length time.Duration
}

func plans(rates []int, length time.Duration) []plan {
	var all []plan
	for _, rate := range rates {
		all = append(all,
			plan{name: "Dial()", way: dial, agents: enough, rate: rate, talk: talk},
			plan{name: "Queue()", way: queue, agents: enough, rate: rate, talk: talk},
			plan{name: "calld", way: calld, agents: enough, rate: rate, talk: talk},
			plan{name: "calld, only_our_events", way: calld, agents: enough, rate: rate, talk: talk, lean: true},
			plan{name: "calld, few pages", way: calld, agents: few, rate: rate, talk: shortTalk, tapped: true},
			plan{name: "calld, many pages", way: calld, agents: many, rate: rate, talk: talk, tapped: true},
		)
	}
	for i := range all {
		all[i].queues, all[i].length = queues, length
	}
	return all
}

func run(ctx context.Context, o options, only string, log *slog.Logger) error {
	if err := lab.Need(ctx, log, "sipp"); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "calld-load-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary folder
	binary, err := centre.Build(ctx, dir)
	if err != nil {
		return err
	}
	if o.matrix {
		return runMatrix(ctx, o, only, binary, log)
	}
	var done []*figures
	for _, p := range plans(o.rates, o.length) {
		if !strings.Contains(p.name, only) {
			continue
		}
		f, err := measure(ctx, p, o, binary, log)
		if err != nil {
			return fmt.Errorf("%s at %d calls/s: %w", p.name, p.rate, err)
		}
		fmt.Fprintf(os.Stderr, "%s at %d calls/s: %d calls, %d failed\n", p.name, p.rate, f.calls(), f.failed())
		done = append(done, f)
	}
	report(os.Stdout, done, o)
	for _, f := range done {
		if n := f.failed(); n > 0 {
			err = errors.Join(err, fmt.Errorf("%w: %d of %d in %s at %d calls/s", errFailed, n, f.calls(), f.plan.name, f.plan.rate))
		}
	}
	return err
}
