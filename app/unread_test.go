package app

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestUnread: a connection counts whose first request could not be read, by
// whatever fault, and no other.
func TestUnread(t *testing.T) {
	a := newSite(t).app()
	server := a.httpServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") }))
	server.ReadHeaderTimeout = 50 * time.Millisecond // headerTime is too long for a test
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	over := make(chan struct{}, 1) // a connection has ended, and was looked at
	count := server.ConnState
	server.ConnState = func(c net.Conn, state http.ConnState) {
		count(c, state)
		if state == http.StateClosed {
			over <- struct{}{}
		}
	}
	go server.Serve(l)
	const good = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
	for _, c := range []struct {
		name, says string
		hangUp     bool
		counts     uint64
	}{
		{"nothing", "", true, 0},
		{"a request", "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", false, 0},
		{"a request, then nonsense", good + "nonsense\r\n\r\n", false, 0},
		{"nonsense", "nonsense\r\n\r\n", false, 1},
		{"slow headers", "GET / HTTP/1.1\r\nHost:", false, 1},
		{"half a request", "GET / HTTP/1.1\r\nHost:", true, 1},
		{"a giant header", "GET / HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", 64<<10), false, 1},
	} {
		before := a.unread.count.Load()
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(conn, c.says) // the server may hang up first
		if c.hangUp {
			conn.Close()
		}
		select {
		case <-over:
		case <-time.After(patience):
			t.Fatalf("%s: the connection lasts", c.name)
		}
		conn.Close()
		if got := a.unread.count.Load() - before; got != c.counts {
			t.Errorf("%s: %d counted, want %d", c.name, got, c.counts)
		}
	}
	if n := len(a.unread.open); n > 0 {
		t.Errorf("%d connections are remembered", n)
	}
}
