package app

import (
	"context"
	"errors"
	"fmt"

	"calld/api"
	"calld/config"
	"calld/exchange"
	"calld/queue"
	"calld/spy"
)

// freedCause is the hang-up cause (Q.850) of a channel that a supervisor ends:
// normal clearing.
const freedCause = 16

// spyOn has a supervisor take part in a talk.
func (a *App) spyOn(ctx context.Context, by config.Agent, c queue.Call, m spy.Mode) error {
	ag, ok := a.Config().Agent(c.Agent)
	channel, found := a.agentChannel(&c, ag.Phone)
	if c.Phase != queue.Talking || !ok || !found {
		return fmt.Errorf("%w: call %s", api.ErrNotTalking, c.ID)
	}
	return a.spies.Start(ctx, by, spy.Talk{Channel: channel, Agent: ag}, m)
}

// agentChannel finds the channel of the agent of a call.
func (a *App) agentChannel(c *queue.Call, phone string) (uniqueID string, ok bool) {
	if c.FirstAgent() {
		return queue.OutChannel(c.ID), true
	}
	return a.watcher.AgentChannel(c.UniqueID, phone)
}

// free takes an agent off the call in hand: by ending the agent's channel, so
// that everything else follows from it, or on the board alone when there is no
// such channel.
func (a *App) free(ctx context.Context, agentID string) error {
	for _, s := range a.board.Snapshot().Agents {
		if s.ID != agentID || s.Call == "" {
			continue
		}
		c, live := a.board.Call(s.Call)
		channel, found := a.agentChannel(&c, s.Phone)
		if !live || !found {
			break
		}
		if err := a.exchange.Hangup(ctx, channel, freedCause); !errors.Is(err, exchange.ErrNoChannel) {
			return err
		}
	}
	return a.board.Free(agentID)
}
