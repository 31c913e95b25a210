package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"calld/test/lab"
)

// figures is what one measurement has found.
type figures struct {
	plan     plan
	result   lab.LoadResult
	answered int     // by calld's own count
	loadavg  float64 // of the machine before, 1 minute
	used     used
	alerts   alerts
	frames   int // sent to pages
	bytes    int // of them
	events   map[string]int
	amiBytes int
	faults   int    // warnings and errors of Asterisk and calld
	fault    string // one of them
	lost     int    // pages
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
	if f.loadavg, err = loadavg(); err != nil {
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
	for _, page := range c.pages {
		page.reset()
	}
	if c.tap != nil {
		c.tap.reset()
	}
	profiled := make(chan error, 1)
	if o.profile != "" && c.server != nil {
		name := fmt.Sprintf("%d-agents-%d-a-second.pprof", p.agents, p.rate)
		go func() { profiled <- c.server.profile(ctx, filepath.Join(o.profile, name), o.length) }()
	} else {
		profiled <- nil
	}
	before, err := c.clocks()
	if err != nil {
		return nil, err
	}
	if f.result, err = c.load(ctx, o.length, log); err != nil {
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
	f.answered = total - counted
	f.collect(c)
	return f, err
}

// load makes calls for so long.
func (c *centre) load(ctx context.Context, length time.Duration, log *slog.Logger) (lab.LoadResult, error) {
	trunk := c.pbx.Trunks[0]
	return lab.SIPp(ctx, lab.Load{
		From: trunk.Host, Port: trunk.Port, To: c.pbx.SIP(), Number: entrance,
		Rate: c.plan.rate, Calls: int(length.Seconds() * float64(c.plan.rate)), Talk: c.plan.talk,
	}, log)
}

// settled waits until no call lives, and returns how many answered ones calld
// has counted.
func (c *centre) settled(ctx context.Context) (int, error) {
	if c.server == nil {
		return 0, nil
	}
	err := c.server.await(ctx, "calls to end", func(m metrics) bool { return m.sum("calld_calls", "") == 0 })
	if err != nil {
		return 0, err
	}
	m, err := c.server.metrics(ctx)
	return int(m.sum("calld_calls_total", `outcome="answered"`)), err
}

// collect takes in what pages, tap and logs say.
func (f *figures) collect(c *centre) {
	var rings map[string]time.Time
	if c.tap != nil {
		rings, f.events, f.amiBytes = c.tap.noted()
	}
	for _, p := range c.pages {
		list, frames, bytes := p.counted()
		f.frames += frames
		f.bytes += bytes
		f.alerts.add(rings, list)
		if p.lost() != nil {
			f.lost++
		}
	}
	if list := c.pbx.Faults(); len(list) > 0 {
		f.faults, f.fault = len(list), list[len(list)-1]
	}
	if c.server != nil {
		if n, last := c.server.faults(); n > 0 {
			f.faults, f.fault = f.faults+n, last
		}
	}
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
func (c *centre) clocks() (u used, err error) {
	self, err := lab.CPU(os.Getpid())
	if err != nil {
		return u, err
	}
	phones, err := lab.CPU(c.phones.PID())
	if err != nil {
		return u, err
	}
	u.load = self + phones
	if u.asterisk, err = lab.CPU(c.pbx.PID()); err != nil {
		return u, err
	}
	if c.server != nil {
		if u.calld, err = lab.CPU(c.server.cmd.Process.Pid); err != nil {
			return u, err
		}
	}
	u.machine, u.capacity, err = machineTime()
	return u, err
}

func (u used) since(before used) used {
	return used{
		asterisk: u.asterisk - before.asterisk, calld: u.calld - before.calld, load: u.load - before.load,
		machine: u.machine - before.machine, capacity: u.capacity - before.capacity,
	}
}

// machineTime is the processor time that the machine has used and had so far.
// proc(5), /proc/stat: user nice system idle iowait irq softirq steal, of all
// processors, in hundredths of a second.
func machineTime() (busy, all time.Duration, err error) {
	stat, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, 0, err
	}
	line, _, _ := strings.Cut(string(stat), "\n")
	fields := strings.Fields(line)
	const first, idle, iowait, steal = 1, 4, 5, 8
	if len(fields) <= steal {
		return 0, 0, fmt.Errorf("short first line of /proc/stat: %q", line)
	}
	for i, field := range fields[first : steal+1] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, 0, fmt.Errorf("/proc/stat: %w", err)
		}
		d := time.Duration(n) * time.Second / 100
		all += d
		if i+first != idle && i+first != iowait {
			busy += d
		}
	}
	return busy, all, nil
}

func loadavg() (float64, error) {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(string(text), " ")
	return strconv.ParseFloat(first, 64)
}
