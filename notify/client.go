package notify

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"calld/queue"

	"github.com/gorilla/websocket"
)

// Times and sizes of a socket.
const (
	// loginWait is how long a socket without a session cookie may take to
	// send its login frame.
	loginWait = 5 * time.Second
	// pingEvery and silenceLimit: the server pings, so that a page whose
	// timers sleep in a hidden tab stays connected; a socket that does not
	// even pong is dead.
	pingEvery    = 10 * time.Second
	silenceLimit = 25 * time.Second
	// writeWait bounds one write.
	writeWait = 5 * time.Second
	// closeWait bounds what is left to write when a socket is ended, and then
	// how long the other side has to close it too.
	closeWait = time.Second
	// maxFrame is the largest frame a client may send, in bytes.
	maxFrame = 64 << 10
	// maxFaults is how many faulty frames in a row are answered before the
	// socket is ended.
	maxFaults = 10
)

// client is one socket. One goroutine reads from it, the one of ServeHTTP,
// and one writes to it.
type client struct {
	hub    *Hub
	board  *queue.Board
	conn   *websocket.Conn
	gather *gatherer // under conn
	addr   string
	since  time.Time
	out    *outbox

	done   <-chan struct{} // closed when the socket is to end
	cancel context.CancelFunc
	once   sync.Once
	why    Reason // set before done is closed

	rights *rights // nil until logged in; guarded by the hub's mutex

	// For the reader alone.
	rate   bucket
	faults int // faulty frames in a row
	agent  string

	// For the writer alone.
	seq     uint64 // of the last numbered frame
	shown   uint64 // the board's seq that the last welcome stands for
	scratch []byte
}

// ServeHTTP takes a WebSocket connection and serves it until it ends.
func (h *Hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !h.OriginAllowed(r) {
		h.count.refused.Add(RefusedOrigin)
		h.log.Warn("websocket from a page of another host refused", "origin", r.Header.Get("Origin"), "host", r.Host)
		http.Error(w, "this page may not connect here", http.StatusForbidden)
		return
	}
	agentID, known := h.auth.Session(r)
	board := h.admit(!known)
	if board == nil {
		h.count.refused.Add(RefusedFull)
		w.Header().Set("Retry-After", strconv.Itoa(int(loginWait.Seconds())))
		http.Error(w, "no more connections now", http.StatusServiceUnavailable)
		return
	}
	defer h.leave()
	up := websocket.Upgrader{
		HandshakeTimeout: writeWait,
		WriteBufferPool:  &h.buffers,
		CheckOrigin:      func(*http.Request) bool { return true }, // checked above
	}
	gather := &gatherer{}
	conn, err := up.Upgrade(&hijacker{w, gather}, r, nil)
	if err == nil {
		err = gather.flush(time.Now().Add(writeWait))
	}
	if err != nil { // Upgrade has answered the request
		h.count.refused.Add(RefusedHandshake)
		if !known {
			h.noStranger()
		}
		return
	}
	c := &client{hub: h, board: board, conn: conn, gather: gather, addr: host(r.RemoteAddr), since: time.Now(), out: newOutbox()}
	// Only the hub ends a socket: the request's own context is no help after
	// the connection was taken over from net/http.
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context()))
	c.done, c.cancel = ctx.Done(), cancel
	h.open(c)
	var writing sync.WaitGroup
	writing.Go(c.write)
	c.serve(ctx, agentID, known)
	writing.Wait()
	_ = conn.Close() // nothing is left to be lost
	h.close(c)
	if c.agent != "" {
		c.disconnectBoard(c.agent)
	}
	h.count.disconnects.Add(c.why)
	h.log.Debug("socket closed", "agent", c.agent, "addr", c.addr, "reason", string(c.why))
}

// OriginAllowed refuses pages of other hosts, which could otherwise use the
// cookie of whoever looks at them. Programs send no Origin.
func (h *Hub) OriginAllowed(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" {
		return false
	}
	same := func(host string) bool { return strings.EqualFold(host, u.Host) }
	return same(r.Host) || slices.ContainsFunc(h.origins, same)
}

func host(addr string) string {
	if host, _, err := net.SplitHostPort(addr); err == nil {
		return host
	}
	return addr
}

// serve logs the client in and reads what it sends until the socket ends.
func (c *client) serve(ctx context.Context, agentID string, known bool) {
	c.conn.SetReadLimit(maxFrame)
	c.conn.SetPongHandler(func(string) error { return c.hear() })
	c.conn.SetPingHandler(func(data string) error {
		c.send(frame{pong: []byte(data)})
		return c.hear()
	})
	c.conn.SetCloseHandler(func(int, string) error { return nil }) // the writer answers
	if known {
		c.enter(agentID)
	} else {
		ok := c.awaitLogin(ctx)
		c.hub.noStranger()
		if !ok {
			return
		}
	}
	for {
		_ = c.hear() // a broken connection is found by the read
		text, err := c.read()
		if err != nil {
			c.end(c.readFault(err, Silent))
			return
		}
		c.handle(ctx, text)
	}
}

