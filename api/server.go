package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"calld/config"
)

// Connection is one page that is connected.
type Connection struct {
	Agent   string    `json:"agent"`
	Since   time.Time `json:"since"`
	Address string    `json:"address" doc:"Where it comes from, without the port. Behind a proxy that of the proxy."`
}

// AsteriskNow is the state of the telephone exchange.
type AsteriskNow struct {
	Connected bool       `json:"connected"`
	Since     time.Time  `json:"since" doc:"When the connection came up, or went down."`
	LagMS     int64      `json:"lag_ms" doc:"By how much its events come late."`
	Version   string     `json:"version" doc:"Empty while it is not known."`
	Started   *time.Time `json:"started" doc:"Null while it is not known."`
	Channels  *int       `json:"channels" doc:"That live now. Null while it is not known."`
}

type connectionsOutput struct {
	Body struct {
		Connections []Connection `json:"connections"`
	}
}

type configOutput struct {
	Body struct {
		Files    []string         `json:"files"`
		Settings []config.Setting `json:"settings"`
	}
}

func (a *API) registerServer(h huma.API) {
	admin := []string{"admin"}
	huma.Register(h, huma.Operation{
		OperationID: "list-connections", Method: http.MethodGet, Path: "/api/v1/connections", Tags: admin,
		Summary: "Connected pages, by agent and then the oldest first",
	}, func(ctx context.Context, _ *struct{}) (*connectionsOutput, error) {
		if err := need(ctx, config.RoleAdmin); err != nil {
			return nil, err
		}
		var out connectionsOutput
		out.Body.Connections = a.connections()
		return &out, nil
	})
	huma.Register(h, huma.Operation{
		OperationID: "get-asterisk", Method: http.MethodGet, Path: "/api/v1/asterisk", Tags: admin,
		Summary: "How Asterisk is",
	}, func(ctx context.Context, _ *struct{}) (*struct{ Body AsteriskNow }, error) {
		if err := need(ctx, config.RoleAdmin); err != nil {
			return nil, err
		}
		return &struct{ Body AsteriskNow }{a.asterisk(ctx)}, nil
	})
	huma.Register(h, huma.Operation{
		OperationID: "get-config", Method: http.MethodGet, Path: "/api/v1/config", Tags: admin,
		Summary:     "The configuration in force, defaults included",
		Description: "Secrets are never shown, only whether they are set.",
	}, func(ctx context.Context, _ *struct{}) (*configOutput, error) {
		if err := need(ctx, config.RoleAdmin); err != nil {
			return nil, err
		}
		cfg := a.config()
		var out configOutput
		out.Body.Files, out.Body.Settings = cfg.Files, cfg.Settings()
		return &out, nil
	})
}
