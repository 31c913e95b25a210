package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
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
	// patience bounds how long calld may take to come up, to have counted all
	// calls, and to stop.
	patience = 30 * time.Second
	// lookEvery is how often a fact that nothing announces is looked for.
	lookEvery = 100 * time.Millisecond
	// lastLines is how much of calld's log an error shows, in bytes.
	lastLines = 2000
)

// build makes the program that is measured.
func build(ctx context.Context, dir string) (string, error) {
	binary := filepath.Join(dir, "calld")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", binary, "calld/cmd/calld")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building calld: %w: %s", err, out)
	}
	return binary, nil
}

// server is a running calld.
type server struct {
	cmd    *exec.Cmd
	ended  chan struct{}
	log    string // file
	socket string
	http   string // base URL
}

// startServer starts calld and waits until it is ready. It logs as it does by
// default, into a file.
func startServer(ctx context.Context, binary, config, dir string, port int) (*server, error) {
	s := &server{
		ended: make(chan struct{}), log: filepath.Join(dir, "log"), socket: filepath.Join(dir, "s"),
		http: "http://127.0.0.1:" + strconv.Itoa(port),
	}
	log, err := os.Create(s.log)
	if err != nil {
		return nil, err
	}
	defer log.Close() //nolint:errcheck // the child has its own
	s.cmd = exec.CommandContext(context.WithoutCancel(ctx), binary, "serve", "--config", config)
	s.cmd.Stderr = log
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(s.ended)
		_ = s.cmd.Wait() // it is asked for its figures; how it ended is in its log
	}()
	if err := eventually(ctx, "calld ready", s.ready); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

func (s *server) ready(ctx context.Context) error {
	select {
	case <-s.ended:
		return errors.New("calld has ended: " + s.tail())
	default:
	}
	_, err := get(ctx, http.DefaultClient, s.http+"/readyz")
	return err
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

// faults counts the warnings and errors in the log, and returns the last.
func (s *server) faults() (n int, last string) {
	b, err := os.ReadFile(s.log)
	if err != nil {
		return 1, err.Error()
	}
	for line := range strings.Lines(string(b)) {
		if strings.Contains(line, "level=WARN") && !strings.Contains(line, "msg=configuration") || strings.Contains(line, "level=ERROR") {
			n, last = n+1, strings.TrimSpace(line)
		}
	}
	return n, last
}

// metrics is what calld counts, by the name with its labels.
type metrics map[string]float64

// metrics reads /metrics.
func (s *server) metrics(ctx context.Context) (metrics, error) {
	body, err := get(ctx, http.DefaultClient, s.http+"/metrics")
	if err != nil {
		return nil, err
	}
	m := metrics{}
	lines := bufio.NewScanner(strings.NewReader(string(body)))
	for lines.Scan() {
		name, value, ok := strings.Cut(lines.Text(), " ")
		if !ok || strings.HasPrefix(name, "#") {
			continue
		}
		if v, err := strconv.ParseFloat(value, 64); err == nil {
			m[name] = v
		}
	}
	return m, lines.Err()
}

// sum adds up a metric over all its labels, or those that hold a text.
func (m metrics) sum(name, label string) float64 {
	var total float64
	for key, v := range m {
		if base, _, _ := strings.Cut(key, "{"); base == name && strings.Contains(key, label) {
			total += v
		}
	}
	return total
}

// await waits until the metrics are as wanted.
func (s *server) await(ctx context.Context, what string, good func(metrics) bool) error {
	return eventually(ctx, what, func(ctx context.Context) error {
		m, err := s.metrics(ctx)
		if err == nil && !good(m) {
			err = errors.New("not yet; calld's log ends: " + s.tail())
		}
		return err
	})
}

// profile writes a CPU profile of the next so many seconds.
func (s *server) profile(ctx context.Context, file string, length time.Duration) error {
	client := &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", s.socket)
		},
	}}
	body, err := get(ctx, client, fmt.Sprintf("http://calld/debug/pprof/profile?seconds=%d", int(length.Seconds())))
	if err != nil {
		return err
	}
	return os.WriteFile(file, body, 0o644)
}

func get(ctx context.Context, client *http.Client, url string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close() //nolint:errcheck // read to its end
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %s", url, resp.Status, body)
	}
	return body, err
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
