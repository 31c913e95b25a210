// Command soak has a call centre work for hours and looks whether it stays as
// it was: 50 calls a second, 100 agents who log in and out and go away and come
// back, a reload with a changed configuration every minute, a backup every ten.
//
//	go run ./test/soak -for 1h
//
// Every minute it prints a line, and at the end a report: how memory,
// goroutines and file handles went, every warning in the logs with the reason
// why it may be there, and the books of calld, Asterisk and SIPp compared call by
// call. It exits with 1 when anything is off. On an interrupt it ends the calls,
// reports what there was until then, and removes all it has made. Everything
// speaks on loopback only.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"calld/test/centre"
	"calld/test/lab"
)

// errOff means that the run itself went well, but something is off.
var errOff = errors.New("soak: something is off, see the report")

// options are the flags.
type options struct {
	length       time.Duration
	rate, agents int
	binary       string
}

func main() {
	var o options
	flag.DurationVar(&o.length, "for", time.Hour, "how long calls are made")
	flag.IntVar(&o.rate, "rate", 50, "calls a second")
	flag.IntVar(&o.agents, "agents", 100, "agents")
	flag.StringVar(&o.binary, "calld", "", "the calld to run, a `file`; made from the source by default")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, o, slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})))
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options, log *slog.Logger) (err error) {
	if err := lab.Need(ctx, log, "sipp"); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "calld-soak-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary folder
	if o.binary == "" {
		if o.binary, err = centre.Build(ctx, dir); err != nil {
			return err
		}
	}
	announcer, err := newAnnouncer(ctx)
	if err != nil {
		return err
	}
	defer announcer.close()
	c, err := centre.Start(ctx, centre.Options{
		Plan: newPlan(o.agents, announcer.url()), Binary: o.binary, CDR: true, People: true, Log: log,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	if err := c.OpenPages(ctx, nil); err != nil {
		return err
	}
	s := &soak{Centre: c, options: o, dir: dir, begun: time.Now(), guestIn: true}
	if err := s.work(ctx); err != nil {
		return err
	}
	if s.report(os.Stdout) {
		return errOff
	}
	return nil
}
