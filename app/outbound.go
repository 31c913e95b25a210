package app

import (
	"context"
	"time"

	"calld/api"
	"calld/queue"
)

// originateTime bounds how long Asterisk may take to accept an order.
const originateTime = 5 * time.Second

// dial has a call made: first the agent's phone rings, and once it has
// answered the outbound script dials the customer. It returns when the phone
// has been ordered to ring. The errors are those of [queue.Board.CallOut], and
// of [exchange.Exchange.Originate].
func (a *App) dial(ctx context.Context, d api.Dial) (queue.Call, error) {
	return a.orderCall(ctx, queue.OutCall{ID: queue.NewCallID(a.now()), Agent: d.Agent, Queue: d.Queue, Number: d.Number})
}

// now is the time as the server's clock shows it to people.
func (a *App) now() time.Time { return time.Now().In(a.Config().Server.Timezone) }

// normalClearing is the hang-up cause (Q.850) of a channel that is not needed
// any more.
const normalClearing = 16

// hangUp ends a channel.
func (a *App) hangUp(ctx context.Context, channel string) error {
	return a.exchange.Hangup(ctx, channel, normalClearing)
}
