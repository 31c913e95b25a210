package api

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"calld/campaign"
	"calld/exchange"
	"calld/queue"
)

// fakeAsterisk takes every order of a dialler, and calls nobody.
type fakeAsterisk struct{}

func (fakeAsterisk) Originate(context.Context, exchange.Origination) error { return nil }
func (fakeAsterisk) Hangup(context.Context, string, int) error             { return nil }
func (fakeAsterisk) DeviceState(context.Context, string) (string, error)   { return "NOT_INUSE", nil }

// diallerOf has the centre's campaigns run by a real dialler. called is told of
// each call that an agent is to make.
func (c *centre) diallerOf(called func(queue.OutCall) error) *campaign.Dialler {
	d := campaign.New(campaign.Options{
		Store: c.store, Board: c.board, Exchange: fakeAsterisk{}, Config: c.api.config,
		CallOut: func(_ context.Context, o queue.OutCall) error { return called(o) },
	})
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := d.Run(ctx); err != nil {
			c.t.Error(err)
		}
	})
	c.t.Cleanup(func() { cancel(); running.Wait() })
	c.api.dialler = d
	return d
}

// until asks again and again until the answer fits.
func (c *centre) until(id, what, body string, fits func(status int, text string) bool) string {
	c.t.Helper()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for {
		r := c.ask(id, what, body)
		if fits(r.Code, r.Body.String()) {
			return r.Body.String()
		}
		select {
		case <-look.C:
		case <-c.t.Context().Done():
			c.t.Fatalf("%s: last %d %s", what, r.Code, r.Body)
		}
	}
}

// TestRealCampaign: one is started with every fault told, runs, keeps what it uses
// from being changed, and is paused and stopped.
func TestRealCampaign(t *testing.T) {
	c := newCampaigns(t)
	d := c.diallerOf(nil)
	d.Connected(false)
	// The entry of list 1 has been reached, and Asterisk is away.
	p := wantProblem(t, c.ask("관리자", "POST /api/v1/campaigns/1/start", ""), http.StatusUnprocessableEntity, CodeInvalid)
	var faults []string
	for _, e := range p.Errors {
		faults = append(faults, e.Location+" "+string(e.Code))
	}
	if got := strings.Join(faults, ", "); got != "body.dial_list nobody_left, body.asterisk asterisk_away" {
		t.Errorf("faults of %s", got)
	}
	d.Connected(true)
	d.Live(time.Now(), time.Time{}, nil)
	load := c.send("관리자", "POST /api/v1/dial-lists/1/entries", "application/json", `[{"numbers":["0177"]},{"numbers":["0178"]}]`)
	read[campaign.Upload](t, load, http.StatusOK)
	do := func(what string) {
		t.Helper()
		if r := c.ask("관리자", "POST /api/v1/campaigns/1/"+what, ""); r.Code != http.StatusNoContent {
			t.Fatalf("%s: %d %s", what, r.Code, r.Body)
		}
	}
	do("start")
	wantProblem(t, c.ask("관리자", "POST /api/v1/campaigns/1/start", ""), http.StatusConflict, CodeCampaignState)
	stats := c.until("sup", "GET /api/v1/campaigns/1/stats", "", func(status int, text string) bool {
		return status == http.StatusOK && strings.Contains(text, `"reason":"no_agents"`)
	})
	if !strings.Contains(stats, `"state":"running"`) || !strings.Contains(stats, `"remaining":2`) {
		t.Errorf("figures %s", stats)
	}
	for what, body := range map[string]string{
		"PUT /api/v1/plans/1": `{"name":"p","mode":"preview"}`, "DELETE /api/v1/plans/1": "",
		"PUT /api/v1/dial-lists/1": `{"name":"l"}`, "DELETE /api/v1/dial-lists/1": "",
		"PUT /api/v1/campaigns/1": `{"name":"c","plan":"1","dial_list":"1","queue":"billing"}`, "DELETE /api/v1/campaigns/1": "",
	} {
		wantProblem(t, c.ask("관리자", what, body), http.StatusConflict, CodeInUse)
	}
	state := func(want campaign.State) {
		t.Helper()
		c.until("sup", "GET /api/v1/campaigns/1", "", func(_ int, text string) bool { return strings.Contains(text, fmt.Sprintf("%q:%q", "state", want)) })
	}
	do("pause")
	state(campaign.Paused)
	wantProblem(t, c.ask("관리자", "POST /api/v1/campaigns/1/pause", ""), http.StatusConflict, CodeCampaignState)
	do("start")
	do("force-stop")
	state(campaign.Stopped)
	wantProblem(t, c.ask("관리자", "POST /api/v1/campaigns/1/stop", ""), http.StatusConflict, CodeCampaignState)
	trail, err := c.store.AuditTrail(1, "")
	if err != nil || trail.Entries[0].Action != "campaign_stop" || trail.Entries[0].Result != string(CodeCampaignState) {
		t.Errorf("audit %+v, %v", trail.Entries, err)
	}
}

