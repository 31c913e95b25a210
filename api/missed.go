package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"calld/config"
	"calld/queue"
	"calld/store"
)

func (a *API) registerMissed(h huma.API) {
	missed := []string{"missed"}
	huma.Register(h, huma.Operation{
		OperationID: "list-missed", Method: http.MethodGet, Path: "/api/v1/missed", Tags: missed,
		Summary: "Missed calls, one entry for each number, the latest try first",
	}, func(ctx context.Context, in *struct {
		Queue  string `query:"queue"`
		State  string `query:"state" enum:"open,resolved" default:"open"`
		Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"50"`
		Cursor string `query:"cursor" maxLength:"512"`
	},
	) (*struct{ Body store.MissedPage }, error) {
		page, err := a.store.Missed(store.MissedQuery{
			Queues: visible(ctx, in.Queue), State: store.MissedState(in.State), Limit: in.Limit, Cursor: in.Cursor,
		})
		if err != nil {
			return nil, a.storeError(err)
		}
		return &struct{ Body store.MissedPage }{page}, nil
	})
	huma.Register(h, huma.Operation{
		OperationID: "call-back", Method: http.MethodPost, Path: "/api/v1/missed/{id}/callback", Tags: missed,
		Summary: "Call a missed caller back", DefaultStatus: http.StatusAccepted,
		Description: "The entry is claimed for who asks, so that nobody else calls the same customer, and then a call is made as " +
			"by POST /api/v1/calls, for the entry's queue. When the customer answers, the entry is resolved; when not, the " +
			"claim ends and the entry counts the try.",
	}, a.callBack)
	huma.Register(h, huma.Operation{
		OperationID: "resolve-missed", Method: http.MethodPost, Path: "/api/v1/missed/{id}/resolve", Tags: missed,
		Summary: "Settle a missed call by hand", MaxBodyBytes: MaxBody,
	}, func(ctx context.Context, in *struct {
		ID   string `path:"id" maxLength:"128"`
		Body struct {
			Reason string `json:"reason" minLength:"1" maxLength:"200"`
		}
	},
	) (*struct{ Body store.Missed }, error) {
		if _, err := a.missedCall(ctx, in.ID); err != nil {
			return nil, err
		}
		m, err := a.store.ResolveMissed(ctx, in.ID, who(ctx).id, in.Body.Reason, time.Now())
		if err != nil {
			return nil, a.storeError(err)
		}
		a.missedChanged(m)
		return &struct{ Body store.Missed }{m}, nil
	})
}

// missedCall finds a missed call that who asks may see.
func (a *API) missedCall(ctx context.Context, id string) (store.Missed, error) {
	m, err := a.store.MissedByID(id)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return m, a.storeError(err)
	}
	if err != nil || !who(ctx).sees(m.Queue) {
		return m, notFound("missed call", id)
	}
	return m, nil
}

func (a *API) callBack(ctx context.Context, in *idInput) (*struct{ Body queue.Call }, error) {
	if err := agentOnly(ctx); err != nil {
		return nil, err
	}
	m, err := a.missedCall(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	agent, before := who(ctx).id, m.Owner
	if _, err := config.DialNumber(m.Caller); err != nil {
		return nil, problem(http.StatusConflict, CodeNoNumber, "the customer left no number that can be called")
	}
	if m, err = a.store.ClaimMissed(ctx, in.ID, agent, time.Now()); err != nil {
		return nil, a.storeError(err)
	}
	a.missedChanged(m)
	c, err := a.makeCall(ctx, agent, m.Queue, m.Caller)
	if err == nil {
		return &struct{ Body queue.Call }{c}, nil
	}
	if before == agent { // perhaps for a call that is under way
		return nil, err
	}
	released, unreleased := a.store.ReleaseMissed(context.WithoutCancel(ctx), in.ID, agent, time.Now())
	if unreleased != nil {
		a.log.Error("claim of a missed call not released; it runs out by itself", "missed", in.ID, "err", unreleased)
	} else {
		a.missedChanged(released)
	}
	return nil, err
}
