package api

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"calld/config"
	"calld/queue"
	"calld/store"
	"calld/talk"
)

func (a *API) registerTalks(h huma.API) {
	talks := []string{"talk"}
	const whose = "For the agent who talks; for supervisors and admins, who are written into the audit trail."
	huma.Register(h, huma.Operation{
		OperationID: "hangup-call", Method: http.MethodPost, Path: "/api/v1/calls/{id}/hangup", Tags: talks,
		Summary: "End a talk", Description: whose, DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *idInput) (*struct{}, error) {
		return nil, a.onTalk(ctx, in.ID, "hangup", "", func() error { return a.talks.Hangup(ctx, in.ID) })
	})
	huma.Register(h, huma.Operation{
		OperationID: "hold-call", Method: http.MethodPost, Path: "/api/v1/calls/{id}/hold", Tags: talks,
		Summary: "Keep the customer with music", DefaultStatus: http.StatusNoContent,
		Description: whose + " The agent's phone stays connected. The call shows held_since a moment later.",
	}, func(ctx context.Context, in *idInput) (*struct{}, error) {
		return nil, a.onTalk(ctx, in.ID, "hold", "", func() error { return a.talks.Hold(ctx, in.ID) })
	})
	huma.Register(h, huma.Operation{
		OperationID: "unhold-call", Method: http.MethodPost, Path: "/api/v1/calls/{id}/unhold", Tags: talks,
		Summary: "Take a held customer back", Description: whose, DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *idInput) (*struct{}, error) {
		return nil, a.onTalk(ctx, in.ID, "unhold", "", func() error { return a.talks.Unhold(ctx, in.ID) })
	})
	huma.Register(h, huma.Operation{
		OperationID: "transfer-call", Method: http.MethodPost, Path: "/api/v1/calls/{id}/transfer", Tags: talks,
		Summary: "Hand a call over", MaxBodyBytes: MaxBody,
		Description: whose + " The agent is off the call at once; the answer comes when the target has answered or has not, 45 " +
			"seconds later at the most. A customer whose target does not answer comes back to the agent, or in line when " +
			"that one is not free. A number is called with the queue's number as caller id. With the kind consultative the " +
			"customer is held and the agent talks with the target first: the answer then comes when the target has answered the " +
			"agent or has not, and complete or cancel ends it. Until then the call shows consult.",
	}, a.transfer)
	huma.Register(h, huma.Operation{
		OperationID: "complete-transfer", Method: http.MethodPost, Path: "/api/v1/calls/{id}/transfer/complete", Tags: talks,
		Summary: "Hand the customer to who is consulted",
		Description: whose + " The agent is off the call, as if the phone had been hung up: that too completes a consultation " +
			"whose target has answered.",
	}, func(ctx context.Context, in *idInput) (*struct{ Body TransferAnswer }, error) {
		return a.transferred(ctx, in.ID, "transfer-complete", "", a.talks.Complete)
	})
	huma.Register(h, huma.Operation{
		OperationID: "cancel-transfer", Method: http.MethodPost, Path: "/api/v1/calls/{id}/transfer/cancel", Tags: talks,
		Summary:     "Take the customer back from a consultation",
		Description: whose + " The target is hung up, whether it rings or talks.",
	}, func(ctx context.Context, in *idInput) (*struct{ Body TransferAnswer }, error) {
		return a.transferred(ctx, in.ID, "transfer-cancel", "", a.talks.Cancel)
	})
	huma.Register(h, huma.Operation{
		OperationID: "transfer-targets", Method: http.MethodGet, Path: "/api/v1/transfer-targets", Tags: talks,
		Summary:     "To whom a call can be handed",
		Description: "All queues, and all other agents who are logged in and have a phone, of whatever queues.",
	}, a.transferTargets)
	huma.Register(h, huma.Operation{
		OperationID: "dtmf-call", Method: http.MethodPost, Path: "/api/v1/calls/{id}/dtmf", Tags: talks,
		Summary: "Play digits into a talk", DefaultStatus: http.StatusNoContent, MaxBodyBytes: MaxBody,
		Description: whose + " The digits are played one after another, four in a second; the answer comes when the last " +
			"has been played. A second request for the same call waits for the first; what still waits when the call is " +
			"handed over is not played.",
	}, func(ctx context.Context, in *struct {
		ID   string `path:"id" maxLength:"128"`
		Body struct {
			To     string `json:"to" enum:"caller,agent" doc:"Who hears them: the customer, or the agent."`
			Digits string `json:"digits" minLength:"1" maxLength:"32" example:"12#" doc:"0-9, *, # and A-D; a comma or w is a pause of half a second."`
		}
	},
	) (*struct{}, error) {
		return nil, a.onTalk(ctx, in.ID, "dtmf", in.Body.To, func() error { return a.talks.Digits(ctx, in.ID, talk.Side(in.Body.To), in.Body.Digits) })
	})
}

