package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"calld/api"
	"calld/config"
	"calld/hours"
	"calld/queue"
	"calld/store"
)

type reloadCmd struct{ remote }

// Run reloads and prints what changed.
func (c reloadCmd) Run(ctx context.Context) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	resp, err := cl.do(ctx, http.MethodPost, "/api/v1/reload", nil)
	if err != nil {
		return printProblem(err)
	}
	var body struct{ Changes []config.Change }
	if err := decode(resp, &body); err != nil {
		return err
	}
	if len(body.Changes) == 0 {
		fmt.Println("nothing changed")
	}
	for _, ch := range body.Changes {
		fmt.Println(ch)
	}
	return nil
}

type statusCmd struct{ listing }

// Run prints the server's state.
func (c statusCmd) Run(ctx context.Context) error {
	var s api.Status
	cl, err := c.client()
	if err != nil {
		return err
	}
	if err := cl.get(ctx, "/api/v1/status", nil, &s, c.JSON); err != nil || c.JSON {
		return err
	}
	asterisk := "NOT CONNECTED since " + clock(s.AsteriskSince)
	if s.Asterisk {
		asterisk = "connected since " + clock(s.AsteriskSince)
	}
	disk := "written"
	if s.StoreError != "" {
		disk = "NOT WRITTEN: " + s.StoreError
	}
	t := newTable("calld", s.Version)
	t.add("started", clock(s.Started))
	t.add("asterisk", asterisk)
	t.add("records", fmt.Sprintf("%s, %d waiting", disk, s.RecordsWaiting))
	t.add("pages", strconv.Itoa(s.Pages))
	t.add("live calls", strconv.Itoa(s.LiveCalls))
	t.add("freed", strconv.FormatUint(s.Freed, 10))
	return t.write(os.Stdout)
}

type queuesCmd struct{ listing }

// Run lists the queues.
func (c queuesCmd) Run(ctx context.Context) error {
	var body struct{ Queues []queue.QueueStatus }
	cl, err := c.client()
	if err != nil {
		return err
	}
	if err := cl.get(ctx, "/api/v1/queues", nil, &body, c.JSON); err != nil || c.JSON {
		return err
	}
	t := newTable("QUEUE", "NAME", "NUMBER", "OPEN", "WAITING", "LONGEST", "RINGING", "TALKING", "AVAILABLE", "LOGGED IN")
	for _, q := range body.Queues {
		longest := ""
		if q.LongestSince != nil {
			longest = span(time.Since(*q.LongestSince))
		}
		in := 0
		for state, n := range q.Agents {
			if state != queue.Offline {
				in += n
			}
		}
		t.add(q.ID, q.Name, q.Number, opening(q.Hours), strconv.Itoa(q.Waiting), longest, strconv.Itoa(q.Ringing),
			strconv.Itoa(q.Talking), strconv.Itoa(q.Agents[queue.Available]), strconv.Itoa(in))
	}
	return t.write(os.Stdout)
}

// opening tells whether a queue is open, and until when.
func opening(o hours.Opening) string {
	text := "closed"
	if o.Open {
		text = "open"
	}
	if o.Until != nil {
		text += " until " + o.Until.Format("2006-01-02 15:04")
	}
	if o.Holiday != "" {
		text += " (" + o.Holiday + ")"
	}
	return text
}

type agentsCmd struct {
	listing
	Queue string `help:"Only the agents of this queue."`
}

// Run lists the agents.
func (c agentsCmd) Run(ctx context.Context) error {
	var body struct{ Agents []queue.AgentStatus }
	cl, err := c.client()
	if err != nil {
		return err
	}
	q := filter("queue", c.Queue)
	if err := cl.get(ctx, "/api/v1/agents", q, &body, c.JSON); err != nil || c.JSON {
		return err
	}
	t := newTable("AGENT", "NAME", "PHONE", "STATE", "FOR", "DEVICE", "CALLS", "QUEUES", "CALL")
	for _, a := range body.Agents {
		state := string(a.State)
		if a.Reason != "" {
			state += " (" + a.Reason + ")"
		}
		t.add(a.ID, a.Name, a.Phone, state, span(time.Since(a.Since)), string(a.Device),
			strconv.Itoa(a.Calls), strings.Join(a.Queues, ","), a.Call)
	}
	return t.write(os.Stdout)
}

type callsCmd struct {
	listing
	Queue string `help:"Only the calls of this queue."`
	Agent string `help:"Only the calls of this agent."`
}

