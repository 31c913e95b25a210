package ami

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"
)

// The events by which the client itself goes.
const (
	eventFullyBooted = "FullyBooted"
	eventShutdown    = "Shutdown"
)

// conn is one connection. Its reader matches answers and queues events, its
// writer sends actions, its dispatcher calls the handlers.
type conn struct {
	client *Client
	nc     net.Conn
	done   <-chan struct{} // closed when the connection is to end
	cause  func() error    // why, after done
	cancel context.CancelCauseFunc

	greeted chan struct{} // closed when the greeting was read
	booted  chan struct{} // closed at the first FullyBooted
	out     chan []byte   // encoded actions
	events  chan *Event
	damaged bool // an event was; the reader's

	mu      sync.Mutex
	pending map[string]*pending // by ActionID
}

func newConn(c *Client, nc net.Conn, done <-chan struct{}, cause func() error, cancel context.CancelCauseFunc) *conn {
	return &conn{
		client: c, nc: nc, done: done, cause: cause, cancel: cancel,
		greeted: make(chan struct{}),
		booted:  make(chan struct{}),
		out:     make(chan []byte, sendQueue),
		events:  make(chan *Event, c.opt.EventQueue),
		pending: make(map[string]*pending),
	}
}

// fail ends the connection; the first reason stays.
func (cn *conn) fail(reason Reason, err error) {
	cn.cancel(&DisconnectError{reason, err})
}

// end returns why the connection ended, after done.
func (cn *conn) end() *DisconnectError { return asDisconnect(cn.cause()) }

// closeWhenDone frees reader and writer from the network. The error of Close
// says nothing that the reason for it did not.
func (cn *conn) closeWhenDone() {
	<-cn.done
	_ = cn.nc.Close()
}

// write sends what is queued until the connection ends.
func (cn *conn) write() {
	for {
		select {
		case <-cn.done:
			return
		case b := <-cn.out:
			err := cn.nc.SetWriteDeadline(time.Now().Add(cn.client.opt.PingTimeout))
			if err == nil {
				_, err = cn.nc.Write(b)
			}
			if err != nil {
				cn.fail(ReasonClosed, err)
				return
			}
		}
	}
}

// read handles what comes in until the connection ends.
func (cn *conn) read() {
	c := cn.client
	d := newDecoder(cn.nc, MaxMessage)
	version, err := d.greeting()
	if err == nil {
		c.mu.Lock()
		c.version = version
		c.mu.Unlock()
		close(cn.greeted)
	}

	var f Fields
	var read, malformed uint64
	for err == nil {
		if err = d.next(&f); err == nil {
			err = cn.message(&f)
		}
		c.counters.bytes.Add(d.read - read)
		c.counters.malformed.Add(d.malformed - malformed)
		read, malformed = d.read, d.malformed
	}
	switch {
	case errors.Is(err, errNotAMI):
		cn.fail(ReasonProtocol, err)
	case errors.Is(err, errTooLong):
		cn.fail(ReasonTooLong, err)
	case errors.Is(err, errOverflow):
		cn.fail(ReasonOverflow, err)
	case errors.Is(err, errShutdown):
		cn.fail(ReasonShutdown, err)
	default:
		cn.fail(ReasonClosed, err)
	}
}

// message handles one message. Its kind is told by the first header alone: an
// OriginateResponse event has a header Response too.
func (cn *conn) message(f *Fields) error {
	switch {
	case string(f.key(0)) == "Event":
		return cn.event(f)
	case string(f.key(0)) == "Response":
		if !cn.answer(f) {
			// Late, after a time limit, or to a line that Asterisk could not
			// read: then it has no ActionID.
			cn.client.counters.unmatched.Add(1)
		}
	default:
		cn.client.counters.malformed.Add(1)
	}
	return nil
}

func (cn *conn) event(f *Fields) error {
	c := cn.client
	if cn.item(f) {
		return nil
	}
	name := f.value(0)
	switch string(name) {
	case eventFullyBooted:
		select {
		case <-cn.booted:
		default:
			close(cn.booted)
		}
	case eventShutdown:
		c.log.Warn("asterisk shuts down", "how", f.Get("Shutdown"), "restart", f.Get("Restart"))
	}
	h := c.handlers[string(name)]
	switch {
	case h == nil:
		c.counters.ignored.Add(1)
	case f.damaged:
		// It may end as another event: of a hang-up and a ringing, say, a hang-up of
		// the channel that rings.
		if !cn.damaged {
			cn.damaged = true
			c.log.Warn("an event of asterisk's is damaged: left out, as any more of this connection", "event", h.name)
		}
		c.counters.damaged.Add(1)
	default:
		c.counters.noteLag(f)
		e := c.events.Get().(*Event)
		e.name = h.name
		e.copyFrom(f)
		select {
		case cn.events <- e:
		default:
			c.counters.lost.Add(1)
			return errOverflow
		}
	}
	if string(name) == eventShutdown {
		return errShutdown
	}
	return nil
}

// dispatch calls the handlers until the queue is closed. When Run's context
// has ended it only empties it.
func (cn *conn) dispatch(ctx context.Context) {
	c := cn.client
	for e := range cn.events {
		if ctx.Err() != nil {
			c.counters.lost.Add(1)
			continue
		}
		c.handle(e)
	}
}

// handle calls the handlers of an event and takes it back.
func (c *Client) handle(e *Event) {
	for _, f := range c.handlers[e.name].funcs {
		f(e)
	}
	c.counters.handled.Add(1)
	c.events.Put(e)
}
