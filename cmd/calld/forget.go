package main

import (
	"context"
	"fmt"

	"calld/api"
)

type forgetCmd struct {
	remote
	Number string `arg:"" help:"The customer's whole number."`
	Yes    bool   `help:"Remove it. Without, it is only counted."`
	JSON   bool   `help:"Print JSON instead of text." name:"json"`
}

// Run counts or removes what there is of one person.
func (c forgetCmd) Run(ctx context.Context) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	var f api.ForgetAnswer
	body := map[string]any{"number": c.Number, "confirm": c.Yes}
	if err := cl.post(ctx, "/api/v1/privacy/forget", body, &f, c.JSON); err != nil || c.JSON {
		return err
	}
	what := "There is:"
	if f.Done {
		what = "Removed:"
	}
	fmt.Printf("%s calls: %d, memos: %d, recordings: %d, missed calls: %d, entries of dial lists: %d, results of campaigns: %d, "+
		"events for webhooks: %d, handed to the number: %d, entries of the audit trail: %d\n",
		what, f.Calls, f.Memos, f.Recordings, f.Missed, f.Entries, f.Results, f.Events, f.Transfers, f.Audit)
	if f.Live > 0 {
		fmt.Printf("Calls that have not ended, and customers who are being dialled: %d. They stay: run this again when they are over.\n", f.Live)
	}
	if !f.Done {
		fmt.Println("Nothing was removed. To remove it, add --yes.")
	}
	return nil
}
