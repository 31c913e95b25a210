package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"golang.org/x/sync/errgroup"
)

const (
	// loginsAtOnce bounds the pages that log in at the same time.
	loginsAtOnce = 8
	// pageBuffer holds a whole frame of the usual size, in bytes.
	pageBuffer = 4096
)

// alert is a ring that a page was told of.
type alert struct {
	channel string // of the caller
	at      time.Time
}

// page is the page of an agent. It decodes nothing: it looks for alerts in
// the frames as they come, and counts them.
type page struct {
	conn *websocket.Conn
	done chan struct{}
	err  error // why reading ended; valid when done is closed

	mu     sync.Mutex
	alerts []alert
	frames int
	bytes  int
}

// openPages logs in the first n agents.
func openPages(ctx context.Context, port, n int) ([]*page, error) {
	pages := make([]*page, n)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(loginsAtOnce)
	for i := range pages {
		g.Go(func() (err error) {
			pages[i], err = openPage(ctx, "ws://127.0.0.1:"+strconv.Itoa(port)+"/ws", agentID(i))
			return err
		})
	}
	err := g.Wait()
	var open []*page
	for _, p := range pages {
		if p != nil {
			open = append(open, p)
		}
	}
	return open, err
}

func openPage(ctx context.Context, url, id string) (*page, error) {
	dialer := websocket.Dialer{ReadBufferSize: pageBuffer, WriteBufferSize: pageBuffer}
	conn, resp, err := dialer.DialContext(ctx, url, nil)
	if resp != nil {
		_ = resp.Body.Close() // it has none
	}
	if err != nil {
		return nil, fmt.Errorf("page of %s: %w", id, err)
	}
	p := &page{conn: conn, done: make(chan struct{})}
	if err := p.login(id); err != nil {
		return nil, errors.Join(fmt.Errorf("page of %s: %w", id, err), conn.Close())
	}
	go p.read()
	return p, nil
}

func (p *page) login(id string) error {
	err := p.conn.WriteJSON(map[string]string{"type": "login", "id": id, "password": id})
	if err != nil {
		return err
	}
	for err == nil {
		var frame []byte
		_, frame, err = p.conn.ReadMessage()
		switch {
		case bytes.Contains(frame, []byte(`"type":"welcome"`)):
			return nil
		case bytes.Contains(frame, []byte(`"type":"error"`)):
			return fmt.Errorf("login refused: %s", frame)
		}
	}
	return err
}

// read takes frames until the connection ends. The library answers pings.
func (p *page) read() {
	defer close(p.done)
	var frame bytes.Buffer
	for {
		_, r, err := p.conn.NextReader()
		if err == nil {
			frame.Reset()
			_, err = frame.ReadFrom(r)
		}
		if err != nil {
			p.err = err
			return
		}
		p.take(time.Now(), frame.Bytes())
	}
}

func (p *page) take(at time.Time, frame []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.frames++
	p.bytes += len(frame)
	if !bytes.Contains(frame, []byte(`"alert":{`)) {
		return
	}
	_, channel, _ := bytes.Cut(frame, []byte(`"channel":"`))
	channel, _, _ = bytes.Cut(channel, []byte{'"'})
	p.alerts = append(p.alerts, alert{string(channel), at})
}

// reset forgets what was counted.
func (p *page) reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.alerts, p.frames, p.bytes = nil, 0, 0
}

func (p *page) counted() (alerts []alert, frames, bytes int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.alerts, p.frames, p.bytes
}

// lost tells whether the server or the network has ended the page.
func (p *page) lost() error {
	select {
	case <-p.done:
		return p.err
	default:
		return nil
	}
}

func (p *page) close() {
	_ = p.conn.Close() // the server may have done so
	<-p.done
}
