package ami

import (
	"context"
	"log/slog"
	"net"
	"time"
)

const (
	// MaxInFlight is how many actions may wait for their answers at once.
	// Asterisk serves them one after another.
	MaxInFlight = 1024
	// MaxListItems is the greatest number of events in one list.
	MaxListItems = 100_000
	// MaxListBytes bounds the size of one list in bytes.
	MaxListBytes = 64 << 20

	// sendQueue is how many encoded actions wait for the writer; whoever has
	// more waits with its own time limit.
	sendQueue = 64
)

// Auth is how the client logs in.
type Auth int

// The ways to log in. With MD5 the secret itself does not travel; everything
// else does, in clear.
const (
	// AuthAuto asks for an MD5 challenge and sends the secret when the server
	// refuses one. Somebody in between can so have the secret sent: choose
	// AuthMD5 where the network is not trusted.
	AuthAuto Auth = iota
	AuthMD5
	AuthPlain
)

// Options configures a [Client]. Addr, Username and Secret are needed, Log
// should be; zero values elsewhere mean the defaults named.
type Options struct {
	Addr     string // host:port, the port mostly 5038
	Username string
	Secret   string
	Auth     Auth
	Log      *slog.Logger // nil logs nothing

	// Events are the classes of events that Asterisk is to send, such as
	// "system", which FullyBooted is of; "" leaves it to manager.conf.
	Events string

	// FilterEvents has Asterisk send only the events for which there are
	// handlers, by a Filter action for each after login. It needs write class
	// "system" (manager.c); when refused, the client warns and ignores here
	// what it did not want. Without that right, say the same by eventfilter
	// in manager.conf, FullyBooted and Shutdown included. What List returns
	// is never filtered; OriginateResponse is.
	FilterEvents bool

	// Linger, when not 0, has the client connect for an action and end the
	// connection when none was sent for so long; it should be longer than
	// ActionTimeout. It is for those who want no events: Asterisk wakes every
	// connection for every event that it makes, wanted or not (manager.c,
	// append_event). Actions wait for the connection, and fail at once while
	// Run pauses after one that failed.
	Linger time.Duration

	// Resync runs on each new connection when Asterisk has fully booted, and
	// rebuilds what the user knows of it. Its context ends with the
	// connection and after ResyncTimeout. An error drops the connection.
	Resync func(context.Context, *Client) error
	// OnState is told when the client goes up, after Resync, and down, after
	// the last event of the connection was handled. It must return soon.
	OnState func(State)

	// Dial opens the connection; nil means TCP.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)

	DialTimeout   time.Duration // 5 s
	LoginTimeout  time.Duration // greeting, login and filters; 10 s
	BootTimeout   time.Duration // wait for FullyBooted; 5 s
	ResyncTimeout time.Duration // 30 s
	ActionTimeout time.Duration // of Do, when its context has no earlier end; 10 s
	ListTimeout   time.Duration // of List, likewise; 30 s
	PingInterval  time.Duration // 5 s
	PingTimeout   time.Duration // also of each write; 10 s
	MinBackoff    time.Duration // first pause before connecting again; 100 ms
	MaxBackoff    time.Duration // longest pause; 15 s
	LagLimit      time.Duration // events later than this are warned of; 2 s
	// EventQueue is how many events wait for the handlers before the
	// connection is dropped; 8,192.
	EventQueue int
}

// State is what OnState is told.
type State struct {
	Up  bool
	Err *DisconnectError // why it went down; nil when Up
}

// withDefaults returns o with every zero replaced.
func (o Options) withDefaults() Options {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Dial == nil {
		o.Dial = new(net.Dialer).DialContext
	}
	for _, d := range []struct {
		value    *time.Duration
		standard time.Duration
	}{
		{&o.DialTimeout, 5 * time.Second},
		{&o.LoginTimeout, 10 * time.Second},
		{&o.BootTimeout, 5 * time.Second},
		{&o.ResyncTimeout, 30 * time.Second},
		{&o.ActionTimeout, 10 * time.Second},
		{&o.ListTimeout, 30 * time.Second},
		{&o.PingInterval, 5 * time.Second},
		{&o.PingTimeout, 10 * time.Second},
		{&o.MinBackoff, 100 * time.Millisecond},
		{&o.MaxBackoff, 15 * time.Second},
		{&o.LagLimit, 2 * time.Second},
	} {
		if *d.value <= 0 {
			*d.value = d.standard
		}
	}
	o.MaxBackoff = max(o.MinBackoff, o.MaxBackoff)
	if o.EventQueue <= 0 {
		o.EventQueue = 8192
	}
	return o
}