// TestRealPreview: an agent is shown a customer, the same when asked again, skips
// one, has the next called, and is refused what belongs to others.
func TestRealPreview(t *testing.T) {
	c := newCampaigns(t)
	plan, err := c.store.CreatePlan(t.Context(), campaign.Plan{Name: "p", Mode: campaign.Preview, MaxTries: 1, RingTimeout: campaign.Duration(25 * time.Second)}, began)
	if err != nil {
		t.Fatal(err)
	}
	k, err := c.store.CreateCampaign(t.Context(), campaign.Campaign{Name: "c", Plan: plan.ID, DialList: "2", Queue: "상담전화"}, began)
	if err != nil {
		t.Fatal(err)
	}
	entries := []campaign.Entry{{Name: "김", Numbers: []campaign.Number{{Number: "0171"}}}, {Name: "이", Numbers: []campaign.Number{{Number: "0172"}}}}
	if _, err := c.store.AddEntries(t.Context(), "2", entries); err != nil {
		t.Fatal(err)
	}
	if err := c.board.Connect("홍길동"); err != nil {
		t.Fatal(err)
	}
	var called []string
	refuse := queue.ErrPhoneAway
	d := c.diallerOf(func(o queue.OutCall) error {
		called = append(called, o.Agent+" "+o.Number)
		return refuse
	})
	d.Connected(true)
	d.Live(time.Now(), time.Time{}, nil)
	preview := "POST /api/v1/campaigns/" + k.ID + "/preview"
	wantProblem(t, c.ask("홍길동", preview, ""), http.StatusConflict, CodeCampaignState)
	if r := c.ask("관리자", "POST /api/v1/campaigns/"+k.ID+"/start", ""); r.Code != http.StatusNoContent {
		t.Fatalf("start: %d %s", r.Code, r.Body)
	}
	wantProblem(t, c.ask("other", preview, ""), http.StatusNotFound, CodeNotFound)
	wantProblem(t, c.ask("sup", preview, ""), http.StatusForbidden, CodeForbidden)
	// The list is read first.
	c.until("홍길동", preview, "", func(status int, _ string) bool { return status == http.StatusOK })
	first := read[campaign.Shown](t, c.ask("홍길동", preview, ""), http.StatusOK)
	if again := read[campaign.Shown](t, c.ask("홍길동", preview, ""), http.StatusOK); again.Try != first.Try || again.Customer.Name != "김" {
		t.Errorf("%+v, and then %+v", first, again)
	}
	act := func(try, what string) string { return fmt.Sprintf("POST /api/v1/previews/%s/%s", try, what) }
	wantProblem(t, c.ask("other", act(first.Try, "dial"), ""), http.StatusNotFound, CodeNotFound)
	if r := c.ask("홍길동", act(first.Try, "skip"), ""); r.Code != http.StatusNoContent {
		t.Fatalf("skip: %d %s", r.Code, r.Body)
	}
	wantProblem(t, c.ask("홍길동", act(first.Try, "dial"), ""), http.StatusNotFound, CodeNotFound)
	second := read[campaign.Shown](t, c.ask("홍길동", preview, ""), http.StatusOK)
	wantProblem(t, c.ask("홍길동", act(second.Try, "dial"), ""), http.StatusConflict, CodePhoneAway)
	refuse = nil // still shown
	if r := c.ask("홍길동", act(second.Try, "dial"), ""); r.Code != http.StatusNoContent {
		t.Fatalf("dial: %d %s", r.Code, r.Body)
	}
	if got := strings.Join(called, ", "); got != "홍길동 0172, 홍길동 0172" {
		t.Errorf("called %s", got)
	}
	wantProblem(t, c.ask("홍길동", preview, ""), http.StatusConflict, CodeNobodyLeft)
	page := c.until("sup", "GET /api/v1/campaigns/"+k.ID+"/results?result=skipped", "", func(_ int, text string) bool { return strings.Contains(text, first.Try) })
	if strings.Contains(page, second.Try) {
		t.Errorf("results %s", page)
	}
}
