package api

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"calld/campaign"
	"calld/config"
	"calld/store"
)

// Dialler runs campaigns: a [campaign.Dialler].
type Dialler interface {
	Start(ctx context.Context, campaignID string) error
	Pause(ctx context.Context, campaignID string) error
	Stop(ctx context.Context, campaignID string) error
	ForceStop(ctx context.Context, campaignID string) error
	Stats(ctx context.Context, campaignID string) (campaign.Stats, error)
	Preview(ctx context.Context, campaignID, agent string) (campaign.Shown, error)
	ShownTo(ctx context.Context, agent string) ([]campaign.Shown, error)
	DialPreview(ctx context.Context, try, agent string) error
	SkipPreview(ctx context.Context, try, agent string) error
}

// PreviewCampaign is a running campaign whose customers an agent sees first.
type PreviewCampaign struct {
	Campaign string          `json:"campaign"`
	Name     string          `json:"name"`
	Queue    string          `json:"queue"`
	Shown    *campaign.Shown `json:"shown,omitempty" doc:"The customer on whom the agent is to decide."`
}

func (a *API) registerDialling(h huma.API) {
	tags := []string{"campaigns"}
	const life = "For admins, and written into the audit trail. "
	for _, act := range []struct {
		name, summary, description string
		do                         func(context.Context, string) error
	}{
		{
			"start", "Start a campaign that is stopped or paused",
			"Everything that keeps it from starting is told at once, by field (422), and nothing has begun then.",
			func(ctx context.Context, id string) error { return a.dialler.Start(ctx, id) },
		},
		{
			"pause", "Have a campaign dial nobody more for now", "Its calls go on.",
			func(ctx context.Context, id string) error { return a.dialler.Pause(ctx, id) },
		},
		{
			"stop", "Have a campaign dial nobody more", "Its calls go on, and then it is stopped.",
			func(ctx context.Context, id string) error { return a.dialler.Stop(ctx, id) },
		},
		{
			"force-stop", "Stop a campaign and end its calls", "Also those in which agents talk.",
			func(ctx context.Context, id string) error { return a.dialler.ForceStop(ctx, id) },
		},
	} {
		huma.Register(h, huma.Operation{
			OperationID: act.name + "-campaign", Method: http.MethodPost, Path: "/api/v1/campaigns/{id}/" + act.name, Tags: tags,
			Summary: act.summary, Description: life + act.description + " Refused in a state that does not allow it (409 campaign_state).",
			DefaultStatus: http.StatusNoContent,
		}, func(ctx context.Context, in *idInput) (*struct{}, error) {
			if err := need(ctx, config.RoleAdmin); err != nil {
				return nil, err
			}
			return nil, a.audited(ctx, store.Audit{Action: "campaign_" + strings.ReplaceAll(act.name, "-", "_"), Target: in.ID}, func() error {
				return a.diallingError(act.do(ctx, in.ID), "")
			})
		})
	}
	huma.Register(h, huma.Operation{
		OperationID: "campaign-live", Method: http.MethodGet, Path: "/api/v1/campaigns/{id}/live", Tags: tags,
		Summary:     "What a campaign does now, and why it does not dial",
		Description: "The same as campaign.stats on the WebSocket, which tells what changes.",
	}, func(ctx context.Context, in *idInput) (*struct{ Body campaign.Stats }, error) {
		if err := need(ctx, config.RoleSupervisor); err != nil {
			return nil, err
		}
		s, err := a.dialler.Stats(ctx, in.ID)
		if err != nil {
			return nil, a.diallingError(err, "")
		}
		return &struct{ Body campaign.Stats }{s}, nil
	})
	a.registerPreview(h)
}

