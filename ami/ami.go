package ami

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// Client is a connection to one Asterisk that is made again whenever it is
// lost. See the package comment for its rules.
type Client struct {
	opt      Options
	log      *slog.Logger
	handlers map[string]*handler // not changed once Run began
	prefix   string              // of the ActionIDs of Do
	lists    []byte              // of the ActionIDs of List
	nextID   atomic.Uint64
	ran      atomic.Bool
	events   sync.Pool // of *Event
	counters counters

	wanted chan struct{} // with Options.Linger: an action needs a connection

	mu      sync.Mutex
	conn    *conn     // nil while not logged in
	up      time.Time // since when up; zero while down
	version string
	used    time.Time        // when an action was last given conn, or conn was made
	attempt *attempt         // what actions wait for; nil when none does
	pausing *DisconnectError // why Run makes no connection just now
}

// handler is what was registered for one event.
type handler struct {
	name  string
	funcs []func(*Event)
}

// New returns a client; it starts nothing.
func New(opt Options) *Client {
	opt = opt.withDefaults()
	// Events such as OriginateResponse carry the ActionID of whoever sent the
	// action, to every client: an id must not be another client's.
	var unique [6]byte
	_, _ = rand.Read(unique[:]) // never fails, says its documentation
	prefix := hex.EncodeToString(unique[:]) + "-"
	return &Client{
		opt:      opt,
		log:      opt.Log.With("ami", opt.Addr),
		handlers: make(map[string]*handler),
		prefix:   prefix,
		lists:    []byte(prefix + "list-"),
		events:   sync.Pool{New: func() any { return new(Event) }},
		wanted:   make(chan struct{}, 1),
	}
}

// Handle has f called for each event of that name, in order; several
// functions of one name are called in the order in which they were
// registered. It panics after Run has begun: what Asterisk is to send is
// settled then.
func (c *Client) Handle(event string, f func(*Event)) {
	if c.ran.Load() {
		panic("ami: Handle after Run")
	}
	h := c.handlers[event]
	if h == nil {
		h = &handler{name: event}
		c.handlers[event] = h
	}
	h.funcs = append(h.funcs, f)
}

// Run keeps the client connected until ctx ends, with [Options.Linger] only while
// it is used, and returns the cause of that end, when everything it started has
// returned. It can be called once.
func (c *Client) Run(ctx context.Context) error {
	if c.ran.Swap(true) {
		return ErrRunning
	}
	defer func() { c.pause(asDisconnect(context.Cause(ctx))) }() // for ever
	pause := c.opt.MinBackoff
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-timer.C:
		}
		c.pause(nil)
		if !c.awaitWanted(ctx) {
			return context.Cause(ctx)
		}
		began := time.Now()
		end := c.session(ctx)
		c.counters.countEnd(end.Reason)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if end.Reason == ReasonUnused {
			timer.Reset(0)
			continue
		}
		c.pause(end)
		_, refused := errors.AsType[*ResponseError](end.Err)
		switch {
		case end.Reason == ReasonLogin && refused:
			// fail2ban and the like lock an eager client out.
			pause = c.opt.MaxBackoff
		case time.Since(began) > c.opt.MaxBackoff:
			pause = c.opt.MinBackoff
		}
		wait := pause/2 + mathrand.N(pause/2+1)
		pause = min(2*pause, c.opt.MaxBackoff)
		c.log.Warn("asterisk manager not connected", "reason", string(end.Reason), "err", end.Err, "retry_in", wait)
		timer.Reset(wait)
	}
}

// session is one connection from dialling to the return of all it started.
func (c *Client) session(ctx context.Context) *DisconnectError {
	dialCtx, cancel := context.WithTimeout(ctx, c.opt.DialTimeout)
	nc, err := c.opt.Dial(dialCtx, "tcp", c.opt.Addr)
	cancel()
	if ctx.Err() != nil {
		if err == nil {
			_ = nc.Close()
		}
		return asDisconnect(context.Cause(ctx))
	}
	if err != nil {
		return &DisconnectError{ReasonDial, err}
	}
	connCtx, fail := context.WithCancelCause(ctx)
	cn := newConn(c, nc, connCtx.Done(), func() error { return context.Cause(connCtx) }, fail)

	var network, dispatcher sync.WaitGroup
	network.Go(cn.read)
	network.Go(cn.write)
	network.Go(cn.closeWhenDone)
	dispatcher.Go(func() { cn.dispatch(ctx) })

	err = c.supervise(connCtx, cn)

	network.Wait()
	close(cn.events) // the reader, its only sender, has returned
	dispatcher.Wait()
	end := cn.end()
	if _, refused := errors.AsType[*ResponseError](err); refused && end.Reason == ReasonClosed {
		// Asterisk hangs up after it refused a login, and the reader may see
		// that before the refusal is acted on.
		end = &DisconnectError{ReasonLogin, err}
	}
	if c.setUp(time.Time{}) && c.opt.OnState != nil {
		c.opt.OnState(State{Err: end})
	}
	return end
}

