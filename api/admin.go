package api

import (
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"calld/config"
	"calld/store"
)

const binaryType = "application/octet-stream"

func (a *API) registerAdmin(h huma.API) {
	admin := []string{"admin"}
	huma.Register(h, huma.Operation{
		OperationID: "reload", Method: http.MethodPost, Path: "/api/v1/reload", Tags: admin,
		Summary:     "Reload the configuration",
		Description: "All or nothing: with a single fault nothing changes, and the problem lists every fault.",
	}, a.reloadConfig)
	huma.Register(h, huma.Operation{
		OperationID: "status", Method: http.MethodGet, Path: "/api/v1/status", Tags: admin,
		Summary: "How the server is",
	}, func(context.Context, *struct{}) (*struct{ Body Status }, error) {
		return &struct{ Body Status }{a.status()}, nil
	})
	huma.Register(h, huma.Operation{
		OperationID: "backup", Method: http.MethodGet, Path: "/api/v1/backup", Tags: admin,
		Summary:   "A consistent copy of the store, made while calls run",
		Responses: streamed(binaryType),
	}, func(ctx context.Context, _ *struct{}) (*huma.StreamResponse, error) {
		if err := need(ctx, config.RoleAdmin); err != nil {
			return nil, err
		}
		return stream(binaryType, func(ctx context.Context, w io.Writer) error {
			_, err := a.store.Backup(ctx, w)
			return err
		}, a.log), nil
	})
}

type reloadOutput struct {
	Body struct {
		Changes []config.Change `json:"changes"`
	}
}

func (a *API) reloadConfig(ctx context.Context, _ *struct{}) (*reloadOutput, error) {
	if err := need(ctx, config.RoleAdmin); err != nil {
		return nil, err
	}
	changes, err := a.auditedReload(ctx)
	if err != nil {
		return nil, err
	}
	out := new(reloadOutput)
	if out.Body.Changes = changes; changes == nil {
		out.Body.Changes = []config.Change{}
	}
	return out, nil
}

// SignalReload reloads the configuration for who has sent the process a signal,
// which is written into the audit trail as done by "signal". The error is a [*Problem].
func (a *API) SignalReload(ctx context.Context) ([]config.Change, error) {
	return a.auditedReload(context.WithValue(ctx, principalKey{}, &principal{id: "signal", role: config.RoleAdmin, program: true}))
}

func (a *API) auditedReload(ctx context.Context) (changes []config.Change, err error) {
	err = a.audited(ctx, store.Audit{Action: "reload"}, func() (err error) {
		changes, err = a.reload(ctx)
		return a.reloadError(err)
	})
	return changes, err
}

func (a *API) reloadError(err error) error {
	if err == nil {
		return nil
	}
	if faults, ok := errors.AsType[config.Faults](err); ok {
		p := problem(http.StatusUnprocessableEntity, CodeBadConfig, "the configuration has faults; nothing was changed")
		for _, f := range faults {
			p.Errors = append(p.Errors, &FieldError{Message: f.String(), Location: f.Key})
		}
		return p
	}
	a.log.Error("configuration not reloaded", "err", err)
	return problem(http.StatusInternalServerError, CodeInternal, err.Error())
}
