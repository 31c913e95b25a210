package app

import (
	"context"
	"fmt"
	"strings"

	"calld/campaign"
	"calld/dialplan"
	"calld/exchange"
	"calld/mask"
	"calld/notify"
	"calld/queue"
)

// newDialler makes the dialler of the campaigns.
func (a *App) newDialler() *campaign.Dialler {
	return campaign.New(campaign.Options{
		Store: a.store, Board: lateBoard{a}, Exchange: lateExchange{a}, CallOut: a.callOut, Config: a.Config,
		Context: dialplan.CampaignContext, OnStats: a.campaignStats, Log: a.log,
	})
}

// lateBoard and lateExchange are the parts that are made after the dialler,
// which observes the one and hears of the other.
type (
	lateBoard    struct{ a *App }
	lateExchange struct{ a *App }
)

func (l lateBoard) Snapshot() queue.Snapshot                  { return l.a.board.Snapshot() }
func (l lateBoard) OutcomeOf(id string) (queue.Outcome, bool) { return l.a.board.OutcomeOf(id) }

func (l lateExchange) Originate(ctx context.Context, o exchange.Origination) error {
	return l.a.exchange.Originate(ctx, o)
}

func (l lateExchange) Hangup(ctx context.Context, channel string, cause int) error {
	return l.a.exchange.Hangup(ctx, channel, cause)
}

func (l lateExchange) DeviceState(ctx context.Context, device string) (string, error) {
	return l.a.exchange.DeviceState(ctx, device)
}

func (a *App) campaignStats(s campaign.Stats) { a.hub.Push(s.Queue, notify.TypeCampaign, s) }

// callOut has an agent's phone ring, to dial a customer once it has answered. It
// returns when the phone has been ordered to ring. The errors are those of
// [queue.Board.CallOut], and of [exchange.Exchange.Originate].
func (a *App) callOut(ctx context.Context, o queue.OutCall) error {
	_, err := a.orderCall(ctx, o)
	return err
}

// orderCall is callOut with the call as it begins.
func (a *App) orderCall(ctx context.Context, o queue.OutCall) (queue.Call, error) {
	cfg := a.Config()
	q, _ := cfg.Queue(o.Queue) // the board refuses one that is not there
	if q.Recording {
		o.Record = dialplan.RecordPath(a.now(), o.ID)
	}
	c, err := a.board.CallOut(o)
	if err != nil {
		return c, err
	}
	return c, a.ringFirst(ctx, &c)
}

// ringFirst has the agent's phone ring for a call that the board has begun.
func (a *App) ringFirst(ctx context.Context, c *queue.Call) error {
	// A queue that a reload has removed still has its waiting customers called back.
	ringFor, err := a.board.RingFor(c.ID)
	if err != nil {
		return fmt.Errorf("app: the phone of %s is not rung: %w", c.Agent, err)
	}
	cfg := a.Config()
	agent, _ := cfg.Agent(c.Agent)
	shown := c.Callee
	if cfg.Masks(agent.Role) {
		shown = mask.Number(shown)
	}
	ctx, cancel := context.WithTimeout(ctx, originateTime)
	defer cancel()
	err = a.exchange.Originate(ctx, exchange.Origination{
		Channel: strings.ReplaceAll(cfg.Asterisk.AgentDial, "{phone}", agent.Phone), ID: c.UniqueID,
		Context: dialplan.OutboundContext, Extension: "s",
		CallerID: "<" + shown + ">", // what the phone shows while it rings
		RingFor:  ringFor, Variables: map[string]string{"__" + dialplan.VarID: c.ID},
	})
	if err != nil {
		a.board.CallOff(c.ID, "asterisk")
		return fmt.Errorf("app: the phone of %s can't be rung: %w", c.Agent, err)
	}
	return nil
}

// customers gives the script of customers whom campaigns dial what it needs of
// the dialler.
type customers struct{ d *campaign.Dialler }

// Met tells that a customer has answered.
func (c customers) Met(ctx context.Context, try string) (dialplan.Customer, bool) {
	g, ok := c.d.Met(ctx, try)
	return dialplan.Customer{
		Entry: g.Call, Grace: g.Grace, AMD: g.AMD, Message: g.Message, Sound: g.MessageSound, Text: g.MessageText,
		Key: g.MessageKey, AbandonSound: g.AbandonSound, Variables: g.Variables,
	}, ok
}

// Screened tells what AMD has found.
func (c customers) Screened(ctx context.Context, try, verdict, cause string) bool {
	return c.d.Screened(ctx, try, verdict, cause)
}

// Heard tells that a message was heard.
func (c customers) Heard(ctx context.Context, try string) { c.d.Heard(ctx, try) }
