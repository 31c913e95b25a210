package amitest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// awaitLimit is how long Await and AwaitLogins wait before they fail the test.
const awaitLimit = 10 * time.Second

// Options configures a [Server]; the zero value is a manager that has booted.
type Options struct {
	Username  string // "calld"
	Secret    string // "secret"
	Greeting  string // "Asterisk Call Manager/11.0.0"
	RefuseMD5 bool   // answer Challenge with an error
	NotBooted bool   // send no FullyBooted after login; Emit can send it later
}

// Server is a fake Asterisk manager.
type Server struct {
	Options
	tb testing.TB
	wg sync.WaitGroup

	mu        sync.Mutex
	changed   chan struct{} // closed and replaced when requests or logins change
	answers   map[string]func(*Request)
	conns     map[*conn]bool
	requests  []*Request // not yet awaited
	logins    int
	refusing  bool
	closed    bool
	listeners []net.Listener
}

// New returns a server that ends with the test. It knows Challenge, Login,
// Logoff, Ping, Filter and Events.
func New(tb testing.TB, opt Options) *Server {
	tb.Helper()
	setDefault(&opt.Username, "calld")
	setDefault(&opt.Secret, "secret")
	setDefault(&opt.Greeting, "Asterisk Call Manager/11.0.0")
	s := &Server{
		Options: opt,
		tb:      tb,
		changed: make(chan struct{}),
		answers: make(map[string]func(*Request)),
		conns:   make(map[*conn]bool),
	}
	s.Answer("Ping", func(r *Request) { r.Success("Ping", "Pong", "Timestamp", Timestamp(time.Now())) })
	s.Answer("Filter", func(r *Request) { r.Success("Message", "Success") })
	s.Answer("Events", func(r *Request) { r.Success("Events", "On") })
	tb.Cleanup(s.close)
	return s
}

func setDefault(s *string, value string) {
	if *s == "" {
		*s = value
	}
}

// Timestamp writes a time as Asterisk does.
func Timestamp(t time.Time) string {
	return fmt.Sprintf("%d.%06d", t.Unix(), t.Nanosecond()/1000)
}

// Listen serves TCP on a free port of 127.0.0.1 and returns its address.
func (s *Server) Listen() string {
	s.tb.Helper()
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		s.tb.Fatalf("amitest: %v", err)
	}
	s.mu.Lock()
	s.listeners = append(s.listeners, l)
	s.mu.Unlock()
	s.wg.Go(func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return // closed at the end of the test
			}
			s.serve(nc)
		}
	})
	return l.Addr().String()
}

// Dial opens a connection in memory; network and address are ignored. It can
// be given to a client as its dialler.
func (s *Server) Dial(context.Context, string, string) (net.Conn, error) {
	s.mu.Lock()
	refusing := s.refusing || s.closed
	s.mu.Unlock()
	if refusing {
		return nil, errors.New("amitest: connection refused")
	}
	near, far := net.Pipe()
	s.serve(far)
	return near, nil
}

// Answer has f answer the actions of that name, from now on.
func (s *Server) Answer(action string, f func(*Request)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[strings.ToLower(action)] = f
}

// Emit sends an event to every connection that is logged in; pairs are its
// keys and values in turn.
func (s *Server) Emit(name string, pairs ...string) {
	s.EmitText(text(append([]string{"Event", name}, pairs...)))
}

// EmitText sends messages, written with LF and an empty line after each, to
// every connection that is logged in.
func (s *Server) EmitText(messages ...string) {
	for _, m := range messages {
		s.Raw(strings.ReplaceAll(m, "\n", "\r\n"))
	}
}

// Raw sends bytes as they are to every connection that is logged in.
func (s *Server) Raw(data string) {
	for _, c := range s.connections() {
		c.mu.Lock()
		if c.loggedIn {
			c.send(data)
		}
		c.mu.Unlock()
	}
}

// Cut closes every connection.
func (s *Server) Cut() {
	for _, c := range s.connections() {
		c.close()
	}
}

// Freeze makes the connections that there are half open: they stay, but
// nothing is answered or sent on them any more.
func (s *Server) Freeze() {
	for _, c := range s.connections() {
		c.mu.Lock()
		c.frozen = true
		c.mu.Unlock()
	}
}

// Refuse has new connections refused, or accepted again.
func (s *Server) Refuse(refuse bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refusing = refuse
}

// Await returns the first request of that action which was not returned
// before, and waits for it. It fails the test after 10 s.
func (s *Server) Await(action string) *Request {
	s.tb.Helper()
	var found *Request
	s.wait("action "+action, func() bool {
		for i, r := range s.requests {
			if strings.EqualFold(r.Action, action) {
				found = r
				s.requests = append(s.requests[:i:i], s.requests[i+1:]...)
				return true
			}
		}
		return false
	})
	return found
}

// AwaitLogins waits until there were n logins in all. It fails the test after
// 10 s.
func (s *Server) AwaitLogins(n int) {
	s.tb.Helper()
	s.wait("login", func() bool { return s.logins >= n })
}

// wait waits until is, called with s.mu held, is true.
func (s *Server) wait(what string, is func() bool) {
	s.tb.Helper()
	timer := time.NewTimer(awaitLimit)
	defer timer.Stop()
	for {
		s.mu.Lock()
		ok, changed := is(), s.changed
		s.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-changed:
		case <-timer.C:
			s.tb.Fatalf("amitest: no %s within %s", what, awaitLimit)
		}
	}
}

// note changes what wait waits for.
func (s *Server) note(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *Server) connections() []*conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	conns := make([]*conn, 0, len(s.conns))
	for c := range s.conns {
		conns = append(conns, c)
	}
	return conns
}

func (s *Server) close() {
	s.mu.Lock()
	s.closed = true
	for _, l := range s.listeners {
		_ = l.Close()
	}
	s.mu.Unlock()
	s.Cut()
	s.wg.Wait()
}
