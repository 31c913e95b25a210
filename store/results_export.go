package store

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
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
	buffered := bufio.NewWriter(w)
	var write func(*campaign.Result) error
	flush := buffered.Flush
	switch f {
	case JSONL:
		enc := json.NewEncoder(buffered)
		enc.SetEscapeHTML(false)
		write = func(r *campaign.Result) error { return enc.Encode(r) }
	case CSV:
		if _, err := buffered.WriteString("\ufeff"); err != nil { // see Export
			return fmt.Errorf("store: export: %w", err)
		}
		rows := csv.NewWriter(buffered)
		if err := rows.Write(ResultColumns()); err != nil {
			return fmt.Errorf("store: export: %w", err)
		}
		write = func(r *campaign.Result) error { return rows.Write(resultRow(r)) }
		flush = func() error {
			rows.Flush()
			return errors.Join(rows.Error(), buffered.Flush())
		}
	default:
		return fmt.Errorf("%w, not %.20q", ErrFormat, f)
	}
	q.Limit, q.Cursor = MaxLimit, ""
	for {
		if err := context.Cause(ctx); err != nil {
			return fmt.Errorf("store: export: %w", err)
		}
		page, err := s.Results(q)
		if err != nil {
			return fmt.Errorf("store: export: %w", err)
		}
		for i := range page.Results {
			if err := write(&page.Results[i]); err != nil {
				return fmt.Errorf("store: export: %w", err)
			}
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			break
		}
	}
	if err := flush(); err != nil {
		return fmt.Errorf("store: export: %w", err)
	}
	return nil
}

func resultRow(r *campaign.Result) []string {
	cells := []string{
		r.ID, r.Campaign, r.Plan, strconv.FormatUint(r.PlanRev, 10), r.List, r.Entry, r.Key, r.Queue, r.Number,
		strconv.Itoa(r.Index), strconv.Itoa(r.Try), string(r.Mode), r.Kind(),
		string(r.DialResult), strconv.Itoa(r.HangupCause), r.HangupText, r.AMD, r.AMDCause, r.Agent, string(r.AgentResult), r.Call, r.Why,
		stamp(r.Dialled), stamp(r.Rang), stamp(r.Answered), stamp(r.AgentDial), stamp(r.Bridged), stamp(r.End),
	}
	for i, cell := range cells {
		cells[i] = HarmlessCell(cell)
	}
	return cells
}
