package centre

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

const (
	// pageBuffer holds a whole frame of the usual size, in bytes.
	pageBuffer = 4096
	// goodbyeTimeout is how long the last frame of a page may take.
	goodbyeTimeout = time.Second
)

// ErrPage is wrapped by what keeps a page from logging in or saying something.
var ErrPage = errors.New("centre: page")

// Page is the page of an agent, logged in or not. It decodes nothing, so that
// hundreds of them cost little. Login, State and the ends are for one goroutine
// at a time.
type Page struct {
	Agent string
	// Seen is called with each frame as it comes, by the page's goroutine; the
	// frame may not be kept. May be nil; set before the first login.
	Seen func(at time.Time, frame []byte)

	url  string
	conn *websocket.Conn // nil when logged out
	done chan struct{}   // closed when reading has ended

	mu       sync.Mutex
	lost     error // why the server or the network ended it
	refusals int   // error frames
	refusal  string
	frames   int
	bytes    int
}

// NewPage is the page of an agent whose password is its id, at a WebSocket
// address. It is not logged in.
func NewPage(url, agent string) *Page { return &Page{url: url, Agent: agent} }

// Login opens the page, which must not be open.
func (p *Page) Login(ctx context.Context) error {
	dialer := websocket.Dialer{ReadBufferSize: pageBuffer, WriteBufferSize: pageBuffer}
	conn, resp, err := dialer.DialContext(ctx, p.url, nil)
	if resp != nil {
		_ = resp.Body.Close() // it has none
	}
	if err != nil {
		return fmt.Errorf("%w of %s: %w", ErrPage, p.Agent, err)
	}
	if err := login(ctx, conn, p.Agent); err != nil {
		return errors.Join(fmt.Errorf("%w of %s: %w", ErrPage, p.Agent, err), conn.Close())
	}
	p.note(func() { p.lost = nil })
	p.conn, p.done = conn, make(chan struct{})
	go p.read(conn, p.done)
	return nil
}

func login(ctx context.Context, conn *websocket.Conn, id string) error {
	stop := context.AfterFunc(ctx, func() { _ = conn.SetReadDeadline(time.Now()) }) // a read that waits ends
	defer stop()
	err := conn.WriteJSON(map[string]string{"type": "login", "id": id, "password": id})
	for err == nil {
		var frame []byte
		_, frame, err = conn.ReadMessage()
		switch {
		case bytes.Contains(frame, []byte(`"type":"welcome"`)):
			return nil
		case bytes.Contains(frame, []byte(`"type":"error"`)):
			return fmt.Errorf("login refused: %s", frame)
		}
	}
	return err
}

// State says the agent available or away.
func (p *Page) State(state string) error {
	return p.say(map[string]string{"type": "state", "state": state})
}

// Logout logs the agent out, and closes the page.
func (p *Page) Logout() error {
	err := p.say(map[string]string{"type": "logout"})
	if p.conn != nil {
		goodbye := websocket.FormatCloseMessage(websocket.CloseGoingAway, "")
		_ = p.conn.WriteControl(websocket.CloseMessage, goodbye, time.Now().Add(goodbyeTimeout)) // the server may have been faster
	}
	p.Drop()
	return err
}

func (p *Page) say(frame map[string]string) error {
	if p.conn == nil {
		return fmt.Errorf("%w of %s: not logged in", ErrPage, p.Agent)
	}
	if err := p.conn.WriteJSON(frame); err != nil {
		return fmt.Errorf("%w of %s: %s: %w", ErrPage, p.Agent, frame["type"], err)
	}
	return nil
}

// Drop cuts the connection, if there is one, without a word.
func (p *Page) Drop() {
	if p.conn == nil {
		return
	}
	_ = p.conn.Close() // the server may have done so
	<-p.done
	p.conn = nil
}

// Open tells whether it is logged in, as far as the page knows.
func (p *Page) Open() bool { return p.conn != nil && p.Lost() == nil }

// read takes frames until the connection ends. The library answers pings.
func (p *Page) read(conn *websocket.Conn, done chan<- struct{}) {
	defer close(done)
	var frame bytes.Buffer
	for {
		_, r, err := conn.NextReader()
		if err == nil {
			frame.Reset()
			_, err = frame.ReadFrom(r)
		}
		if err != nil {
			p.note(func() { p.lost = err })
			return
		}
		at := time.Now()
		p.note(func() {
			p.frames++
			p.bytes += frame.Len()
			if bytes.Contains(frame.Bytes(), []byte(`"type":"error"`)) {
				p.refusals++
				p.refusal = frame.String()
			}
		})
		if p.Seen != nil {
			p.Seen(at, frame.Bytes())
		}
	}
}

func (p *Page) note(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
}

// Reset forgets what was counted.
func (p *Page) Reset() { p.note(func() { p.frames, p.bytes, p.refusals = 0, 0, 0 }) }

// Counted is how many frames have come, and how many bytes they had.
func (p *Page) Counted() (frames, bytes int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.frames, p.bytes
}

// Refusals is how many error frames have come, and the last.
func (p *Page) Refusals() (n int, last string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.refusals, p.refusal
}

// Lost tells why the server, the network or the page itself has ended the
// connection; nil while it lasts.
func (p *Page) Lost() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lost
}
