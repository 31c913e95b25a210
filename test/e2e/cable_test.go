//go:build e2e

package e2e

import (
	"io"
	"net"
	"sync"
	"testing"
)

// cable carries TCP connections to a server and can be cut: the fault of a
// network between calld and Asterisk.
type cable struct {
	to string
	l  net.Listener

	mu    sync.Mutex
	cut   bool
	conns map[net.Conn]struct{}
}

func newCable(t *testing.T, to string) *cable {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cable{to: to, l: l, conns: map[net.Conn]struct{}{}}
	t.Cleanup(func() {
		_ = l.Close() // only once
		c.sever()
	})
	go c.accept()
	return c
}

func (c *cable) addr() string { return c.l.Addr().String() }

func (c *cable) accept() {
	for {
		from, err := c.l.Accept()
		if err != nil {
			return
		}
		to, err := net.Dial("tcp", c.to)
		if err != nil || !c.join(from, to) {
			_ = from.Close() // as a dead line
			if to != nil {
				_ = to.Close()
			}
			continue
		}
		go c.carry(from, to)
		go c.carry(to, from)
	}
}

func (c *cable) join(a, b net.Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cut {
		return false
	}
	c.conns[a], c.conns[b] = struct{}{}, struct{}{}
	return true
}

func (c *cable) carry(from, to net.Conn) {
	_, _ = io.Copy(to, from) // ends with either side
	_ = from.Close()
	_ = to.Close()
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.conns, from)
}

// sever cuts every connection, and lets no new one through until mend.
func (c *cable) sever() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut = true
	for x := range c.conns {
		_ = x.Close()
	}
}

func (c *cable) mend() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut = false
}
