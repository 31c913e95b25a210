package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"calld/queue"
	"calld/store"
)

func (a *API) registerCallbacks(h huma.API) {
	huma.Register(h, huma.Operation{
		OperationID: "cancel-callback", Method: http.MethodPost, Path: "/api/v1/calls/{id}/callback/cancel", Tags: []string{"live"},
		Summary: "Take a waiting caller who is to be called back out of the line", DefaultStatus: http.StatusNoContent,
		Description: "For a live call whose phase is callback; for supervisors, admins and the agents of its queue, who are all written " +
			"into the audit trail. It ends with the outcome callback and the cause callback_cancelled, is no missed call, and call.ended " +
			"tells the pages. While an agent's phone rings for it, or the customer's, it answers 409, calling_back.",
	}, a.cancelCallback)
}

func (a *API) cancelCallback(ctx context.Context, in *idInput) (*struct{}, error) {
	c, ok := a.board.Call(in.ID)
	if !ok || !who(ctx).sees(c.Queue) {
		return nil, notFound("live call", in.ID)
	}
	return nil, a.audited(ctx, store.Audit{Action: "callback_cancel", Target: c.Queue, Call: c.ID}, func() error {
		err := a.board.CancelCallback(c.ID)
		switch {
		case errors.Is(err, queue.ErrNotBooked):
			return problem(http.StatusConflict, CodeNotBooked, "the caller is not to be called back")
		case errors.Is(err, queue.ErrCallingBack):
			return problem(http.StatusConflict, CodeCallingBack, "the caller is being called back just now: end that call, and cancel then")
		}
		return a.talkError(err)
	})
}
