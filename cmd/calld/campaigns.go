package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strconv"

	"calld/campaign"
)

// campaignsCmd is the commands about campaigns; without another word it lists them.
type campaignsCmd struct {
	List      campaignListCmd      `cmd:"" default:"withargs" help:"List the campaigns with the figures of the day, and why they do not dial."`
	Start     campaignStartCmd     `cmd:"" help:"Start a campaign that is stopped or paused."`
	Pause     campaignPauseCmd     `cmd:"" help:"Have a campaign dial nobody more for now; its calls go on."`
	Stop      campaignStopCmd      `cmd:"" help:"Have a campaign dial nobody more, and stop it when its calls are over."`
	ForceStop campaignForceStopCmd `cmd:"" help:"Stop a campaign and end its calls."`
}

type campaignListCmd struct{ listing }

// Run lists the campaigns, each with what it does and what is left of its list.
func (c campaignListCmd) Run(ctx context.Context) error {
	var body struct{ Campaigns []campaign.Campaign }
	cl, err := c.client()
	if err != nil {
		return err
	}
	if err := cl.get(ctx, "/api/v1/campaigns", nil, &body, c.JSON); err != nil || c.JSON {
		return err
	}
	var plans struct{ Plans []campaign.Plan }
	if err := cl.get(ctx, "/api/v1/plans", nil, &plans, false); err != nil {
		return err
	}
	modes := map[string]campaign.Mode{}
	for _, p := range plans.Plans {
		modes[p.ID] = p.Mode
	}
	t := newTable("CAMPAIGN", "NAME", "STATE", "SINCE", "NOT DIALLING", "MODE", "QUEUE", "LEFT", "DIALLED", "ANSWERED", "ABANDONED", "RINGING", "TALKING")
	for _, k := range body.Campaigns {
		var s campaign.Stats
		if err := cl.get(ctx, campaignPath(k.ID, "live"), nil, &s, false); err != nil {
			return err
		}
		t.add(k.ID, k.Name, string(s.State), clock(s.Since), string(s.Reason), string(modes[k.Plan]), k.Queue, strconv.Itoa(s.Remaining),
			strconv.Itoa(s.Day.Dialled), strconv.Itoa(s.Day.Answered), fmt.Sprintf("%d (%.1f%%)", s.Day.Abandoned, 100*s.AbandonRate),
			strconv.Itoa(s.Ringing), strconv.Itoa(s.Talking))
	}
	return t.write(os.Stdout)
}

func campaignPath(id, what string) string {
	return "/api/v1/campaigns/" + id + "/" + what
}

// oneCampaign is what the commands that change a campaign's state take.
type oneCampaign struct {
	remote
	ID string `arg:"" help:"The campaign's id."`
}

type (
	campaignStartCmd     struct{ oneCampaign }
	campaignPauseCmd     struct{ oneCampaign }
	campaignStopCmd      struct{ oneCampaign }
	campaignForceStopCmd struct{ oneCampaign }
)

// Run starts the campaign.
func (c campaignStartCmd) Run(ctx context.Context) error { return c.order(ctx, "start") }

// Run pauses the campaign.
func (c campaignPauseCmd) Run(ctx context.Context) error { return c.order(ctx, "pause") }

// Run stops the campaign.
func (c campaignStopCmd) Run(ctx context.Context) error { return c.order(ctx, "stop") }

// Run stops the campaign and ends its calls.
func (c campaignForceStopCmd) Run(ctx context.Context) error { return c.order(ctx, "force-stop") }

// order has the server do something to the campaign, and prints every reason why
// it can't.
func (c oneCampaign) order(ctx context.Context, what string) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	resp, err := cl.do(ctx, http.MethodPost, campaignPath(c.ID, what), nil)
	if err != nil {
		return printProblem(err)
	}
	return resp.Body.Close()
}
