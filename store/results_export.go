package store

import (
	"context"
	"io"
	"strconv"

	"calld/campaign"
)

// ResultColumns returns the columns of results as CSV, in order. Their content
// is that of a result's JSON fields of the same name; result is what
// campaign.Result.Kind tells.
func ResultColumns() []string {
	return []string{
		"id", "campaign", "plan", "plan_revision", "dial_list", "entry", "key", "queue", "number", "index", "try", "mode", "result",
		"dial_result", "hangup_cause", "hangup_text", "amd", "amd_cause", "agent", "agent_result", "call", "why",
		"dialled", "rang", "answered", "agent_dialled", "bridged", "end",
	}
}

// ExportResults writes the results that match, the latest dialled first. Limit
// and Cursor of the query are not looked at. It reads page by page, so a slow
// reader holds nothing up.
func (s *Store) ExportResults(ctx context.Context, w io.Writer, f Format, q ResultQuery) error {
	return export(w, f, ResultColumns(), resultRow, func(write func(*campaign.Result) error) error {
		q.Limit, q.Cursor = MaxLimit, ""
		for {
			if err := context.Cause(ctx); err != nil {
				return err
			}
			page, err := s.Results(q)
			if err != nil {
				return err
			}
			for i := range page.Results {
				if err := write(&page.Results[i]); err != nil {
					return err
				}
			}
			if q.Cursor = page.Next; q.Cursor == "" {
				return nil
			}
		}
	})
}

func resultRow(r *campaign.Result) []string {
	return []string{
		r.ID, r.Campaign, r.Plan, strconv.FormatUint(r.PlanRev, 10), r.List, r.Entry, r.Key, r.Queue, r.Number,
		strconv.Itoa(r.Index), strconv.Itoa(r.Try), string(r.Mode), r.Kind(),
		string(r.DialResult), strconv.Itoa(r.HangupCause), r.HangupText, r.AMD, r.AMDCause, r.Agent, string(r.AgentResult), r.Call, r.Why,
		stamp(r.Dialled), stamp(r.Rang), stamp(r.Answered), stamp(r.AgentDial), stamp(r.Bridged), stamp(r.End),
	}
}
