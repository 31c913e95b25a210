package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

const (
	// comeBack is how long a page that has lost its connection waits before
	// each try to have it again.
	comeBack = 500 * time.Millisecond
	// loginsAtOnce bounds the agents who give their passwords at the same time.
	// A page that comes back has a session.
	loginsAtOnce = 16
	// pageBuffer holds a whole frame of the usual size, in bytes.
	pageBuffer = 4096
	// deafBuffer is how much a client that never reads leaves in the network, in
	// bytes.
	deafBuffer = 4096
)

// pages is the pages of all agents. Each comes back by itself when its
// connection ends.
type pages struct {
	http   string
	cancel context.CancelFunc
	logins chan struct{} // has room for loginsAtOnce
	wg     sync.WaitGroup

	mu       sync.Mutex
	conns    map[string]*websocket.Conn // by agent
	held     chan struct{}              // nobody comes back until it is closed; nil: everybody may
	refusals []string                   // of log-ins
}

func openPages(ctx context.Context, base string) *pages {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	p := &pages{http: base, cancel: cancel, logins: make(chan struct{}, loginsAtOnce), conns: map[string]*websocket.Conn{}}
	for a := range agents {
		p.wg.Go(func() { p.live(ctx, agentID(a)) })
	}
	return p
}

// live keeps one page connected, as a browser does: by its session, and by a
// password when there is none.
func (p *pages) live(ctx context.Context, id string) {
	var session []*http.Cookie
	for ctx.Err() == nil {
		var err error
		if session == nil {
			session, err = p.logIn(ctx, id)
		}
		if err == nil {
			err = p.connect(ctx, id, session)
		}
		if errors.Is(err, errRefused) {
			session = nil
			p.mu.Lock()
			p.refusals = append(p.refusals, fmt.Sprintf("%s: %v", id, err))
			p.mu.Unlock()
		}
		pause := time.NewTimer(comeBack)
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
		}
		p.mu.Lock()
		held := p.held
		p.mu.Unlock()
		if held != nil {
			select {
			case <-held:
			case <-ctx.Done():
			}
		}
	}
}

// logIn gives the password for a session.
func (p *pages) logIn(ctx context.Context, id string) ([]*http.Cookie, error) {
	p.logins <- struct{}{}
	defer func() { <-p.logins }()
	body := fmt.Sprintf(`{"id": %q, "password": %q}`, id, password)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.http+"/api/v1/session", strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	_ = resp.Body.Close() // the cookie is what counts
	if len(resp.Cookies()) == 0 {
		return nil, fmt.Errorf("%w: %s", errRefused, resp.Status)
	}
	return resp.Cookies(), nil
}

// connect reads until the connection ends.
func (p *pages) connect(ctx context.Context, id string, session []*http.Cookie) error {
	header := http.Header{}
	for _, c := range session {
		header.Add("Cookie", c.Name+"="+c.Value)
	}
	conn, err := open(ctx, p.http, header, nil)
	if err != nil {
		return err
	}
	defer conn.Close() //nolint:errcheck // it has ended
	p.mu.Lock()
	if p.held != nil || ctx.Err() != nil {
		p.mu.Unlock()
		return nil
	}
	p.conns[id] = conn
	p.mu.Unlock()
	for {
		_, r, err := conn.NextReader()
		if err == nil {
			_, err = new(bytes.Buffer).ReadFrom(r)
		}
		if err != nil {
			p.mu.Lock()
			delete(p.conns, id)
			p.mu.Unlock()
			return nil // that is what it is for
		}
	}
}

func agentID(agent int) string { return "a" + strconv.Itoa(agent) }

// errRefused means that calld did not let a page in.
var errRefused = errors.New("log-in refused")

// open opens a socket and waits for its welcome; first are frames to be sent
// before.
func open(ctx context.Context, base string, header http.Header, dial dialFunc, first ...any) (*websocket.Conn, error) {
	dialer := websocket.Dialer{NetDialContext: dial, ReadBufferSize: pageBuffer, WriteBufferSize: pageBuffer, HandshakeTimeout: patience}
	conn, resp, err := dialer.DialContext(ctx, strings.Replace(base, "http", "ws", 1)+"/ws", header)
	if resp != nil {
		_ = resp.Body.Close() // it has none
	}
	if err != nil {
		return nil, err
	}
	for _, frame := range first {
		err = errors.Join(err, conn.WriteJSON(frame))
	}
	for err == nil {
		var frame []byte
		_, frame, err = conn.ReadMessage()
		switch {
		case bytes.Contains(frame, []byte(`"type":"welcome"`)):
			return conn, nil
		case bytes.Contains(frame, []byte(`"type":"error"`)):
			err = fmt.Errorf("%w: %s", errRefused, frame)
		}
	}
	return nil, errors.Join(err, conn.Close())
}

type dialFunc func(ctx context.Context, network, addr string) (net.Conn, error)

// drop cuts all connections at once, and lets none come back until release.
func (p *pages) drop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held = make(chan struct{})
	for _, conn := range p.conns {
		_ = conn.Close() // it may have ended
	}
}

func (p *pages) release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.held != nil {
		close(p.held)
		p.held = nil
	}
}

func (p *pages) close() {
	p.cancel()
	p.drop()
	p.wg.Wait()
}

// openDeaf opens pages that log in and never read again.
func openDeaf(ctx context.Context, base string, n int) (closeAll func(), err error) {
	var conns []*websocket.Conn
	closeAll = func() {
		for _, c := range conns {
			_ = c.Close() // the server may have ended it
		}
	}
	narrow := func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, addr)
		if tcp, ok := conn.(*net.TCPConn); ok {
			err = errors.Join(err, tcp.SetReadBuffer(deafBuffer))
		}
		return conn, err
	}
	for i := range n {
		login := map[string]string{"type": "login", "id": agentID(i), "password": password}
		conn, err := open(ctx, base, nil, narrow, login)
		if err != nil {
			closeAll()
			return nil, err
		}
		conns = append(conns, conn)
	}
	return closeAll, nil
}