func (a *API) registerPreview(h huma.API) {
	tags := []string{"preview"}
	huma.Register(h, huma.Operation{
		OperationID: "list-previews", Method: http.MethodGet, Path: "/api/v1/previews", Tags: tags,
		Summary: "The running campaigns of mode preview that the agent who asks serves, with the customers shown",
	}, a.previews)
	huma.Register(h, huma.Operation{
		OperationID: "preview-customer", Method: http.MethodPost, Path: "/api/v1/campaigns/{id}/preview", Tags: tags,
		Summary: "See the next customer of a campaign of mode preview",
		Description: "Nobody else is shown that customer meanwhile. After until, the customer goes back to the list. Asked again, the " +
			"same one is shown. Nobody is left or may be called now: 409 nobody_left.",
	}, func(ctx context.Context, in *idInput) (*struct{ Body campaign.Shown }, error) {
		if err := agentOnly(ctx); err != nil {
			return nil, err
		}
		switch c, err := a.store.Campaign(in.ID); {
		case err != nil:
			return nil, a.outboundError(err)
		case !who(ctx).sees(c.Queue):
			return nil, notFound("campaign", in.ID)
		}
		s, err := a.dialler.Preview(ctx, in.ID, who(ctx).id)
		if err != nil {
			return nil, a.diallingError(err, "")
		}
		return &struct{ Body campaign.Shown }{s}, nil
	})
	for _, act := range []struct {
		name, summary string
		do            func(ctx context.Context, try, agent string) error
	}{
		{
			"dial", "Call the customer shown: the agent's phone rings first",
			func(ctx context.Context, try, agent string) error { return a.dialler.DialPreview(ctx, try, agent) },
		},
		{
			"skip", "Take the customer shown off the list",
			func(ctx context.Context, try, agent string) error { return a.dialler.SkipPreview(ctx, try, agent) },
		},
	} {
		huma.Register(h, huma.Operation{
			OperationID: act.name + "-preview", Method: http.MethodPost, Path: "/api/v1/previews/{id}/" + act.name, Tags: tags,
			Summary: act.summary, Description: "By the try of the customer shown.", DefaultStatus: http.StatusNoContent,
		}, func(ctx context.Context, in *idInput) (*struct{}, error) {
			if err := agentOnly(ctx); err != nil {
				return nil, err
			}
			agent := who(ctx).id
			return nil, a.diallingError(act.do(ctx, in.ID, agent), agent)
		})
	}
}

type previewsOutput struct{ Body previewsOutputBody }

type previewsOutputBody struct {
	Previews []PreviewCampaign `json:"previews"`
}

func (a *API) previews(ctx context.Context, _ *struct{}) (*previewsOutput, error) {
	if err := agentOnly(ctx); err != nil {
		return nil, err
	}
	agent := who(ctx).id
	shown, err := a.dialler.ShownTo(ctx, agent)
	if err != nil {
		return nil, a.diallingError(err, "")
	}
	campaigns, err := a.store.Campaigns()
	if err != nil {
		return nil, a.outboundError(err)
	}
	out := &previewsOutput{}
	out.Body.Previews = []PreviewCampaign{}
	ag, _ := a.config().Agent(agent)
	for _, c := range campaigns {
		if c.State != campaign.Running || !slices.Contains(ag.Queues, c.Queue) {
			continue
		}
		p, err := a.store.Plan(c.Plan)
		if err != nil {
			return nil, a.outboundError(err)
		}
		if p.Mode != campaign.Preview {
			continue
		}
		one := PreviewCampaign{Campaign: c.ID, Name: c.Name, Queue: c.Queue}
		if i := slices.IndexFunc(shown, func(s campaign.Shown) bool { return s.Campaign == c.ID }); i >= 0 {
			one.Shown = &shown[i]
		}
		out.Body.Previews = append(out.Body.Previews, one)
	}
	return out, nil
}

// diallingError turns an error of the dialler into a problem. The agent is who is
// to be rung, if anybody.
func (a *API) diallingError(err error, agent string) error {
	var faults campaign.Faults
	switch {
	case err == nil:
		return nil
	case errors.As(err, &faults):
		return faulty("the campaign can't start; nothing has begun", faults)
	case errors.Is(err, campaign.ErrState), errors.Is(err, campaign.ErrNotPreview):
		return problem(http.StatusConflict, CodeCampaignState, saying(err))
	case errors.Is(err, campaign.ErrNobodyLeft):
		return problem(http.StatusConflict, CodeNobodyLeft, saying(err))
	case errors.Is(err, campaign.ErrNotShown):
		return problem(http.StatusNotFound, CodeNotFound, saying(err))
	case errors.Is(err, campaign.ErrNotServed):
		return problem(http.StatusForbidden, CodeForbidden, saying(err))
	case errors.Is(err, campaign.ErrStopped):
		return problem(http.StatusServiceUnavailable, CodeAsterisk, "calld is about to stop")
	case agent != "":
		return a.dialError(err, agent, "")
	}
	return a.outboundError(err)
}
