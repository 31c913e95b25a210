package api

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"calld/config"
	"calld/queue"
	"calld/store"
)

const (
	linesType = "application/jsonl"
	csvType   = "text/csv; charset=utf-8"
)

func (a *API) registerHistory(h huma.API) {
	huma.Register(h, huma.Operation{
		OperationID: "list-history", Method: http.MethodGet, Path: "/api/v1/history", Tags: []string{"history"},
		Summary: "Ended calls, newest first",
		Description: "Pages follow one another by cursor. A page may hold fewer calls than asked for, even none, " +
			"and still have a next one, when most calls looked at did not match.",
	}, func(ctx context.Context, in *struct {
		HistoryFilter
		Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"50"`
		Cursor string `query:"cursor" maxLength:"512" doc:"next of the page before."`
	},
	) (*struct{ Body store.Page }, error) {
		q, err := a.historyQuery(ctx, &in.HistoryFilter)
		if err != nil {
			return nil, err
		}
		q.Limit, q.Cursor = in.Limit, in.Cursor
		page, err := a.store.History(q)
		if err != nil {
			return nil, a.storeError(err)
		}
		return &struct{ Body store.Page }{page}, nil
	})
	huma.Register(h, huma.Operation{
		OperationID: "export-history", Method: http.MethodGet, Path: "/api/v1/history/export", Tags: []string{"history"},
		Summary:   "The whole history, or what the filters leave of it, as JSON lines or CSV",
		Responses: streamed(linesType, csvType),
	}, func(ctx context.Context, in *struct {
		HistoryFilter
		Format string `query:"format" enum:"jsonl,csv" default:"csv"`
	},
	) (*huma.StreamResponse, error) {
		if err := need(ctx, config.RoleSupervisor); err != nil {
			return nil, err
		}
		format, contentType := store.JSONL, linesType
		if in.Format == "csv" {
			format, contentType = store.CSV, csvType
		}
		q, err := a.historyQuery(ctx, &in.HistoryFilter)
		if err != nil {
			return nil, err
		}
		return stream(contentType, func(ctx context.Context, w io.Writer) error {
			return a.store.Export(ctx, w, format, q)
		}, a.log), nil
	})
}

// HistoryFilter says which ended calls are wanted. (It has a public name
// because huma reads no parameters from embedded types that have none.)
type HistoryFilter struct {
	Queue     string    `query:"queue"`
	Caller    string    `query:"caller" doc:"The customer's whole number, however it is written."`
	CallerOf  string    `query:"caller_of" maxLength:"128" doc:"Instead of caller: the customer of this call, live or ended. A withheld number has no calls."`
	Agent     string    `query:"agent"`
	Outcome   string    `query:"outcome" enum:"answered,abandoned,timeout,full,closed,no_agent,failed,blocked,callback"`
	Direction string    `query:"direction" enum:"in,out"`
	From      time.Time `query:"from" doc:"Calls that came in at or after this time (RFC 3339)."`
	To        time.Time `query:"to" doc:"Calls that came in before this time."`
	Text      string    `query:"text" maxLength:"200" doc:"Looked for in memo, disposition, numbers and names. Who sees numbers masked finds a number by all of it alone."`
}

// historyQuery is what a filter asks of the store.
func (a *API) historyQuery(ctx context.Context, f *HistoryFilter) (store.Query, error) {
	q := store.Query{
		Queues: visible(ctx, f.Queue), Caller: f.Caller, Agent: f.Agent,
		Outcome: queue.Outcome(f.Outcome), Direction: queue.Direction(f.Direction),
		From: f.From, To: f.To, Text: f.Text, Masked: a.masked(who(ctx)),
	}
	if f.CallerOf == "" {
		return q, nil
	}
	if f.Caller != "" {
		return q, invalid("query.caller_of", "give either caller or caller_of")
	}
	c, err := a.call(ctx, f.CallerOf)
	if err != nil {
		return q, err
	}
	if q.Caller = c.CustomerNumber(); q.Caller == "" {
		q.Queues = []string{} // nothing tells who withheld a number
	}
	return q, nil
}

// visible narrows a wanted queue ("": all) to what who asks may see: nil is
// all, an empty list none.
func visible(ctx context.Context, wanted string) []string {
	p := who(ctx)
	switch {
	case wanted != "" && p.sees(wanted):
		return []string{wanted}
	case wanted != "":
		return []string{}
	case p.role != config.RoleAgent:
		return nil
	}
	return append([]string{}, p.queues...)
}
