package api

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"calld/campaign"
	"calld/config"
	"calld/queue"
)

// fakeDialler notes what it is asked for, and refuses with fault.
type fakeDialler struct {
	asked []string
	fault error
	shown []campaign.Shown
}

func (f *fakeDialler) note(act, id string, by ...string) error {
	f.asked = append(f.asked, strings.Join(append([]string{act, id}, by...), " "))
	switch {
	case id != "nowhere":
		return f.fault
	case by != nil:
		return campaign.ErrNotShown
	}
	return campaign.ErrUnknown
}

func (f *fakeDialler) Start(_ context.Context, id string) error     { return f.note("start", id) }
func (f *fakeDialler) Pause(_ context.Context, id string) error     { return f.note("pause", id) }
func (f *fakeDialler) Stop(_ context.Context, id string) error      { return f.note("stop", id) }
func (f *fakeDialler) ForceStop(_ context.Context, id string) error { return f.note("force-stop", id) }

func (f *fakeDialler) Stats(_ context.Context, id string) (campaign.Stats, error) {
	return campaign.Stats{
		Campaign: id, State: campaign.Stopped, Reason: campaign.NotRunning, Day: campaign.Day{Results: map[string]int{}},
	}, f.note("stats", id)
}

func (f *fakeDialler) Preview(_ context.Context, id, agent string) (campaign.Shown, error) {
	return campaign.Shown{
		Try: "t1", Campaign: id, Number: customerNumber, Customer: queue.Customer{Variables: map[string]string{"tel": customerNumber}},
	}, f.note("preview", id, agent)
}

func (f *fakeDialler) ShownTo(_ context.Context, agent string) ([]campaign.Shown, error) {
	return f.shown, f.note("shown", agent)
}

func (f *fakeDialler) DialPreview(_ context.Context, try, agent string) error {
	return f.note("dial", try, agent)
}

func (f *fakeDialler) SkipPreview(_ context.Context, try, agent string) error {
	return f.note("skip", try, agent)
}

// TestCampaignLife: admins start and stop, supervisors look.
func TestCampaignLife(t *testing.T) {
	c := newCampaigns(t)
	for _, act := range []string{"start", "pause", "stop", "force-stop"} {
		wantProblem(t, c.ask("sup", "POST /api/v1/campaigns/1/"+act, ""), http.StatusForbidden, CodeForbidden)
		if r := c.ask("관리자", "POST /api/v1/campaigns/1/"+act, ""); r.Code != http.StatusNoContent {
			t.Errorf("%s: %d %s", act, r.Code, r.Body)
		}
	}
	wantProblem(t, c.ask("홍길동", "GET /api/v1/campaigns/1/live", ""), http.StatusForbidden, CodeForbidden)
	if r := c.ask("sup", "GET /api/v1/campaigns/1/live", ""); r.Code != http.StatusOK || !strings.Contains(r.Body.String(), `"reason":"not_running"`) {
		t.Errorf("%d %s", r.Code, r.Body)
	}
	want := []string{"start 1", "pause 1", "stop 1", "force-stop 1", "stats 1"}
	if d := cmp.Diff(want, c.dialler.asked); d != "" {
		t.Error(d)
	}
	trail, err := c.store.AuditTrail(1, "")
	if err != nil || trail.Entries[0].Action != "campaign_force_stop" || trail.Entries[0].Target != "1" {
		t.Errorf("%+v, %v", trail, err)
	}
}

// TestPreview: an agent sees which campaigns wait, and decides on a customer.
func TestPreview(t *testing.T) {
	c := newCampaigns(t)
	ctx := t.Context()
	p, err := c.store.CreatePlan(ctx, campaign.Plan{Name: "look first", Mode: campaign.Preview}, began)
	if err != nil {
		t.Fatal(err)
	}
	k, err := c.store.CreateCampaign(ctx, campaign.Campaign{Name: "설문", Plan: p.ID, DialList: "1", Queue: "상담전화"}, began)
	if err != nil {
		t.Fatal(err)
	}
	previews := func() string { return c.ask("홍길동", "GET /api/v1/previews", "").Body.String() }
	if got := previews(); !strings.Contains(got, `"previews":[]`) {
		t.Errorf("one that is stopped: %s", got)
	}
	if err := c.store.SetState(ctx, k.ID, campaign.Running, "admin", began); err != nil {
		t.Fatal(err)
	}
	c.dialler.shown = []campaign.Shown{{Try: "t7", Campaign: k.ID, Number: "0101", Until: began.Add(time.Minute)}}
	if got := previews(); !strings.Contains(got, `"name":"설문"`) || !strings.Contains(got, `"try":"t7"`) {
		t.Error(got)
	}
	c.cfg.Privacy.MaskNumbersFor = []config.Role{config.RoleAgent}
	c.dialler.shown[0].Number = customerNumber
	if got := previews(); !strings.Contains(got, `"number":"`+customerShown+`"`) || leaks(nil, got) {
		t.Errorf("to an agent who is to see no number: %s", got)
	}
	c.cfg.Privacy.MaskNumbersFor = nil
	if got := c.ask("other", "GET /api/v1/previews", "").Body.String(); !strings.Contains(got, `"previews":[]`) {
		t.Errorf("of a queue that the agent does not serve: %s", got)
	}
	for _, what := range []string{"campaigns/" + k.ID + "/preview", "previews/t7/dial", "previews/t7/skip"} {
		if r := c.ask("홍길동", "POST /api/v1/"+what, ""); r.Code/100 != 2 {
			t.Errorf("%s: %d %s", what, r.Code, r.Body)
		}
	}
	for _, want := range []string{"preview " + k.ID + " 홍길동", "dial t7 홍길동", "skip t7 홍길동"} {
		if !slices.Contains(c.dialler.asked, want) {
			t.Errorf("not asked to %s: %v", want, c.dialler.asked)
		}
	}
}

func TestDiallingProblems(t *testing.T) {
	c := newCampaigns(t)
	for _, tt := range []struct {
		fault  error
		status int
		code   Code
	}{
		{campaign.Faults{{Field: "queue", Text: "no agent"}}, http.StatusUnprocessableEntity, CodeInvalid},
		{campaign.ErrState, http.StatusConflict, CodeCampaignState},
		{campaign.ErrNotPreview, http.StatusConflict, CodeCampaignState},
		{campaign.ErrNobodyLeft, http.StatusConflict, CodeNobodyLeft},
		{campaign.ErrNotShown, http.StatusNotFound, CodeNotFound},
		{campaign.ErrNotServed, http.StatusForbidden, CodeForbidden},
		{campaign.ErrUnknown, http.StatusNotFound, CodeNotFound},
		{campaign.ErrStopped, http.StatusServiceUnavailable, CodeAsterisk},
		{errors.New("disk full"), http.StatusServiceUnavailable, CodeStore},
	} {
		c.dialler.fault = tt.fault
		p := wantProblem(t, c.ask("관리자", "POST /api/v1/campaigns/1/start", ""), tt.status, tt.code)
		if tt.code == CodeInvalid && (len(p.Errors) != 1 || p.Errors[0].Location != "body.queue") {
			t.Errorf("errors %v", p.Errors)
		}
	}
	c.dialler.fault = queue.ErrAgentBusy
	wantProblem(t, c.ask("홍길동", "POST /api/v1/previews/t1/dial", ""), http.StatusConflict, CodeBusy)
}
