package api

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"calld/exchange"
	"calld/queue"
	"calld/store"

	"github.com/google/go-cmp/cmp"
)

// pbx is an Asterisk that writes down what it is asked for; err is what it
// answers.
type pbx struct {
	done []string
	err  error
}

func (p *pbx) note(what string, args ...any) error {
	p.done = append(p.done, fmt.Sprintf(what, args...))
	return p.err
}

func (p *pbx) Peer(context.Context, string) (string, error) { return "PJSIP/802-1", p.err }

func (p *pbx) Hangup(_ context.Context, channel string, _ int) error {
	return p.note("hang up %s", channel)
}

func (p *pbx) Redirect(_ context.Context, channel, dialContext, _ string) error {
	return p.note("redirect %s to %s", channel, dialContext)
}

func (p *pbx) RedirectBoth(_ context.Context, a, b exchange.Place) error {
	return p.note("redirect %s to %s and %s to %s", a.Channel, a.Context, b.Channel, b.Context)
}

func (p *pbx) Variable(_ context.Context, channel, name string) (string, error) {
	return name + " of " + channel, p.err
}

func (p *pbx) SetVariable(_ context.Context, channel, name, value string) error {
	return p.note("set %s %s=%s", channel, name, value)
}

func (p *pbx) PlayDTMF(_ context.Context, channel string, digit byte, _ time.Duration) error {
	return p.note("play %c to %s", digit, channel)
}

// answer has a customer call a queue and an agent answer: talk-QUEUE.
func (c *centre) answer(agent, queueID string) *queue.Ticket {
	c.t.Helper()
	if err := c.board.Connect(agent); err != nil {
		c.t.Fatal(err)
	}
	ticket, err := c.board.Enter(queue.Entry{
		ID: "talk-" + queueID, Queue: queueID, Caller: "010777", Channel: "PJSIP/trunk-" + queueID, UniqueID: "t" + queueID, Ready: true,
	})
	if err != nil {
		c.t.Fatal(err)
	}
	a, _ := c.cfg.Agent(agent)
	c.board.Heard(queue.Fact{Kind: queue.PhoneAnswers, UniqueID: "t" + queueID, Phone: a.Phone})
	return ticket
}

