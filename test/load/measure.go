package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"calld/test/centre"
	"calld/test/lab"
)

// What is read of calld's metrics.
const (
	answeredCalls   = "calld_calls_total"
	outcomeAnswered = `outcome="answered"`
	waitSum         = "calld_wait_seconds_sum"
	waitCount       = "calld_wait_seconds_count"
)

// figures is what one measurement has found.
type figures struct {
	plan     plan
	result   lab.LoadResult
	answered int           // by calld's own count
	wait     time.Duration // the mean until an agent answered, by calld's own clock
	loadavg  float64       // of the machine before, 1 minute
	used     used
	alerts   alerts
	frames   int // sent to pages
	bytes    int // of them
	events   map[string]int
	amiBytes int
	faults   int    // warnings and errors of Asterisk and calld
	fault    string // one of them
	lost     int    // pages
	broken   error  // why it could not be measured
}

func (f *figures) calls() int { return f.result.Answered + f.result.Failed }

// failed counts the calls that went wrong for the caller or in calld's books.
func (f *figures) failed() int {
	if f.plan.way == calld && f.answered < f.result.Answered {
		return f.result.Failed + f.result.Answered - f.answered
	}
	return f.result.Failed
}

// perCall is a part of the processor time for each call.
func (f *figures) perCall(d time.Duration) time.Duration { return d / time.Duration(max(1, f.calls())) }

// measure makes a call centre, warms it up, and measures it under load.
func measure(ctx context.Context, p plan, o options, binary string, log *slog.Logger) (f *figures, err error) {
	f = &figures{plan: p}
	if f.loadavg, err = centre.LoadAverage(); err != nil {
		return nil, err
	}
	c, err := newCentre(ctx, p, binary, log)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	if _, err := c.load(ctx, warmUp, log); err != nil {
		return nil, err
	}
	counted, err := c.settled(ctx)
	if err != nil {
		return nil, err
	}
	c.reset()
	profiled := make(chan error, 1)
	if o.profile != "" && c.Server != nil {
		name := fmt.Sprintf("%d-agents-%d-a-second.pprof", p.agents, p.rate)
		go func() { profiled <- c.Server.Profile(ctx, filepath.Join(o.profile, name), p.length) }()
	} else {
		profiled <- nil
	}
	before, err := c.clocks()
	if err != nil {
		return nil, err
	}
	if f.result, err = c.load(ctx, p.length, log); err != nil {
		return nil, err
	}
	after, err := c.clocks()
	if err != nil {
		return nil, err
	}
	f.used = after.since(before)
	if err := <-profiled; err != nil {
		return nil, err
	}
	total, err := c.settled(ctx)
	if err != nil {
		return nil, err
	}
	f.answered = int(total.Sum(answeredCalls, outcomeAnswered) - counted.Sum(answeredCalls, outcomeAnswered))
	if n := total.Sum(waitCount, "") - counted.Sum(waitCount, ""); n > 0 {
		f.wait = time.Duration((total.Sum(waitSum, "") - counted.Sum(waitSum, "")) / n * float64(time.Second))
	}
	return f, f.collect(c)
}

// collect takes in what pages, tap and logs say.
func (f *figures) collect(c *loaded) error {
	var rings map[string]time.Time
	if c.tap != nil {
		rings, f.events, f.amiBytes = c.tap.noted()
	}
	for _, p := range c.Pages {
		frames, bytes := p.Counted()
		f.frames += frames
		f.bytes += bytes
		if p.Lost() != nil {
			f.lost++
		}
	}
	c.mu.Lock()
	f.alerts.add(rings, c.alerts)
	c.mu.Unlock()
	if list := c.PBX.Faults(); len(list) > 0 {
		f.faults, f.fault = len(list), list[len(list)-1]
	}
	if c.Server == nil {
		return nil
	}
	log, err := c.Server.Log()
	for _, g := range centre.GroupLog(log) {
		if g.Message != "configuration" { // passwords in plain text
			f.faults, f.fault = f.faults+g.Count, g.Last
		}
	}
	return err
}

// alerts is how late pages were told of a ringing phone.
type alerts struct {
	late []time.Duration
	// unmatched came without an event of ringing before them.
	unmatched int
}

func (a *alerts) add(rings map[string]time.Time, list []alert) {
	for _, x := range list {
		if rang, ok := rings[x.channel]; ok && !x.at.Before(rang) {
			a.late = append(a.late, x.at.Sub(rang))
		} else {
			a.unmatched++
		}
	}
}

// percentile is the smallest value that p percent of all do not exceed; 0 of
// none.
func (a *alerts) percentile(p int) time.Duration {
	if len(a.late) == 0 {
		return 0
	}
	slices.Sort(a.late)
	return a.late[max((len(a.late)*p+99)/100-1, 0)]
}

// used is processor time: of the programs measured, of those that make the
// load, and of the whole machine.
type used struct {
	asterisk, calld, load time.Duration
	machine               time.Duration // all that was busy
	capacity              time.Duration // all that there was
}

// others is the part of the machine that neither the measured programs nor
// the load took.
func (u used) others() time.Duration { return max(0, u.machine-u.asterisk-u.calld-u.load) }

// clocks reads the processor times so far.
func (c *loaded) clocks() (u used, err error) {
	self, err := lab.CPU(os.Getpid())
	if err != nil {
		return u, err
	}
	phones, err := lab.CPU(c.Phones.PID())
	if err != nil {
		return u, err
	}
	u.load = self + phones
	if u.asterisk, err = lab.CPU(c.PBX.PID()); err != nil {
		return u, err
	}
	if c.Server != nil {
		if u.calld, err = lab.CPU(c.Server.PID()); err != nil {
			return u, err
		}
	}
	u.machine, u.capacity, err = centre.MachineTime()
	return u, err
}

func (u used) since(before used) used {
	return used{
		asterisk: u.asterisk - before.asterisk, calld: u.calld - before.calld, load: u.load - before.load,
		machine: u.machine - before.machine, capacity: u.capacity - before.capacity,
	}
}
