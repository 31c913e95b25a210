package app

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"calld/config"
)

// TestCrowds: each address, or IPv6 site, has so many connections and no more;
// trusted proxies have as many as they like.
func TestCrowds(t *testing.T) {
	c := newCrowds(2, func() []netip.Prefix { return []netip.Prefix{netip.MustParsePrefix("192.0.2.9/32")} })
	steps := []struct {
		addr string
		want bool
	}{
		{"192.0.2.1:1", true},
		{"192.0.2.1:2", true},
		{"192.0.2.1:3", false},
		{"[::ffff:192.0.2.1]:4", false},
		{"192.0.2.2:1", true},
		{"[2001:db8::1]:1", true},
		{"[2001:db8::2]:1", true},
		{"[2001:db8::3]:1", false},
		{"[2001:db8:0:1::3]:1", true},
		{"192.0.2.9:1", true},
		{"192.0.2.9:2", true},
		{"192.0.2.9:3", true},
		{"@", true}, // a Unix socket
	}
	var sites []netip.Prefix
	for _, s := range steps {
		site, ok := c.admit(net.Addr(text(s.addr)))
		if ok != s.want {
			t.Errorf("%s let in: %t", s.addr, ok)
		}
		if ok {
			sites = append(sites, site)
		}
	}
	for _, site := range sites {
		c.leave(site)
	}
	if len(c.open) != 0 || c.refusedCount() != 3 {
		t.Errorf("left over %v, refused %d", c.open, c.refusedCount())
	}
}

// text is an address as it stands.
type text string

func (text) Network() string  { return "tcp" }
func (s text) String() string { return string(s) }

// TestCrowdListener: a place is free again once its connection is closed.
func TestCrowdListener(t *testing.T) {
	crowds := newCrowds(1, func() []netip.Prefix { return nil })
	l, err := listenHTTP(t.Context(), config.Server{HTTP: "127.0.0.1:0"}, crowds, 10)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	accepted := make(chan net.Conn)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			accepted <- conn
		}
	}()
	dial := func() net.Conn {
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		return conn
	}
	dial()
	first := <-accepted
	if _, err := dial().Read(make([]byte, 1)); err == nil {
		t.Error("the second connection was not closed")
	}
	first.Close()
	first.Close() // counts once
	dial()
	(<-accepted).Close()
	if n := crowds.refusedCount(); n != 1 {
		t.Errorf("%d refused", n)
	}
}

// TestSlowBody: a body that does not come ends the connection, though nobody
// reads it; net/http itself would wait for ever.
func TestSlowBody(t *testing.T) {
	s := newSite(t)
	server := s.app().httpServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") }))
	server.ReadTimeout = 50 * time.Millisecond // bodyTime is too long for a test
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	go server.Serve(l)
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(bufio.NewReader(conn))
	if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 200") {
		t.Errorf("%q, %v", answer, err)
	}
}

// TestStreams: an HTTP/2 connection has so many requests under way and no more, so that
// the limits on connections bound them.
func TestStreams(t *testing.T) {
	s := newSite(t)
	pool, pair := s.certificate()
	const requests = 5 * streams
	arrived, leave := make(chan string, requests), make(chan struct{})
	server := s.app().httpServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		arrived <- r.RemoteAddr
		<-leave
	}))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	go server.Serve(tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{pair}, NextProtos: []string{"h2"}, MinVersion: tls.VersionTLS12}))
	client := &http.Client{Timeout: patience, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true,
	}}
	defer client.CloseIdleConnections()
	var asking sync.WaitGroup
	for range requests {
		asking.Go(func() {
			answer, err := client.Get("https://" + l.Addr().String())
			if err != nil {
				t.Error(err)
				return
			}
			answer.Body.Close()
		})
	}
	connections := map[string]int{}
	for range requests {
		select {
		case from := <-arrived:
			connections[from]++
		case <-time.After(patience):
			t.Fatalf("the requests that arrived: %v", connections)
		}
	}
	close(leave)
	asking.Wait()
	for from, n := range connections {
		if n > streams {
			t.Errorf("%s has %d requests under way", from, n)
		}
	}
}
