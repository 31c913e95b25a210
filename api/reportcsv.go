package api

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"calld/config"
	"calld/queue"
	"calld/report"
	"calld/store"
)

// csvReport writes a table for spreadsheets: in UTF-8 with a byte order mark,
// without which Excel shows no Hangul, and with no cell that runs as a formula.
func csvReport(name string, table [][]string) (*reportOutput, error) {
	var text bytes.Buffer
	text.WriteString("\ufeff")
	w := csv.NewWriter(&text)
	for _, row := range table {
		for i := range row {
			row[i] = store.HarmlessCell(row[i])
		}
		if err := w.Write(row); err != nil {
			return nil, fmt.Errorf("api: report: %w", err)
		}
	}
	w.Flush()
	return &reportOutput{
		ContentType: csvType, Disposition: `attachment; filename="` + name + `.csv"`, Body: text.Bytes(),
	}, w.Error()
}

// queueTable has the JSON's names as its columns; missed calls have one for
// each outcome.
func queueTable(cfg *config.Config, rows []report.QueueRow) [][]string {
	missed := slices.DeleteFunc(queue.Outcomes(), func(o queue.Outcome) bool { return o == queue.Answered || o == queue.Blocked || o == queue.CalledBack })
	head := []string{"start", "end", "queue", "name", "offered", "answered", "missed"}
	for _, o := range missed {
		head = append(head, "missed_"+string(o))
	}
	table := [][]string{append(head,
		"short", "called_back", "overflowed", "in_time", "service_level", "wait_avg_ms", "wait_max_ms", "talk_ms", "talk_avg_ms", "transferred",
		"wrapup_ms", "wrapup_avg_ms", "first_contact", "first_resolved", "resolution", "made", "reached", "made_talk_ms")}
	for i := range rows {
		r := &rows[i]
		q, _ := cfg.Queue(r.Queue)
		row := append(interval(cfg, r.Start, r.End), r.Queue, q.Name)
		row = append(row, numbers(r.Offered, r.Answered, r.Missed)...)
		for _, o := range missed {
			row = append(row, strconv.Itoa(r.MissedBy[o]))
		}
		row = append(row, numbers(r.Short, r.CalledBack, r.Overflowed, r.InTime)...)
		row = append(row, part(r.ServiceLevel))
		row = append(row, numbers(r.WaitAvgMS, r.WaitMaxMS, r.TalkMS, r.TalkAvgMS)...)
		row = append(row, numbers(r.Transferred)...)
		row = append(row, numbers(r.WrapupMS, r.WrapupAvgMS)...)
		row = append(row, numbers(r.FirstContact, r.FirstResolved)...)
		row = append(row, part(r.Resolution))
		row = append(row, numbers(r.Made, r.Reached)...)
		table = append(table, append(row, numbers(r.MadeTalkMS)...))
	}
	return table
}

// agentTable has the JSON's names as its columns; away_by is a list of
// reason=milliseconds.
func agentTable(cfg *config.Config, rows []report.AgentRow) [][]string {
	table := [][]string{{
		"start", "end", "agent", "name", "answered", "not_taken", "made", "reached", "logged_in_ms", "available_ms",
		"ring_ms", "talk_ms", "wrapup_ms", "unreachable_ms", "away_ms", "away_by", "occupancy",
	}}
	for i := range rows {
		r := &rows[i]
		ag, _ := cfg.Agent(r.Agent)
		row := append(interval(cfg, r.Start, r.End), r.Agent, ag.Name)
		row = append(row, numbers(r.Answered, r.NotTaken, r.Made, r.Reached)...)
		row = append(row, numbers(r.LoggedInMS, r.AvailableMS, r.RingMS, r.TalkMS, r.WrapupMS, r.UnreachableMS, r.AwayMS)...)
		var away []string
		for _, reason := range slices.Sorted(maps.Keys(r.AwayBy)) {
			away = append(away, fmt.Sprintf("%s=%d", reason, r.AwayBy[reason]))
		}
		table = append(table, append(row, strings.Join(away, ";"), part(r.Occupancy)))
	}
	return table
}

// interval writes times so that spreadsheets take them for such: without the
// offset, in the server's time zone.
func interval(cfg *config.Config, start, end time.Time) []string {
	const layout = "2006-01-02 15:04:05"
	loc := cfg.Server.Timezone
	return []string{start.In(loc).Format(layout), end.In(loc).Format(layout)}
}

func numbers[N int | int64](list ...N) []string {
	cells := make([]string, len(list))
	for i, n := range list {
		cells[i] = strconv.FormatInt(int64(n), 10)
	}
	return cells
}

// part is a share with four places; empty when there is none.
func part(share *float64) string {
	if share == nil {
		return ""
	}
	return strconv.FormatFloat(*share, 'f', 4, 64)
}
