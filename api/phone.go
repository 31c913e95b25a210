package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

// sipDomain is the domain of the web phones' addresses. Asterisk does not look
// at it: it goes by the user.
const sipDomain = "calld.invalid"

// Phone is what the page of an agent with a web phone needs to be that phone.
type Phone struct {
	URI    string `json:"uri" doc:"SIP address to register." example:"sip:8001@calld.invalid"`
	User   string `json:"user" doc:"For SIP's authentication." example:"8001"`
	Secret string `json:"secret" doc:"The phone's SIP password. Don't keep it."`
}

type phoneOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         Phone
}

func (a *API) registerPhone(h huma.API) {
	huma.Register(h, huma.Operation{
		OperationID: "session-phone", Method: http.MethodGet, Path: "/api/v1/session/phone", Tags: []string{"session"},
		Summary: "The web phone of who is logged in",
		Description: "Only for an agent with web_phone; others get 404. The page registers with it by SIP over WebSocket at /sip. " +
			"See docs/webphone.md.",
	}, a.phone)
}

func (a *API) phone(ctx context.Context, _ *struct{}) (*phoneOutput, error) {
	if err := agentOnly(ctx); err != nil {
		return nil, err
	}
	ag, ok := a.config().Agent(who(ctx).id)
	if !ok || !ag.WebPhone {
		return nil, notFound("web phone of", who(ctx).id)
	}
	return &phoneOutput{CacheControl: "no-store", Body: Phone{
		URI: "sip:" + ag.Phone + "@" + sipDomain, User: ag.Phone, Secret: string(ag.PhoneSecret),
	}}, nil
}
