package lab

import (
	"context"
	"log/slog"
)

// CallerOptions describes the customers behind one trunk.
type CallerOptions struct {
	Trunk int // index in Asterisk.Trunks
	// Customers says what the customer with a number does when Asterisk calls
	// it through the trunk. By default nobody is there: 404.
	Customers func(number string) Behaviour
	// Called is given each call to a customer as it comes; nil: nobody is. It
	// must return at once.
	Called func(*Leg)
	Log    *slog.Logger
}

// Caller is all customers behind one trunk: any number of calls at once, on
// one socket. A leg without audio costs no socket and no packet of its own.
type Caller struct {
	st *station
}

// NewCaller opens the far end of a trunk. There can be one at a time for
// each.
func NewCaller(a *Asterisk, opts CallerOptions) (*Caller, error) {
	trunk := a.Trunks[opts.Trunk]
	st, err := newStation(a.SIP(), trunk.Name, trunk.Host, trunk.Port, opts.Log, func(l *Leg) Behaviour {
		if opts.Called != nil {
			opts.Called(l)
		}
		if opts.Customers == nil {
			return Behaviour{Silent: true, Refuse: 404}
		}
		return opts.Customers(l.Dialled)
	})
	if err != nil {
		return nil, err
	}
	return &Caller{st: st}, nil
}

// Call calls a number and returns at once; the [Leg] tells how it goes on.
func (c *Caller) Call(ctx context.Context, number string, opts CallOptions) (*Leg, error) {
	return c.st.call(ctx, number, opts)
}

// Close ends all without a word to Asterisk, as a provider that fails.
func (c *Caller) Close() error { return c.st.close() }
