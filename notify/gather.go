package notify

import (
	"bufio"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	// gatherFor is how long a plain change may wait to be written together
	// with others. An event of the board usually brings two or three, to
	// dozens of pages: system calls are most of what they cost. Alerts and
	// answers don't wait, and take along what does.
	gatherFor = 5 * time.Millisecond
	// gatherMax is how many bytes are gathered at most before they are
	// written, and how large a buffer is kept.
	gatherMax = 32 << 10
)

// gatherer is a connection that gathers what is written until it is flushed.
type gatherer struct {
	net.Conn

	mu  sync.Mutex // websocket may write a close frame from the reader
	buf []byte
}

// Write keeps p for the next flush.
func (g *gatherer) Write(p []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.buf = append(g.buf, p...)
	return len(p), nil
}

// flush writes what was gathered.
func (g *gatherer) flush() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.buf) == 0 {
		return nil
	}
	_, err := g.Conn.Write(g.buf)
	g.buf = g.buf[:0]
	if cap(g.buf) > gatherMax {
		g.buf = nil
	}
	return err
}

func (g *gatherer) gathered() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.buf)
}

// hijacker gives websocket's upgrader a gatherer for the connection.
type hijacker struct {
	http.ResponseWriter
	conn *gatherer
}

// Hijack takes over the connection from net/http.
func (h *hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	h.conn.Conn = conn
	return h.conn, rw, nil
}