type transferInput struct {
	ID   string `path:"id" maxLength:"128"`
	Body struct {
		To struct {
			Number string `json:"number,omitempty" maxLength:"64" example:"01012345678"`
			Agent  string `json:"agent,omitempty" maxLength:"128" doc:"Must be free."`
			Queue  string `json:"queue,omitempty" maxLength:"128"`
		} `json:"to" doc:"One of the three; a queue can't be consulted."`
		Kind    string            `json:"kind,omitempty" enum:"blind,consultative" default:"blind" doc:"consultative: the agent talks with the target before the customer does."`
		Headers map[string]string `json:"headers,omitempty" doc:"SIP headers for the channel to the number or the agent: names that begin with X-."`
	}
}

// TransferAnswer is what came of a transfer.
type TransferAnswer struct {
	At     time.Time `json:"at"`
	To     string    `json:"to"`
	Result string    `json:"result" enum:"answered,no_answer,busy,failed,caller_left,cancelled,waiting,ringing" doc:"cancelled: a consultation ended and the call was not handed over. waiting: the customer stands in the queue. ringing: the target has not answered yet."`
}

func (a *API) transfer(ctx context.Context, in *transferInput) (*struct{ Body TransferAnswer }, error) {
	to := queue.Target{
		Number: config.NormalNumber(in.Body.To.Number), Agent: in.Body.To.Agent, Queue: in.Body.To.Queue, Headers: in.Body.Headers,
	}
	action, do := "transfer", a.talks.Transfer
	if in.Body.Kind == queue.Consultative {
		action, do = "consult", a.talks.Consult
	}
	return a.transferred(ctx, in.ID, action, to.String(), func(ctx context.Context, id string) (queue.Transfer, error) {
		return do(ctx, id, to)
	})
}

