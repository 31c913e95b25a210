package api

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"calld/config"
	"calld/queue"
	"calld/talk"
)

func (a *API) registerTalks(h huma.API) {
	talks := []string{"talk"}
	const whose = "For the agent who talks, supervisors and admins."
	huma.Register(h, huma.Operation{
		OperationID: "hangup-call", Method: http.MethodPost, Path: "/api/v1/calls/{id}/hangup", Tags: talks,
		Summary: "End a talk", Description: whose, DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *idInput) (*struct{}, error) {
		if err := a.inHand(ctx, in.ID); err != nil {
			return nil, err
		}
		return nil, a.talkError(a.talks.Hangup(ctx, in.ID))
	})
	huma.Register(h, huma.Operation{
		OperationID: "dtmf-call", Method: http.MethodPost, Path: "/api/v1/calls/{id}/dtmf", Tags: talks,
		Summary: "Play digits into a talk", DefaultStatus: http.StatusNoContent, MaxBodyBytes: MaxBody,
		Description: whose + " The digits are played one after another, four in a second; the answer comes when the last " +
			"has been played. A second request for the same call waits for the first.",
	}, func(ctx context.Context, in *struct {
		ID   string `path:"id" maxLength:"128"`
		Body struct {
			To     string `json:"to" enum:"caller,agent" doc:"Who hears them: the customer, or the agent."`
			Digits string `json:"digits" minLength:"1" maxLength:"32" example:"12#" doc:"0-9, *, # and A-D; a comma or w is a pause of half a second."`
		}
	},
	) (*struct{}, error) {
		if err := a.inHand(ctx, in.ID); err != nil {
			return nil, err
		}
		return nil, a.talkError(a.talks.Digits(ctx, in.ID, talk.Side(in.Body.To), in.Body.Digits))
	})
}

// inHand checks that a call is live, that who asks may see it, and that it is
// theirs to work with.
func (a *API) inHand(ctx context.Context, callID string) error {
	p := who(ctx)
	c, ok := a.board.Call(callID)
	if !ok || !p.seesCall(&c) {
		return notFound("live call", callID)
	}
	if p.role == config.RoleAgent && c.Agent != p.id {
		return forbidden("the agent who talks, or a supervisor,")
	}
	return nil
}

// seesCall is sees for a call: those who were rung for it or talk on it see
// it too.
func (p *principal) seesCall(c *queue.Call) bool {
	return p.sees(c.Queue) || c.Agent == p.id || slices.ContainsFunc(c.Rings, func(r queue.Ring) bool { return r.Agent == p.id })
}

// talkError turns an error of a talk into a problem.
func (a *API) talkError(err error) error {
	var digits *talk.DigitsError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &digits):
		return invalid("body.digits", digits.Reason)
	case errors.Is(err, talk.ErrNoCall), errors.Is(err, queue.ErrUnknownCall):
		return problem(http.StatusNotFound, CodeNotFound, "the call is over")
	case errors.Is(err, talk.ErrNotTalking):
		return problem(http.StatusConflict, CodeNotTalking, "nobody talks on the call now")
	}
	return a.exchangeError(err)
}
