package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

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
		OperationID: "resolve-missed", Method: http.MethodPost, Path: "/api/v1/missed/{id}/resolve", Tags: missed,
		Summary: "Settle a missed call by hand", MaxBodyBytes: MaxBody,
	}, func(ctx context.Context, in *struct {
		ID   string `path:"id" maxLength:"128"`
		Body struct {
			Reason string `json:"reason" minLength:"1" maxLength:"200"`
		}
	},
	) (*struct{ Body store.Missed }, error) {
		m, err := a.store.MissedByID(in.ID)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return nil, a.storeError(err)
		}
		if err != nil || !who(ctx).sees(m.Queue) {
			return nil, notFound("missed call", in.ID)
		}
		m, err = a.store.ResolveMissed(ctx, in.ID, who(ctx).id, in.Body.Reason, time.Now())
		if err != nil {
			return nil, a.storeError(err)
		}
		a.missedChanged(m)
		return &struct{ Body store.Missed }{m}, nil
	})
}
