package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"calld/report"
)

type todayOutput struct {
	Body struct {
		Queues []report.Today `json:"queues"`
	}
}

func (a *API) registerReports(h huma.API) {
	huma.Register(h, huma.Operation{
		OperationID: "report-today", Method: http.MethodGet, Path: "/api/v1/reports/today", Tags: []string{"reports"},
		Summary: "What became of today's calls, by queue and hour",
		Description: "Calls that customers made, under the hour at which they came in: each from its answer, or else from its " +
			"end. The service level is the share answered within the queue's service_level, of all answered and missed but " +
			"those whose caller hung up within 5 s.",
	}, func(ctx context.Context, _ *struct{}) (*todayOutput, error) {
		var out todayOutput
		out.Body.Queues = []report.Today{}
		for _, q := range a.snapshot(ctx).Queues {
			out.Body.Queues = append(out.Body.Queues, a.day.Queue(q.ID))
		}
		return &out, nil
	})
}
