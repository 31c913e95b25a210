package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"calld/config"
	"calld/queue"
	"calld/store"
)

// Dial is a call to be made: who calls which number for which queue.
type Dial struct {
	Agent  string
	Queue  string
	Number string // as it is to be dialled: config.DialNumber
}

func (a *API) registerDial(h huma.API) {
	huma.Register(h, huma.Operation{
		OperationID: "make-call", Method: http.MethodPost, Path: "/api/v1/calls", Tags: []string{"live"},
		Summary: "Have an agent call a number", DefaultStatus: http.StatusAccepted, MaxBodyBytes: MaxBody,
		Description: "First the agent's phone rings. When the agent has answered, the number is dialled, with the " +
			"queue's number as caller id. The answer comes once the agent's phone has been ordered to ring; what becomes " +
			"of the call is told by its events and by GET /api/v1/calls/{id}.",
	}, func(ctx context.Context, in *struct {
		Body struct {
			Agent  string `json:"agent,omitempty" maxLength:"128" doc:"Who calls; by default who asks; a token must name one. Only a supervisor may name another, which is written into the audit trail."`
			Number string `json:"number,omitempty" maxLength:"64" doc:"Digits, * and #, with + in front if need be; spaces, dots, dashes and parentheses are dropped." example:"010-1234-5678"`
			Call   string `json:"call,omitempty" maxLength:"128" doc:"Instead of a number: the customer of this call, live or ended, that who asks may see."`
			Missed string `json:"missed,omitempty" maxLength:"128" doc:"Instead of a number: the customer of this missed call, which stays as it is; to claim it too: POST /api/v1/missed/{id}/callback."`
			Queue  string `json:"queue,omitempty" maxLength:"128" doc:"One that the agent serves; may be left out when it is the only one."`
		}
	},
	) (*struct{ Body queue.Call }, error) {
		number, err := a.wanted(ctx, in.Body.Number, in.Body.Call, in.Body.Missed)
		if err != nil {
			return nil, err
		}
		c, err := a.makeCall(ctx, in.Body.Agent, in.Body.Queue, number)
		if err != nil {
			return nil, err
		}
		return &struct{ Body queue.Call }{c}, nil
	})
}

// wanted finds the number to be called: it is given, or that of the customer of
// a call or a missed call.
func (a *API) wanted(ctx context.Context, number, call, missed string) (string, error) {
	given := 0
	for _, s := range []string{number, call, missed} {
		if s != "" {
			given++
		}
	}
	if given != 1 {
		return "", invalid("body.number", "give one of number, call and missed")
	}
	switch {
	case call != "":
		c, err := a.call(ctx, call)
		if err != nil {
			return "", err
		}
		number = c.CustomerNumber()
	case missed != "":
		m, err := a.missedCall(ctx, missed)
		if err != nil {
			return "", err
		}
		number = m.Caller
	default:
		return number, nil
	}
	if _, err := config.DialNumber(number); err != nil {
		return "", problem(http.StatusConflict, CodeNoNumber, "the customer left no number that can be called")
	}
	return number, nil
}

// makeCall has a call made for an agent, by default who asks.
func (a *API) makeCall(ctx context.Context, agent, queueID, number string) (queue.Call, error) {
	if agent == "" {
		if err := agentOnly(ctx); err != nil {
			return queue.Call{}, err
		}
		agent = who(ctx).id
	}
	another := agent != who(ctx).id
	if another {
		if err := need(ctx, config.RoleSupervisor); err != nil {
			return queue.Call{}, err
		}
	}
	dialled, err := config.DialNumber(number)
	if err != nil {
		return queue.Call{}, invalid("body.number", err.Error())
	}
	if ag, ok := a.config().Agent(agent); ok && queueID == "" && len(ag.Queues) == 1 {
		queueID = ag.Queues[0]
	}
	var c queue.Call
	dial := func() (err error) {
		if c, err = a.dial(ctx, Dial{Agent: agent, Queue: queueID, Number: dialled}); err != nil {
			return a.dialError(err, agent, queueID)
		}
		return nil
	}
	if another {
		err = a.audited(ctx, store.Audit{Action: "call", Target: agent, Detail: dialled}, dial)
	} else {
		err = dial()
	}
	return c, err
}

// dialError turns the reason why a call is not made into a problem.
func (a *API) dialError(err error, agent, queueID string) error {
	conflict := func(code Code, detail string) error { return problem(http.StatusConflict, code, detail) }
	switch {
	case errors.Is(err, queue.ErrUnknownAgent):
		return invalid("body.agent", "there is no agent "+agent)
	case errors.Is(err, queue.ErrUnknownQueue):
		return invalid("body.queue", "there is no queue "+queueID)
	case errors.Is(err, queue.ErrNotServed):
		return invalid("body.queue", agent+" does not take calls of queue "+queueID)
	case errors.Is(err, queue.ErrNoPhone):
		return conflict(CodeNoPhone, agent+" has no phone: set phone in [agents] of the configuration")
	case errors.Is(err, queue.ErrAgentOffline):
		return conflict(CodeOffline, agent+" is not logged in: no page is open")
	case errors.Is(err, queue.ErrAgentBusy):
		return conflict(CodeBusy, agent+" has a call")
	case errors.Is(err, queue.ErrPhoneAway):
		return conflict(CodePhoneAway, "the phone of "+agent+" can't be reached")
	}
	if !errors.Is(err, context.Canceled) { // else the client is gone
		a.log.Warn("call not made", "agent", agent, "queue", queueID, "err", err)
	}
	return problem(http.StatusServiceUnavailable, CodeAsterisk, "Asterisk can't make the call now")
}
