// Command footprint measures how soon calld is ready with a long history, and
// how much memory it takes with many agents and live calls:
//
//	go run ./test/footprint -markdown
//
// It fills a store with a million ended calls, and starts calld with it
// several times beside a real Asterisk: the time is from the start of the process
// until /readyz is green, which it is once Asterisk's channels are known. Cold means
// that neither the store nor the program is in the page cache. Then the agents
// log in by WebSocket, SIPp makes the calls, one to each agent and the others
// waiting, and calld's memory is read.
//
// The store has some 1.3 GB; it lies in a temporary folder, and is removed. With
// -store FILE it is kept, and used again.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"calld/test/centre"
	"calld/test/lab"
)

// What is aimed at.
const (
	maxReady  = 300 * time.Millisecond
	maxMemory = 100 << 20
)

const queues = 20

// errMissed means that the run went well, but calld did not reach an aim.
var errMissed = errors.New("footprint: an aim was missed")

// options are the flags.
type options struct {
	calls, agents, live, starts int
	store, profile              string
	markdown                    bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var o options
	flag.IntVar(&o.calls, "calls", 1_000_000, "ended calls in the history")
	flag.IntVar(&o.agents, "agents", 200, "agents, each with a page")
	flag.IntVar(&o.live, "live", 1000, "live calls")
	flag.IntVar(&o.starts, "starts", 5, "starts, cold and warm each")
	flag.StringVar(&o.store, "store", "", "keep the history in this `file`, and use it again")
	flag.StringVar(&o.profile, "profile", "", "write profiles of calld's heap into this `folder`")
	flag.BoolVar(&o.markdown, "markdown", false, "print Markdown")
	flag.Parse()
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	if err := run(ctx, o, log); err != nil {
		fmt.Fprintln(os.Stderr, err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, o options, log *slog.Logger) (err error) {
	if err := lab.Need(ctx, log, "sipp"); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "calld-footprint-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary folder
	if o.store == "" {
		o.store = filepath.Join(dir, "history.db")
	}
	if o.store, err = filepath.Abs(o.store); err != nil {
		return err
	}
	plan := centre.NewPlan(o.agents, queues)
	if _, err := os.Stat(o.store); errors.Is(err, fs.ErrNotExist) {
		begin := time.Now()
		if err := fill(ctx, o.store, o.calls, &plan); err != nil {
			return errors.Join(err, os.RemoveAll(o.store))
		}
		fmt.Fprintf(os.Stderr, "history of %d calls made in %s\n", o.calls, time.Since(begin).Round(time.Second))
	}
	binary, err := centre.Build(ctx, dir)
	if err != nil {
		return err
	}
	c, err := centre.Start(ctx, centre.Options{Plan: plan, Binary: binary, Log: log})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	if err := adopt(c, o.store); err != nil {
		return err
	}
	r := report{o: o}
	for range o.starts {
		for _, cold := range []bool{true, false} {
			s, err := start(ctx, c, cold, o.store, binary)
			if err != nil {
				return err
			}
			r.starts = append(r.starts, s)
		}
	}
	if r.stages, err = grow(ctx, c, o, log); err != nil {
		return err
	}
	if info, err := os.Stat(o.store); err == nil {
		r.size = info.Size()
	}
	return r.print(os.Stdout)
}

// adopt has the centre's calld use the history from its next start on.
func adopt(c *centre.Centre, history string) error {
	if err := c.Server.Stop(); err != nil {
		return err
	}
	if err := os.Remove(c.Data()); err != nil {
		return err
	}
	return os.Symlink(history, c.Data())
}
