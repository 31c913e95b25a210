package talk

import (
	"context"
	"errors"
	"fmt"
	"time"

	"calld/exchange"
	"calld/queue"
)

// The errors of a talk.
var (
	// ErrNoCall: there is no live call of that id.
	ErrNoCall = errors.New("talk: no such live call")
	// ErrNotTalking: nobody talks on the call now.
	ErrNotTalking = errors.New("talk: nobody talks on the call")
)

// normalClearing is the hang-up cause (Q.850) of a talk that has been ended on
// purpose.
const normalClearing = 16

// Board is what is needed of the queue's board.
type Board interface {
	Call(id string) (queue.Call, bool)
	Order(callID string, o queue.Order) error
}

// Exchange is what is needed of Asterisk; [*exchange.Exchange] does it.
type Exchange interface {
	Peer(ctx context.Context, channel string) (string, error)
	Hangup(ctx context.Context, channel string, cause int) error
	PlayDTMF(ctx context.Context, channel string, digit byte, length time.Duration) error
}

// Options are what talks are made with.
type Options struct {
	Board    Board
	Exchange Exchange
}

// Talks are the conversations under way.
type Talks struct {
	board    Board
	exchange Exchange
	digits   lanes
}

// New makes a Talks.
func New(o Options) *Talks {
	return &Talks{board: o.Board, exchange: o.Exchange, digits: newLanes()}
}

// Hangup ends a talk, as its agent does by putting the handset down; a call
// that the agent makes, at any moment.
func (t *Talks) Hangup(ctx context.Context, callID string) error {
	if c, ok := t.board.Call(callID); ok && c.Direction == queue.Out && c.Phase != queue.Talking {
		if err := t.order(c.ID, queue.Order{Kind: queue.OrderHangup}); err != nil {
			return err
		}
		return sorted(t.exchange.Hangup(ctx, c.UniqueID, normalClearing))
	}
	c, _, agent, err := t.ends(ctx, callID)
	if err != nil {
		return err
	}
	if err := t.order(c.ID, queue.Order{Kind: queue.OrderHangup}); err != nil {
		return err
	}
	return sorted(t.exchange.Hangup(ctx, agent, normalClearing))
}

// ends finds the two channels of a talk. The call's own is the customer's, or
// that of the agent who made the call. It is Asterisk that knows with whom a
// channel talks.
func (t *Talks) ends(ctx context.Context, callID string) (c queue.Call, customer, agent string, err error) {
	c, ok := t.board.Call(callID)
	switch {
	case !ok:
		return c, "", "", fmt.Errorf("%w: %s", ErrNoCall, callID)
	case c.Phase != queue.Talking:
		return c, "", "", fmt.Errorf("%w: it is %s", ErrNotTalking, c.Phase)
	}
	customer = c.Channel
	agent, err = t.exchange.Peer(ctx, c.Channel)
	if err == nil && agent == "" {
		err = exchange.ErrNoChannel
	}
	if c.Direction == queue.Out {
		customer, agent = agent, customer
	}
	return c, customer, agent, sorted(err)
}

// order tells the board what is to be done with a talk.
func (t *Talks) order(callID string, o queue.Order) error {
	err := t.board.Order(callID, o)
	if errors.Is(err, queue.ErrNotTalking) {
		return fmt.Errorf("%w: %w", ErrNotTalking, err)
	}
	return err
}

// sorted makes a channel that is gone the end of the talk, which the board is
// about to hear of.
func sorted(err error) error {
	if errors.Is(err, exchange.ErrNoChannel) {
		return fmt.Errorf("%w: %w", ErrNotTalking, err)
	}
	return err
}
