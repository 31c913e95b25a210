package agi_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"calld/agi"
	"calld/agi/agitest"
)

// peer is a raw connection to a server.
type peer struct {
	t    *testing.T
	conn net.Conn
	in   *bufio.Reader
}

func newPeer(t *testing.T, conn net.Conn) *peer {
	t.Helper()
	t.Cleanup(func() { conn.Close() })
	return &peer{t, conn, bufio.NewReader(conn)}
}

func (p *peer) write(text string) {
	p.t.Helper()
	if _, err := io.WriteString(p.conn, text); err != nil {
		p.t.Errorf("write: %v", err)
	}
}

func (p *peer) line() string {
	line, _ := p.in.ReadString('\n')
	return line
}

// rest returns all that comes until the server closes.
func (p *peer) rest() string {
	text, _ := io.ReadAll(p.in)
	return string(text)
}

// pipes is a listener of net.Pipe connections.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), done: make(chan struct{})} }

func (l *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *pipes) Close() error   { l.once.Do(func() { close(l.done) }); return nil }
func (l *pipes) Addr() net.Addr { return &net.TCPAddr{} }

func (l *pipes) dial(t *testing.T) *peer {
	t.Helper()
	here, there := net.Pipe()
	l.conns <- there
	return newPeer(t, here)
}

// serve runs a server on pipes until the test ends.
func serve(t *testing.T, srv *agi.Server) *pipes {
	t.Helper()
	ln := newPipes()
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ln) }()
	t.Cleanup(func() {
		srv.Close()
		if err := <-served; !errors.Is(err, agi.ErrServerClosed) {
			t.Errorf("Serve returned %v", err)
		}
		if err := srv.Shutdown(context.Background()); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		if n := srv.Stats().Open; n != 0 {
			t.Errorf("%d sessions are left open", n)
		}
	})
	return ln
}

func serveOne(t *testing.T, srv *agi.Server) (*peer, *agi.Server) {
	t.Helper()
	return serve(t, srv).dial(t), srv
}

// waitFor waits for a fact that another goroutine brings about.
func waitFor(t *testing.T, fact func() bool) {
	t.Helper()
	look, late := time.NewTicker(time.Millisecond), time.NewTimer(10*time.Second)
	defer look.Stop()
	defer late.Stop()
	for !fact() {
		select {
		case <-look.C:
		case <-late.C:
			t.Fatal("it has not come true within 10s")
		}
	}
}

// idle is a handler that waits for its session's end.
var idle = agi.HandlerFunc(func(ctx context.Context, _ *agi.Session) { <-ctx.Done() })

// TestHostile: what a peer does wrong before or after its environment, what it
// is told, and what is counted.
func TestHostile(t *testing.T) {
	for _, tc := range []struct {
		name string
		send string
		then func(*peer)
		want agi.Reason
		told string
	}{
		{name: "slow loris", send: "agi_request: x\n", want: agi.SlowHandshake, told: "failure\n"},
		{name: "nothing at all", want: agi.SlowHandshake, told: "failure\n"},
		{name: "HTTP", send: "GET / HTTP/1.1\n\n", want: agi.BadEnvironment, told: "failure\n"},
		{name: "bad escape", send: strings.ReplaceAll(benchEnv, "inbound\n", "%zz\n"), want: agi.BadEnvironment, told: "failure\n"},
		{name: "left", send: "agi_request: x\n", then: func(p *peer) { p.conn.Close() }, want: agi.BrokenHandshake},
		{name: "giant line", send: strings.Repeat("x", 5000), want: agi.LineTooLong, told: "failure\n"},
		{name: "giant line later", send: benchEnv + strings.Repeat("x", 5000), want: agi.LineTooLong},
		{name: "answer to nothing", send: benchEnv + "200 result=0\n", want: agi.BadAnswer},
		{name: "nonsense", send: benchEnv + "hello\n", want: agi.BadAnswer},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p, srv := serveOne(t, &agi.Server{Handler: idle, MaxLine: 4000})
				if tc.send != "" {
					go io.WriteString(p.conn, tc.send)
				}
				synctest.Wait()
				if tc.then != nil {
					tc.then(p)
				}
				if told := p.rest(); told != tc.told {
					t.Errorf("was told %q, want %q", told, tc.told)
				}
				synctest.Wait()
				st := srv.Stats()
				for r, n := range st.Refused {
					if (r == tc.want) != (n == 1) {
						t.Errorf("%v is counted %d times", r, n)
					}
				}
				if st.Accepted != 1 || st.Open != 0 {
					t.Errorf("%+v", st)
				}
			})
		})
	}
}

