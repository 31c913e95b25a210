package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"calld/config"
	"calld/report"
	"calld/store"
)

// reportsAtOnce bounds the reports that are being counted: each keeps a
// processor busy, and calls go first.
const reportsAtOnce = 1

type todayOutput struct {
	Body struct {
		Queues []report.Today `json:"queues"`
	}
}

// QueueReport is the answer of GET /reports/queues.
type QueueReport struct {
	Period
	ResolvedDays int                 `json:"resolved_days"`
	Rows         []report.QueueRow   `json:"rows" doc:"Each queue and interval in which something was counted, by time and queue."`
	Totals       []report.QueueRow   `json:"totals" doc:"Each queue over the whole time."`
	Total        report.QueueFigures `json:"total" doc:"All queues asked for over the whole time."`
}

// AgentReport is the answer of GET /reports/agents.
type AgentReport struct {
	Period
	Rows   []report.AgentRow   `json:"rows" doc:"Each agent and interval in which something was counted, by time and agent."`
	Totals []report.AgentRow   `json:"totals" doc:"Each agent over the whole time."`
	Total  report.AgentFigures `json:"total" doc:"All agents asked for over the whole time."`
}

// Period is the time of a report.
type Period struct {
	From     time.Time       `json:"from"`
	To       time.Time       `json:"to"`
	Interval report.Interval `json:"interval"`
	Timezone string          `json:"timezone" doc:"In which days, weeks and months begin."`
	Starts   []time.Time     `json:"starts" doc:"The beginnings of all intervals."`
}

