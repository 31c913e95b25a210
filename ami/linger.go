package ami

import (
	"context"
	"fmt"
	"time"
)

// attempt is what actions wait for that need a connection when there is none,
// with Options.Linger.
type attempt struct {
	done chan struct{} // closed when it came to something
	err  error         // why there is no connection; set before done is closed
}

// connection returns the one that is logged in, and with Options.Linger has one
// made first.
func (c *Client) connection(ctx context.Context) (*conn, error) {
	cn, a, err := c.ask()
	if a == nil {
		return cn, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, c.opt.ActionTimeout, ErrTimeout)
	defer cancel()
	for a != nil {
		select {
		case <-a.done:
			if a.err != nil {
				return nil, a.err
			}
		case <-ctx.Done():
			return nil, fmt.Errorf("%w: %w", ErrDisconnected, context.Cause(ctx))
		}
		cn, a, err = c.ask()
	}
	return cn, err
}

// ask returns the connection, or why there is none, or the attempt to wait for.
func (c *Client) ask() (*conn, *attempt, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.conn != nil:
		c.used = time.Now()
		return c.conn, nil, nil
	case c.opt.Linger <= 0:
		return nil, nil, ErrDisconnected
	case c.pausing != nil:
		return nil, nil, c.pausing
	case c.attempt == nil:
		c.attempt = &attempt{done: make(chan struct{})}
		select {
		case c.wanted <- struct{}{}:
		default: // Run knows
		}
	}
	return nil, c.attempt, nil
}

// awaitWanted waits until an action needs a connection, if only that has one
// made. It reports whether ctx goes on.
func (c *Client) awaitWanted(ctx context.Context) bool {
	if c.opt.Linger <= 0 {
		return true
	}
	select {
	case <-c.wanted:
		return true
	case <-ctx.Done():
		return false
	}
}

// pause notes why there is no connection and will be none for a while, nil when
// that is over, and tells those who wait for one.
func (c *Client) pause(end *DisconnectError) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pausing = end
	if end != nil && c.attempt != nil {
		c.attempt.err = end
		close(c.attempt.done)
		c.attempt = nil
		select {
		case <-c.wanted:
		default:
		}
	}
}

// setConn puts a connection in the place of none, or none in its place.
func (c *Client) setConn(cn *conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.conn = cn
	if cn != nil && c.attempt != nil {
		close(c.attempt.done)
		c.attempt = nil
	}
	c.used = time.Now()
}

// linger ends a connection that no action has used for Options.Linger.
func (c *Client) linger(ctx context.Context, cn *conn) {
	timer := time.NewTimer(c.opt.Linger)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		left := c.unused()
		if left <= 0 {
			cn.fail(ReasonUnused, errUnused)
			return
		}
		timer.Reset(left)
	}
}

// unused tells how long the connection is to be kept still. When no longer, no
// action gets it any more.
func (c *Client) unused() (left time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if left = c.opt.Linger - time.Since(c.used); left <= 0 {
		c.conn = nil
	}
	return left
}