// TestSlowHandshakeIsAsAWhole: a byte now and then does not prolong it.
func TestSlowHandshakeIsAsAWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, srv := serveOne(t, &agi.Server{Handler: idle})
		begin := time.Now()
		var drip sync.WaitGroup
		drip.Go(func() {
			for _, err := p.conn.Write([]byte("a")); err == nil; _, err = p.conn.Write([]byte("a")) {
				time.Sleep(time.Second)
			}
		})
		p.rest()
		drip.Wait()
		if d := time.Since(begin); d > agi.DefaultHandshakeTimeout+2*time.Second {
			t.Errorf("it took %v", d)
		}
		if n := srv.Stats().Refused[agi.SlowHandshake]; n != 1 {
			t.Errorf("counted %d", n)
		}
	})
}

// TestStalledWrite: a peer that takes no command is cut off.
func TestStalledWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, done := handle(func(ctx context.Context, s *agi.Session) error {
			if err := s.Noop(ctx); err == nil {
				t.Error("Noop succeeded")
			}
			return context.Cause(ctx)
		})
		p, srv := serveOne(t, &agi.Server{Handler: h})
		p.write(benchEnv)
		var got *agi.ProtocolError
		if err := <-done; !errors.As(err, &got) || got.Reason != agi.StalledWrite {
			t.Errorf("cause %v", err)
		}
		if n := srv.Stats().Refused[agi.StalledWrite]; n != 1 {
			t.Errorf("counted %d", n)
		}
	})
}

func TestTooMany(t *testing.T) {
	ln := listen(t)
	srv := &agi.Server{Handler: idle, MaxSessions: 2}
	go srv.Serve(ln)
	defer srv.Close()
	dial := func() *peer {
		conn, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		p := newPeer(t, conn)
		p.write(benchEnv)
		return p
	}
	first := dial()
	dial()
	if told := dial().rest(); told != "failure\n" {
		t.Errorf("the third was told %q", told)
	}
	if n := srv.Stats().Refused[agi.TooManySessions]; n != 1 {
		t.Errorf("counted %d", n)
	}
	first.conn.Close()
	waitFor(t, func() bool { return srv.Stats().Open == 1 })
	dial()
	waitFor(t, func() bool { return srv.Stats().Open == 2 })
}

func TestAllow(t *testing.T) {
	ln := listen(t)
	srv := &agi.Server{Handler: agi.HandlerFunc(func(context.Context, *agi.Session) {}), Allow: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}}
	go srv.Serve(ln)
	defer srv.Close()
	dial := func() string {
		conn, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		return newPeer(t, conn).rest()
	}
	dial()
	if st := srv.Stats(); st.Refused[agi.NotAllowed] != 1 {
		t.Errorf("%+v", st)
	}
	srv.SetAllow([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")})
	conn, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	agitest.New(t, agi.Env{}).Connect(conn)
	waitFor(t, func() bool { st := srv.Stats(); return st.Accepted == 2 && st.Open == 0 })
	if st := srv.Stats(); st.Refused[agi.NotAllowed] != 1 {
		t.Errorf("%+v", st)
	}
}

func TestPanic(t *testing.T) {
	var log strings.Builder
	srv := &agi.Server{
		Log:     slog.New(slog.NewTextHandler(&log, nil)),
		Handler: agi.HandlerFunc(func(context.Context, *agi.Session) { panic("boom") }),
	}
	ln := serve(t, srv)
	here, there := net.Pipe()
	ln.conns <- there
	c := agitest.New(t, agi.Env{NetworkScript: "inbound"})
	c.Connect(here)
	if got := c.Status(); got != "FAILURE" {
		t.Errorf("AGISTATUS is %s", got)
	}
	waitFor(t, func() bool { return srv.Stats().Open == 0 })
	if st := srv.Stats(); st.Panics != 1 || !strings.Contains(log.String(), "panic=boom path=/inbound") {
		t.Errorf("%+v\n%s", st, log.String())
	}
	// And the server lives.
	ln.dial(t)
}

func TestShutdown(t *testing.T) {
	release := make(chan struct{})
	h, done := handle(func(ctx context.Context, s *agi.Session) error {
		<-release
		return s.Noop(ctx)
	})
	srv := &agi.Server{Handler: h}
	ln := newPipes()
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ln) }()
	here, there := net.Pipe()
	ln.conns <- there
	c := agitest.New(t, agi.Env{})
	c.Connect(here)
	waitFor(t, func() bool { return srv.Stats().Open == 1 })

	gone, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("no patience"))
	if err := srv.Shutdown(gone); err == nil || err.Error() != "agi: shutdown: no patience" {
		t.Errorf("Shutdown: %v", err)
	}
	if err := <-served; !errors.Is(err, agi.ErrServerClosed) {
		t.Errorf("Serve: %v", err)
	}
	if err := srv.Serve(newPipes()); !errors.Is(err, agi.ErrServerClosed) {
		t.Errorf("Serve after Shutdown: %v", err)
	}
	close(release)
	if err := srv.Shutdown(t.Context()); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	if err := <-done; !errors.Is(err, nil) {
		t.Errorf("the session was disturbed: %v", err)
	}
}

