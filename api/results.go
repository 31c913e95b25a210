package api

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"calld/campaign"
	"calld/config"
	"calld/store"
)

// ResultFilter says which results are wanted. (It has a public name because
// huma reads no parameters from embedded types that have none.)
type ResultFilter struct {
	ID     string    `path:"id" maxLength:"64"`
	Result string    `query:"result" enum:"answered,busy,no_answer,congestion,unallocated,rejected,failed,machine,abandoned,customer_left,skipped,given_up,do_not_call" doc:"The result in one word: how dialling ended, or of an answered customer machine, abandoned (no agent took the call) or customer_left; given_up: calld hung up before the time."`
	Agent  string    `query:"agent"`
	Number string    `query:"number" doc:"The whole number, however written."`
	Entry  string    `query:"entry" maxLength:"64" doc:"Only the tries of this entry."`
	From   time.Time `query:"from" doc:"Dialled at or after this time (RFC 3339)."`
	To     time.Time `query:"to" doc:"Dialled before this time."`
}

func (f *ResultFilter) query() store.ResultQuery {
	return store.ResultQuery{
		Campaign: f.ID, Kind: f.Result, Agent: f.Agent, Number: f.Number, Entry: f.Entry, From: f.From, To: f.To,
	}
}

// HourCounts is what became of the tries of an hour of the day.
type HourCounts struct {
	Hour   int             `json:"hour"` // 0 to 23
	Counts campaign.Counts `json:"counts"`
}

// CampaignStats are the figures of a campaign.
type CampaignStats struct {
	Campaign string            `json:"campaign"`
	From     time.Time         `json:"from"`
	To       *time.Time        `json:"to,omitempty"`
	Counts   campaign.Counts   `json:"counts"`
	Hours    []HourCounts      `json:"hours" doc:"By the hour of the day in which customers were dialled, in the server's time zone. Hours without tries are left out."`
	List     campaign.DialList `json:"dial_list" doc:"With the counts of its entries by state."`
	Live     campaign.Stats    `json:"live" doc:"What it does now, and why it does not dial."`
}

func (a *API) registerResults(h huma.API) {
	tags := []string{"campaigns"}
	huma.Register(h, huma.Operation{
		OperationID: "list-results", Method: http.MethodGet, Path: "/api/v1/campaigns/{id}/results", Tags: tags,
		Summary: "What became of each try, the latest dialled first",
		Description: "Pages follow one another by cursor. A page may hold fewer results than asked for, even none, and still have a " +
			"next one. The results of a campaign that was removed can be read by its id until they are purged (server.keep_history).",
	}, func(ctx context.Context, in *struct {
		ResultFilter
		Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"50"`
		Cursor string `query:"cursor" maxLength:"512" doc:"next of the page before."`
	},
	) (*struct{ Body store.ResultPage }, error) {
		if err := need(ctx, config.RoleSupervisor); err != nil {
			return nil, err
		}
		q := in.query()
		q.Limit, q.Cursor = in.Limit, in.Cursor
		page, err := a.store.Results(q)
		if err == nil && len(page.Results) == 0 {
			err = a.campaignOrResults(in.ID)
		}
		if err != nil {
			return nil, a.outboundError(err)
		}
		return &struct{ Body store.ResultPage }{page}, nil
	})
	huma.Register(h, huma.Operation{
		OperationID: "export-results", Method: http.MethodGet, Path: "/api/v1/campaigns/{id}/results/export", Tags: tags,
		Summary:   "All results, or what the filters leave of them, as CSV or JSON lines",
		Responses: streamed(linesType, csvType),
	}, func(ctx context.Context, in *struct {
		ResultFilter
		Format string `query:"format" enum:"jsonl,csv" default:"csv"`
	},
	) (*huma.StreamResponse, error) {
		if err := need(ctx, config.RoleSupervisor); err != nil {
			return nil, err
		}
		if err := a.campaignOrResults(in.ID); err != nil {
			return nil, a.outboundError(err)
		}
		format, contentType := store.JSONL, linesType
		if in.Format == "csv" {
			format, contentType = store.CSV, csvType
		}
		q := in.query()
		return stream(contentType, func(ctx context.Context, w io.Writer) error {
			return a.store.ExportResults(ctx, w, format, q)
		}, a.log), nil
	})
	huma.Register(h, huma.Operation{
		OperationID: "campaign-stats", Method: http.MethodGet, Path: "/api/v1/campaigns/{id}/stats", Tags: tags,
		Summary:     "Figures of a campaign: tries, answers, abandoned calls, talk time, what is left of its list, and what it does now",
		Description: "Counted from the results each time it is asked: ask for days rather than months at once.",
	}, a.campaignStats)
}

// campaignOrResults refuses a campaign that neither is nor has left results.
func (a *API) campaignOrResults(id string) error {
	_, err := a.store.Campaign(id)
	if !errors.Is(err, campaign.ErrUnknown) {
		return err
	}
	if page, readErr := a.store.Results(store.ResultQuery{Campaign: id, Limit: 1}); readErr != nil || len(page.Results) > 0 {
		return readErr
	}
	return err
}

func (a *API) campaignStats(ctx context.Context, in *struct {
	ID   string    `path:"id" maxLength:"64"`
	From time.Time `query:"from" doc:"Tries dialled at or after this time (RFC 3339); by default since midnight in the server's time zone."`
	To   time.Time `query:"to" doc:"Tries dialled before this time; by default now."`
},
) (*struct{ Body CampaignStats }, error) {
	if err := need(ctx, config.RoleSupervisor); err != nil {
		return nil, err
	}
	s := CampaignStats{Campaign: in.ID, From: in.From, Counts: campaign.Counts{Kinds: map[string]int{}}, Hours: []HourCounts{}}
	zone := a.config().Server.Timezone
	if s.From.IsZero() {
		now := time.Now().In(zone)
		s.From = time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location())
	}
	if !in.To.IsZero() {
		s.To = &in.To
	}
	c, err := a.store.Campaign(in.ID)
	if err == nil {
		s.List, err = a.store.List(c.DialList)
	}
	if err == nil {
		var hours [24]campaign.Counts
		err = a.store.EachResult(in.ID, s.From, in.To, func(r *campaign.Result) {
			s.Counts.Add(r)
			if r.Dialled != nil {
				hours[r.Dialled.In(zone).Hour()].Add(r)
			}
		})
		for h, counts := range hours {
			if counts.Tries > 0 {
				s.Hours = append(s.Hours, HourCounts{h, counts})
			}
		}
	}
	if err == nil {
		s.Live, err = a.dialler.Stats(ctx, in.ID)
	}
	if err != nil {
		return nil, a.diallingError(err, "")
	}
	return &struct{ Body CampaignStats }{s}, nil
}
