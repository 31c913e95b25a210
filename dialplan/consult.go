package dialplan

import (
	"context"
	"log/slog"
	"strconv"
	"sync"

	"calld/agi"
	"calld/config"
	"calld/queue"
)

// ConsultContext is where the generated dialplan gives the channel of an agent
// who holds a customer the script by which somebody is consulted. Then the
// channel waits in HoldContext, whatever has become of that.
const ConsultContext = "calld-consult"

// consultedContext is where the channel of who was consulted waits for the
// customer when the agent's has left.
const consultedContext = "calld-consulted"

// ConsultBoard is what the script of a consultation needs of the board.
type ConsultBoard interface {
	Consultation(uniqueID string) (*queue.Consultation, bool)
}

// Consult is the script of a consultation: agi://HOST/consult. It is an
// [agi.Handler].
type Consult struct {
	Board ConsultBoard
	// Hangup ends a channel, whatever it does.
	Hangup func(ctx context.Context, channel string) error
	// Config gives the configuration in force.
	Config func() *config.Config
	Log    *slog.Logger
}

// ServeAGI rings who is to be consulted, and stays while the two talk.
func (k *Consult) ServeAGI(ctx context.Context, s *agi.Session) {
	talk, ok := k.Board.Consultation(s.Env.UniqueID)
	if !ok {
		k.Log.Info("nobody is to be consulted any more", "channel", s.Env.Channel)
		return
	}
	defer talk.Detach() // does nothing to a consultation that is over
	log := k.Log.With("call_id", talk.CallID, "channel", s.Env.Channel)
	c := &caller{s: s, cfg: k.Config(), log: log}
	watch, stop := context.WithCancel(ctx)
	defer stop()
	var how queue.ConsultEnd
	var watching sync.WaitGroup
	watching.Go(func() {
		select {
		case how = <-talk.End:
		case <-watch.Done():
			return
		}
		if how == queue.CallOver {
			k.hangUp(ctx, s.Env.Channel, log)
		}
	})
	log.Info("consulting", "agents", agentIDs(talk.Offer), "outside", talk.Offer.Outside != nil)
	r, err := c.consult(ctx, talk)
	stop()
	watching.Wait()
	if how == 0 && len(talk.End) > 0 {
		how = <-talk.End
	}
	if err != nil {
		log.Warn("script of a consultation lost", "err", err)
		if how == queue.HandedOver {
			// Asterisk 16: a Bridge in an earlier consultation has left on the channel
			// where it is to go on (ast_bridge_set_after_goto); it goes there now.
			k.hangUp(ctx, s.Env.Channel, log)
		}
		return
	}
	log.Info("consultation over", "result", r.Result, "agent_gone", r.AgentGone, "handed_over", how == queue.HandedOver)
	if how == queue.HandedOver && !r.AgentGone {
		if err := s.Hangup(ctx); err != nil && !gone(err) {
			log.Warn("the channel of an agent who handed a call over is not hung up", "err", err)
		}
		return
	}
	talk.Dialled(r)
}

// hangUp ends the agent's channel, whose Dial knows nothing of the customer.
func (k *Consult) hangUp(ctx context.Context, channel string, log *slog.Logger) {
	last, cancel := lastly(ctx)
	defer cancel()
	if err := k.Hangup(last, channel); err != nil {
		log.Warn("the channel of an agent who has no customer any more is not hung up", "err", err)
	}
}

// consult rings who is to be consulted. The error says that what became of it
// can't be told.
func (c *caller) consult(ctx context.Context, talk *queue.Consultation) (queue.ConsultReport, error) {
	err := c.setHeaders(ctx, talk.Offer.Headers)
	if err == nil {
		_, err = c.s.Exec(ctx, "Dial", c.consultArgs(talk)...)
	}
	if err != nil && !gone(err) {
		return queue.ConsultReport{}, err
	}
	last, cancel := lastly(ctx)
	defer cancel()
	v, err := expand(last, c.s, "${DIALSTATUS}", "${HANGUPCAUSE}", "${DIALEDPEERNAME}")
	if err != nil {
		return queue.ConsultReport{}, err
	}
	cause, _ := strconv.Atoi(v[1]) // 0 when it is none
	r := queue.ConsultReport{Result: dialResult(v[0], cause), AgentGone: hungUp(ctx) || v[0] == "CANCEL"}
	if r.Result == queue.RingAnswer {
		r.Channel = v[2]
	}
	return r, nil
}

// consultArgs are those of Dial(). app_dial.c: F sends who has answered on to a
// place in the dialplan when the agent hangs up, to wait there for the customer.
func (c *caller) consultArgs(talk *queue.Consultation) []string {
	args := c.dialArgs(talk.Offer)
	args[2] += "F(" + consultedContext + "^s^1)"
	if talk.Offer.Outside == nil {
		args[2] += "f(" + talk.From + ")"
	}
	return args
}
