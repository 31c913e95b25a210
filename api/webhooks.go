package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"calld/config"
	"calld/webhook"
)

type webhooksOutput struct {
	Body struct {
		Webhooks []webhook.Health `json:"webhooks"`
	}
}

func (a *API) registerWebhooks(h huma.API) {
	admin := []string{"admin"}
	huma.Register(h, huma.Operation{
		OperationID: "list-webhooks", Method: http.MethodGet, Path: "/api/v1/webhooks", Tags: admin,
		Summary: "The webhooks of the configuration, with what waits for them and what went wrong last",
	}, func(ctx context.Context, _ *struct{}) (*webhooksOutput, error) {
		if err := need(ctx, config.RoleAdmin); err != nil {
			return nil, err
		}
		var out webhooksOutput
		out.Body.Webhooks = a.webhooks.List()
		return &out, nil
	})
	huma.Register(h, huma.Operation{
		OperationID: "test-webhook", Method: http.MethodPost, Path: "/api/v1/webhooks/{id}/test", Tags: admin,
		Summary: "Send a webhook an event webhook.test at once",
		Description: "Answers when the receiver has, or the webhook's timeout is over; a receiver that fails is no error of this " +
			"request. One that takes it is enabled again if it was disabled.",
	}, a.testWebhook)
}

func (a *API) testWebhook(ctx context.Context, in *idInput) (*struct{ Body webhook.Delivery }, error) {
	if err := need(ctx, config.RoleAdmin); err != nil {
		return nil, err
	}
	tried, err := a.webhooks.Test(ctx, in.ID)
	if errors.Is(err, webhook.ErrUnknown) {
		return nil, notFound("webhook", in.ID)
	}
	return &struct{ Body webhook.Delivery }{tried}, err
}
