package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"syscall"

	"calld/app"
	"calld/queue"
)

// serve runs calld: what the switchboard starts as a process of its own.
func serve(ctx context.Context, configFile string) error {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM)
	defer stop()
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	a, err := app.New(app.Options{ConfigPath: configFile, Version: "test", Log: log})
	if err != nil {
		return err
	}
	return a.Run(ctx)
}

// server is a calld that runs as a process, so that it can be killed.
type server struct {
	config string
	admin  *http.Client // on its admin socket

	mu      sync.Mutex
	process *exec.Cmd
}

func newServer(configFile, adminSocket string) *server {
	return &server{config: configFile, admin: &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", adminSocket)
		},
	}}}
}

func (s *server) start() error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.process = exec.Command(program, "serve", s.config) //nolint:noctx // it is killed by stop
	s.process.Stderr = os.Stderr
	s.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return s.process.Start()
}

// stop sends a signal and waits for the end.
func (s *server) stop(by os.Signal) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process == nil {
		return nil
	}
	process := s.process
	s.process = nil
	if err := process.Process.Signal(by); err != nil {
		return err
	}
	var exit *exec.ExitError
	if err := process.Wait(); err != nil && (by != os.Kill || !errors.As(err, &exit)) {
		return fmt.Errorf("calld: %w", err)
	}
	return nil
}

// call finds a call.
func (s *server) call(ctx context.Context, id string) (c queue.Call, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://calld/api/v1/calls/"+url.PathEscape(id), http.NoBody)
	if err != nil {
		return c, err
	}
	answer, err := s.admin.Do(r)
	if err != nil {
		return c, err
	}
	defer answer.Body.Close() //nolint:errcheck // it was read
	if answer.StatusCode != http.StatusOK {
		return c, fmt.Errorf("call %s: %s", id, answer.Status)
	}
	return c, json.NewDecoder(answer.Body).Decode(&c)
}