// hold has the agent of a talk hold the customer.
func (c *centre) hold(ticket *queue.Ticket) {
	c.t.Helper()
	offer, _, err := ticket.Next(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	if err := c.board.Hold(ticket.CallID(), "PJSIP/802-1"); err != nil {
		c.t.Fatal(err)
	}
	ticket.Dialled(queue.DialReport{Offer: offer.ID, Result: queue.RingAnswer})
}

// TestUnhold: whoever holds takes the customer back, or hands them over.
func TestUnhold(t *testing.T) {
	c := newCentre(t)
	c.hold(c.answer("other", "billing"))
	if got := read[queue.Call](t, c.ask("other", "GET /api/v1/calls/talk-billing", ""), http.StatusOK); got.HeldSince == nil {
		t.Errorf("the call is %+v", got)
	}
	wantProblem(t, c.ask("other", "POST /api/v1/calls/talk-billing/hold", ""), http.StatusConflict, CodeHeld)
	if r := c.ask("other", "POST /api/v1/calls/talk-billing/unhold", ""); r.Code != http.StatusNoContent {
		t.Errorf("unhold: %d %s", r.Code, r.Body)
	}
	if got := read[queue.Call](t, c.ask("other", "GET /api/v1/calls/talk-billing", ""), http.StatusOK); got.HeldSince != nil {
		t.Errorf("the call is %+v", got)
	}
}

func TestTransferHeld(t *testing.T) {
	c := newCentre(t)
	c.hold(c.answer("other", "billing"))
	got := read[TransferAnswer](t, c.ask("other", "POST /api/v1/calls/talk-billing/transfer", `{"to":{"queue":"상담전화"}}`), http.StatusOK)
	if got.Result != "waiting" || got.To != "상담전화" {
		t.Errorf("the transfer came to %+v", got)
	}
	if diff := cmp.Diff([]string{"hang up PJSIP/802-1"}, c.pbx.done); diff != "" {
		t.Errorf("Asterisk was asked to (-want +got):\n%s", diff)
	}
	// Who has handed a call to a queue of others still writes its memo.
	read[queue.Call](t, c.ask("other", "PATCH /api/v1/calls/talk-billing", `{"memo":"환불"}`), http.StatusOK)
	wantProblem(t, c.ask("other", "GET /api/v1/calls/talk-billing/recording", ""), http.StatusNotFound, CodeNotFound)
	wantProblem(t, c.ask("other", "GET /api/v1/calls/live-상담전화", ""), http.StatusNotFound, CodeNotFound)
}

// TestTransferTargets: a call may go to agents and queues that the agent
// sees nothing else of.
func TestTransferTargets(t *testing.T) {
	c := newCentre(t)
	c.answer("other", "billing")
	if err := c.board.Connect("홍길동"); err != nil {
		t.Fatal(err)
	}
	got := read[TransferTargets](t, c.ask("other", "GET /api/v1/transfer-targets", ""), http.StatusOK)
	hong, _ := c.cfg.Agent("홍길동")
	want := TransferTargets{
		Agents: []AgentTarget{{ID: hong.ID, Name: hong.Name, Phone: hong.Phone, State: "available"}},
		Queues: []QueueTarget{{ID: "billing", Name: "billing", Waiting: 1}, {ID: "상담전화", Name: "상담전화", Waiting: 1}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("targets (-want +got):\n%s", diff)
	}
}

// TestTalks: the agent who talks, a supervisor and an admin may work with a
// call; a colleague of the queue may not, and to others it is not there.
func TestTalks(t *testing.T) {
	const digits = `{"to":"caller","digits":"1#"}`
	tests := map[string]struct {
		who, what, body string
		status          int
		code            Code
		want            []string // that Asterisk is asked for
	}{
		"the agent hangs up":         {who: "other", what: "talk-billing/hangup", status: http.StatusNoContent, want: []string{"hang up PJSIP/802-1"}},
		"a supervisor hangs up":      {who: "sup", what: "talk-billing/hangup", status: http.StatusNoContent, want: []string{"hang up PJSIP/802-1"}},
		"an admin plays digits":      {who: "관리자", what: "talk-billing/dtmf", body: digits, status: http.StatusNoContent, want: []string{"play 1 to PJSIP/trunk-billing", "play # to PJSIP/trunk-billing"}},
		"the agent holds":            {who: "other", what: "talk-billing/hold", status: http.StatusNoContent, want: []string{"set PJSIP/802-1 HELD=PJSIP/trunk-billing", "redirect PJSIP/802-1 to hold"}},
		"what is not held":           {who: "other", what: "talk-billing/unhold", status: http.StatusConflict, code: CodeNotHeld},
		"to who is not free":         {who: "other", what: "talk-billing/transfer", body: `{"to":{"agent":"홍길동"}}`, status: http.StatusConflict, code: CodeTargetBusy},
		"to nobody":                  {who: "other", what: "talk-billing/transfer", body: `{"to":{}}`, status: http.StatusUnprocessableEntity, code: CodeInvalid},
		"to an unknown agent":        {who: "other", what: "talk-billing/transfer", body: `{"to":{"agent":"x"}}`, status: http.StatusUnprocessableEntity, code: CodeInvalid},
		"to an unknown queue":        {who: "other", what: "talk-billing/transfer", body: `{"to":{"queue":"x"}}`, status: http.StatusUnprocessableEntity, code: CodeInvalid},
		"with a bad header":          {who: "other", what: "talk-billing/transfer", body: `{"to":{"queue":"상담전화"},"headers":{"From":"x"}}`, status: http.StatusUnprocessableEntity, code: CodeInvalid},
		"a colleague hands it over":  {who: "colleague", what: "talk-billing/transfer", body: `{"to":{"queue":"상담전화"}}`, status: http.StatusForbidden, code: CodeForbidden},
		"consult a queue":            {who: "other", what: "talk-billing/transfer", body: `{"to":{"queue":"상담전화"},"kind":"consultative"}`, status: http.StatusUnprocessableEntity, code: CodeInvalid},
		"a third kind":               {who: "other", what: "talk-billing/transfer", body: `{"to":{"queue":"상담전화"},"kind":"warm"}`, status: http.StatusUnprocessableEntity, code: CodeInvalid},
		"complete nothing":           {who: "other", what: "talk-billing/transfer/complete", status: http.StatusConflict, code: CodeNotConsulting},
		"cancel nothing":             {who: "other", what: "talk-billing/transfer/cancel", status: http.StatusConflict, code: CodeNotConsulting},
		"a colleague hangs up":       {who: "colleague", what: "talk-billing/hangup", status: http.StatusForbidden, code: CodeForbidden},
		"somebody of another queue":  {who: "홍길동", what: "talk-billing/hangup", status: http.StatusNotFound, code: CodeNotFound},
		"no such call":               {who: "sup", what: "nothing/hangup", status: http.StatusNotFound, code: CodeNotFound},
		"a call that is over":        {who: "sup", what: "ended-billing/dtmf", body: digits, status: http.StatusNotFound, code: CodeNotFound},
		"a call that waits":          {who: "sup", what: "live-상담전화/hangup", status: http.StatusConflict, code: CodeNotTalking},
		"digits for a call in line":  {who: "sup", what: "live-상담전화/dtmf", body: digits, status: http.StatusConflict, code: CodeNotTalking},
		"what is no digit":           {who: "other", what: "talk-billing/dtmf", body: `{"to":"caller","digits":"x"}`, status: http.StatusUnprocessableEntity, code: CodeInvalid},
		"digits to nobody":           {who: "other", what: "talk-billing/dtmf", body: `{"to":"me","digits":"1"}`, status: http.StatusUnprocessableEntity, code: CodeInvalid},
		"nothing said of the digits": {who: "other", what: "talk-billing/dtmf", status: http.StatusBadRequest, code: CodeInvalid},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := newCentre(t)
			c.configure(centreConfig + "[agents.colleague]\npassword = \"right\"\nphone = \"803\"\nqueues = [\"billing\"]\n")
			c.answer("other", "billing")
			r := c.ask(tt.who, "POST /api/v1/calls/"+tt.what, tt.body)
			if tt.code != "" {
				wantProblem(t, r, tt.status, tt.code)
				if len(c.pbx.done) > 0 {
					t.Errorf("Asterisk was asked to %q", c.pbx.done)
				}
				return
			}
			if r.Code != tt.status {
				t.Fatalf("status %d: %s", r.Code, r.Body)
			}
			if diff := cmp.Diff(tt.want, c.pbx.done); diff != "" {
				t.Errorf("Asterisk was asked to (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTalksWithoutAsterisk(t *testing.T) {
	c := newCentre(t)
	c.answer("other", "billing")
	c.pbx.err = exchange.ErrAway
	wantProblem(t, c.ask("other", "POST /api/v1/calls/talk-billing/hangup", ""), http.StatusServiceUnavailable, CodeAsterisk)
}

// TestWorkOnOthersCalls: what a supervisor does with an agent's call is
// written down; what the agent does is not.
func TestWorkOnOthersCalls(t *testing.T) {
	c := newCentre(t)
	c.answer("other", "billing")
	for _, by := range []string{"other", "sup"} {
		for _, what := range []string{"dtmf", "hold", "unhold", "transfer", "hangup"} {
			body := map[string]string{"dtmf": `{"to":"caller","digits":"1"}`, "transfer": `{"to":{"agent":"홍길동"}}`}[what]
			c.ask(by, "POST /api/v1/calls/talk-billing/"+what, body)
		}
		c.ask(by, "POST /api/v1/calls", `{"agent":"other","queue":"billing","number":"0212345678"}`)
	}
	var got []string
	for _, a := range read[store.AuditPage](t, c.ask("관리자", "GET /api/v1/audit", ""), http.StatusOK).Entries {
		got = append(got, strings.Join([]string{a.By, a.Action, a.Target, a.Call, a.Detail, a.Result}, " "))
	}
	slices.Reverse(got)
	want := []string{
		"sup dtmf other talk-billing caller ok", "sup hold other talk-billing  ok", "sup unhold other talk-billing  not_held",
		"sup transfer other talk-billing 홍길동 target_busy", "sup hangup other talk-billing  ok", "sup call other  0212345678 ok",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("trail (-want +got):\n%s", diff)
	}
}

// TestTalkOfALostScript: when calld was started anew in the middle of a talk, it
// can be ended but not held or handed over.
func TestTalkOfALostScript(t *testing.T) {
	c := newCentre(t)
	c.answer("other", "billing").Detach()
	for _, what := range []string{"hold", "unhold", "transfer"} {
		body := map[string]string{"transfer": `{"to":{"queue":"상담전화"}}`}[what]
		wantProblem(t, c.ask("other", "POST /api/v1/calls/talk-billing/"+what, body), http.StatusConflict, CodeDetached)
	}
	if r := c.ask("other", "POST /api/v1/calls/talk-billing/hangup", ""); r.Code != http.StatusNoContent {
		t.Errorf("hangup: %d %s", r.Code, r.Body)
	}
	if diff := cmp.Diff([]string{"set PJSIP/802-1 HELD=PJSIP/trunk-billing", "hang up PJSIP/802-1"}, c.pbx.done); diff != "" {
		t.Errorf("Asterisk was asked to (-want +got):\n%s", diff)
	}
}

// TestConsult: an agent consults another, whose channel Asterisk names, and
// hands the call over.
func TestConsult(t *testing.T) {
	c := newCentre(t)
	if err := c.board.Connect("홍길동"); err != nil {
		t.Fatal(err)
	}
	c.hold(c.answer("other", "billing"))
	result := make(chan TransferAnswer)
	go func() {
		r := c.ask("other", "POST /api/v1/calls/talk-billing/transfer", `{"to":{"agent":"홍길동"},"kind":"consultative"}`)
		result <- read[TransferAnswer](t, r, http.StatusOK)
	}()
	var talk *queue.Consultation
	for ok := false; !ok; talk, ok = c.board.Consultation("UNIQUEID of PJSIP/802-1") {
		runtime.Gosched()
	}
	wantProblem(t, c.ask("other", "POST /api/v1/calls/talk-billing/transfer/complete", ""), http.StatusConflict, CodeNotAnswered)
	wantProblem(t, c.ask("other", "POST /api/v1/calls/talk-billing/transfer", `{"to":{"queue":"billing"}}`), http.StatusConflict, CodeConsulting)
	c.board.Heard(queue.Fact{Kind: queue.PhoneAnswers, UniqueID: "UNIQUEID of PJSIP/802-1", Phone: talk.Offer.Agents[0].Phone})
	if got := <-result; got.Result != "answered" || got.To != "홍길동" {
		t.Errorf("the consultation came to %+v", got)
	}
	got := read[TransferAnswer](t, c.ask("other", "POST /api/v1/calls/talk-billing/transfer/complete", ""), http.StatusOK)
	if got.Result != "answered" || got.To != "홍길동" {
		t.Errorf("it was completed: %+v", got)
	}
	if k, _ := c.board.Call("talk-billing"); k.Agent != "홍길동" || len(talk.End) != 1 || <-talk.End != queue.HandedOver {
		t.Errorf("the call is with %s", k.Agent)
	}
}
