package centre

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"time"

	"calld/test/lab"
)

// Call is what calld's history tells of a call.
type Call struct {
	ID       string     `json:"id"`
	UniqueID string     `json:"unique_id"`
	Caller   string     `json:"caller"`
	Agent    string     `json:"agent"`
	Begin    time.Time  `json:"begin"`
	Start    *time.Time `json:"start"`
	End      *time.Time `json:"end"`
	Outcome  string     `json:"outcome"`
	WaitMS   int64      `json:"wait_ms"`
	TalkMS   int64      `json:"talk_ms"`
	Rings    []Ring     `json:"rings"`
}

// Ring is what the history tells of an agent who was rung.
type Ring struct {
	Agent string    `json:"agent"`
	At    time.Time `json:"at"`
}

// Books is what three parties have written down.
type Books struct {
	Calls   []Call            // calld's history
	CDRs    []CDR             // Asterisk's
	Callers lab.CallersResult // SIPp's
	Agents  map[string]string // by their phones
}

// Books reads what was written of some streams of calls, once they have ended. The
// centre has no other calls, and has CDRs.
func (c *Centre) Books(ctx context.Context, streams ...lab.CallersResult) (*Books, error) {
	b := &Books{Agents: c.Plan.agentOf(), Callers: lab.CallersResult{Ends: map[string]lab.CallEnd{}}}
	for _, s := range streams {
		b.Callers.Calls += s.Calls
		b.Callers.Failed += s.Failed
		maps.Copy(b.Callers.Ends, s.Ends)
	}
	history, err := c.Server.Ask(ctx, "/api/v1/history/export?format=jsonl")
	if err != nil {
		return nil, err
	}
	defer history.Close() //nolint:errcheck // read to its end
	if b.Calls, err = readHistory(history); err != nil {
		return nil, err
	}
	b.CDRs, err = c.CDRs()
	return b, err
}

// CDRs reads Asterisk's records of the calls that came in. It writes one when the
// channel ends, or a little later.
func (c *Centre) CDRs() ([]CDR, error) { return readCDRs(c.PBX.CustomCDRPath(cdrFile)) }

func readHistory(r io.Reader) ([]Call, error) {
	var all []Call
	for d := json.NewDecoder(r); ; {
		var c Call
		err := d.Decode(&c)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return all, fmt.Errorf("centre: history: %w", err)
		}
		all = append(all, c)
	}
}