// Run lists the live calls.
func (c callsCmd) Run(ctx context.Context) error {
	var body struct{ Calls []queue.Call }
	cl, err := c.client()
	if err != nil {
		return err
	}
	q := filter("queue", c.Queue, "agent", c.Agent)
	if err := cl.get(ctx, "/api/v1/calls", q, &body, c.JSON); err != nil || c.JSON {
		return err
	}
	t := newTable("CALL", "QUEUE", "CALLER", "PHASE", "FOR", "AGENT")
	for _, k := range body.Calls {
		agent := k.Agent
		if agent == "" {
			var rung []string
			for _, r := range k.Rings {
				if r.Result == queue.Pending {
					rung = append(rung, r.Agent)
				}
			}
			agent = strings.Join(rung, ",")
		}
		since := k.Begin
		if k.Start != nil {
			since = *k.Start
		}
		t.add(k.ID, k.Queue, k.Caller, string(k.Phase), span(time.Since(since)), agent)
	}
	return t.write(os.Stdout)
}

type missedCmd struct {
	listing
	Queue    string `help:"Only this queue."`
	Resolved bool   `help:"List those that are settled instead."`
	Limit    int    `help:"How many at the most." default:"50"`
}

// Run lists the missed calls.
func (c missedCmd) Run(ctx context.Context) error {
	var body store.MissedPage
	cl, err := c.client()
	if err != nil {
		return err
	}
	state := store.MissedOpen
	if c.Resolved {
		state = store.MissedResolved
	}
	q := filter("queue", c.Queue, "state", string(state), "limit", strconv.Itoa(c.Limit))
	if err := cl.get(ctx, "/api/v1/missed", q, &body, c.JSON); err != nil || c.JSON {
		return err
	}
	t := newTable("MISSED", "QUEUE", "CALLER", "LAST", "TRIES", "WAITED", "OUTCOME", "OWNER", "SETTLED")
	for _, m := range body.Missed {
		settled := ""
		if m.Resolved != nil {
			settled = m.Resolved.Reason
		}
		t.add(m.ID, m.Queue, m.Caller, clock(m.Last), strconv.Itoa(m.Tries),
			span(time.Duration(m.WaitMS)*time.Millisecond), string(m.LastOutcome), m.Owner, settled)
	}
	return t.write(os.Stdout)
}

// historyFilter is what history and export have in common.
type historyFilter struct {
	Queue   string    `help:"Only this queue."`
	Caller  string    `help:"Only this customer's number."`
	Agent   string    `help:"Only calls this agent answered."`
	Outcome string    `help:"Only this outcome: answered, abandoned, timeout, full, closed, no_agent, failed, blocked or callback."`
	From    time.Time `help:"Calls that came in at or after this time (RFC 3339)."`
	To      time.Time `help:"Calls that came in before this time (RFC 3339)."`
	Text    string    `help:"Only calls with this in memo, numbers or names."`
}

func (f historyFilter) query() url.Values {
	q := filter("queue", f.Queue, "caller", f.Caller, "agent", f.Agent, "outcome", f.Outcome, "text", f.Text)
	if !f.From.IsZero() {
		q.Set("from", f.From.Format(time.RFC3339))
	}
	if !f.To.IsZero() {
		q.Set("to", f.To.Format(time.RFC3339))
	}
	return q
}

type historyCmd struct {
	listing
	historyFilter
	Limit  int    `help:"How many at the most." default:"50"`
	Cursor string `help:"Go on below an earlier list: the cursor it printed."`
}

// Run lists ended calls.
func (c historyCmd) Run(ctx context.Context) error {
	var body store.Page
	cl, err := c.client()
	if err != nil {
		return err
	}
	q := c.query()
	q.Set("limit", strconv.Itoa(c.Limit))
	if c.Cursor != "" {
		q.Set("cursor", c.Cursor)
	}
	if err := cl.get(ctx, "/api/v1/history", q, &body, c.JSON); err != nil || c.JSON {
		return err
	}
	t := newTable("CALL", "BEGIN", "QUEUE", "CALLER", "OUTCOME", "AGENT", "WAITED", "TALKED", "CAUSE", "MEMO")
	for _, k := range body.Calls {
		memo, _, _ := strings.Cut(k.Memo, "\n")
		t.add(k.ID, clock(k.Begin), k.Queue, k.Caller, string(k.Outcome), k.Agent,
			span(time.Duration(k.WaitMS)*time.Millisecond), span(time.Duration(k.TalkMS)*time.Millisecond), k.Cause, memo)
	}
	if err := t.write(os.Stdout); err != nil {
		return err
	}
	if body.Next != "" {
		fmt.Println("more: --cursor", body.Next)
	}
	return nil
}

// filter makes a query of name and value pairs, leaving out empty values.
func filter(pairs ...string) url.Values {
	q := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	return q
}

func clock(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Local().Format("2006-01-02 15:04:05")
}

func span(d time.Duration) string { return d.Round(100 * time.Millisecond).String() }
