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
	"strings"
	"time"

	"calld/queue"
)

// Format is a format of [Store.Export].
type Format string

// The formats.
const (
	JSONL Format = "jsonl" // one call as JSON per line
	CSV   Format = "csv"   // for spreadsheets: UTF-8 with a byte order mark, columns as Columns
)

// ErrFormat refuses an unknown format.
var ErrFormat = errors.New("store: unknown export format: use jsonl or csv")

// Columns returns the columns of the CSV format, in order. Their content is
// that of a call's JSON fields of the same name; rings and transfers are lists
// of agent=result and target=result with semicolons between them.
func Columns() []string {
	return []string{
		"id", "queue", "direction", "caller", "caller_name", "callee", "agent",
		"begin", "start", "end", "outcome", "cause", "wait_ms", "talk_ms",
		"record", "memo", "disposition", "rings", "transfers", "campaign",
	}
}

// Export writes the calls that match, newest first. A Limit of 0 exports all
// of them, any other at most that many. It reads page by page, so a slow
// reader holds nothing up; calls that end meanwhile may be in or not.
func (s *Store) Export(ctx context.Context, w io.Writer, f Format, q Query) error {
	return export(w, f, Columns(), row, func(write func(*queue.Call) error) error { return s.eachPage(ctx, q, write) })
}

// export writes what each brings: as JSON, or as CSV with the cells of row.
func export[T any](w io.Writer, f Format, columns []string, row func(*T) []string, each func(write func(*T) error) error) error {
	buffered := bufio.NewWriter(w)
	var write func(*T) error
	flush := buffered.Flush
	switch f {
	case JSONL:
		enc := json.NewEncoder(buffered)
		enc.SetEscapeHTML(false)
		write = func(v *T) error { return enc.Encode(v) }
	case CSV:
		// Without the mark Excel takes UTF-8 for the local code page and
		// shows no Hangul.
		if _, err := buffered.WriteString("\ufeff"); err != nil {
			return fmt.Errorf("store: export: %w", err)
		}
		rows := csv.NewWriter(buffered)
		if err := rows.Write(columns); err != nil {
			return fmt.Errorf("store: export: %w", err)
		}
		write = func(v *T) error {
			cells := row(v)
			for i, cell := range cells {
				cells[i] = HarmlessCell(cell)
			}
			return rows.Write(cells)
		}
		flush = func() error {
			rows.Flush()
			return errors.Join(rows.Error(), buffered.Flush())
		}
	default:
		return fmt.Errorf("%w, not %.20q", ErrFormat, f)
	}
	if err := each(write); err != nil {
		return fmt.Errorf("store: export: %w", err)
	}
	if err := flush(); err != nil {
		return fmt.Errorf("store: export: %w", err)
	}
	return nil
}

func (s *Store) eachPage(ctx context.Context, q Query, each func(*queue.Call) error) error {
	if q.Limit < 0 {
		return fmt.Errorf("%w: %d", ErrLimit, q.Limit)
	}
	left := q.Limit
	for {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		q.Limit = MaxLimit
		if left > 0 {
			q.Limit = min(left, MaxLimit)
		}
		page, err := s.History(q)
		if err != nil {
			return err
		}
		for i := range page.Calls {
			if err := each(&page.Calls[i]); err != nil {
				return err
			}
		}
		if left > 0 {
			if left -= len(page.Calls); left == 0 {
				return nil
			}
		}
		if page.Next == "" {
			return nil
		}
		q.Cursor = page.Next
	}
}

func row(c *queue.Call) []string {
	rings := make([]string, len(c.Rings))
	for i, r := range c.Rings {
		rings[i] = r.Agent + "=" + string(r.Result)
	}
	transfers := make([]string, len(c.Transfers))
	for i, t := range c.Transfers {
		transfers[i] = t.To + "=" + t.Result
	}
	return []string{
		c.ID, c.Queue, string(c.Direction), c.Caller, c.CallerName, c.Callee, c.Agent,
		stamp(&c.Begin), stamp(c.Start), stamp(c.End), string(c.Outcome), c.Cause,
		strconv.FormatInt(c.WaitMS, 10), strconv.FormatInt(c.TalkMS, 10),
		c.Record, c.Memo, c.Disposition, strings.Join(rings, ";"), strings.Join(transfers, ";"), c.Campaign,
	}
}

func stamp(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.Format(time.RFC3339Nano)
}

// HarmlessCell keeps a spreadsheet from running a cell as a formula: callers
// choose the names they send. (OWASP, CSV Injection; the wide forms are taken
// for the narrow ones by East Asian spreadsheets.) A spreadsheet that takes
// semicolons or tabs for the ends of cells begins one behind each of them.
func HarmlessCell(cell string) string {
	const signs, ends = "=+-@＝＋－＠", ";\t\r\n"
	var b strings.Builder
	written, begin, begins := 0, 0, true
	for i, r := range cell {
		end := strings.ContainsRune(ends, r)
		switch {
		case begins && (strings.ContainsRune(signs, r) || i == 0 && end && r != ';'):
			b.WriteString(cell[written:begin])
			b.WriteByte('\'')
			written, begins = begin, end
		case !end:
			begins = begins && strings.ContainsRune(` "`, r) // which may stand before a formula
		}
		if end {
			begin, begins = i+1, true
		}
	}
	if b.Len() == 0 {
		return cell
	}
	b.WriteString(cell[written:])
	return b.String()
}
