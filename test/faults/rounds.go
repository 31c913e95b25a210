package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"calld/test/centre"
)

// The course of a round.
const (
	// leadMin and leadChance: calls are made for so long before the fault, and some chance.
	leadMin, leadChance = 5 * time.Second, 4 * time.Second
	// tail is how long they are made after it.
	tail = 6 * time.Second
	// consoleWait bounds one look at Asterisk's channels: its console may hang.
	consoleWait = 10 * time.Second
	// slack is by how much the goroutines and file handles of a quiet process
	// may differ: connections to servers that are kept for the next request.
	slack = 24
)

// base is what a quiet call centre takes.
type base struct{ goroutines, handles, asterisk int }

// result is what a round has found.
type result struct {
	sum
	recovery time.Duration
}

// round makes calls, has one fault happen among them, and looks at everything.
func (s *scene) round(ctx context.Context, f fault, n int, rate float64, chance *rand.Rand, was base) (r result, err error) {
	lead := leadMin + time.Duration(chance.Int64N(int64(leadChance)))
	hold := f.atLeast
	if f.chance > 0 {
		hold += time.Duration(chance.Int64N(int64(f.chance)))
	}
	begin := time.Now()
	var crowds []*crowd
	for i, k := range kinds() {
		if k.name == talkers {
			k.talkMin, k.talkMax = k.talkMin+hold, k.talkMax+hold
		}
		w, err := s.startCrowd(ctx, n, i, k, rate, lead+hold+tail)
		if err != nil {
			return r, err
		}
		crowds = append(crowds, w)
	}
	if err := wait(ctx, lead); err != nil {
		return r, err
	}
	var t times
	t.broke = time.Now()
	heal, err := f.inflict(ctx, s, chance)
	if heal == nil {
		return r, fmt.Errorf("making the fault: %w", err)
	}
	if err != nil {
		r.violations = append(r.violations, err.Error())
	}
	if err := wait(ctx, hold); err != nil {
		return r, err
	}
	healing := time.Now()
	if err := heal(ctx); err != nil {
		r.violations = append(r.violations, "healing: "+err.Error())
	}
	t.healed = time.Now()
	if err := s.recovered(ctx); err != nil {
		r.violations = append(r.violations, err.Error())
	}
	t.recovered = time.Now()
	r.recovery = t.recovered.Sub(healing)
	for _, w := range crowds {
		if err := w.await(ctx); err != nil {
			r.violations = append(r.violations, err.Error())
		}
	}
	if err := errors.Join(s.quiet(ctx), s.leaked(ctx, was)); err != nil {
		r.violations = append(r.violations, err.Error())
	}
	b, err := s.books(ctx, crowds, begin)
	if err != nil {
		return r, err
	}
	found := r.violations
	r.sum = b.check(f, t, s.helpers.heard)
	r.violations = append(found, append(r.violations, s.panics()...)...)
	for _, w := range crowds {
		err = errors.Join(err, os.RemoveAll(w.dir))
	}
	return r, err
}

// recovered waits until calld is ready and all agents are logged in.
func (s *scene) recovered(ctx context.Context) error {
	return centre.Eventually(ctx, patience, "calld, agents and pages to recover", func(ctx context.Context) error {
		if err := s.Server.Ready(ctx); err != nil {
			return err
		}
		m, err := s.Server.Metrics(ctx)
		if err != nil {
			return err
		}
		if n := m.Sum("calld_agents", `"offline"`) + m.Sum("calld_agents", `"unreachable"`); n > 0 {
			return fmt.Errorf("%d agents are offline or unreachable", int(n))
		}
		if n := int(m["calld_pages"]); n < agents {
			return fmt.Errorf("%d of %d pages are connected", n, agents)
		}
		return nil
	})
}

// quiet waits until nothing is left of any call, and everybody is available.
func (s *scene) quiet(ctx context.Context) error {
	return centre.Eventually(ctx, patience, "quiet", func(ctx context.Context) error {
		m, err := s.Server.Metrics(ctx)
		if err != nil {
			return err
		}
		for _, gone := range []string{"calld_calls", "calld_agi_sessions", "calld_records_waiting", "calld_agent_states_waiting", "calld_webhook_pending"} {
			if n := m.Sum(gone, ""); n > 0 {
				return fmt.Errorf("%s is %v", gone, n)
			}
		}
		if n := int(m.Sum("calld_agents", `"available"`)); n != agents {
			return fmt.Errorf("%d of %d agents are available: %s", n, agents, s.stuck(ctx))
		}
		if n := int(m.Sum("calld_records_lost_total", "")); n > 0 {
			return fmt.Errorf("%d records are lost", n)
		}
		return s.noChannels(ctx)
	})
}

func (s *scene) noChannels(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, consoleWait)
	defer cancel()
	out, err := s.PBX.CLI(ctx, "core show channels concise")
	if out = strings.TrimSpace(out); err == nil && out != "" {
		err = fmt.Errorf("channels of Asterisk are left: %.500s", out)
	}
	return err
}

// stuck tells of the agents who are not available.
func (s *scene) stuck(ctx context.Context) string {
	answer, err := s.Server.Ask(ctx, "/api/v1/agents")
	if err != nil {
		return err.Error()
	}
	defer answer.Close() //nolint:errcheck // read to its end
	body, err := io.ReadAll(answer)
	if err != nil {
		return err.Error()
	}
	var all []string
	for part := range strings.SplitSeq(string(body), `{"id":`) {
		if !strings.Contains(part, `"state":"available"`) {
			all = append(all, part)
		}
	}
	return fmt.Sprintf("%.500s", strings.Join(all, "\n"))
}

// takes is what the quiet call centre takes now.
func (s *scene) takes(ctx context.Context) (b base, err error) {
	m, err := s.Server.Metrics(ctx)
	if err != nil {
		return b, err
	}
	b.goroutines, b.handles = int(m["go_goroutines"]), int(m["process_open_fds"])
	b.asterisk, err = centre.OpenFiles(s.PBX.PID())
	return b, err
}

// leaked waits until the quiet call centre takes no more than before.
func (s *scene) leaked(ctx context.Context, was base) error {
	return centre.Eventually(ctx, patience, "goroutines and file handles to be given back", func(ctx context.Context) error {
		http.DefaultClient.CloseIdleConnections()
		now, err := s.takes(ctx)
		if err == nil && (now.goroutines > was.goroutines+slack || now.handles > was.handles+slack || now.asterisk > was.asterisk+slack) {
			err = fmt.Errorf("before the fault %+v, now %+v", was, now)
		}
		return err
	})
}

// panics are the lines of calld's log that no fault excuses.
func (s *scene) panics() []string {
	text, err := s.Server.Log()
	if err != nil {
		return []string{err.Error()}
	}
	var lines []string
	for line := range strings.Lines(string(text)) {
		if strings.Contains(line, "panic") || strings.Contains(line, "DATA RACE") || strings.Contains(line, "fatal error") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}

// keep copies the logs of a round that has failed, and tells where.
func (s *scene) keep(f fault, n int) (string, error) {
	dir, err := os.MkdirTemp("", fmt.Sprintf("calld-faults-%s-%d-", f.name, n))
	if err != nil {
		return "", err
	}
	text, err := s.Server.Log()
	return dir, errors.Join(err,
		os.WriteFile(filepath.Join(dir, "calld.log"), text, 0o600),
		os.WriteFile(filepath.Join(dir, "asterisk.log"), []byte(s.PBX.LogText()), 0o600))
}

// wait waits for a part of a round.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