// hear gives a client that was heard of silenceLimit to be heard of again,
// and one that is to end closeWait.
func (c *client) hear() error {
	if c.agent == "" {
		return nil // the time to log in is not made longer
	}
	err := c.conn.SetReadDeadline(time.Now().Add(silenceLimit))
	if c.ending() { // the writer may have set its deadline before that
		err = c.conn.SetReadDeadline(time.Now().Add(closeWait))
	}
	return err
}

func (c *client) ending() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// read reads a frame; text is nil when it is not a text frame.
func (c *client) read() (text []byte, err error) {
	kind, r, err := c.conn.NextReader()
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(r)
	if err != nil || kind != websocket.TextMessage {
		return nil, err
	}
	return body, nil
}

// readFault tells why reading ended; late is the reason when time ran out.
func (c *client) readFault(err error, late Reason) Reason {
	switch {
	case errors.Is(err, websocket.ErrReadLimit):
		return TooBig
	case timedOut(err):
		return late
	}
	return Gone
}

// timedOut tells a deadline from a broken connection; websocket hides
// os.ErrDeadlineExceeded.
func timedOut(err error) bool {
	var e net.Error
	return errors.As(err, &e) && e.Timeout()
}

// enter logs the socket in.
func (c *client) enter(agentID string) {
	if !c.hub.join(c, agentID) {
		c.end(Removed)
		return
	}
	c.agent = agentID
}

func (c *client) disconnectBoard(agentID string) {
	if err := c.board.Disconnect(agentID); err != nil {
		c.hub.log.Debug("the agent of a closed socket is gone", "agent", agentID, "err", err)
	}
}

// send puts f on the queue. A client that does not keep up is ended: it comes
// back and takes a snapshot.
func (c *client) send(f frame) {
	if f.masked != nil && c.rights.masked { // of the hub, which has its mutex
		f.body = f.masked
	}
	if !c.out.put(f) {
		c.end(TooSlow)
	}
}

// end has the socket closed; the first reason counts. It does not wait.
func (c *client) end(why Reason) {
	c.once.Do(func() {
		c.why = why
		c.cancel()
		// A write that hangs is cut short; if the deadline can't be set the
		// connection is closed already.
		_ = c.gather.Conn.SetWriteDeadline(time.Now().Add(closeWait))
	})
}

// write sends what is queued until the socket ends.
func (c *client) write() {
	defer c.out.close()
	ping := time.NewTicker(pingEvery)
	defer ping.Stop()
	var frames []frame
	for {
		var err error
		select {
		case <-c.done:
			c.writeRest(frames)
			return
		case <-c.out.wake:
			frames = c.out.take(frames)
			err = c.putAll(frames)
		case <-ping.C:
			err = c.conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(writeWait))
		}
		if err == nil {
			err = c.gather.flush(time.Now().Add(writeWait))
		}
		if err != nil {
			why := Gone
			if timedOut(err) {
				why = TooSlow
			}
			c.end(why)
		}
	}
}

// writeRest sends what was queued before the end, then the close frame, and
// leaves the other side closeWait to close the connection.
func (c *client) writeRest(old []frame) {
	deadline := time.Now().Add(closeWait)
	if c.why != TooSlow && c.why != Gone {
		_ = c.putAll(c.out.take(old)) // the close frame follows in any case
	}
	message := websocket.FormatCloseMessage(c.why.closeCode(), string(c.why))
	// The other side may be gone, which is as good.
	_ = c.conn.WriteControl(websocket.CloseMessage, message, deadline)
	_ = c.gather.flush(deadline)
	_ = c.conn.SetReadDeadline(deadline) // ends the reader
}

// putAll gathers frames for the next flush.
func (c *client) putAll(frames []frame) error {
	for _, f := range frames {
		if err := c.put(f); err != nil {
			return err
		}
	}
	return nil
}

// put gathers one frame.
func (c *client) put(f frame) error {
	switch {
	case f.pong != nil:
		return c.conn.WriteControl(websocket.PongMessage, f.pong, time.Now().Add(writeWait))
	case f.welcome != nil:
		w, seq := c.hub.welcome(f.welcome)
		c.shown = seq
		c.hub.count.welcomes.Add(1)
		f.body = c.hub.encode(w)
	case f.board != 0 && f.board <= c.shown:
		return nil // the welcome has it
	}
	if f.body == nil {
		return nil
	}
	text := f.body
	if !f.answer {
		c.seq++
		c.scratch = append(c.scratch[:0], `{"seq":`...)
		c.scratch = strconv.AppendUint(c.scratch, c.seq, 10)
		c.scratch = append(c.scratch, ',')
		c.scratch = append(c.scratch, f.body[1:]...)
		text = c.scratch
	}
	c.hub.count.frames.Add(1)
	return c.conn.WriteMessage(websocket.TextMessage, text)
}
