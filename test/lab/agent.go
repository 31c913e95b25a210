package lab

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// maxMessages is how many messages an agent keeps; older ones are forgotten.
const maxMessages = 10000

// closeTimeout is how long the goodbye of a WebSocket may take.
const closeTimeout = time.Second

// Errors of an agent.
var (
	ErrAgent   = errors.New("lab: agent's connection") // it failed or was closed
	ErrRefused = errors.New("lab: server refused")     // an error frame came as answer
	ErrSeq     = errors.New("lab: seq did not rise")   // the server broke its promise
)

// Message is one frame from the server.
type Message struct {
	Type string `json:"type"`
	Seq  uint64 `json:"seq"`
	Ref  string `json:"ref"`
	// Raw is the whole frame; At is when it came.
	Raw json.RawMessage `json:"-"`
	At  time.Time       `json:"-"`
}

// Decode reads the frame into a value, by encoding/json.
func (m Message) Decode(v any) error { return json.Unmarshal(m.Raw, v) }

// AgentOptions describes an agent's page.
type AgentOptions struct {
	ID, Password string         // sent as login frame; without ID a session cookie in Header must do
	Header       http.Header    // of the WebSocket request
	Roots        *x509.CertPool // who vouches for a wss:// address; nil: those of the machine
	// Seen is called with each message as it comes, by the reading goroutine;
	// it must not block. May be nil.
	Seen func(Message)
}

// Agent is an agent's page: a client of the server's WebSocket.
type Agent struct {
	Welcome Message // the snapshot sent after login

	opts AgentOptions
	conn *websocket.Conn
	done chan struct{} // closed when the reader has ended

	writing sync.Mutex // one writer at a time

	mu       sync.Mutex
	changed  chan struct{} // closed and made anew at each message
	messages []kept
	refs     int
	lastSeq  uint64
	err      error // why the reader ended, or ErrSeq
}

// kept is a message and whether a wait has returned it.
type kept struct {
	Message
	taken bool
}

// DialAgent connects to a WebSocket address such as ws://127.0.0.1:8080/ws,
// logs in, and returns when the welcome is there. A refused login is an
// [ErrRefused].
func DialAgent(ctx context.Context, url string, opts AgentOptions) (*Agent, error) {
	dialer := *websocket.DefaultDialer
	dialer.TLSClientConfig = &tls.Config{RootCAs: opts.Roots, MinVersion: tls.VersionTLS12}
	conn, res, err := dialer.DialContext(ctx, url, opts.Header)
	if err != nil {
		if res != nil {
			_ = res.Body.Close()
			err = fmt.Errorf("%w: status %s", err, res.Status)
		}
		return nil, fmt.Errorf("%w to %s: %w", ErrAgent, url, err)
	}
	a := &Agent{opts: opts, conn: conn, done: make(chan struct{}), changed: make(chan struct{})}
	go a.read()
	if err := a.login(ctx); err != nil {
		return nil, errors.Join(err, a.Drop())
	}
	return a, nil
}

func (a *Agent) login(ctx context.Context) error {
	if a.opts.ID != "" {
		if err := a.write(map[string]any{"type": "login", "id": a.opts.ID, "password": a.opts.Password}); err != nil {
			return err
		}
	}
	m, err := a.WaitFor(ctx, func(m Message) bool { return m.Type == "welcome" || m.Type == "error" })
	if err != nil {
		return fmt.Errorf("login of %s: %w", a.opts.ID, err)
	}
	if m.Type == "error" {
		return fmt.Errorf("%w the login of %s: %s", ErrRefused, a.opts.ID, m.Raw)
	}
	a.Welcome = m
	return nil
}

// ID is the agent's login id.
func (a *Agent) ID() string { return a.opts.ID }

// read takes the frames until the connection ends.
func (a *Agent) read() {
	defer close(a.done)
	for {
		_, frame, err := a.conn.ReadMessage()
		m := Message{Raw: frame, At: time.Now()}
		if err == nil {
			err = json.Unmarshal(frame, &m)
		}
		if err != nil {
			a.note(func() { a.fail(fmt.Errorf("%w: %w", ErrAgent, err)) })
			return
		}
		a.note(func() { a.keep(m) })
		if a.opts.Seen != nil {
			a.opts.Seen(m)
		}
	}
}

// note changes the state under the lock and wakes all who wait.
func (a *Agent) note(change func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	change()
	close(a.changed)
	a.changed = make(chan struct{})
}

