package api

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"calld/campaign"
	"calld/config"
	"calld/store"
)

// resource is one of the things that admins set up for campaigns.
type resource[T any] struct {
	what   string // as it is called in texts
	name   string // as it is called in operations
	audit  string // as it is called in the audit trail
	path   string
	one    func(id string) (T, error)
	create func(context.Context, T, time.Time) (T, error)
	edit   func(context.Context, T, time.Time) (T, error)
	remove func(ctx context.Context, id string, revision uint64) error
	check  func(T) (T, campaign.Faults)
	head   func(*T) (id *string, revision *uint64)
}

// Seen names a thing, and the revision of it that who asks has seen.
type Seen struct {
	ID string `path:"id" maxLength:"64"`
	IfMatch
}

// revision is 0 when any will do. It is compared where it is changed, in one
// transaction.
func (s *Seen) revision() (uint64, error) {
	tag := strings.TrimSpace(s.Tags)
	if tag == "" || tag == "*" {
		return 0, nil
	}
	n, err := strconv.ParseUint(strings.Trim(tag, `"`), 10, 64)
	if err != nil || n == 0 {
		return 0, problem(http.StatusPreconditionFailed, CodeStale, "somebody has changed it since; read it again, and change that")
	}
	return n, nil
}

// Tagged is an answer with its revision as ETag.
type Tagged[T any] struct {
	ETag string `header:"ETag"`
	Body T
}

func (r *resource[T]) tagged(v T) *Tagged[T] {
	_, revision := r.head(&v)
	return &Tagged[T]{ETag: `"` + strconv.FormatUint(*revision, 10) + `"`, Body: v}
}

// registerResource puts reading, making, changing and removing on h.
func registerResource[T any](a *API, h huma.API, r *resource[T]) {
	tags := []string{"campaigns"}
	huma.Register(h, huma.Operation{
		OperationID: "get-" + r.name, Method: http.MethodGet, Path: r.path + "/{id}", Tags: tags,
		Summary: "One " + r.what + ", its revision as ETag",
	}, func(ctx context.Context, in *idInput) (*Tagged[T], error) {
		if err := need(ctx, config.RoleSupervisor); err != nil {
			return nil, err
		}
		v, err := r.one(in.ID)
		if err != nil {
			return nil, a.outboundError(err)
		}
		return r.tagged(v), nil
	})
	huma.Register(h, huma.Operation{
		OperationID: "create-" + r.name, Method: http.MethodPost, Path: r.path, Tags: tags,
		Summary: "Make a " + r.what, DefaultStatus: http.StatusCreated, MaxBodyBytes: MaxBody,
		Description: "What is left out gets its default. Everything that is wrong is told at once, by field (422).",
	}, func(ctx context.Context, in *struct{ Body T }) (out *Tagged[T], err error) {
		return r.keep(ctx, a, in.Body, "_create", r.create)
	})
	huma.Register(h, huma.Operation{
		OperationID: "replace-" + r.name, Method: http.MethodPut, Path: r.path + "/{id}", Tags: tags,
		Summary: "Replace a " + r.what, MaxBodyBytes: MaxBody,
		Description: "Refused while a campaign that is not stopped uses it (409 in_use), and when it was changed since it was read (412 stale).",
	}, func(ctx context.Context, in *struct {
		Seen
		Body T
	},
	) (*Tagged[T], error) {
		id, revision := r.head(&in.Body)
		seen, err := in.revision()
		if err != nil {
			return nil, err
		}
		if *id = in.ID; seen != 0 {
			*revision = seen
		}
		return r.keep(ctx, a, in.Body, "_change", r.edit)
	})
	huma.Register(h, huma.Operation{
		OperationID: "delete-" + r.name, Method: http.MethodDelete, Path: r.path + "/{id}", Tags: tags,
		Summary: "Remove a " + r.what, DefaultStatus: http.StatusNoContent,
		Description: "Refused while a campaign uses it (409 in_use).",
	}, func(ctx context.Context, in *Seen) (*struct{}, error) {
		if err := need(ctx, config.RoleAdmin); err != nil {
			return nil, err
		}
		seen, err := in.revision()
		if err != nil {
			return nil, err
		}
		return nil, a.audited(ctx, store.Audit{Action: r.audit + "_remove", Target: in.ID}, func() error {
			return a.outboundError(r.remove(ctx, in.ID, seen))
		})
	})
}

// keep checks and writes a thing for an admin.
func (r *resource[T]) keep(ctx context.Context, a *API, v T, action string, write func(context.Context, T, time.Time) (T, error)) (*Tagged[T], error) {
	if err := need(ctx, config.RoleAdmin); err != nil {
		return nil, err
	}
	v, faults := r.check(v)
	if faults != nil {
		return nil, faulty("the "+r.what+" has faults; nothing was changed", faults)
	}
	id, _ := r.head(&v)
	err := a.audited(ctx, store.Audit{Action: r.audit + action, Target: *id}, func() (err error) {
		v, err = write(ctx, v, time.Now())
		return a.outboundError(err)
	})
	if err != nil {
		return nil, err
	}
	return r.tagged(v), nil
}

