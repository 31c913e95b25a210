package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	// patience bounds how long calld may take to come up, to be itself again,
	// and to stop.
	patience = 40 * time.Second
	// lookEvery is how often a fact that nothing announces is looked for.
	lookEvery = 100 * time.Millisecond
	// lastLines is how much of calld's log an error shows, in bytes.
	lastLines = 2000
)

// server is a running calld.
type server struct {
	cmd   *exec.Cmd
	ended chan struct{}
	log   string // file
	http  string // base URL
}

// startServer builds calld, starts it and waits until it is ready.
func startServer(ctx context.Context, dir, base string) (*server, error) {
	binary := filepath.Join(dir, "calld")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", binary, "calld/cmd/calld").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building calld: %w: %s", err, out)
	}
	s := &server{ended: make(chan struct{}), log: filepath.Join(dir, "log"), http: base}
	log, err := os.Create(s.log)
	if err != nil {
		return nil, err
	}
	defer log.Close() //nolint:errcheck // the child has its own
	s.cmd = exec.CommandContext(context.WithoutCancel(ctx), binary, "serve", "--config", filepath.Join(dir, "calld.toml"))
	s.cmd.Stderr = log
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(s.ended)
		_ = s.cmd.Wait() // how it ended is in its log
	}()
	if err := s.await(ctx, "calld ready", func(m metrics) bool { return m["calld_asterisk_up"].with("") == 1 }); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

// stop ends it.
func (s *server) stop() error {
	err := s.cmd.Process.Signal(syscall.SIGTERM)
	if errors.Is(err, os.ErrProcessDone) {
		return errors.New("calld had ended before: " + s.tail())
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-s.ended:
	case <-timer.C:
		err = errors.Join(errors.New("calld does not stop: "+s.tail()), s.cmd.Process.Kill())
		<-s.ended
	}
	return err
}

// tail is the end of the log.
func (s *server) tail() string {
	b, err := os.ReadFile(s.log)
	if err != nil {
		return err.Error()
	}
	return string(b[max(0, len(b)-lastLines):])
}

// metrics is what calld counts, by name.
type metrics map[string]series

// series is the values of a metric by the text of its labels.
type series map[string]float64

// with adds up the values whose labels hold a text.
func (s series) with(label string) (total float64) {
	for labels, v := range s {
		if strings.Contains(labels, label) {
			total += v
		}
	}
	return total
}

// metrics reads /metrics, by the admin's address.
func (s *server) metrics(ctx context.Context) (metrics, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.http+"/metrics", nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close() //nolint:errcheck // read to its end
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	m := metrics{}
	lines := bufio.NewScanner(strings.NewReader(string(body)))
	for lines.Scan() {
		key, value, ok := strings.Cut(lines.Text(), " ")
		v, err := strconv.ParseFloat(value, 64)
		if !ok || err != nil || strings.HasPrefix(key, "#") {
			continue
		}
		name, labels, _ := strings.Cut(key, "{")
		if m[name] == nil {
			m[name] = series{}
		}
		m[name][labels] = v
	}
	return m, lines.Err()
}

// count reads one metric; -1 when calld does not answer.
func (s *server) count(ctx context.Context, name, label string) float64 {
	ctx, cancel := step(ctx)
	defer cancel()
	m, err := s.metrics(ctx)
	if err != nil {
		return -1
	}
	return m[name].with(label)
}

// await waits until the metrics are as wanted.
func (s *server) await(ctx context.Context, what string, good func(metrics) bool) error {
	return eventually(ctx, what, func(ctx context.Context) error {
		select {
		case <-s.ended:
			return errors.New("calld has ended: " + s.tail())
		default:
		}
		m, err := s.metrics(ctx)
		if err == nil && !good(m) {
			err = errors.New("not yet; calld's log ends: " + s.tail())
		}
		return err
	})
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
	proc := fmt.Sprintf("/proc/%d/", s.cmd.Process.Pid)
	handles, err := os.ReadDir(proc + "fd")
	if err != nil {
		return u, err
	}
	status, err := os.ReadFile(proc + "status")
	if err != nil {
		return u, err
	}
	for line := range strings.Lines(string(status)) {
		key, value, _ := strings.Cut(line, ":")
		kib, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")), 10, 64)
		switch {
		case err != nil:
		case key == "VmRSS":
			u.memory = kib << 10
		case key == "VmHWM":
			u.peak = kib << 10
		}
	}
	m, err := s.metrics(ctx)
	u.handles, u.goroutines = len(handles), int(m["go_goroutines"].with(""))
	return u, err
}

// eventually looks again and again until a fact is there.
func eventually(ctx context.Context, what string, look func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		err := look(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w", what, err)
		}
	}
}
