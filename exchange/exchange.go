package exchange

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"calld/ami"
)

// The errors of an exchange.
var (
	// ErrAway: there is no connection to Asterisk's manager.
	ErrAway = errors.New("exchange: asterisk is away")
	// ErrNoChannel: the channel does not exist, or no more.
	ErrNoChannel = errors.New("exchange: no such channel")
	// ErrUnanswered: what was asked for was sent, and no answer came, whether
	// by the end of the connection (then it is ErrAway too), the time or the
	// context. Asterisk may have done it, or still may.
	ErrUnanswered = errors.New("exchange: asterisk has not answered")
)

// Client sends an action to Asterisk; [*ami.Client] does.
type Client interface {
	Do(ctx context.Context, a ami.Action) (ami.Response, error)
}

// Exchange is a live Asterisk.
type Exchange struct{ client, slow Client }

// New returns the Asterisk of a manager connection, and of another one for
// actions during which Asterisk does nothing else on a connection: events, and
// the answers to others, would come late.
func New(client, slow Client) *Exchange { return &Exchange{client, slow} }

// Origination is a channel to be made: rung, and when it answers, sent to a
// place in the dialplan or to an application.
type Origination struct {
	// Channel is the dial string, such as PJSIP/8001.
	Channel string
	// ID is the unique id that the channel is to have: by it the events and
	// the variables of the channel are known, whichever comes first.
	ID string
	// Context, Extension and priority 1 are where the answered channel goes,
	// unless Application, with Data, is to run on it.
	Context, Extension string
	Application, Data  string
	// CallerID is what the rung phone shows: "name" <number>.
	CallerID string
	// RingFor is how long the phone may ring.
	RingFor time.Duration
	// Variables are set on the new channel before it rings. The names may
	// carry the underscores of inheritance.
	Variables map[string]string
}

// Originate asks for a channel and returns when Asterisk has taken the order,
// not when the phone has answered: that is told by the events of the channel,
// and by the event OriginateResponse, whose ActionID is the ID.
func (x *Exchange) Originate(ctx context.Context, o Origination) error {
	a := ami.NewAction("Originate").
		With("ActionID", o.ID).
		With("Channel", o.Channel).
		With("ChannelId", o.ID).
		With("Async", "true"). // else it blocks every other action of the connection (manager.c)
		With("Timeout", strconv.FormatInt(o.RingFor.Milliseconds(), 10))
	if o.Application != "" {
		a = a.With("Application", o.Application).With("Data", o.Data)
	} else {
		a = a.With("Context", o.Context).With("Exten", o.Extension).With("Priority", "1")
	}
	if o.CallerID != "" {
		a = a.With("CallerID", o.CallerID)
	}
	for _, name := range slices.Sorted(maps.Keys(o.Variables)) {
		a = a.With("Variable", name+"="+o.Variables[name])
	}
	return x.do(ctx, a)
}

// Hangup ends a channel with a hang-up cause (Q.850), 16 being the normal one.
func (x *Exchange) Hangup(ctx context.Context, channel string, cause int) error {
	return x.do(ctx, ami.NewAction("Hangup").With("Channel", channel).With("Cause", strconv.Itoa(cause)))
}

// Redirect sends a channel to priority 1 of an extension. Whatever it was
// doing there ends, a bridge included.
func (x *Exchange) Redirect(ctx context.Context, channel, dialContext, extension string) error {
	return x.do(ctx, ami.NewAction("Redirect").With("Channel", channel).
		With("Context", dialContext).With("Exten", extension).With("Priority", "1"))
}

// Place is a channel and where in the dialplan it is to go, at priority 1.
type Place struct{ Channel, Context, Extension string }

// RedirectBoth is Redirect for the two channels of a talk at once: neither is
// left alone meanwhile.
func (x *Exchange) RedirectBoth(ctx context.Context, a, b Place) error {
	return x.do(ctx, ami.NewAction("Redirect").
		With("Channel", a.Channel).With("Context", a.Context).With("Exten", a.Extension).With("Priority", "1").
		With("ExtraChannel", b.Channel).With("ExtraContext", b.Context).With("ExtraExten", b.Extension).With("ExtraPriority", "1"))
}

