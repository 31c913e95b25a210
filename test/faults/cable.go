package main

import (
	"context"
	"crypto/rand"
	"net"
	"sync"
	"time"
)

// weather is how a cable treats what goes through it.
type weather int

const (
	fair    weather = iota
	cut             // every connection ends, and no new one begins
	stuck           // connections stay, and nothing comes through: a half-open one
	slow            // slowRate bytes a second
	garbled         // the server's stream has bytes in it that it never sent
)

const (
	// slowRate of a slow cable, in bytes a second: a tenth of what Asterisk has to say.
	slowRate = 4096
	// cableBuffer is how much goes through a cable at once, in bytes.
	cableBuffer = 16 << 10
	// garbage is how much is added to each piece, in bytes.
	garbage = 64
)

// cable carries TCP connections to a server, in any weather.
type cable struct {
	to string
	l  net.Listener
	wg sync.WaitGroup

	mu      sync.Mutex
	weather weather
	turned  chan struct{} // closed when the weather changes
	conns   map[net.Conn]struct{}
}

func newCable(ctx context.Context, to string) (*cable, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	c := &cable{to: to, l: l, turned: make(chan struct{}), conns: map[net.Conn]struct{}{}}
	c.wg.Go(func() { c.accept(context.WithoutCancel(ctx)) })
	return c, nil
}

func (c *cable) addr() string { return c.l.Addr().String() }

// turn changes the weather. What is stuck in a cable when it becomes fair
// again comes through then, as after an outage of the network.
func (c *cable) turn(w weather) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.weather = w
	close(c.turned)
	c.turned = make(chan struct{})
	if w == cut {
		for conn := range c.conns {
			_ = conn.Close() // either side may have closed it
		}
	}
}

func (c *cable) now() (weather, <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.weather, c.turned
}

func (c *cable) close() error {
	err := c.l.Close()
	c.turn(cut)
	c.wg.Wait()
	return err
}

func (c *cable) accept(ctx context.Context) {
	for {
		from, err := c.l.Accept()
		if err != nil {
			return // closed
		}
		to, err := new(net.Dialer).DialContext(ctx, "tcp", c.to)
		if err != nil || !c.join(from, to) {
			_ = from.Close() // as a dead line
			if to != nil {
				_ = to.Close()
			}
			continue
		}
		c.wg.Go(func() { c.carry(from, to, false) })
		c.wg.Go(func() { c.carry(to, from, true) })
	}
}

func (c *cable) join(a, b net.Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.weather == cut {
		return false
	}
	c.conns[a], c.conns[b] = struct{}{}, struct{}{}
	return true
}

func (c *cable) carry(from, to net.Conn, fromServer bool) {
	buf := make([]byte, cableBuffer)
	for {
		n, err := from.Read(buf)
		if !c.pass(to, buf[:n], fromServer) || err != nil {
			break
		}
	}
	_ = from.Close() // the other direction may have
	_ = to.Close()
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.conns, from)
}

// pass sends a piece on when the weather lets it; false: the connection has
// ended.
func (c *cable) pass(to net.Conn, piece []byte, fromServer bool) bool {
	for len(piece) > 0 {
		w, turned := c.now()
		n := len(piece)
		switch {
		case w == cut:
			return false
		case w == stuck:
			<-turned
			continue
		case w == slow:
			n = min(n, slowRate/10)
			pause := time.NewTimer(time.Second / 10)
			select {
			case <-pause.C:
			case <-turned:
				pause.Stop()
			}
		case w == garbled && fromServer:
			rubbish := make([]byte, garbage)
			_, _ = rand.Read(rubbish) // never fails
			n = (n + 1) / 2
			if _, err := to.Write(rubbish); err != nil {
				return false
			}
		}
		if _, err := to.Write(piece[:n]); err != nil {
			return false
		}
		piece = piece[n:]
	}
	return true
}
