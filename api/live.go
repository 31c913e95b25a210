package api

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"calld/config"
	"calld/queue"
	"calld/report"
	"calld/store"
)

func (a *API) registerLive(h huma.API) {
	live := []string{"live"}
	huma.Register(h, huma.Operation{
		OperationID: "list-queues", Method: http.MethodGet, Path: "/api/v1/queues", Tags: live,
		Summary: "Queues with their live figures, and those of today",
	}, a.listQueues)
	huma.Register(h, huma.Operation{
		OperationID: "get-queue", Method: http.MethodGet, Path: "/api/v1/queues/{id}", Tags: live,
		Summary: "One queue with its live figures, and those of today",
	}, func(ctx context.Context, in *idInput) (*struct{ Body QueueNow }, error) {
		for _, q := range a.snapshot(ctx).Queues {
			if q.ID == in.ID {
				return &struct{ Body QueueNow }{QueueNow{q, a.day.Queue(q.ID).Total}}, nil
			}
		}
		return nil, notFound("queue", in.ID)
	})
	huma.Register(h, huma.Operation{
		OperationID: "set-agent-state", Method: http.MethodPut, Path: "/api/v1/agents/{id}/state", Tags: live,
		Summary: "Set an agent available or away", DefaultStatus: http.StatusNoContent, MaxBodyBytes: MaxBody,
	}, a.setAgentState)
	huma.Register(h, huma.Operation{
		OperationID: "list-calls", Method: http.MethodGet, Path: "/api/v1/calls", Tags: live,
		Summary: "Live calls, longest first",
	}, a.listCalls)
	huma.Register(h, huma.Operation{
		OperationID: "get-call", Method: http.MethodGet, Path: "/api/v1/calls/{id}", Tags: live,
		Summary:     "One call, live or ended",
		Description: "The ETag is that of what can be edited, memo and disposition: it stays while the rest of a live call changes.",
	}, func(ctx context.Context, in *idInput) (*callOutput, error) {
		c, err := a.call(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		return &callOutput{memoTag(c.Memo, c.Disposition), c}, nil
	})
	huma.Register(h, huma.Operation{
		OperationID: "patch-call", Method: http.MethodPatch, Path: "/api/v1/calls/{id}", Tags: live,
		Summary: "Write the memo or the disposition of a call", MaxBodyBytes: MaxBody,
		Description: "A field that is left out stays as it is. The answer comes when the memo is on disk. With If-Match nothing is " +
			"written over what somebody else has written since: that answers 412, stale.",
	}, a.patchCall)
}

// QueueNow is a queue's live figures, and those of today.
type QueueNow struct {
	queue.QueueStatus
	Today report.Figures `json:"today" doc:"Since midnight in the server's time zone. By hour: /api/v1/reports/today."`
}

type queuesOutput struct {
	Body struct {
		Queues []QueueNow `json:"queues"`
	}
}

func (a *API) listQueues(ctx context.Context, _ *struct{}) (*queuesOutput, error) {
	var out queuesOutput
	out.Body.Queues = []QueueNow{}
	for _, q := range a.snapshot(ctx).Queues {
		out.Body.Queues = append(out.Body.Queues, QueueNow{q, a.day.Queue(q.ID).Total})
	}
	return &out, nil
}

type idInput struct {
	ID string `path:"id" maxLength:"128"`
}

// snapshot is the board as far as who asks may see it.
func (a *API) snapshot(ctx context.Context) queue.Snapshot {
	s := a.board.Snapshot()
	p := who(ctx)
	if p.role != config.RoleAgent {
		return s
	}
	s.Queues = slices.DeleteFunc(s.Queues, func(q queue.QueueStatus) bool { return !p.sees(q.ID) })
	s.Calls = slices.DeleteFunc(s.Calls, func(c queue.Call) bool { return !p.sees(c.Queue) })
	s.Agents = slices.DeleteFunc(s.Agents, func(ag queue.AgentStatus) bool {
		return ag.ID != p.id && !slices.ContainsFunc(ag.Queues, p.sees)
	})
	return s
}

func (a *API) setAgentState(ctx context.Context, in *struct {
	ID   string `path:"id" maxLength:"128"`
	Body struct {
		State  string `json:"state" enum:"available,away"`
		Reason string `json:"reason,omitempty" maxLength:"64"`
	}
},
) (*struct{}, error) {
	set := func() error {
		if err := a.board.SetState(in.ID, in.Body.State == "away", in.Body.Reason); err != nil {
			return notFound("agent", in.ID)
		}
		return nil
	}
	if in.ID == who(ctx).id {
		return nil, set()
	}
	if err := need(ctx, config.RoleSupervisor); err != nil {
		return nil, err
	}
	return nil, a.audited(ctx, store.Audit{
		Action: "state", Target: in.ID, Detail: strings.TrimSpace(in.Body.State + " " + in.Body.Reason),
	}, set)
}

type callsOutput struct{ Body callsOutputBody }

func (a *API) listCalls(ctx context.Context, in *struct {
	Queue string `query:"queue"`
	Agent string `query:"agent"`
},
) (*callsOutput, error) {
	var out callsOutput
	out.Body.Calls = slices.DeleteFunc(a.snapshot(ctx).Calls, func(c queue.Call) bool {
		return in.Queue != "" && c.Queue != in.Queue || in.Agent != "" && c.Agent != in.Agent
	})
	return &out, nil
}

// call finds a call, live or ended, that who asks may see.
func (a *API) call(ctx context.Context, id string) (queue.Call, error) {
	c, ok := a.board.Call(id)
	if ok {
		if m, err := a.store.Memo(id); err == nil {
			c.Memo, c.Disposition = m.Text, m.Disposition
		}
	} else {
		var err error
		if c, err = a.store.Call(id); err != nil && !errors.Is(err, store.ErrNotFound) {
			return c, a.storeError(err)
		}
		ok = err == nil
	}
	if p := who(ctx); !ok || !p.sees(c.Queue) && !c.TalkedWith(p.id) {
		return queue.Call{}, notFound("call", id)
	}
	return c, nil
}

// callOutput is a call whose ETag is that of its memo.
type callOutput struct {
	ETag string `header:"ETag"`
	Body queue.Call
}

func memoTag(memo, disposition string) string { return etag(memo, disposition) }

func (a *API) patchCall(ctx context.Context, in *struct {
	IfMatch
	ID   string `path:"id" maxLength:"128"`
	Body struct {
		Memo        *string `json:"memo,omitempty"`
		Disposition *string `json:"disposition,omitempty"`
	}
},
) (*callOutput, error) {
	c, err := a.call(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if d := in.Body.Disposition; d != nil && *d != c.Disposition {
		if q, ok := a.config().Queue(c.Queue); ok && !q.Allows(*d) {
			p := invalid("body.disposition", "the queue's are "+strings.Join(q.Dispositions, ", "))
			p.Code = CodeDisposition
			return nil, p
		}
	}
	m, err := a.store.SetMemo(ctx, in.ID, store.MemoChange{
		Text: in.Body.Memo, Disposition: in.Body.Disposition, By: who(ctx).id, At: time.Now(),
		Unless: func(m store.Memo) error { return in.check(memoTag(m.Text, m.Disposition)) },
	})
	if err != nil {
		return nil, a.storeError(err)
	}
	c.Memo, c.Disposition = m.Text, m.Disposition
	return &callOutput{memoTag(m.Text, m.Disposition), c}, nil
}
