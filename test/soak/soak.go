package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"calld/test/centre"
	"calld/test/lab"
)

const (
	queues = 10
	talk   = 700 * time.Millisecond
	// settle is how long after the end of the calls what belongs to them may
	// last: connections kept open, the grace of agents, timers.
	settle = 30 * time.Second
	// lastCalls is how long the last callers may take to end.
	lastCalls = 2 * time.Minute

	sampleEvery = 10 * time.Second
	tellEvery   = time.Minute
	reloadEvery = time.Minute
	backupEvery = 10 * time.Minute
)

// newPlan is a plan in which each agent serves two queues of ten. The callers of
// the last queue hear an announcement.
func newPlan(agents int, announcement string) centre.Plan {
	p := centre.NewPlan(agents, queues)
	p.Tables = fmt.Sprintf("[announcement]\nurl = %q\n", announcement)
	for i := range p.Queues {
		p.Queues[i].Keys = queueKeys(i, 0)
	}
	for i := range p.Agents {
		p.Agents[i].Queues = append(p.Agents[i].Queues, "q"+strconv.Itoa((i+1)%queues))
	}
	return p
}

// queueKeys are the keys of a queue after so many reloads.
func queueKeys(queue, reloads int) string {
	return fmt.Sprintf("order = %q\nannouncement = %t\nrecording = false\nring_timeout = \"%ds\"\nmax_wait = \"20s\"\nmax_waiting = 20",
		[]string{"round-robin", "longest-idle", "fewest-calls"}[reloads%3], queue == queues-1, 3+reloads%2)
}

// soak is a run.
type soak struct {
	*centre.Centre
	options
	dir   string
	begun time.Time

	result  lab.CallersResult
	ledger  *centre.Ledger
	metrics centre.Metrics // at the end
	first   sample         // before the calls
	last    sample         // after them, with all agents back
	reloads int
	backups []string // what there was to say of each
	moves   moves

	guests  sync.Mutex // held by what changes or needs guestIn
	guestIn bool       // the guest is in the configuration

	mu      sync.Mutex
	samples []sample
	off     []string // what went wrong, as it happened
}

// wrong notes what went wrong, and tells at once.
func (s *soak) wrong(format string, a ...any) {
	text := fmt.Sprintf("%s into the run: ", time.Since(s.begun).Round(time.Second)) + fmt.Sprintf(format, a...)
	fmt.Println("OFF:", text)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.off = append(s.off, text)
}

// work does all there is to do until the calls have ended, and reads the books.
// An interrupt ends the calls and is no error.
func (s *soak) work(interrupted context.Context) (err error) {
	ctx := context.WithoutCancel(interrupted)
	if s.first, err = s.sample(ctx); err != nil {
		return err
	}
	callers, err := s.Call(ctx, centre.Calls{Rate: s.rate, For: s.length, Talk: talk})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, callers.Stop()) }()
	duties, enough := context.WithCancel(ctx)
	defer enough()
	g, duties := errgroup.WithContext(duties)
	g.Go(func() error { return s.watch(duties, callers) })
	g.Go(func() error { return every(duties, reloadEvery, s.reload) })
	g.Go(func() error { return every(duties, min(backupEvery, s.length/3), s.backup) })
	for i, p := range s.Pages {
		g.Go(func() error { return s.live(duties, i, p) })
	}
	over := time.NewTimer(s.length + lastCalls)
	defer over.Stop()
	select {
	case <-callers.Done():
	case <-interrupted.Done():
		fmt.Println("interrupted: the calls end")
		if err := callers.Enough(); err != nil {
			return err
		}
	case <-duties.Done(): // one of them has failed
	case <-s.Server.Ended():
		return errors.New("calld has ended: " + s.Server.Tail())
	case <-over.C:
		s.wrong("callers are left %v after the end", lastCalls)
	}
	enough()
	if err := g.Wait(); err != nil {
		return err
	}
	waiting, cancel := context.WithTimeout(ctx, lastCalls)
	defer cancel()
	if s.result, err = callers.Wait(waiting); err != nil {
		return err
	}
	return s.finish(ctx)
}

// finish waits until all is as it was before, and reads the books.
func (s *soak) finish(ctx context.Context) error {
	if err := s.Settle(ctx); err != nil {
		return err
	}
	if !s.guestIn {
		if err := s.reload(ctx); err != nil {
			return err
		}
	}
	if last := len(s.Pages) - 1; !s.Pages[last].Open() {
		s.login(ctx, last, s.Pages[last])
	}
	err := s.Server.Await(ctx, "all agents available", func(m centre.Metrics) bool {
		return m.Sum("calld_agents", `state="available"`) == m.Sum("calld_agents", "")
	})
	if err != nil {
		s.wrong("%v", err)
	}
	timer := time.NewTimer(settle)
	defer timer.Stop()
	<-timer.C
	if s.last, err = s.sample(ctx); err != nil {
		return err
	}
	if s.metrics, err = s.Server.Metrics(ctx); err != nil {
		return err
	}
	books, err := s.Books(ctx, s.result)
	if err != nil {
		return err
	}
	s.ledger = books.Compare(centre.Tolerance{Clock: tolerance})
	return nil
}

// tolerance is by how much the moments of calld and Asterisk may differ. Where
// programs wait for a processor, calld hears of an end that much later.
const tolerance = time.Second

// every does something again and again until ctx ends.
func every(ctx context.Context, pause time.Duration, do func(context.Context) error) error {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			// What is begun is done to its end.
			if err := do(context.WithoutCancel(ctx)); err != nil {
				return err
			}
		}
	}
}

// guest tells whether an agent is the one who is in the configuration every
// other minute: the last.
func (s *soak) guest(agent int) bool { return agent == len(s.Pages)-1 }

// reload changes the configuration and has calld read it: all queues, and
// whether the guest is there.
func (s *soak) reload(ctx context.Context) error {
	s.guests.Lock()
	defer s.guests.Unlock()
	s.reloads++
	s.guestIn = !s.guestIn
	changed := s.Plan.Clone()
	for i := range changed.Queues {
		changed.Queues[i].Keys = queueKeys(i, s.reloads)
	}
	guest := changed.Agents[len(changed.Agents)-1].ID
	change := "added"
	if !s.guestIn {
		change = "removed"
		changed.Agents = changed.Agents[:len(changed.Agents)-1]
	}
	if err := s.Configure(changed); err != nil {
		return err
	}
	out, err := s.CLI(ctx, "reload")
	if err != nil {
		s.wrong("reload %d: %v", s.reloads, err)
		return nil
	}
	for _, want := range []string{"queues.q0.order", "queues.q9.ring_timeout", "agents." + guest + ": " + change} {
		if !strings.Contains(out, want) {
			s.wrong("reload %d does not tell %q, but: %s", s.reloads, want, out)
		}
	}
	return nil
}

// summary is the outcomes so far.
func summary(m centre.Metrics) string {
	var words []string
	for _, outcome := range []string{"answered", "abandoned", "timeout", "full", "no_agent", "failed"} {
		if n := m.Sum("calld_calls_total", `outcome="`+outcome+`"`); n > 0 {
			words = append(words, fmt.Sprintf("%s %.0f", outcome, n))
		}
	}
	return strings.Join(slices.Clip(words), ", ")
}
