package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"calld/test/centre"
)

// managerFor is how long the manager is another one.
const managerFor = 4 * time.Second

// manager stands between calld and Asterisk's manager interface, and can
// answer in its place.
type manager struct {
	to string
	l  net.Listener
	wg sync.WaitGroup

	mu    sync.Mutex
	conns map[net.Conn]struct{}
	evil  func(net.Conn) // nil: Asterisk answers
	met   int            // connections since evil was set
	last  []byte         // of what Asterisk said
	said  bool           // Asterisk has said forgery
}

// forgery is a line of an event that a caller tries to have sent to calld.
const forgery = "\nStatus: calld-forged"

// Write notes what Asterisk says.
func (m *manager) Write(p []byte) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.last = append(m.last, p...)
	m.said = m.said || bytes.Contains(m.last, []byte(forgery))
	m.last = append([]byte(nil), m.last[max(0, len(m.last)-len(forgery)):]...)
	return len(p), nil
}

// forged tells whether calld was sent the forgery.
func (m *manager) forged() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.said
}

func newManager(ctx context.Context, to string) (*manager, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	m := &manager{to: to, l: l, conns: map[net.Conn]struct{}{}}
	m.wg.Go(func() { m.accept(context.WithoutCancel(ctx)) })
	return m, nil
}

func (m *manager) addr() string { return m.l.Addr().String() }

func (m *manager) accept(ctx context.Context) {
	for {
		from, err := m.l.Accept()
		if err != nil {
			return // closed
		}
		m.mu.Lock()
		m.conns[from] = struct{}{}
		m.met++
		evil := m.evil
		m.mu.Unlock()
		m.wg.Go(func() {
			defer m.drop(from)
			if evil != nil {
				evil(from)
				return
			}
			to, err := new(net.Dialer).DialContext(ctx, "tcp", m.to)
			if err != nil {
				return // as the manager itself would not be there
			}
			m.mu.Lock()
			m.conns[to] = struct{}{}
			m.mu.Unlock()
			defer m.drop(to)
			m.wg.Go(func() {
				_, _ = io.Copy(to, from) // ends with either side
				m.drop(to)
			})
			_, _ = io.Copy(io.MultiWriter(from, m), to)
		})
	}
}

func (m *manager) drop(conn net.Conn) {
	_ = conn.Close() // either side may have
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.conns, conn)
}

// meetings is how many connections came since the last change.
func (m *manager) meetings() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.met
}

// become has all connections cut, and the next ones answered by evil; nil is
// Asterisk again. It returns how many came to whoever answered before.
func (m *manager) become(evil func(net.Conn)) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	met := m.met
	m.evil, m.met = evil, 0
	for c := range m.conns {
		_ = c.Close() // its goroutine forgets it
	}
	return met
}

func (m *manager) close() error {
	err := m.l.Close()
	m.become(nil)
	m.wg.Wait()
	return err
}

// managerAttacks are those of whoever sits where the manager should: calld goes on by
// FastAGI alone, holds no more memory than one message, and comes back.
func managerAttacks() []attack {
	const greeting = "Asterisk Call Manager/9.0.0\r\n"
	welcome := greeting + "Response: Success\r\nActionID: 1\r\nMessage: x\r\n\r\n"
	ways := []struct {
		name string
		evil func(net.Conn)
	}{
		{"garbage for a banner", endless("\x00\xff\xfe{}<x>")},
		{"endless banner", endless("A")},
		{"silence", func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }},
		{"endless line", after(greeting, endless("A"))},
		{"endless event", after(greeting, endless("Event: X\r\nKey: Value\r\n"))},
		{"answers nobody asked for", after(greeting, endless("Response: Success\r\nActionID: 99\r\nMessage: x\r\n\r\n"))},
		{"flood of forged events", after(welcome, endless("Event: Hangup\r\nChannel: PJSIP/trunk-00000001\r\nUniqueid: 1.1\r\nLinkedid: 1.1\r\nCause: 16\r\n\r\n"))},
		{"a byte now and then", drip(greeting + welcome)},
	}
	var list []attack
	for _, w := range ways {
		list = append(list, attack{"ami", w.name, func(ctx context.Context, c *office) (string, error) {
			return c.attackManager(ctx, w.evil)
		}})
	}
	return list
}

func (c *office) attackManager(ctx context.Context, evil func(net.Conn)) (string, error) {
	before := c.server.count(ctx, "calld_ami_ended_total", "")
	c.ami.become(evil)
	// It waits for longer and longer before it connects again, up to 15 s, until a
	// connection has lasted: for the false manager, and then for the true one.
	err := eventually(ctx, "calld at the false manager", func(context.Context) error {
		if c.ami.meetings() == 0 {
			return errors.New("it has not come")
		}
		return nil
	})
	timer := time.NewTimer(managerFor)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	met := c.ami.become(nil)
	err = errors.Join(err, c.server.await(ctx, "ended connections to be counted", func(m centre.Metrics) bool {
		return m.Sum("calld_ami_ended_total", "") > before
	}))
	ended := c.server.count(ctx, "calld_ami_ended_total", "") - before
	return fmt.Sprintf("calld connected %d times, and counted %.0f ended connections", met, ended), err
}

// endless sends a text again and again.
func endless(text string) func(net.Conn) {
	block := strings.Repeat(text, 32<<10/len(text)+1)
	return func(c net.Conn) {
		for {
			if _, err := io.WriteString(c, block); err != nil {
				return
			}
		}
	}
}

// after sends a text before it goes on.
func after(text string, then func(net.Conn)) func(net.Conn) {
	return func(c net.Conn) {
		if _, err := io.WriteString(c, text); err == nil {
			then(c)
		}
	}
}

// drip sends a text a byte at a time.
func drip(text string) func(net.Conn) {
	return func(c net.Conn) {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for _, b := range []byte(text) {
			<-tick.C
			if _, err := c.Write([]byte{b}); err != nil {
				return
			}
		}
	}
}
