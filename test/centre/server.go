package centre

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

const (
	// Patience bounds how long calld may take to come up, to have counted all
	// calls, and to stop.
	Patience = 30 * time.Second
	// lookEvery is how often a fact that nothing announces is looked for.
	lookEvery = 100 * time.Millisecond
	// lastLines is how much of calld's log an error shows, in bytes.
	lastLines = 2000
)

// Build makes the calld that is tried, in a folder, and returns its path.
func Build(ctx context.Context, dir string) (string, error) {
	binary := filepath.Join(dir, "calld")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", binary, "calld/cmd/calld")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building calld: %w: %s", err, out)
	}
	return binary, nil
}

// Server is a running calld.
type Server struct {
	cmd   *exec.Cmd
	ended chan struct{}
	log   string // file
	http  string // base URL
	pages *http.Client
	admin *http.Client
}

// StartServer starts calld, whose admin socket is "s" in dir. It logs as it does
// by default, at the end of the file "log" there, which all runs share.
func StartServer(ctx context.Context, binary, config, dir, url string, env []string) (*Server, error) {
	s := &Server{ended: make(chan struct{}), log: filepath.Join(dir, "log"), http: url, pages: http.DefaultClient}
	socket := filepath.Join(dir, "s")
	s.admin = &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true, // the server may have been restarted
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		},
	}}
	log, err := os.OpenFile(s.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer log.Close() //nolint:errcheck // the child has its own
	s.cmd = exec.CommandContext(context.WithoutCancel(ctx), binary, "serve", "--config", config)
	s.cmd.Stderr = log
	s.cmd.Env = env
	// A signal from the keyboard is for the program that has started it.
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(s.ended)
		_ = s.cmd.Wait() // it is asked for its figures; how it ended is in its log
	}()
	return s, nil
}

// Trust is for a calld that serves its pages over TLS: who vouches for it.
func (s *Server) Trust(roots *x509.CertPool) {
	s.pages = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true}}
}

// PID is the process id.
func (s *Server) PID() int { return s.cmd.Process.Pid }

// Ended is closed when the process has ended.
func (s *Server) Ended() <-chan struct{} { return s.ended }

// ExitCode is that of the process, once it has ended.
func (s *Server) ExitCode() int { return s.cmd.ProcessState.ExitCode() }

// Ready is nil when /readyz is green.
func (s *Server) Ready(ctx context.Context) error {
	if s.hasEnded() {
		return errors.New("calld has ended: " + s.Tail())
	}
	_, err := get(ctx, s.pages, s.http+"/readyz")
	return err
}

func (s *Server) hasEnded() bool {
	select {
	case <-s.ended:
		return true
	default:
		return false
	}
}

// Stop ends it by SIGTERM, if it runs.
func (s *Server) Stop() error {
	if s.hasEnded() {
		return nil
	}
	err := s.cmd.Process.Signal(syscall.SIGTERM)
	if errors.Is(err, os.ErrProcessDone) {
		err = nil
	}
	timer := time.NewTimer(Patience)
	defer timer.Stop()
	select {
	case <-s.ended:
	case <-timer.C:
		err = errors.Join(errors.New("calld does not stop: "+s.Tail()), s.cmd.Process.Kill())
		<-s.ended
	}
	return err
}

// Kill ends it without any warning, as a crash does.
func (s *Server) Kill() error {
	err := s.cmd.Process.Kill()
	<-s.ended
	if errors.Is(err, os.ErrProcessDone) {
		err = nil
	}
	return err
}

// Tail is the end of the log.
func (s *Server) Tail() string {
	text, err := tail(s.log)
	if err != nil {
		return err.Error()
	}
	return text
}

func tail(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close() //nolint:errcheck // read only
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(io.NewSectionReader(f, max(0, size-lastLines), lastLines))
	return string(text), err
}

// Log is all that it and the calld before it have logged.
func (s *Server) Log() ([]byte, error) { return os.ReadFile(s.log) }

// Ask asks its REST API over the admin socket, with all rights. The answer is to
// be closed.
func (s *Server) Ask(ctx context.Context, path string) (io.ReadCloser, error) {
	return open(ctx, s.admin, "http://calld"+path)
}

// Await waits until the metrics are as wanted.
func (s *Server) Await(ctx context.Context, what string, good func(Metrics) bool) error {
	return Eventually(ctx, Patience, what, func(ctx context.Context) error {
		m, err := s.Metrics(ctx)
		if err == nil && !good(m) {
			err = errors.New("not yet; calld's log ends: " + s.Tail())
		}
		return err
	})
}

// Profile writes a CPU profile of the next so many seconds.
func (s *Server) Profile(ctx context.Context, file string, length time.Duration) error {
	body, err := get(ctx, s.admin, fmt.Sprintf("http://calld/debug/pprof/profile?seconds=%d", int(length.Seconds())))
	if err != nil {
		return err
	}
	return os.WriteFile(file, body, 0o644)
}

func get(ctx context.Context, client *http.Client, url string) ([]byte, error) {
	body, err := open(ctx, client, url)
	if err != nil {
		return nil, err
	}
	defer body.Close() //nolint:errcheck // read to its end
	return io.ReadAll(body)
}

func open(ctx context.Context, client *http.Client, url string) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode == http.StatusOK {
		return resp.Body, nil
	}
	defer resp.Body.Close() //nolint:errcheck // read to its end
	body, err := io.ReadAll(io.LimitReader(resp.Body, lastLines))
	return nil, errors.Join(fmt.Errorf("%s: %s: %s", url, resp.Status, body), err)
}

// Eventually looks again and again until a fact is there, or it has taken too long.
func Eventually(ctx context.Context, limit time.Duration, what string, look func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	var err error
	for {
		last := look(ctx)
		if last == nil {
			return nil
		}
		if err == nil || ctx.Err() == nil { // a look that the limit has cut off tells nothing
			err = last
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w", what, err)
		}
	}
}