func (a *API) registerReports(h huma.API) {
	tags := []string{"reports"}
	huma.Register(h, huma.Operation{
		OperationID: "report-today", Method: http.MethodGet, Path: "/api/v1/reports/today", Tags: tags,
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
	huma.Register(h, huma.Operation{
		OperationID: "report-queues", Method: http.MethodGet, Path: "/api/v1/reports/queues", Tags: tags,
		Summary: "What became of calls, by queue and interval",
		Description: "For supervisors. Ended calls, under the interval in which they began; service level and waits as in " +
			"reports/today. An answered call has settled its matter when the same number does not call the same queue again " +
			"within resolved_days; calls since when less time has passed, and withheld numbers, are not counted for that. " +
			"At most 3000 intervals.",
		Responses: reportAnswers(h, QueueReport{}),
	}, a.reportQueues)
	huma.Register(h, huma.Operation{
		OperationID: "report-agents", Method: http.MethodGet, Path: "/api/v1/reports/agents", Tags: tags,
		Summary: "What agents did, by agent and interval",
		Description: "For supervisors. Calls under the interval in which they began; times cut at its ends. While calld does " +
			"not run, and until 30 s before it was killed, agents count as offline. At most 3000 intervals.",
		Responses: reportAnswers(h, AgentReport{}),
	}, a.reportAgents)
}

// reportAnswers documents a report's two forms.
func reportAnswers(h huma.API, body any) map[string]*huma.Response {
	answers := streamed(csvType)
	answers["200"].Content["application/json"] = &huma.MediaType{
		Schema: h.OpenAPI().Components.Schemas.Schema(reflect.TypeOf(body), true, ""),
	}
	return answers
}

// ReportInput says which time a report is about and how it is written. (It has
// a public name because huma reads no parameters from embedded types that have
// none.)
type ReportInput struct {
	From     string `query:"from" maxLength:"64" example:"2026-11-01" doc:"Included: a time (RFC 3339), or a date for its midnight in the server's time zone; by default the last midnight."`
	To       string `query:"to" maxLength:"64" example:"2026-12-01" doc:"Not included; by default now."`
	Interval string `query:"interval" enum:"15m,hour,day,week,month" default:"day"`
	Format   string `query:"format" enum:"json,csv" doc:"By default as the Accept header asks: text/csv, or else JSON."`
	Accept   string `header:"Accept"`
}

func (in *ReportInput) csv() bool {
	return in.Format == "csv" || in.Format == "" && strings.HasPrefix(in.Accept, "text/csv")
}

// cut divides the time of a report.
func (in *ReportInput) cut(cfg *config.Config, now time.Time) (report.Cuts, Period, error) {
	loc := cfg.Server.Timezone
	y, m, d := now.In(loc).Date()
	from, err := reportTime("from", in.From, time.Date(y, m, d, 0, 0, 0, 0, loc))
	if err != nil {
		return nil, Period{}, err
	}
	to, err := reportTime("to", in.To, now.In(loc))
	if err != nil {
		return nil, Period{}, err
	}
	cuts, err := report.Cut(from, to, report.Interval(in.Interval), loc)
	switch {
	case errors.Is(err, report.ErrTooFine):
		return nil, Period{}, invalid("query.interval", err.Error())
	case err != nil:
		return nil, Period{}, invalid("query.to", err.Error())
	}
	return cuts, Period{
		From: cuts.From(), To: cuts.To(), Interval: report.Interval(in.Interval), Timezone: loc.String(), Starts: cuts[:len(cuts)-1],
	}, nil
}

// reportTime reads a time or a date; fallback says in which zone a day begins.
func reportTime(name, text string, fallback time.Time) (time.Time, error) {
	if text == "" {
		return fallback, nil
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at.In(fallback.Location()), nil
	}
	at, err := time.ParseInLocation(time.DateOnly, text, fallback.Location())
	if err != nil {
		return at, invalid("query."+name, "write a date like 2026-11-01, or a time like 2026-11-01T09:00:00+09:00 (in a URL, + is %2B)")
	}
	return at, nil
}

// reportOutput is a report, written already.
type reportOutput struct {
	ContentType string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Body        []byte
}

func (a *API) reportQueues(ctx context.Context, in *struct {
	ReportInput
	Queue        []string `query:"queue,explode" maxItems:"1000" doc:"Only these; may be repeated."`
	ResolvedDays int      `query:"resolved_days" minimum:"1" maximum:"90" default:"7"`
},
) (*reportOutput, error) {
	if err := need(ctx, config.RoleSupervisor); err != nil {
		return nil, err
	}
	now, cfg := time.Now(), a.config()
	cuts, period, err := in.cut(cfg, now)
	if err != nil {
		return nil, err
	}
	threshold := func(id string) time.Duration {
		q, _ := cfg.Queue(id)
		return q.ServiceLevel
	}
	r := report.NewQueues(report.QueueOptions{
		Cuts: cuts, Queues: in.Queue, Numbering: cfg.Outbound.Numbering, Threshold: threshold,
		Resolved: time.Duration(in.ResolvedDays) * 24 * time.Hour, Now: now,
	})
	err = a.count(ctx, cuts, now, func(ctx context.Context) error {
		return a.store.EachCall(ctx, cuts.From(), r.Until(), r.Add)
	}, nil, r.AddSpan)
	if err != nil {
		return nil, a.storeError(err)
	}
	body := QueueReport{Period: period, ResolvedDays: in.ResolvedDays, Rows: r.Rows(), Totals: r.Totals(), Total: r.Total()}
	if in.csv() {
		return csvReport("queues", queueTable(cfg, body.Rows))
	}
	return jsonReport(body)
}

func (a *API) reportAgents(ctx context.Context, in *struct {
	ReportInput
	Agent []string `query:"agent,explode" maxItems:"1000" doc:"Only these; may be repeated."`
	Queue []string `query:"queue,explode" maxItems:"1000" doc:"Only agents who serve one of these now; may be repeated."`
},
) (*reportOutput, error) {
	if err := need(ctx, config.RoleSupervisor); err != nil {
		return nil, err
	}
	now, cfg := time.Now(), a.config()
	cuts, period, err := in.cut(cfg, now)
	if err != nil {
		return nil, err
	}
	wanted := in.Agent
	if len(in.Queue) > 0 {
		wanted = slices.DeleteFunc(servingAny(cfg, in.Queue), func(id string) bool {
			return len(in.Agent) > 0 && !slices.Contains(in.Agent, id)
		})
	}
	r := report.NewAgents(cuts, wanted)
	err = a.count(ctx, cuts, now, func(ctx context.Context) error {
		return a.store.EachCall(ctx, cuts.From(), cuts.To(), r.Add)
	}, wanted, r.AddSpan)
	if err != nil {
		return nil, a.storeError(err)
	}
	body := AgentReport{Period: period, Rows: r.Rows(), Totals: r.Totals(), Total: r.Total()}
	if in.csv() {
		return csvReport("agents", agentTable(cfg, body.Rows))
	}
	return jsonReport(body)
}

// servingAny lists the agents who serve one of the queues; never nil.
func servingAny(cfg *config.Config, queues []string) []string {
	ids := []string{}
	for i := range cfg.Agents {
		if slices.ContainsFunc(cfg.Agents[i].Queues, func(q string) bool { return slices.Contains(queues, q) }) {
			ids = append(ids, cfg.Agents[i].ID)
		}
	}
	return ids
}

// count reads what a report counts, once it is its turn: the calls, and what
// the wanted agents (nil: all) did until now.
func (a *API) count(ctx context.Context, cuts report.Cuts, now time.Time, calls func(context.Context) error, wanted []string, each func(*report.Span)) error {
	select {
	case a.reports <- struct{}{}:
		defer func() { <-a.reports }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if err := calls(ctx); err != nil {
		return err
	}
	to := cuts.To()
	if now.Before(to) {
		to = now // a state that lasts has lasted until now
	}
	return a.store.AgentSpans(ctx, wanted, cuts.From(), to, func(s store.AgentSpan) {
		span := report.Span(s)
		each(&span)
	})
}

func jsonReport(body any) (*reportOutput, error) {
	text, err := json.Marshal(body)
	return &reportOutput{ContentType: "application/json", Body: text}, err
}
