package agi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// What zero fields of a Server stand for.
const (
	DefaultAddr             = ":4573" // AGI_PORT
	DefaultMaxSessions      = 4096
	DefaultMaxLine          = 64 << 10
	DefaultHandshakeTimeout = 5 * time.Second
	DefaultWriteTimeout     = 10 * time.Second
)

const (
	// maxFarewells bounds the refused peers that are told so at one time;
	// others are just closed.
	maxFarewells  = 64
	farewellLimit = time.Second
	// acceptPause is the first wait after a failed accept, such as for want of
	// file descriptors; it doubles up to acceptPauseMax.
	acceptPause    = 5 * time.Millisecond
	acceptPauseMax = time.Second
	// logPause is the least time between two log lines about one reason, so
	// that a flood of peers is no flood of lines. All are counted.
	logPause = time.Second
	// aliveIdle and aliveInterval, four times, find a machine that vanished
	// while its session was idle.
	aliveIdle     = 30 * time.Second
	aliveInterval = 10 * time.Second
	aliveCount    = 4
)

// Server serves FastAGI. Its fields must not change once it serves; the zero
// Server with a Handler is ready for use.
type Server struct {
	Addr    string // where ListenAndServe listens; "" is DefaultAddr
	Handler Handler

	// Allow lists who may connect; empty allows everyone. SetAllow replaces it
	// while the server runs.
	Allow       []netip.Prefix
	MaxSessions int // at one time, handshakes included; 0 is DefaultMaxSessions
	MaxLine     int // bytes of one line or answer from Asterisk; 0 is DefaultMaxLine
	// MaxCommand bounds a command in bytes. 0 takes what the Asterisk at hand
	// takes, by its version: 8,190, or 2,046 before July 2025.
	MaxCommand int

	HandshakeTimeout time.Duration // for the whole environment; 0 is DefaultHandshakeTimeout
	WriteTimeout     time.Duration // for sending one command; 0 is DefaultWriteTimeout

	Log *slog.Logger // nil logs nothing

	counts    counters
	allow     atomic.Pointer[[]netip.Prefix]
	farewells atomic.Int32

	mu        sync.Mutex
	listeners map[net.Listener]struct{}
	sessions  map[*Session]struct{} // from accept until both goroutines are done
	closing   chan struct{}         // made by the first that needs it; closed by Shutdown and Close
	drained   chan struct{}         // made by Shutdown; closed when the last session is gone
}

// SetAllow replaces Allow, for connections from now on.
func (srv *Server) SetAllow(prefixes []netip.Prefix) { srv.allow.Store(&prefixes) }

// ListenAndServe listens on Addr and serves. It always returns an error:
// ErrServerClosed after Shutdown or Close.
func (srv *Server) ListenAndServe() error {
	addr := srv.Addr
	if addr == "" {
		addr = DefaultAddr
	}
	lc := net.ListenConfig{KeepAliveConfig: net.KeepAliveConfig{
		Enable: true, Idle: aliveIdle, Interval: aliveInterval, Count: aliveCount,
	}}
	ln, err := lc.Listen(context.Background(), "tcp", addr)
	if err != nil {
		return fmt.Errorf("agi: listen on %s: %w", addr, err)
	}
	return srv.Serve(ln)
}

// Serve accepts connections from ln until the server is closed, and closes ln.
// It may be called for several listeners. It always returns an error:
// ErrServerClosed after Shutdown or Close. Sessions may be open still when it
// returns; Shutdown waits for them.
func (srv *Server) Serve(ln net.Listener) error {
	defer func() { _ = ln.Close() }()
	if srv.Handler == nil {
		return errors.New("agi: server without a Handler")
	}
	closing, ok := srv.addListener(ln)
	if !ok {
		return ErrServerClosed
	}
	defer srv.removeListener(ln)
	pause := acceptPause
	for {
		conn, err := ln.Accept()
		if err == nil {
			pause = acceptPause
			srv.counts.accepted.Add(1)
			srv.admit(conn)
			continue
		}
		select {
		case <-closing:
			return ErrServerClosed
		default:
		}
		if !passing(err) {
			return fmt.Errorf("agi: accept on %s: %w", ln.Addr(), err)
		}
		srv.log().Error("agi accept failed, trying again", "err", err, "pause", pause)
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-closing:
			timer.Stop()
			return ErrServerClosed
		}
		pause = min(2*pause, acceptPauseMax)
	}
}

