package talk

import (
	"context"
	"errors"
	"fmt"
	"time"

	"calld/exchange"
	"calld/queue"
)

// normalClearing is the hang-up cause (Q.850) of a talk that has been ended on
// purpose.
const normalClearing = 16

// Board is what is needed of the queue's board.
type Board interface {
	Call(id string) (queue.Call, bool)
	Hangup(callID string) error
	Hold(callID, channel string) error
	Unhold(callID string) error
	Transfer(callID string, to queue.Target) (<-chan queue.Transfer, error)
	Countermand(callID string)
	Consult(callID, channel, uniqueID string, to queue.Target) (<-chan queue.Transfer, error)
	Complete(callID, channel string) error
	Cancel(callID string) error
}

// Exchange is what is needed of Asterisk; [*exchange.Exchange] does it.
type Exchange interface {
	Peer(ctx context.Context, channel string) (string, error)
	Hangup(ctx context.Context, channel string, cause int) error
	Redirect(ctx context.Context, channel, dialContext, extension string) error
	RedirectBoth(ctx context.Context, a, b exchange.Place) error
	Variable(ctx context.Context, channel, name string) (string, error)
	SetVariable(ctx context.Context, channel, name, value string) error
	PlayDTMF(ctx context.Context, channel string, digit byte, length time.Duration) error
}

// Options are what talks are made with.
type Options struct {
	Board    Board
	Exchange Exchange
	// HoldContext is where in Asterisk's dialplan an agent's channel waits while
	// the customer is held; HeldVariable names to it the customer's channel.
	HoldContext, HeldVariable string
	// TurnedContext is where the customer of a call that an agent has made gets
	// a script, at the number of the queue; see [queue.Call.ByAgent].
	TurnedContext string
	// ConsultContext is where the channel of an agent gets the script of a
	// consultation.
	ConsultContext string
}

// Talks are the conversations under way.
type Talks struct {
	board          Board
	exchange       Exchange
	holdContext    string
	heldVariable   string
	turnedContext  string
	consultContext string
	digits         lanes
}

// New makes a Talks.
func New(o Options) *Talks {
	return &Talks{
		board: o.Board, exchange: o.Exchange, holdContext: o.HoldContext, heldVariable: o.HeldVariable,
		turnedContext: o.TurnedContext, consultContext: o.ConsultContext, digits: newLanes(),
	}
}

// Hangup ends a talk, as its agent does by putting the handset down; a call
// that the agent makes, at any moment.
func (t *Talks) Hangup(ctx context.Context, callID string) error {
	if c, ok := t.board.Call(callID); ok && c.ByAgent() && c.Phase != queue.Talking {
		if err := t.board.Hangup(c.ID); err != nil {
			return err
		}
		return t.takeOut(ctx, &c, c.UniqueID)
	}
	c, _, agent, err := t.ends(ctx, callID)
	if err != nil {
		return err
	}
	if err := t.board.Hangup(c.ID); err != nil {
		return err
	}
	return t.takeOut(ctx, &c, agent)
}

// Hold keeps the customer with music, until [Talks.Unhold]; the agent's phone
// stays connected, in silence.
func (t *Talks) Hold(ctx context.Context, callID string) error {
	c, customer, agent, err := t.ends(ctx, callID)
	if err != nil {
		return err
	}
	if err := t.exchange.SetVariable(ctx, agent, t.heldVariable, customer); err != nil {
		return sorted(err)
	}
	if err := t.board.Hold(c.ID, agent); err != nil {
		return err
	}
	return t.carriedOut(c.ID, t.takeTo(ctx, &c, agent, customer, t.holdContext))
}

// takeTo takes the agent's channel to a place in the dialplan, which keeps the
// customer. One whom the agent has called is turned over in the same moment.
func (t *Talks) takeTo(ctx context.Context, c *queue.Call, agent, customer, dialContext string) error {
	if !t.byAgent(c) {
		return t.exchange.Redirect(ctx, agent, dialContext, "s")
	}
	return t.exchange.RedirectBoth(ctx,
		exchange.Place{Channel: customer, Context: t.turnedContext, Extension: c.Caller},
		exchange.Place{Channel: agent, Context: dialContext, Extension: "s"})
}

// Unhold joins the agent and the held customer again, as Cancel does too.
func (t *Talks) Unhold(_ context.Context, callID string) error { return t.board.Unhold(callID) }

// talking finds the call of a talk.
func (t *Talks) talking(callID string) (queue.Call, error) {
	c, ok := t.board.Call(callID)
	switch {
	case !ok:
		return c, fmt.Errorf("%w: %s", queue.ErrUnknownCall, callID)
	case c.Phase != queue.Talking:
		return c, fmt.Errorf("%w: it is %s", queue.ErrNotTalking, c.Phase)
	}
	return c, nil
}

// ends finds the two channels of a talk. The call's own is the customer's, or
// that of the agent who made the call and has not turned it over. It is Asterisk
// that knows with whom a channel talks; whoever holds is in no talk, and was noted.
func (t *Talks) ends(ctx context.Context, callID string) (c queue.Call, customer, agent string, err error) {
	c, err = t.talking(callID)
	switch {
	case err != nil:
		return c, "", "", err
	case c.HeldSince != nil:
		return c, c.Channel, c.HeldChannel, nil
	}
	customer = c.Channel
	agent, err = t.exchange.Peer(ctx, c.Channel)
	if err == nil && agent == "" {
		err = exchange.ErrNoChannel
	}
	if c.ByAgent() {
		customer, agent = agent, customer
	}
	return c, customer, agent, sorted(err)
}

// byAgent reports whether a call is its agent's still, once the board has taken an
// order. A hold just before may have had it turned over since it was looked at: then
// the customer has a script, and must be left to it.
func (t *Talks) byAgent(c *queue.Call) bool {
	now, live := t.board.Call(c.ID)
	return c.ByAgent() && (!live || now.ByAgent())
}

// takeOut ends the agent's leg of a talk, after the board has been told what
// for.
func (t *Talks) takeOut(ctx context.Context, c *queue.Call, agent string) error {
	err := t.exchange.Hangup(ctx, agent, normalClearing)
	if c.HeldSince != nil && errors.Is(err, exchange.ErrNoChannel) {
		return nil // the call has gone on already, and the channel was to end
	}
	return t.carriedOut(c.ID, err)
}

// carriedOut takes an order back that could not be carried out. One that may
// have been, or still may, stands for [queue.OrderWait]: without it the script
// would take the end of the talk for a hang-up, and end the call.
func (t *Talks) carriedOut(callID string, err error) error {
	if err != nil && !errors.Is(err, exchange.ErrUnanswered) {
		t.board.Countermand(callID)
	}
	return sorted(err)
}

// sorted makes a channel that is gone the end of the talk, which the board is
// about to hear of.
func sorted(err error) error {
	if errors.Is(err, exchange.ErrNoChannel) {
		return fmt.Errorf("%w: %w", queue.ErrNotTalking, err)
	}
	return err
}