// fail keeps the first error.
func (a *Agent) fail(err error) {
	if a.err == nil {
		a.err = err
	}
}

func (a *Agent) keep(m Message) {
	if m.Seq != 0 { // answers to our own frames have none
		if m.Seq <= a.lastSeq {
			a.fail(fmt.Errorf("%w: %d came after %d: %s", ErrSeq, m.Seq, a.lastSeq, m.Raw))
		}
		a.lastSeq = m.Seq
	}
	if a.messages = append(a.messages, kept{Message: m}); len(a.messages) > maxMessages {
		a.messages = append([]kept(nil), a.messages[maxMessages/2:]...)
	}
}

// Messages are all messages so far, oldest first.
func (a *Agent) Messages() []Message {
	a.mu.Lock()
	defer a.mu.Unlock()
	all := make([]Message, len(a.messages))
	for i, k := range a.messages {
		all[i] = k.Message
	}
	return all
}

// Err is why the connection ended, or [ErrSeq] when the server's numbers did
// not rise; nil while all is well.
func (a *Agent) Err() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.err
}

// WaitFor waits for a message and returns it: the oldest that matches, of
// those that have come already and were not returned before.
func (a *Agent) WaitFor(ctx context.Context, match func(Message) bool) (Message, error) {
	for {
		a.mu.Lock()
		for i := range a.messages {
			if k := &a.messages[i]; !k.taken && match(k.Message) {
				k.taken = true
				m := k.Message
				a.mu.Unlock()
				return m, nil
			}
		}
		changed, err, n := a.changed, a.err, len(a.messages)
		a.mu.Unlock()
		if err != nil {
			return Message{}, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return Message{}, fmt.Errorf("lab: agent %s waits for a message: %w; none of %d is it", a.opts.ID, ctx.Err(), n)
		}
	}
}

// WaitType is WaitFor by the type alone.
func (a *Agent) WaitType(ctx context.Context, kind string) (Message, error) {
	m, err := a.WaitFor(ctx, func(m Message) bool { return m.Type == kind })
	if err != nil {
		return m, fmt.Errorf("waiting for %s: %w", kind, err)
	}
	return m, nil
}

func (a *Agent) write(frame map[string]any) error {
	a.writing.Lock()
	defer a.writing.Unlock()
	if err := a.conn.WriteJSON(frame); err != nil {
		return fmt.Errorf("%w: %w", ErrAgent, err)
	}
	return nil
}

// Send sends a frame and waits for its answer, which an error frame makes an [ErrRefused].
// The frame's ref is set.
func (a *Agent) Send(ctx context.Context, frame map[string]any) (Message, error) {
	a.mu.Lock()
	a.refs++
	ref := strconv.Itoa(a.refs)
	a.mu.Unlock()
	frame["ref"] = ref
	if err := a.write(frame); err != nil {
		return Message{}, err
	}
	m, err := a.WaitFor(ctx, func(m Message) bool { return m.Ref == ref && (m.Type == "ack" || m.Type == "error") })
	if err == nil && m.Type == "error" {
		err = fmt.Errorf("%w %v of %s: %s", ErrRefused, frame["type"], a.opts.ID, m.Raw)
	}
	return m, err
}

// State sets the agent's state, "available" or "away".
func (a *Agent) State(ctx context.Context, state, reason string) error {
	_, err := a.Send(ctx, map[string]any{"type": "state", "state": state, "reason": reason})
	return err
}

// Memo writes the memo of a call, and returns when it is on the server's disk.
func (a *Agent) Memo(ctx context.Context, call, memo, disposition string) error {
	_, err := a.Send(ctx, map[string]any{"type": "memo", "call": call, "memo": memo, "disposition": disposition})
	return err
}

// WrapupDone ends the after-call time.
func (a *Agent) WrapupDone(ctx context.Context) error {
	_, err := a.Send(ctx, map[string]any{"type": "wrapup.done"})
	return err
}

// Close says goodbye as a closed page does.
func (a *Agent) Close() error {
	goodbye := websocket.FormatCloseMessage(websocket.CloseGoingAway, "")
	err := a.conn.WriteControl(websocket.CloseMessage, goodbye, time.Now().Add(closeTimeout))
	if errors.Is(err, websocket.ErrCloseSent) {
		err = nil
	}
	return errors.Join(err, a.Drop())
}

// Drop cuts the connection without a word, as a lost network does.
func (a *Agent) Drop() error {
	err := a.conn.Close()
	<-a.done
	return err
}