func (a *API) registerOutbound(h huma.API) {
	registerListing(a, h, "plans", "Plans: how customers are dialled", a.store.Plans, func(all []campaign.Plan) *plansOutput {
		var out plansOutput
		out.Body.Plans = all
		return &out
	})
	registerResource(a, h, &resource[campaign.Plan]{
		what: "plan", name: "plan", audit: "plan", path: "/api/v1/plans",
		one: a.store.Plan, create: a.store.CreatePlan, edit: a.store.EditPlan, remove: a.store.DeletePlan,
		check: campaign.Plan.Checked, head: func(p *campaign.Plan) (*string, *uint64) { return &p.ID, &p.Revision },
	})
	registerListing(a, h, "dial-lists", "Dial lists, with the counts of their entries by state", a.store.Lists, func(all []campaign.DialList) *listsOutput {
		var out listsOutput
		out.Body.Lists = all
		return &out
	})
	registerResource(a, h, &resource[campaign.DialList]{
		what: "dial list", name: "dial-list", audit: "dial_list", path: "/api/v1/dial-lists",
		one: a.store.List, create: a.store.CreateList, edit: a.store.EditList, remove: a.store.DeleteList,
		check: campaign.DialList.Checked, head: func(l *campaign.DialList) (*string, *uint64) { return &l.ID, &l.Revision },
	})
	registerListing(a, h, "campaigns", "Campaigns with their states", a.store.Campaigns, func(all []campaign.Campaign) *campaignsOutput {
		var out campaignsOutput
		out.Body.Campaigns, out.Body.Timezone = all, a.config().Server.Timezone.String()
		return &out
	})
	registerResource(a, h, &resource[campaign.Campaign]{
		what: "campaign", name: "campaign", audit: "campaign", path: "/api/v1/campaigns",
		one: a.store.Campaign, create: a.store.CreateCampaign, edit: a.store.EditCampaign, remove: a.store.DeleteCampaign,
		check: func(c campaign.Campaign) (campaign.Campaign, campaign.Faults) { return c.Checked(a.refers()) },
		head:  func(c *campaign.Campaign) (*string, *uint64) { return &c.ID, &c.Revision },
	})
	a.registerEntries(h)
	a.registerResults(h)
	a.registerDoNotCall(h)
	a.registerDialling(h)
}

type plansOutput struct {
	Body struct {
		Plans []campaign.Plan `json:"plans"`
	}
}

type listsOutput struct {
	Body struct {
		Lists []campaign.DialList `json:"dial_lists"`
	}
}

type campaignsOutput struct {
	Body struct {
		Campaigns []campaign.Campaign `json:"campaigns"`
		Timezone  string              `json:"timezone" doc:"Of their schedules."`
	}
}

// registerListing puts the list of all things of a kind on h.
func registerListing[T, Out any](a *API, h huma.API, name, summary string, all func() ([]T, error), out func([]T) *Out) {
	huma.Register(h, huma.Operation{
		OperationID: "list-" + name, Method: http.MethodGet, Path: "/api/v1/" + name, Tags: []string{"campaigns"},
		Summary: summary + ", the oldest first",
	}, func(ctx context.Context, _ *struct{}) (*Out, error) {
		if err := need(ctx, config.RoleSupervisor); err != nil {
			return nil, err
		}
		list, err := all()
		if err != nil {
			return nil, a.outboundError(err)
		}
		return out(list), nil
	})
}

// refers looks up what a campaign refers to. What can't be looked up now is
// let through here and met again when the campaign is written.
func (a *API) refers() campaign.Refers {
	known := func(err error) bool { return !errors.Is(err, campaign.ErrUnknown) }
	return campaign.Refers{
		Plan:     func(id string) bool { _, err := a.store.Plan(id); return known(err) },
		DialList: func(id string) bool { _, err := a.store.List(id); return known(err) },
		Campaign: func(id string) bool { _, err := a.store.Campaign(id); return known(err) },
		Queue:    func(id string) bool { _, ok := a.config().Queue(id); return ok },
	}
}

// faulty makes a problem of what is wrong with a body.
func faulty(detail string, faults campaign.Faults) *Problem {
	p := problem(http.StatusUnprocessableEntity, CodeInvalid, detail)
	for _, f := range faults {
		p.Errors = append(p.Errors, &FieldError{Location: "body." + f.Field, Message: f.Text, Code: f.Code, Least: f.Least, Most: f.Most})
	}
	return p
}

// outboundError turns an error of what is kept for campaigns into a problem.
func (a *API) outboundError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, campaign.ErrUnknown):
		return problem(http.StatusNotFound, CodeNotFound, saying(err))
	case errors.Is(err, campaign.ErrStale):
		return problem(http.StatusPreconditionFailed, CodeStale, saying(err)+"; read it again, and change that")
	case errors.Is(err, campaign.ErrInUse):
		return problem(http.StatusConflict, CodeInUse, saying(err))
	}
	return a.storeError(err)
}

// saying is an error's text without the package in front.
func saying(err error) string {
	_, text, _ := strings.Cut(err.Error(), ": ")
	return text
}