// supervise takes a connection through its life and returns when ctx, the
// connection's, has ended. The error is that of the login.
func (c *Client) supervise(ctx context.Context, cn *conn) error {
	loginCtx, cancel := context.WithTimeoutCause(ctx, c.opt.LoginTimeout, ErrTimeout)
	err := c.login(loginCtx, cn)
	cancel()
	if err != nil {
		reason := ReasonLogin
		if shutsDown(err) {
			reason, err = ReasonShutdown, errShutdown
		}
		// A greeting that is none, or the end of the connection, came first
		// and stays the reason.
		cn.fail(reason, err)
		return err
	}
	c.setConn(cn)
	defer c.setConn(nil)

	var watches sync.WaitGroup
	defer watches.Wait()
	watches.Go(func() { c.ping(ctx, cn) })
	if c.opt.Linger > 0 {
		watches.Go(func() { c.linger(ctx, cn) })
	}

	boot := time.NewTimer(c.opt.BootTimeout)
	defer boot.Stop()
	booted := cn.booted
	select {
	case <-ctx.Done():
		return nil
	case <-booted:
		booted = nil
	case <-boot.C:
		c.log.Warn("asterisk manager sent no FullyBooted", "waited", c.opt.BootTimeout,
			"hint", "read class system missing, or Asterisk still starts")
	}
	for {
		if err := c.resync(ctx); err != nil {
			cn.fail(ReasonResync, err)
			return nil
		}
		if !c.setUp(time.Now()) {
			c.log.Info("asterisk manager connected", "version", c.Stats().Version)
			if c.opt.OnState != nil {
				c.opt.OnState(State{Up: true})
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-booted:
			booted = nil
		}
	}
}

func (c *Client) resync(ctx context.Context) error {
	if c.opt.Resync == nil {
		return nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, c.opt.ResyncTimeout, ErrTimeout)
	defer cancel()
	return c.opt.Resync(ctx, c)
}

// setUp notes since when the client is up and returns whether it was before.
func (c *Client) setUp(since time.Time) (was bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	was = !c.up.IsZero()
	if !was || since.IsZero() {
		c.up = since
	}
	return was
}

// Do sends an action and returns its answer: with it a [*ResponseError] when
// Asterisk's is an error, [ErrDisconnected] when there is no connection or it
// ends, [ErrTimeout] after Options.ActionTimeout or the context's cause. With
// the latter three comes [ErrUnanswered] when the action was sent: it may still
// take effect.
func (c *Client) Do(ctx context.Context, a Action) (Response, error) {
	cn, err := c.connection(ctx)
	if err != nil {
		return Response{}, fmt.Errorf("ami: action %s: %w", a.name, err)
	}
	return cn.do(ctx, a, c.opt.ActionTimeout)
}

// List sends an action that Asterisk answers with a list and returns the
// events of that list, without the one that completes it. The list is whole
// or there is an error: those of Do, ErrTimeout after Options.ListTimeout,
// [ErrListTooLong] or [ErrListDamaged].
//
// "No Contacts found" and its like, which res_pjsip sends as errors, are
// empty lists, and so is an answer that announces no list. The action's
// ActionID is always the client's own.
func (c *Client) List(ctx context.Context, a Action) ([]*Event, error) {
	cn, err := c.connection(ctx)
	if err != nil {
		return nil, fmt.Errorf("ami: action %s: %w", a.name, err)
	}
	return cn.list(ctx, a, c.opt.ListTimeout)
}

// asDisconnect makes the end of a connection's context an error that names
// its reason.
func asDisconnect(cause error) *DisconnectError {
	if end, ok := errors.AsType[*DisconnectError](cause); ok {
		return end
	}
	return &DisconnectError{ReasonStopped, cause}
}
