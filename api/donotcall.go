package api

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"calld/campaign"
	"calld/config"
	"calld/store"
)

func (a *API) registerDoNotCall(h huma.API) {
	tags := []string{"campaigns"}
	huma.Register(h, huma.Operation{
		OperationID: "list-do-not-call", Method: http.MethodGet, Path: "/api/v1/do-not-call", Tags: tags,
		Summary: "Numbers that no campaign dials, by number",
	}, func(ctx context.Context, in *struct {
		Text   string `query:"text" maxLength:"200" doc:"Looked for in numbers and notes."`
		Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"50"`
		Cursor string `query:"cursor" maxLength:"512" doc:"next of the page before."`
	},
	) (*struct{ Body store.BarredPage }, error) {
		if err := need(ctx, config.RoleSupervisor); err != nil {
			return nil, err
		}
		page, err := a.store.Barred(in.Text, in.Limit, in.Cursor)
		if err != nil {
			return nil, a.outboundError(err)
		}
		return &struct{ Body store.BarredPage }{page}, nil
	})
	huma.Register(h, huma.Operation{
		OperationID: "bar-numbers", Method: http.MethodPost, Path: "/api/v1/do-not-call", Tags: tags,
		Summary: "Put a number, or a CSV file of them, on the do-not-call list",
		Description: "From then on no campaign dials it, however it is written. One that is on the list already is noted anew. " +
			"Supervisors may do this too; only an admin takes numbers off.",
	}, a.barNumbers)
	describeUpload(h, "/api/v1/do-not-call", "A heading with number and, if wanted, note; other columns are left out.", &huma.Schema{
		Type: huma.TypeObject, Required: []string{"number"}, AdditionalProperties: false,
		Properties: map[string]*huma.Schema{"number": textSchema("Such as 010-1234-5678."), "note": textSchema("Why, or who asked for it.")},
	})
	huma.Register(h, huma.Operation{
		OperationID: "unbar-number", Method: http.MethodDelete, Path: "/api/v1/do-not-call/{number}", Tags: tags,
		Summary: "Take a number off the do-not-call list", DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, in *struct {
		Number string `path:"number" maxLength:"64"`
	},
	) (*struct{}, error) {
		if err := need(ctx, config.RoleAdmin); err != nil {
			return nil, err
		}
		return nil, a.audited(ctx, store.Audit{Action: "do_not_call_remove", Target: in.Number}, func() error {
			return a.outboundError(a.store.Unbar(ctx, in.Number))
		})
	})
}

func (a *API) barNumbers(ctx context.Context, in *struct{ UploadBody }) (*struct{ Body campaign.Upload }, error) {
	if err := need(ctx, config.RoleSupervisor); err != nil {
		return nil, err
	}
	isCSV, charset, err := in.kind()
	if err != nil {
		return nil, err
	}
	entry := store.Audit{Action: "do_not_call_add"}
	read := func(take func(int, campaign.Barred, campaign.Faults) error) error {
		return campaign.ReadBarred(in.body, charset, take)
	}
	if !isCSV {
		one, err := oneBarred(in.body)
		if err != nil {
			return nil, err
		}
		entry.Target = one.Number
		read = func(take func(int, campaign.Barred, campaign.Faults) error) error { return take(1, one, nil) }
	}
	by, now := who(ctx).id, time.Now()
	b := &batch[campaign.Barred]{write: func(numbers []campaign.Barred) (map[int]campaign.Fault, error) {
		for i := range numbers {
			numbers[i].By, numbers[i].At = by, now
		}
		_, err := a.store.Bar(ctx, numbers)
		return nil, err
	}}
	var report campaign.Upload
	err = a.audited(ctx, entry, func() (err error) {
		report, err = b.load(ctx, a, read)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &struct{ Body campaign.Upload }{report}, nil
}

// oneBarred reads a single number.
func oneBarred(body io.Reader) (campaign.Barred, error) {
	var in struct {
		Number string `json:"number"`
		Note   string `json:"note"`
	}
	d := json.NewDecoder(io.LimitReader(body, MaxBody))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		return campaign.Barred{}, invalid("body", `send {"number":"010-1234-5678","note":"…"}: `+err.Error())
	}
	b, faults := campaign.Barred{Number: in.Number, Note: in.Note}.Checked()
	if faults != nil {
		return b, faulty("the number has faults", faults)
	}
	return b, nil
}
