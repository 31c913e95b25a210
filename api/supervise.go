package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"calld/config"
	"calld/exchange"
	"calld/queue"
	"calld/spy"
	"calld/store"
)

// ErrNotTalking says that a call is no talk that can be listened to.
var ErrNotTalking = errors.New("api: nobody talks on this call")

func (a *API) registerSupervision(h huma.API) {
	supervision := []string{"supervision"}
	huma.Register(h, huma.Operation{
		OperationID: "spy", Method: http.MethodPost, Path: "/api/v1/calls/{id}/spy", Tags: supervision,
		Summary: "Listen to a talk on one's own phone", DefaultStatus: http.StatusNoContent, MaxBodyBytes: MaxBody,
		Description: "The supervisor's phone rings; once answered it hears both voices until the talk ends. whisper: the " +
			"agent hears the supervisor too; barge: both do. Asked again while listening, it changes the mode or the talk at " +
			"once. Written to the audit trail before the phone rings.",
	}, a.startSpying)
	huma.Register(h, huma.Operation{
		OperationID: "free-agent", Method: http.MethodPost, Path: "/api/v1/agents/{id}/free", Tags: supervision,
		Summary: "Take an agent off the call in hand", DefaultStatus: http.StatusNoContent,
		Description: "Ends the agent's channel if it lives. If there is none, the talk's record ends as failed, ringing is " +
			"withdrawn, after-call work ends.",
	}, a.freeAgent)
	huma.Register(h, huma.Operation{
		OperationID: "log-out-agent", Method: http.MethodPost, Path: "/api/v1/agents/{id}/logout", Tags: supervision,
		Summary: "Log out an agent", DefaultStatus: http.StatusNoContent,
		Description: "Closes all pages of the agent and ends its sessions. A call in hand goes on, unless the page is the phone.",
	}, a.logOutAgent)
	huma.Register(h, huma.Operation{
		OperationID: "list-audit", Method: http.MethodGet, Path: "/api/v1/audit", Tags: []string{"admin"},
		Summary:     "What supervisors and admins did to the work of others, the newest first",
		Description: "Kept as long as the history (server.keep_history).",
	}, func(ctx context.Context, in *struct {
		Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"50"`
		Cursor string `query:"cursor" maxLength:"512" doc:"next of the page before."`
	},
	) (*struct{ Body store.AuditPage }, error) {
		if err := need(ctx, config.RoleAdmin); err != nil {
			return nil, err
		}
		page, err := a.store.AuditTrail(in.Limit, in.Cursor)
		if err != nil {
			return nil, a.storeError(err)
		}
		return &struct{ Body store.AuditPage }{page}, nil
	})
}

func (a *API) startSpying(ctx context.Context, in *struct {
	ID   string `path:"id" maxLength:"128"`
	Body struct {
		Mode spy.Mode `json:"mode" enum:"listen,whisper,barge"`
	}
},
) (*struct{}, error) {
	if err := need(ctx, config.RoleSupervisor); err != nil {
		return nil, err
	}
	if err := agentOnly(ctx); err != nil {
		return nil, err
	}
	c, live := a.board.Call(in.ID)
	if !live {
		return nil, notFound("live call", in.ID)
	}
	by, _ := a.config().Agent(who(ctx).id)
	return nil, a.audited(ctx, store.Audit{Action: string(in.Body.Mode), Target: c.Agent, Call: c.ID}, func() error {
		return a.exchangeError(a.spy(ctx, by, c, in.Body.Mode))
	})
}

func (a *API) freeAgent(ctx context.Context, in *idInput) (*struct{}, error) {
	if err := need(ctx, config.RoleSupervisor); err != nil {
		return nil, err
	}
	entry := store.Audit{Action: "free", Target: in.ID}
	for _, ag := range a.board.Snapshot().Agents {
		if ag.ID == in.ID {
			entry.Call, entry.Detail = ag.Call, string(ag.State)
		}
	}
	if entry.Detail == "" {
		return nil, notFound("agent", in.ID)
	}
	return nil, a.audited(ctx, entry, func() error { return a.exchangeError(a.free(ctx, in.ID)) })
}

func (a *API) logOutAgent(ctx context.Context, in *idInput) (*struct{}, error) {
	if err := need(ctx, config.RoleSupervisor); err != nil {
		return nil, err
	}
	if _, ok := a.config().Agent(in.ID); !ok {
		return nil, notFound("agent", in.ID)
	}
	return nil, a.audited(ctx, store.Audit{Action: "logout", Target: in.ID}, func() error {
		if err := a.store.EndSessions(ctx, in.ID); err != nil {
			return a.storeError(err)
		}
		return a.exchangeError(a.loggedOut(in.ID))
	})
}

// audited does something to the work of others, and writes down who did it:
// before it is done, so that nothing is done unseen, and then what became of
// it. do's errors are answers of the API.
func (a *API) audited(ctx context.Context, entry store.Audit, do func() error) error {
	entry.At, entry.By = time.Now(), who(ctx).id
	entry, err := a.store.AddAudit(ctx, entry)
	if err != nil {
		return a.storeError(err)
	}
	done := do()
	if p, ok := errors.AsType[*Problem](done); ok {
		entry.Result = string(p.Code)
	} else if done == nil {
		entry.Result = "ok"
	}
	a.log.Info("audit", "by", entry.By, "action", entry.Action, "agent", entry.Target, "call_id", entry.Call,
		"detail", entry.Detail, "result", entry.Result)
	if err := a.store.EndAudit(context.WithoutCancel(ctx), entry); err != nil {
		a.log.Error("result of an audited action not written", "err", err)
	}
	return done
}

// exchangeError turns an error of what was asked of the live call centre into
// a problem.
func (a *API) exchangeError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, spy.ErrNoPhone):
		return problem(http.StatusConflict, CodeNoPhone, "you have no phone: set phone in [agents] of the configuration")
	case errors.Is(err, ErrNotTalking), errors.Is(err, exchange.ErrNoChannel):
		return problem(http.StatusConflict, CodeNotTalking, "nobody talks on this call now")
	case errors.Is(err, context.Canceled): // by the client, who has gone and reads no answer
		return problem(http.StatusServiceUnavailable, CodeAsterisk, "the request was given up; it may still be carried out")
	case errors.Is(err, exchange.ErrUnanswered):
		a.log.Warn("asterisk has not answered in time", "err", err)
		return problem(http.StatusServiceUnavailable, CodeUnanswered, "Asterisk has not answered; it may still do it")
	case errors.Is(err, context.DeadlineExceeded):
		a.log.Warn("asterisk could not be asked in time", "err", err)
		return problem(http.StatusServiceUnavailable, CodeAsterisk, "Asterisk can't be asked now; calls go on")
	case errors.Is(err, exchange.ErrAway):
		return problem(http.StatusServiceUnavailable, CodeAsterisk, "Asterisk can't be asked now; calls go on")
	case errors.Is(err, queue.ErrUnknownAgent):
		return problem(http.StatusNotFound, CodeNotFound, "there is no such agent")
	}
	a.log.Error("asterisk did not do what it was asked", "err", err)
	return problem(http.StatusInternalServerError, CodeInternal, err.Error())
}
