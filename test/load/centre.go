package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"calld/test/centre"
	"calld/test/lab"
)

// way is how a call finds its agent.
type way int

const (
	dial  way = iota // Dial() of the agent whose turn it is
	queue            // Queue() of app_queue
	calld
)

// loaded is a call centre under load.
type loaded struct {
	*centre.Centre
	plan plan
	tap  *tap

	mu     sync.Mutex
	alerts []alert
}

// alert is a ring that a page was told of.
type alert struct {
	channel string // of the caller
	at      time.Time
}

// newCentre makes a call centre whose agents all wait for calls.
func newCentre(ctx context.Context, p plan, binary string, log *slog.Logger) (c *loaded, err error) {
	c = &loaded{plan: p}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.close())
		}
	}()
	o := centre.Options{Plan: centre.NewPlan(p.agents, p.queues), Files: map[string]string{}, Colleagues: p.all, Log: log}
	switch p.way {
	case dial:
		o.App = "Dial(" + dialled(p) + ",20)"
	case queue:
		o.App = fmt.Sprintf("Queue(q$[%s],r)", centre.Turn(p.queues))
		o.Files["queues_load.conf"] = appQueues(p)
	case calld:
		o.Binary = binary
		o.Plan.Asterisk = fmt.Sprintf("only_our_events = %t", p.lean)
		if p.all {
			for i := range o.Plan.Queues {
				o.Plan.Queues[i].Keys = "queueing = \"all\"\nannouncement = false\nrecording = false"
			}
		}
	}
	if p.tapped {
		o.Between = func(ctx context.Context, ami string) (string, error) {
			if c.tap, err = newTap(ctx, ami); err != nil {
				return "", err
			}
			return c.tap.addr(), nil
		}
	}
	if c.Centre, err = centre.Start(ctx, o); err != nil || p.way != calld {
		return c, err
	}
	return c, c.OpenPages(ctx, c.seen)
}

// dialled is whom plain Dial() calls: the agent whose turn it is, or all.
func dialled(p plan) string {
	if !p.all {
		return fmt.Sprintf("PJSIP/$[%d + %s]", centre.FirstPhone, centre.Turn(p.agents))
	}
	phones := make([]string, p.agents)
	for a := range phones {
		phones[a] = "PJSIP/" + centre.Phone(a)
	}
	return strings.Join(phones, "&")
}

// appQueues is the configuration of app_queue: each agent in one queue.
func appQueues(p plan) string {
	strategy := "rrmemory"
	if p.all {
		strategy = "ringall"
	}
	var b strings.Builder
	for q := range p.queues {
		fmt.Fprintf(&b, "[q%d]\nstrategy = %s\nringinuse = no\ntimeout = 20\n", q, strategy)
		for a := q; a < p.agents; a += p.queues {
			fmt.Fprintf(&b, "member => PJSIP/%s\n", centre.Phone(a))
		}
	}
	return b.String()
}

// seen looks for the alert in a frame of a page.
func (c *loaded) seen(_ int, at time.Time, frame []byte) {
	if !bytes.Contains(frame, []byte(`"alert":{`)) {
		return
	}
	_, channel, _ := bytes.Cut(frame, []byte(`"channel":"`))
	channel, _, _ = bytes.Cut(channel, []byte{'"'})
	c.mu.Lock()
	defer c.mu.Unlock()
	c.alerts = append(c.alerts, alert{string(channel), at})
}

// reset forgets what pages and tap have noted.
func (c *loaded) reset() {
	for _, page := range c.Pages {
		page.Reset()
	}
	if c.tap != nil {
		c.tap.reset()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.alerts = nil
}

// load makes calls for so long.
func (c *loaded) load(ctx context.Context, length time.Duration, log *slog.Logger) (lab.LoadResult, error) {
	trunk := c.PBX.Trunks[0]
	return lab.SIPp(ctx, lab.Load{
		From: trunk.Host, Port: trunk.Port, To: c.PBX.SIP(), Number: centre.Entrance,
		Rate: c.plan.rate, Calls: int(length.Seconds() * float64(c.plan.rate)), Talk: c.plan.talk,
	}, log)
}

// settled waits until no call lives, and returns what calld has counted by then:
// nothing without calld.
func (c *loaded) settled(ctx context.Context) (centre.Metrics, error) {
	if c.Server == nil {
		return nil, nil
	}
	if err := c.Settle(ctx); err != nil {
		return nil, err
	}
	return c.Server.Metrics(ctx)
}

// close ends all of it.
func (c *loaded) close() error {
	var errs []error
	if c.Centre != nil {
		errs = append(errs, c.Close())
	}
	if c.tap != nil {
		errs = append(errs, c.tap.close())
	}
	return errors.Join(errs...)
}
