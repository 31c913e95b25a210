package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"calld/campaign"
	"calld/config"
	"calld/store"
)

func (a *API) registerEntries(h huma.API) {
	tags := []string{"campaigns"}
	huma.Register(h, huma.Operation{
		OperationID: "list-entries", Method: http.MethodGet, Path: "/api/v1/dial-lists/{id}/entries", Tags: tags,
		Summary: "The customers of a dial list with their tries and last results, in the order of loading",
		Description: "Pages follow one another by cursor. A page may hold fewer entries than asked for, even none, and still " +
			"have a next one, when most entries looked at did not match.",
	}, func(ctx context.Context, in *struct {
		ID     string `path:"id" maxLength:"64"`
		State  string `query:"state" enum:"open,dialling,reached,used_up,blocked,skipped"`
		Text   string `query:"text" maxLength:"200" doc:"Looked for in names, keys, numbers and the values of variables."`
		Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"50"`
		Cursor string `query:"cursor" maxLength:"512" doc:"next of the page before."`
	},
	) (*struct{ Body store.EntryPage }, error) {
		if err := need(ctx, config.RoleSupervisor); err != nil {
			return nil, err
		}
		page, err := a.store.Entries(store.EntryQuery{
			List: in.ID, State: campaign.EntryState(in.State), Text: in.Text, Limit: in.Limit, Cursor: in.Cursor,
		})
		if err != nil {
			return nil, a.outboundError(err)
		}
		return &struct{ Body store.EntryPage }{page}, nil
	})
	huma.Register(h, huma.Operation{
		OperationID: "load-entries", Method: http.MethodPost, Path: "/api/v1/dial-lists/{id}/entries", Tags: tags,
		Summary: "Load customers into a dial list, from CSV or a JSON array",
		Description: "Good lines are added, and are there at once, also for a campaign that runs. The answer tells of the others by " +
			"line and field. A line with the key or a number of another entry of the list is refused, so a file may safely be " +
			"sent again. In JSON the line is the place in the array, from 1.",
	}, a.loadEntries)
	describeUpload(h, "/api/v1/dial-lists/{id}/entries",
		"A heading with name, key, timezone and number1 to number8 (or number); any other column is a variable. UTF-8, UTF-16 "+
			"with a mark or CP949, which charset in Content-Type may say; commas, semicolons or tabs.",
		&huma.Schema{Type: huma.TypeArray, Items: &huma.Schema{
			Type: huma.TypeObject, Required: []string{"numbers"}, AdditionalProperties: false,
			Properties: map[string]*huma.Schema{
				"name": textSchema("Who it is."), "key": textSchema("The customer's id elsewhere."),
				"timezone":  textSchema("Such as Asia/Seoul; by default the list's."),
				"numbers":   {Type: huma.TypeArray, Items: textSchema("As it is to be dialled; spaces, dots, dashes and parentheses are dropped.")},
				"variables": {Type: huma.TypeObject, AdditionalProperties: textSchema("Shown to the agent.")},
			},
		}})
}

func (a *API) loadEntries(ctx context.Context, in *struct {
	ID string `path:"id" maxLength:"64"`
	UploadBody
},
) (*struct{ Body campaign.Upload }, error) {
	if err := need(ctx, config.RoleAdmin); err != nil {
		return nil, err
	}
	isCSV, charset, err := in.kind()
	if err != nil {
		return nil, err
	}
	if _, err := a.store.List(in.ID); err != nil {
		return nil, a.outboundError(err)
	}
	b := &batch[campaign.Entry]{write: func(entries []campaign.Entry) (map[int]campaign.Fault, error) {
		refused := map[int]campaign.Fault{}
		errs, err := a.store.AddEntries(ctx, in.ID, entries)
		for i, e := range errs {
			if e != nil {
				refused[i] = duplicate(e)
			}
		}
		return refused, err
	}}
	var report campaign.Upload
	err = a.audited(ctx, store.Audit{Action: "dial_list_load", Target: in.ID}, func() (err error) {
		report, err = b.load(ctx, a, func(take func(int, campaign.Entry, campaign.Faults) error) error {
			if isCSV {
				return campaign.ReadCSV(in.body, charset, take)
			}
			return campaign.ReadJSON(in.body, take)
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	return &struct{ Body campaign.Upload }{report}, nil
}
