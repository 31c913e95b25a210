package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"
)

// agiCrowd is more sessions than calld takes at once.
const agiCrowd = 4500

// agiAttacks are those of whoever reaches the FastAGI port: from an address that may
// not, and, worse, from Asterisk's own.
func agiAttacks() []attack {
	const begin = "agi_network: yes\n"
	return []attack{
		{"agi", "a stranger's address", func(ctx context.Context, c *office) (string, error) {
			return c.agiRefused(ctx, "not_allowed", 200, func() (net.Conn, error) { return dialFrom(ctx, stranger, c.agi()) }, begin)
		}},
		{"agi", "a line of 1 MiB", func(ctx context.Context, c *office) (string, error) {
			return c.agiRefused(ctx, "", 20, c.allowed(ctx), "agi_x: "+strings.Repeat("A", 1<<20)+"\n")
		}},
		{"agi", "endless environment", func(ctx context.Context, c *office) (string, error) {
			return c.agiRefused(ctx, "", 20, c.allowed(ctx), strings.Repeat("agi_x: A\n", 1<<17))
		}},
		{"agi", "garbage", func(ctx context.Context, c *office) (string, error) {
			return c.agiRefused(ctx, "", 20, c.allowed(ctx), "\x00\xff\xfe GET / HTTP/1.1\r\n\r\n\n\n")
		}},
		{"agi", "a slow flood of sessions", func(ctx context.Context, c *office) (string, error) {
			return c.agiFlood(ctx, begin)
		}},
	}
}

// allowed connects from where Asterisk is.
func (c *office) allowed(ctx context.Context) func() (net.Conn, error) {
	return func() (net.Conn, error) { return dialFrom(ctx, "127.0.0.1", c.agi()) }
}

// agiRefused sends a text on many connections, each of which must be ended,
// and counted.
func (c *office) agiRefused(ctx context.Context, reason string, n int, dial func() (net.Conn, error), text string) (string, error) {
	before := c.server.count(ctx, "calld_agi_refused_total", reason)
	for range n {
		conn, err := dial()
		if err != nil {
			return "", err
		}
		if err := conn.SetDeadline(time.Now().Add(slowest)); err != nil {
			return "", err
		}
		_, _ = io.WriteString(conn, text) // calld may close before it has all
		_, err = io.Copy(io.Discard, conn)
		_ = conn.Close() // the other side has
		if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
			return "", fmt.Errorf("calld bears it for more than %s", slowest)
		}
	}
	refused := c.server.count(ctx, "calld_agi_refused_total", reason) - before
	seen := fmt.Sprintf("%d connections, %.0f refused and counted", n, refused)
	if int(refused) < n {
		return seen, errors.New("not all were refused")
	}
	return seen, nil
}

// agiFlood opens more sessions than there may be, each a beginning that does not
// go on. Callers meanwhile must wait for the time limit at the most.
func (c *office) agiFlood(ctx context.Context, begin string) (string, error) {
	short, cancel := context.WithTimeout(ctx, 2*slowest)
	defer cancel()
	before := c.server.count(ctx, "calld_agi_refused_total", "")
	var wg sync.WaitGroup
	var mu sync.Mutex
	var longest time.Duration
	for range agiCrowd {
		conn, err := c.allowed(ctx)()
		if err != nil {
			return "", err
		}
		wg.Go(func() {
			d := dripped(short, conn, begin)
			mu.Lock()
			defer mu.Unlock()
			longest = max(longest, d)
		})
	}
	wg.Wait()
	refused := c.server.count(ctx, "calld_agi_refused_total", "") - before
	seen := fmt.Sprintf("%d sessions: %.0f refused and counted, the last ended after %.1f s", agiCrowd, refused, longest.Seconds())
	if longest > slowest || int(refused) < agiCrowd {
		return seen, errors.New("not all were ended in time")
	}
	return seen, nil
}
