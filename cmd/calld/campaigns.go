package main

import (
	"context"
	"os"
	"strconv"

	"calld/campaign"
)

type campaignsCmd struct{ listing }

// Run lists the campaigns, each with what is left of its list.
func (c campaignsCmd) Run(ctx context.Context) error {
	var body struct{ Campaigns []campaign.Campaign }
	cl, err := c.client()
	if err != nil {
		return err
	}
	if err := cl.get(ctx, "/api/v1/campaigns", nil, &body, c.JSON); err != nil || c.JSON {
		return err
	}
	var plans struct{ Plans []campaign.Plan }
	var lists struct {
		Lists []campaign.DialList `json:"dial_lists"`
	}
	if err := cl.get(ctx, "/api/v1/plans", nil, &plans, false); err != nil {
		return err
	}
	if err := cl.get(ctx, "/api/v1/dial-lists", nil, &lists, false); err != nil {
		return err
	}
	planOf, listOf := map[string]campaign.Plan{}, map[string]campaign.DialList{}
	for _, p := range plans.Plans {
		planOf[p.ID] = p
	}
	for _, l := range lists.Lists {
		listOf[l.ID] = l
	}
	t := newTable("CAMPAIGN", "NAME", "STATE", "SINCE", "MODE", "QUEUE", "LIST", "ENTRIES", "OPEN", "REACHED")
	for _, k := range body.Campaigns {
		l := listOf[k.DialList]
		t.add(k.ID, k.Name, string(k.State), clock(k.Since), string(planOf[k.Plan].Mode), k.Queue, l.Name,
			strconv.Itoa(l.Entries), strconv.Itoa(l.Open), strconv.Itoa(l.States[campaign.EntryReached]))
	}
	return t.write(os.Stdout)
}