// PlayDTMF plays one digit (0-9, *, #, A-D) to the far end of a channel, for a
// time that Asterisk counts in milliseconds, 100 at least. The thread of the
// connection sleeps meanwhile (channel.c: ast_senddigit_external).
func (x *Exchange) PlayDTMF(ctx context.Context, channel string, digit byte, length time.Duration) error {
	_, err := x.slow.Do(ctx, ami.NewAction("PlayDTMF").With("Channel", channel).
		With("Digit", string(digit)).With("Duration", strconv.FormatInt(length.Milliseconds(), 10)))
	return sorted(err)
}

// SetVariable sets a variable of a channel, or a function such as
// PJSIP_HEADER(add,X-Name).
func (x *Exchange) SetVariable(ctx context.Context, channel, name, value string) error {
	return x.do(ctx, ami.NewAction("Setvar").With("Channel", channel).With("Variable", name).With("Value", value))
}

// Variable returns the value of a variable of a channel, or of a function such
// as CHANNEL(state); "" when it has none.
func (x *Exchange) Variable(ctx context.Context, channel, name string) (string, error) {
	r, err := x.client.Do(ctx, ami.NewAction("Getvar").With("Channel", channel).With("Variable", name))
	if err != nil {
		return "", sorted(err)
	}
	return r.Get("Value"), nil
}

// DeviceState returns the state of a device, such as PJSIP/8001, by the names
// that devicestate.c has: NOT_INUSE, UNAVAILABLE; INVALID is one that there is
// not. It is "" on an Asterisk without func_devstate.
func (x *Exchange) DeviceState(ctx context.Context, device string) (string, error) {
	// Without a channel manager.c reads functions on one that it makes for it.
	r, err := x.client.Do(ctx, ami.NewAction("Getvar").With("Variable", "DEVICE_STATE("+device+")"))
	if err != nil {
		return "", sorted(err)
	}
	return r.Get("Value"), nil
}

// Peer names the channel that a channel talks with; "" when it talks with
// none. bridge.c keeps it in BRIDGEPEER while a bridge of two lasts, and
// app_dial.c, a moment before, in DIALEDPEERNAME, where it stays.
func (x *Exchange) Peer(ctx context.Context, channel string) (string, error) {
	peer, err := x.Variable(ctx, channel, "BRIDGEPEER")
	if err != nil || peer != "" {
		return peer, err
	}
	return x.Variable(ctx, channel, "DIALEDPEERNAME")
}

// About is what an Asterisk tells of itself.
type About struct {
	Version  string // such as 22.5.0
	Channels int    // that live now
}

// About asks Asterisk about itself.
func (x *Exchange) About(ctx context.Context) (About, error) {
	settings, err := x.client.Do(ctx, ami.NewAction("CoreSettings"))
	if err != nil {
		return About{}, sorted(err)
	}
	status, err := x.client.Do(ctx, ami.NewAction("CoreStatus"))
	if err != nil {
		return About{}, sorted(err)
	}
	// manager.c: CoreCurrentCalls is ast_active_channels().
	channels, err := strconv.Atoi(status.Get("CoreCurrentCalls"))
	if err != nil {
		return About{}, fmt.Errorf("exchange: CoreStatus: %w", err)
	}
	return About{Version: settings.Get("AsteriskVersion"), Channels: channels}, nil
}

func (x *Exchange) do(ctx context.Context, a ami.Action) error {
	_, err := x.client.Do(ctx, a)
	return sorted(err)
}

// sorted tells the errors of an exchange from each other.
func sorted(err error) error {
	var refused *ami.ResponseError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ami.ErrUnanswered) && errors.Is(err, ami.ErrDisconnected):
		return fmt.Errorf("%w: %w: %w", ErrUnanswered, ErrAway, err)
	case errors.Is(err, ami.ErrUnanswered):
		return fmt.Errorf("%w: %w", ErrUnanswered, err)
	case errors.Is(err, ami.ErrDisconnected):
		return fmt.Errorf("%w: %w", ErrAway, err)
	case errors.As(err, &refused) && noChannel(refused.Message):
		return fmt.Errorf("%w: %w", ErrNoChannel, err)
	}
	return fmt.Errorf("exchange: %w", err)
}

// noChannel reads what manager.c says of a channel that it does not find:
// "No such channel", "Channel not found", "Channel specified does not exist",
// "Channel does not exist: X".
func noChannel(message string) bool {
	m := strings.ToLower(message)
	return strings.Contains(m, "no such channel") || strings.Contains(m, "channel not found") ||
		strings.Contains(m, "channel") && strings.Contains(m, "not exist")
}