// passing reports whether an accept may work again later: the peer gave up, or
// descriptors or memory are short.
func passing(err error) bool {
	for _, e := range []error{
		syscall.ECONNABORTED, syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.EINTR,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// Shutdown stops accepting and waits until all sessions have ended by
// themselves; their contexts go on. When ctx ends first its cause is returned
// and the sessions stay: call Close then. After Close it waits for the
// handlers to return.
func (srv *Server) Shutdown(ctx context.Context) error {
	srv.stopListening()
	srv.mu.Lock()
	if srv.drained == nil {
		srv.drained = make(chan struct{})
		if len(srv.sessions) == 0 {
			close(srv.drained)
		}
	}
	drained := srv.drained
	srv.mu.Unlock()
	select {
	case <-drained:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("agi: shutdown: %w", context.Cause(ctx))
	}
}

// Close stops accepting and ends all sessions: their sockets are closed, their
// contexts end with ErrServerClosed. It does not wait for the handlers.
func (srv *Server) Close() error {
	srv.stopListening()
	srv.mu.Lock()
	open := make([]*Session, 0, len(srv.sessions))
	for s := range srv.sessions {
		open = append(open, s)
	}
	srv.mu.Unlock()
	for _, s := range open {
		s.fail(ErrServerClosed)
	}
	return nil
}

// closingLocked returns the channel that is closed when the server is to stop.
func (srv *Server) closingLocked() chan struct{} {
	if srv.closing == nil {
		srv.closing = make(chan struct{})
	}
	return srv.closing
}

func (srv *Server) isClosingLocked() bool {
	select {
	case <-srv.closingLocked():
		return true
	default:
		return false
	}
}

func (srv *Server) addListener(ln net.Listener) (closing <-chan struct{}, ok bool) {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	if srv.isClosingLocked() {
		return nil, false
	}
	if srv.listeners == nil {
		srv.listeners = make(map[net.Listener]struct{})
	}
	srv.listeners[ln] = struct{}{}
	return srv.closingLocked(), true
}

func (srv *Server) removeListener(ln net.Listener) {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	delete(srv.listeners, ln)
}

func (srv *Server) stopListening() {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	if srv.isClosingLocked() {
		return
	}
	close(srv.closing)
	for ln := range srv.listeners {
		_ = ln.Close()
	}
}

// admit starts the session of a new connection, or refuses it. It runs in the
// accept loop and does not block.
func (srv *Server) admit(conn net.Conn) {
	if !srv.allowed(conn.RemoteAddr()) {
		srv.refused(NotAllowed, conn, nil)
		_ = conn.Close() // a stranger is owed no word
		return
	}
	s := newSession(srv, conn)
	s.owners.Store(1) // the goroutine of serve
	ctx, cancel := context.WithCancelCause(context.Background())
	s.cancel = cancel
	srv.mu.Lock()
	var reason Reason
	refuse := true
	switch {
	case srv.isClosingLocked():
		reason = ShuttingDown
	case len(srv.sessions) >= orDefault(srv.MaxSessions, DefaultMaxSessions):
		reason = TooManySessions
	default:
		refuse = false
		if srv.sessions == nil {
			srv.sessions = make(map[*Session]struct{})
		}
		srv.sessions[s] = struct{}{}
	}
	srv.mu.Unlock()
	if refuse {
		cancel(ErrClosed)
		srv.refused(reason, conn, nil)
		srv.farewell(conn)
		return
	}
	go srv.serve(ctx, s)
}

func (srv *Server) allowed(addr net.Addr) bool {
	allow := srv.Allow
	if set := srv.allow.Load(); set != nil {
		allow = *set
	}
	if len(allow) == 0 {
		return true
	}
	tcp, ok := addr.(*net.TCPAddr)
	if !ok {
		return false
	}
	ip := tcp.AddrPort().Addr().Unmap().WithZone("")
	for _, p := range allow {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}

// serve is the goroutine of one session.
func (srv *Server) serve(ctx context.Context, s *Session) {
	defer s.release()
	s.in = newLines(s.conn, orDefault(srv.MaxLine, DefaultMaxLine))
	s.decoder.max = s.in.max
	if err := srv.handshake(s); err != nil {
		s.in.free()
		srv.turnAway(s, err)
		return
	}
	defer s.finish()
	defer func() {
		if p := recover(); p != nil {
			srv.counts.panics.Add(1)
			srv.log().Error("agi handler panicked", "panic", p, "path", s.Path,
				"channel", s.Env.Channel, "stack", string(debug.Stack()))
			s.giveUp()
		}
	}()
	srv.Handler.ServeAGI(&sessionContext{ctx, s}, s)
}

// handshake reads the environment.
func (srv *Server) handshake(s *Session) error {
	timeout := orDefault(srv.HandshakeTimeout, DefaultHandshakeTimeout)
	if err := s.conn.SetReadDeadline(time.Now().Add(timeout)); err != nil {
		return err
	}
	text, err := s.in.environment()
	if err != nil {
		return err
	}
	if err = s.conn.SetReadDeadline(time.Time{}); err != nil {
		return err
	}
	if err = s.Env.UnmarshalText(text); err != nil {
		return &ProtocolError{BadEnvironment, err.Error()}
	}
	if s.Path, s.Query, err = splitScript(s.Env.script()); err != nil {
		return &ProtocolError{BadEnvironment, "agi_network_script: " + err.Error()}
	}
	s.place = envPlace(&s.Env)
	s.limit = maxCommandOld
	if s.Env.recent() {
		s.limit = maxCommand
	}
	s.limit = orDefault(srv.MaxCommand, s.limit)
	return nil
}

// turnAway ends a session whose handshake failed.
func (srv *Server) turnAway(s *Session, err error) {
	s.mu.Lock()
	over := s.err != nil // by Close
	if !over {
		s.err = ErrClosed
	}
	s.mu.Unlock()
	s.cancel(ErrClosed)
	if over {
		return
	}
	reason := BrokenHandshake
	var protocol *ProtocolError
	switch {
	case errors.As(err, &protocol):
		reason = protocol.Reason
	case errors.Is(err, os.ErrDeadlineExceeded):
		reason = SlowHandshake
	}
	srv.refused(reason, s.conn, err)
	if reason == BrokenHandshake {
		_ = s.conn.Close()
		return
	}
	srv.farewell(s.conn)
}

// giveUp tells Asterisk that the session failed, if no command is under way.
func (s *Session) giveUp() {
	select {
	case s.turn <- struct{}{}:
		_ = sayFailure(s.conn) // a courtesy
	default:
	}
}

// sayFailure writes the line that makes run_agi end with AGISTATUS=FAILURE. A
// peer that does not take it gets none.
func sayFailure(conn net.Conn) error {
	if err := conn.SetDeadline(time.Now().Add(farewellLimit)); err != nil {
		return err
	}
	_, err := io.WriteString(conn, "failure\n")
	return err
}

// farewell tells a refused peer so and closes. It reads until the peer closes
// too, within farewellLimit: a socket closed with something unread is reset,
// which would take the line away before Asterisk reads it.
func (srv *Server) farewell(conn net.Conn) {
	if srv.farewells.Add(1) > maxFarewells {
		srv.farewells.Add(-1)
		_ = conn.Close()
		return
	}
	go func() {
		defer srv.farewells.Add(-1)
		defer func() { _ = conn.Close() }()
		if sayFailure(conn) == nil {
			_, _ = io.Copy(io.Discard, conn)
		}
	}()
}

// forget is called when the last goroutine of a session is done.
func (srv *Server) forget(s *Session) {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	delete(srv.sessions, s)
	if srv.drained != nil && len(srv.sessions) == 0 {
		close(srv.drained)
	}
}

// refused counts a refusal and logs it, within bounds.
func (srv *Server) refused(r Reason, conn net.Conn, err error) {
	srv.counts.refused[r].Add(1)
	now := time.Now().UnixNano()
	last := srv.counts.logged[r].Load()
	if now-last < int64(logPause) || !srv.counts.logged[r].CompareAndSwap(last, now) {
		return
	}
	srv.log().Warn("agi session refused", "reason", r.String(), "remote", conn.RemoteAddr(), "err", err,
		"total", srv.counts.refused[r].Load())
}

func (srv *Server) log() *slog.Logger {
	if srv.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return srv.Log
}

func (srv *Server) writeTimeout() time.Duration {
	return orDefault(srv.WriteTimeout, DefaultWriteTimeout)
}

func orDefault[T int | time.Duration](v, zero T) T {
	if v == 0 {
		return zero
	}
	return v
}
