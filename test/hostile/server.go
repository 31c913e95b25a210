package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"calld/test/centre"
)

// patience bounds how long calld may take to come up, to be itself again, and to
// stop.
const patience = 40 * time.Second

// server is a running calld.
type server struct{ *centre.Server }

// startServer builds calld, starts it and waits until it is ready.
func startServer(ctx context.Context, dir, url string, roots *x509.CertPool) (*server, error) {
	binary, err := centre.Build(ctx, dir)
	if err != nil {
		return nil, err
	}
	run, err := centre.StartServer(ctx, binary, filepath.Join(dir, "calld.toml"), dir, url, nil)
	if err != nil {
		return nil, err
	}
	if roots != nil {
		run.Trust(roots)
	}
	s := &server{run}
	if err := s.await(ctx, "calld ready", isUp); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

// isUp: Asterisk is there.
func isUp(m centre.Metrics) bool { return m.Sum("calld_asterisk_up", "") == 1 }

// stop ends it; that it has ended by itself is a fault.
func (s *server) stop() error {
	select {
	case <-s.Ended():
		return errors.New("calld had ended before: " + s.Tail())
	default:
		return s.Stop()
	}
}

// count reads one metric; -1 when calld does not answer.
func (s *server) count(ctx context.Context, name, label string) float64 {
	ctx, cancel := step(ctx)
	defer cancel()
	m, err := s.Metrics(ctx)
	if err != nil {
		return -1
	}
	return m.Sum(name, label)
}

// await waits until the metrics are as wanted.
func (s *server) await(ctx context.Context, what string, good func(centre.Metrics) bool) error {
	return eventually(ctx, what, func(ctx context.Context) error {
		select {
		case <-s.Ended():
			return errors.New("calld has ended: " + s.Tail())
		default:
		}
		m, err := s.Metrics(ctx)
		if err == nil && !good(m) {
			err = errors.New("not yet; calld's log ends: " + s.Tail())
		}
		return err
	})
}

// eventually looks again and again until a fact is there.
func eventually(ctx context.Context, what string, look func(context.Context) error) error {
	return centre.Eventually(ctx, patience, what, look)
}

// usage is what a process has of the machine.
type usage struct {
	memory, peak        int64 // bytes
	handles, goroutines int
}

func (u usage) String() string {
	return fmt.Sprintf("%d MiB (at most %d), %d handles, %d goroutines", u.memory>>20, u.peak>>20, u.handles, u.goroutines)
}

// usage reads it from proc(5) and the metrics.
func (s *server) usage(ctx context.Context) (u usage, err error) {
	memory, err := centre.MemoryOf(s.PID())
	if err != nil {
		return u, err
	}
	u.memory, u.peak = memory.Resident, memory.Peak
	if u.handles, err = centre.OpenFiles(s.PID()); err != nil {
		return u, err
	}
	m, err := s.Metrics(ctx)
	u.goroutines = int(m.Sum("go_goroutines", ""))
	return u, err
}
