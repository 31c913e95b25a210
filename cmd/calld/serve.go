package main

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"calld/app"
)

// gcPercent is GOGC where the environment has none. With a thousand live calls
// much of what is in use are stacks, for which Go would let the heap grow by as much
// again before it collects: 10 MiB less are resident than with Go's 100.
const gcPercent = 50

type serveCmd struct {
	configFlag
	LogLevel  slog.Level `help:"debug, info, warn or error." default:"info" env:"CALLD_LOG_LEVEL"`
	LogFormat string     `help:"text or json." enum:"text,json" default:"text" env:"CALLD_LOG_FORMAT"`
}

// Run serves until a signal ends it. A second signal ends the process at
// once.
func (c serveCmd) Run(ctx context.Context) error {
	options := &slog.HandlerOptions{Level: c.LogLevel}
	var h slog.Handler = slog.NewTextHandler(os.Stderr, options)
	if c.LogFormat == "json" {
		h = slog.NewJSONHandler(os.Stderr, options)
	}
	log := slog.New(h)
	if _, err := loadConfig(c.Config); err != nil {
		return err // all faults are printed, a line each
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	a, err := app.New(app.Options{ConfigPath: c.Config, Version: version, Log: log})
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	context.AfterFunc(ctx, stop) // from then on a signal kills
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-ctx.Done():
				return
			case <-hangups:
				if changes, err := a.SignalReload(ctx); err == nil {
					for _, ch := range changes {
						log.Info("changed", "change", ch.String())
					}
				}
			}
		}
	}()
	err = a.Run(ctx)
	stop()
	<-done
	return err
}
