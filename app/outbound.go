package app

import (
	"context"
	"fmt"
	"strings"
	"time"

	"calld/api"
	"calld/dialplan"
	"calld/exchange"
	"calld/queue"
)

// originateTime bounds how long Asterisk may take to accept an order.
const originateTime = 5 * time.Second

// dial has a call made: first the agent's phone rings, and once it has
// answered the outbound script dials the customer. It returns when the phone
// has been ordered to ring. The errors are those of [queue.Board.CallOut], and
// of [exchange.Exchange.Originate].
func (a *App) dial(ctx context.Context, d api.Dial) (queue.Call, error) {
	cfg := a.Config()
	now := time.Now().In(cfg.Server.Timezone)
	o := queue.OutCall{ID: queue.NewCallID(now), Agent: d.Agent, Queue: d.Queue, Number: d.Number}
	q, _ := cfg.Queue(d.Queue) // the board refuses one that is not there
	if q.Recording {
		o.Record = dialplan.RecordPath(now, o.ID)
	}
	c, err := a.board.CallOut(o)
	if err != nil {
		return c, err
	}
	agent, _ := cfg.Agent(d.Agent) // the board knows it
	ctx, cancel := context.WithTimeout(ctx, originateTime)
	defer cancel()
	err = a.exchange.Originate(ctx, exchange.Origination{
		Channel: strings.ReplaceAll(cfg.Asterisk.AgentDial, "{phone}", agent.Phone), ID: c.UniqueID,
		Context: dialplan.OutboundContext, Extension: "s",
		CallerID: "<" + d.Number + ">", // what the phone shows while it rings
		RingFor:  q.RingTimeout, Variables: map[string]string{"__" + dialplan.VarID: c.ID},
	})
	if err != nil {
		a.board.CallOff(c.ID, "asterisk")
		return c, fmt.Errorf("app: the phone of %s can't be rung: %w", d.Agent, err)
	}
	return c, nil
}
