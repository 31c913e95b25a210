package talk

import (
	"context"
	"time"

	"calld/queue"
)

// Consult has the agent talk with whom the call may be handed to, while the
// customer is held, and waits until that one has answered, or has not; ctx may
// end the waiting, not the consultation. The result is one of those on record, or
// Ringing. A queue can't be consulted.
func (t *Talks) Consult(ctx context.Context, callID string, to queue.Target) (queue.Transfer, error) {
	if to.Queue != "" {
		return queue.Transfer{}, &TargetError{"to.queue", "a queue can't be consulted: hand the call over to it"}
	}
	if err := checkTarget(&to); err != nil {
		return queue.Transfer{}, err
	}
	c, customer, agent, err := t.ends(ctx, callID)
	if err != nil {
		return queue.Transfer{}, err
	}
	id, err := t.exchange.Variable(ctx, agent, "UNIQUEID")
	if err != nil {
		return queue.Transfer{}, sorted(err)
	}
	// Inherited by the channel dialled: it may come to wait for the customer too.
	if err := t.exchange.SetVariable(ctx, agent, "__"+t.heldVariable, customer); err != nil {
		return queue.Transfer{}, sorted(err)
	}
	done, err := t.board.Consult(c.ID, agent, id, to)
	if err != nil {
		return queue.Transfer{}, err
	}
	if err := t.carriedOut(c.ID, t.takeTo(ctx, &c, agent, customer, t.consultContext)); err != nil {
		return queue.Transfer{}, err
	}
	return await(ctx, done, queue.Transfer{At: time.Now(), To: to.String(), Kind: queue.Consultative, From: c.Agent, Queue: c.Queue, Result: Ringing})
}

// Complete hands a call to who is consulted, and tells what is then on record.
// The agent is off the call.
func (t *Talks) Complete(ctx context.Context, callID string) (queue.Transfer, error) {
	c, err := t.talking(callID)
	if err != nil {
		return queue.Transfer{}, err
	}
	peer, err := t.consulted(ctx, &c)
	if err != nil {
		return queue.Transfer{}, err
	}
	if err := t.board.Complete(c.ID, peer); err != nil {
		return queue.Transfer{}, err
	}
	return outcome(&c, queue.TransferAnswered), nil
}

// Cancel ends a consultation, and tells what is then on record. The agent takes
// the customer back; who was consulted finds nobody left, and is hung up.
func (t *Talks) Cancel(_ context.Context, callID string) (queue.Transfer, error) {
	c, err := t.talking(callID)
	if err != nil {
		return queue.Transfer{}, err
	}
	return outcome(&c, queue.TransferCancelled), t.board.Cancel(c.ID)
}

func outcome(c *queue.Call, result string) queue.Transfer {
	x := queue.Transfer{Kind: queue.Consultative, From: c.Agent, Queue: c.Queue, Result: result}
	if c.Consult != nil {
		x.At, x.To = c.Consult.At, c.Consult.Agent+c.Consult.Number
	}
	return x
}

// consulted finds the channel of who is consulted, and has answered; "" when
// nobody has.
func (t *Talks) consulted(ctx context.Context, c *queue.Call) (string, error) {
	if c.Consult == nil || c.Consult.Answered == nil || c.HeldSince == nil {
		return "", nil
	}
	peer, err := t.exchange.Peer(ctx, c.HeldChannel)
	return peer, sorted(err)
}
