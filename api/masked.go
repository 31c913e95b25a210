package api

import (
	"github.com/danielgtaylor/huma/v2"

	"calld/campaign"
	"calld/queue"
	"calld/store"
)

// callsOutputBody and the other bodies with customers' numbers that an agent may be
// answered are listed in maskAnswer, and nowhere else are numbers masked.
type callsOutputBody struct {
	Calls []queue.Call `json:"calls"`
}

// maskAnswer hides customers' numbers from who is to see none. It is a
// [huma.Transformer]: every answer that is no stream comes by; of the streams
// with numbers in them all are for supervisors.
func (a *API) maskAnswer(ctx huma.Context, _ string, v any) (any, error) {
	if !a.masked(who(ctx.Context())) {
		return v, nil
	}
	switch body := v.(type) {
	case queue.Call:
		return body.Masked(), nil
	case callsOutputBody:
		return callsOutputBody{maskedCalls(body.Calls)}, nil
	case store.Page:
		body.Calls = maskedCalls(body.Calls)
		return body, nil
	case store.Missed:
		return body.Masked(), nil
	case store.MissedPage:
		shown := make([]store.Missed, len(body.Missed))
		for i := range body.Missed {
			shown[i] = body.Missed[i].Masked()
		}
		body.Missed = shown
		return body, nil
	case campaign.Shown:
		return body.Masked(), nil
	case previewsOutputBody:
		for i := range body.Previews { // made for this answer
			if p := &body.Previews[i]; p.Shown != nil {
				shown := p.Shown.Masked()
				p.Shown = &shown
			}
		}
		return body, nil
	}
	return v, nil
}

// masked reports whether who asks is to see no customer's number.
func (a *API) masked(p *principal) bool { return a.config().Masks(p.role) }

func maskedCalls(calls []queue.Call) []queue.Call {
	shown := make([]queue.Call, len(calls))
	for i := range calls {
		shown[i] = calls[i].Masked()
	}
	return shown
}
