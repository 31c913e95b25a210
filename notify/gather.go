package notify

import (
	"bufio"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

const (
	// gatherFor is how long a plain change may wait to be written together
	// with others. A call makes nine changes for each page of its queue, most
	// of them within moments of each other; writes are most of what they
	// cost. What concerns the page's own agent, and answers, don't wait, and
	// take along what does.
	gatherFor = 100 * time.Millisecond
	// gatherMax is how many frames are gathered at most before they are
	// written.
	gatherMax = 64
	// gatherKeep is how large a buffer is kept for the next ones, in bytes.
	gatherKeep = 32 << 10
)

// outbox holds the frames that wait for a socket's writer. Whoever sends puts
// them in; the writer is woken when something may not wait any longer, and
// takes all.
type outbox struct {
	wake chan struct{} // capacity 1

	mu     sync.Mutex
	frames []frame
	timer  *time.Timer // wakes
}

func newOutbox() *outbox {
	o := &outbox{wake: make(chan struct{}, 1)}
	o.timer = time.AfterFunc(gatherFor, o.ring)
	o.timer.Stop()
	return o
}

func (o *outbox) ring() {
	select {
	case o.wake <- struct{}{}:
	default: // the writer is called already
	}
}

// put takes a frame; false when there is no room.
func (o *outbox) put(f frame) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	first := len(o.frames) == 0
	if f.figures != "" {
		o.supersede(f.figures)
	}
	if len(o.frames) >= clientQueue {
		return false
	}
	o.frames = append(o.frames, f)
	switch {
	case !f.plain() || len(o.frames) == gatherMax:
		o.ring()
	case first:
		o.timer.Reset(gatherFor)
	}
	return true
}

// supersede takes out the older figures of a queue: nobody needs to see them
// any more. The box is locked.
func (o *outbox) supersede(queueID string) {
	for i := range o.frames {
		if o.frames[i].figures == queueID {
			o.frames = slices.Delete(o.frames, i, i+1)
			return
		}
	}
}

// take empties the box into a list that is not used any more.
func (o *outbox) take(old []frame) []frame {
	clear(old)
	o.mu.Lock()
	defer o.mu.Unlock()
	frames := o.frames
	o.frames = old[:0]
	return frames
}

// close stops the timer.
func (o *outbox) close() { o.timer.Stop() }

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

// SetWriteDeadline does nothing: websocket sets one for each frame, but only a
// flush can hang.
func (g *gatherer) SetWriteDeadline(time.Time) error { return nil }

// flush writes what was gathered, until the deadline.
func (g *gatherer) flush(deadline time.Time) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.buf) == 0 {
		return nil
	}
	err := g.Conn.SetWriteDeadline(deadline)
	if err == nil {
		_, err = g.Conn.Write(g.buf)
	}
	g.buf = g.buf[:0]
	if cap(g.buf) > gatherKeep {
		g.buf = nil
	}
	return err
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
