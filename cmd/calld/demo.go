package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/term"

	"calld/app"
	"calld/config"
	"calld/demo"
	"calld/queue"
)

// screenEvery is how often the live table is drawn.
const screenEvery = time.Second

type demoCmd struct {
	HTTP string        `help:"Address of the page; a free port is taken when it is in use." default:"127.0.0.1:8080"`
	Talk time.Duration `help:"How long agents talk on average." default:"30s"`
	For  time.Duration `help:"Stop after this time; 0 runs until Ctrl-C." default:"0s"`
	Log  string        `help:"Write the server's log to this file." type:"path"`
}

// Run runs the demonstration.
func (c demoCmd) Run(ctx context.Context) error {
	// SIGPIPE: whoever read the table has gone, as head does.
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM, syscall.SIGPIPE)
	defer stop()
	log, closeLog, err := c.logger()
	if err != nil {
		return err
	}
	defer closeLog()
	fmt.Println("Starting Asterisk; the first time it is fetched, which takes about a minute.")
	d, err := demo.New(ctx, demo.Options{HTTP: c.HTTP, Talk: c.Talk, Version: version, Log: log})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if c.For > 0 {
		timer := time.AfterFunc(c.For, cancel)
		defer timer.Stop()
	}
	done := make(chan error, 1)
	go func() {
		defer cancel() // the table ends with it
		done <- d.Run(ctx)
	}()
	printHead(d)
	err = watch(ctx, d)
	cancel()
	return errors.Join(err, <-done, d.Close())
}

func (c demoCmd) logger() (log *slog.Logger, done func(), err error) {
	if c.Log == "" {
		return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})), func() {}, nil
	}
	f, err := os.Create(c.Log)
	if err != nil {
		return nil, nil, err
	}
	return slog.New(slog.NewTextHandler(f, nil)), func() { _ = f.Close() }, nil // only a log
}

func printHead(d *demo.Demo) {
	cfg := d.Config()
	fmt.Printf("\nThe page:      %s\n", d.URL)
	fmt.Print("Log in as:     ")
	var logins []string
	for _, a := range cfg.Agents {
		logins = append(logins, a.ID)
	}
	fmt.Printf("%s — the password of all is %q\n", strings.Join(logins, ", "), demo.Password)
	for _, a := range cfg.Agents {
		if a.WebPhone {
			fmt.Printf("Talk yourself: log in as %s in a browser with a microphone and answer by F9\n", a.ID)
		}
	}
	fmt.Printf("Command line:  calld status --socket %s   (queues, agents, calls, missed, history)\n", cfg.Server.AdminSocket)
	var numbers []string
	for _, q := range cfg.Queues {
		numbers = append(numbers, q.Number)
	}
	fmt.Printf("Call in:       register a softphone at %s over UDP as %s, password %q, and dial %s;\n"+
		"               while you wait, 1 has you called back and 2 takes a voice message\n",
		d.Asterisk.SIP(), demo.Softphone, demo.Password, strings.Join(numbers, " or "))
	fmt.Print("Call out:      log in as admin and start the campaign on the screen Campaigns\n")
	fmt.Print("Ctrl-C ends it.\n\n")
}

// watch draws the live table until ctx ends.
func watch(ctx context.Context, d *demo.Demo) error {
	live := term.IsTerminal(int(os.Stdout.Fd()))
	tick := time.NewTicker(screenEvery)
	defer tick.Stop()
	lines := 0
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		var b strings.Builder
		if err := draw(&b, d.App, d.Config()); err != nil {
			return err
		}
		if live && lines > 0 {
			fmt.Printf("\x1b[%dA\x1b[J", lines) // up to the table's top, and clear
		}
		lines = strings.Count(b.String(), "\n")
		fmt.Print(b.String())
	}
}

// recent is how many ended calls the table shows.
const recent = 6

func draw(w io.Writer, a *app.App, cfg *config.Config) error {
	s := a.Snapshot()
	now := s.At
	queues := newTable("QUEUE", "NUMBER", "WAITING", "RINGING", "TALKING")
	names := map[string]string{}
	for _, q := range s.Queues {
		names[q.ID] = q.Name
		queues.add(q.Name, q.Number, strconv.Itoa(q.Waiting), strconv.Itoa(q.Ringing), strconv.Itoa(q.Talking))
	}
	agents := newTable("AGENT", "PHONE", "STATE", "FOR", "CALLS")
	for _, ag := range s.Agents {
		if c, ok := cfg.Agent(ag.ID); ok && c.Role == config.RoleAgent {
			agents.add(ag.Name, ag.Phone, string(ag.State), seconds(now.Sub(ag.Since)), strconv.Itoa(ag.Calls))
		}
	}
	calls := newTable("CALLER", "QUEUE", "PHASE", "FOR", "AGENT")
	for _, c := range s.Calls {
		calls.add(c.Caller, names[c.Queue], string(c.Phase), seconds(now.Sub(c.Begin)), withWhom(c))
	}
	ended := newTable("ENDED", "QUEUE", "OUTCOME", "WAITED", "TALKED", "AGENT")
	last, missed, err := a.Recent(recent)
	if err != nil {
		return err
	}
	for _, c := range last {
		ended.add(c.Caller, names[c.Queue], string(c.Outcome), seconds(time.Duration(c.WaitMS)*time.Millisecond),
			seconds(time.Duration(c.TalkMS)*time.Millisecond), c.Agent)
	}
	for _, t := range []*table{queues, agents, calls, ended} {
		if err := t.write(w); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(w); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(w, "missed calls to work off: %d\n", missed)
	return err
}

// withWhom is who talks, or who is rung.
func withWhom(c queue.Call) string {
	if c.Agent != "" {
		return c.Agent
	}
	var rung []string
	for _, r := range c.Rings {
		if r.Result == queue.Pending && !slices.Contains(rung, r.Agent) {
			rung = append(rung, r.Agent)
		}
	}
	return strings.Join(rung, ",")
}

func seconds(d time.Duration) string { return d.Round(time.Second).String() }