func TestClose(t *testing.T) {
	h, done := handle(func(ctx context.Context, s *agi.Session) error {
		if _, err := s.Exec(ctx, "Dial"); !errors.Is(err, agi.ErrServerClosed) {
			t.Errorf("Exec: %v", err)
		}
		return context.Cause(ctx)
	})
	srv := &agi.Server{Handler: h}
	ln := serve(t, srv)
	shaking := ln.dial(t) // a session in its handshake
	here, there := net.Pipe()
	ln.conns <- there
	c := agitest.New(t, agi.Env{})
	c.Hold("EXEC")
	c.Connect(here)
	c.Expect("EXEC")
	srv.Close()
	if err := <-done; !errors.Is(err, agi.ErrServerClosed) {
		t.Errorf("cause %v", err)
	}
	if told := shaking.rest(); told != "" {
		t.Errorf("the handshake was told %q", told)
	}
	for r, n := range srv.Stats().Refused {
		if n != 0 {
			t.Errorf("%v is counted", r)
		}
	}
}

func TestMux(t *testing.T) {
	mux := &agi.Mux{}
	got := make(chan string, 1)
	mux.HandleFunc("/상담", func(_ context.Context, s *agi.Session) { got <- s.Path + " " + s.Query.Get("이름") })
	mux.HandleFunc("/inbound", func(_ context.Context, s *agi.Session) { got <- s.Path })
	agitest.Dial(t, mux, agi.Env{NetworkScript: "%EC%83%81%EB%8B%B4?이름=홍%20길동"})
	if g := <-got; g != "/상담 홍 길동" {
		t.Errorf("got %q", g)
	}
	agitest.Dial(t, mux, agi.Env{Request: "agi://h:4573/inbound"})
	if g := <-got; g != "/inbound" {
		t.Errorf("got %q", g)
	}
	agitest.Dial(t, mux, agi.Env{NetworkScript: "inbound/x"}).Wait() // nobody's
	mux.NotFound = agi.HandlerFunc(func(_ context.Context, s *agi.Session) { got <- "not found: " + s.Path })
	agitest.Dial(t, mux, agi.Env{NetworkScript: "inbound/x"})
	if g := <-got; g != "not found: /inbound/x" {
		t.Errorf("got %q", g)
	}
}

func TestMuxPanics(t *testing.T) {
	for name, path := range map[string]string{"no slash": "inbound", "twice": "/twice"} {
		t.Run(name, func(t *testing.T) {
			mux := &agi.Mux{}
			mux.Handle("/twice", idle)
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			mux.Handle(path, idle)
		})
	}
}

func TestServeFails(t *testing.T) {
	ln := newPipes()
	ln.Close()
	if err := (&agi.Server{Handler: idle}).Serve(ln); !errors.Is(err, net.ErrClosed) {
		t.Errorf("a broken listener: %v", err)
	}
	if err := (&agi.Server{}).Serve(newPipes()); err == nil {
		t.Error("a server without a handler serves")
	}
	if err := (&agi.Server{Handler: idle, Addr: "256.0.0.1:1"}).ListenAndServe(); err == nil {
		t.Error("it listens on a bad address")
	}
}