// transferred does something of a transfer and answers what came of it.
func (a *API) transferred(ctx context.Context, id, action, detail string, do func(context.Context, string) (queue.Transfer, error)) (*struct{ Body TransferAnswer }, error) {
	var x queue.Transfer
	err := a.onTalk(ctx, id, action, detail, func() (err error) {
		x, err = do(ctx, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &struct{ Body TransferAnswer }{TransferAnswer{At: x.At, To: x.To, Result: x.Result}}, nil
}

// TransferTargets are to whom a call can be handed, besides numbers.
type TransferTargets struct {
	Agents []AgentTarget `json:"agents"`
	Queues []QueueTarget `json:"queues"`
}

// AgentTarget is an agent who is logged in, with a phone.
type AgentTarget struct {
	ID    string           `json:"id"`
	Name  string           `json:"name"`
	Phone string           `json:"phone"`
	State queue.AgentState `json:"state" doc:"Only who is available takes the call."`
}

// QueueTarget is a queue and how many wait there.
type QueueTarget struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Waiting int    `json:"waiting"`
}

// transferTargets goes beyond the queues that an agent sees: a call is handed
// over because it belongs to others.
func (a *API) transferTargets(ctx context.Context, _ *struct{}) (*struct{ Body TransferTargets }, error) {
	s := a.board.Snapshot()
	t := TransferTargets{Agents: []AgentTarget{}, Queues: make([]QueueTarget, len(s.Queues))}
	for i, q := range s.Queues {
		t.Queues[i] = QueueTarget{ID: q.ID, Name: q.Name, Waiting: q.Waiting}
	}
	for _, g := range s.Agents {
		if g.Phone != "" && g.State != queue.Offline && g.ID != who(ctx).id {
			t.Agents = append(t.Agents, AgentTarget{ID: g.ID, Name: g.Name, Phone: g.Phone, State: g.State})
		}
	}
	return &struct{ Body TransferTargets }{t}, nil
}

// onTalk does something to a live call that who asks may see and work with: its
// agent may, and supervisors and admins, of whom it is written down. do's
// errors are those of package talk.
func (a *API) onTalk(ctx context.Context, callID, action, detail string, do func() error) error {
	p := who(ctx)
	c, ok := a.board.Call(callID)
	switch {
	case !ok || !p.seesCall(&c):
		return notFound("live call", callID)
	case c.Agent == p.id:
		return a.talkError(do())
	case p.role == config.RoleAgent:
		return forbidden("the agent who talks, or a supervisor,")
	}
	return a.audited(ctx, store.Audit{Action: action, Target: c.Agent, Call: c.ID, Detail: detail}, func() error {
		return a.talkError(do())
	})
}

// seesCall is sees for a call: those who were rung for it or talk on it see
// it too.
func (p *principal) seesCall(c *queue.Call) bool {
	return p.sees(c.Queue) || c.Agent == p.id || slices.ContainsFunc(c.Rings, func(r queue.Ring) bool { return r.Agent == p.id })
}

// talkError turns an error of a talk into a problem.
func (a *API) talkError(err error) error {
	var digits *talk.DigitsError
	var target *talk.TargetError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &digits):
		return invalid("body.digits", digits.Reason)
	case errors.As(err, &target):
		return invalid("body."+target.Field, target.Reason)
	case errors.Is(err, talk.ErrTooManyRequests):
		return problem(http.StatusTooManyRequests, CodeTooManyDigits, "enough digits for this call wait to be played")
	case errors.Is(err, queue.ErrUnknownAgent):
		return invalid("body.to.agent", "there is no such agent")
	case errors.Is(err, queue.ErrUnknownQueue):
		return invalid("body.to.queue", "there is no such queue")
	case errors.Is(err, queue.ErrTargetBusy):
		return problem(http.StatusConflict, CodeTargetBusy, "the agent is not free")
	case errors.Is(err, queue.ErrOrdered):
		return problem(http.StatusConflict, CodeOrdered, "the call is being held or handed over already")
	case errors.Is(err, queue.ErrHeld):
		return problem(http.StatusConflict, CodeHeld, "the customer is held already")
	case errors.Is(err, queue.ErrConsulting):
		return problem(http.StatusConflict, CodeConsulting, "the agent consults somebody: complete or cancel that first")
	case errors.Is(err, queue.ErrNotConsulting):
		return problem(http.StatusConflict, CodeNotConsulting, "the agent consults nobody")
	case errors.Is(err, queue.ErrNotAnswered):
		return problem(http.StatusConflict, CodeNotAnswered, "who is consulted has not answered yet, or is gone")
	case errors.Is(err, queue.ErrDirection):
		return problem(http.StatusConflict, CodeOutbound, "the agent made this call for a queue that is no more: it can't be held or handed over")
	case errors.Is(err, queue.ErrDetached):
		return problem(http.StatusConflict, CodeDetached,
			"calld was started anew in the middle of the talk: it can be ended; a held customer can be taken back in a moment")
	case errors.Is(err, queue.ErrNotHeld):
		return problem(http.StatusConflict, CodeNotHeld, "the customer is not held")
	case errors.Is(err, queue.ErrUnknownCall):
		return problem(http.StatusNotFound, CodeNotFound, "the call is over")
	case errors.Is(err, queue.ErrNotTalking):
		return problem(http.StatusConflict, CodeNotTalking, "nobody talks on the call now")
	}
	return a.exchangeError(err)
}
