package api

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"calld/config"
	"calld/store"

	"github.com/danielgtaylor/huma/v2"
)

// lowest is the lowest role that may do what each operation's example asks for.
// "" is for everybody, without a session too.
var lowest = map[string]config.Role{
	"login": "",

	"logout": config.RoleAgent, "me": config.RoleAgent, "session-phone": config.RoleAgent, "status": config.RoleAgent,
	"list-queues": config.RoleAgent, "get-queue": config.RoleAgent, "list-agents": config.RoleAgent, "get-agent": config.RoleAgent,
	"list-calls": config.RoleAgent, "get-call": config.RoleAgent, "patch-call": config.RoleAgent, "get-recording": config.RoleAgent,
	"hangup-call": config.RoleAgent, "hold-call": config.RoleAgent, "unhold-call": config.RoleAgent, "dtmf-call": config.RoleAgent,
	"transfer-call": config.RoleAgent, "complete-transfer": config.RoleAgent, "cancel-transfer": config.RoleAgent, "transfer-targets": config.RoleAgent,
	"list-history": config.RoleAgent, "list-missed": config.RoleAgent, "cancel-callback": config.RoleAgent, "call-back": config.RoleAgent, "resolve-missed": config.RoleAgent,
	"report-today": config.RoleAgent, "list-previews": config.RoleAgent, "preview-customer": config.RoleAgent,
	"dial-preview": config.RoleAgent, "skip-preview": config.RoleAgent,

	"set-agent-state": config.RoleSupervisor, // of another
	"make-call":       config.RoleSupervisor, // for another
	"export-history":  config.RoleSupervisor,
	"spy":             config.RoleSupervisor,
	"free-agent":      config.RoleSupervisor,
	"log-out-agent":   config.RoleSupervisor,
	"report-queues":   config.RoleSupervisor,
	"report-agents":   config.RoleSupervisor,

	"list-plans": config.RoleSupervisor, "get-plan": config.RoleSupervisor, "list-dial-lists": config.RoleSupervisor,
	"get-dial-list": config.RoleSupervisor, "list-campaigns": config.RoleSupervisor, "get-campaign": config.RoleSupervisor,
	"list-entries": config.RoleSupervisor, "list-results": config.RoleSupervisor, "export-results": config.RoleSupervisor,
	"campaign-stats": config.RoleSupervisor, "campaign-live": config.RoleSupervisor, "list-do-not-call": config.RoleSupervisor,
	"bar-numbers": config.RoleSupervisor, // adding protects people; taking off is an admin's

	"create-agent":     config.RoleAdmin,
	"replace-agent":    config.RoleAdmin,
	"delete-agent":     config.RoleAdmin,
	"list-connections": config.RoleAdmin,
	"get-asterisk":     config.RoleAdmin,
	"get-config":       config.RoleAdmin,
	"list-audit":       config.RoleAdmin,
	"backup":           config.RoleAdmin,
	"reload":           config.RoleAdmin,
	"list-webhooks":    config.RoleAdmin,
	"test-webhook":     config.RoleAdmin,
	"forget":           config.RoleAdmin,

	"create-plan": config.RoleAdmin, "replace-plan": config.RoleAdmin, "delete-plan": config.RoleAdmin,
	"create-dial-list": config.RoleAdmin, "replace-dial-list": config.RoleAdmin, "delete-dial-list": config.RoleAdmin,
	"create-campaign": config.RoleAdmin, "replace-campaign": config.RoleAdmin, "delete-campaign": config.RoleAdmin,
	"start-campaign": config.RoleAdmin, "pause-campaign": config.RoleAdmin, "stop-campaign": config.RoleAdmin, "force-stop-campaign": config.RoleAdmin,
	"load-entries": config.RoleAdmin, "unbar-number": config.RoleAdmin,
}

// foreign is what belongs to the queue billing, or to its agent, by operation.
var foreign = map[string]string{
	"get-queue": "billing", "get-agent": "other", "get-call": "live-billing", "patch-call": "ended-billing",
	"get-recording": "ended-billing", "hangup-call": "talk-billing", "hold-call": "talk-billing", "unhold-call": "talk-billing",
	"transfer-call": "talk-billing", "complete-transfer": "talk-billing", "cancel-transfer": "talk-billing", "dtmf-call": "talk-billing", "call-back": "missed-billing", "cancel-callback": "booked-billing", "resolve-missed": "missed-billing",
}

// request is an operation's example as a request, for another id if there is
// one.
func (d documented) request(id string) (what, body string) {
	example := examples[d.op.OperationID]
	id = url.PathEscape(cmp.Or(id, example.id))
	return strings.NewReplacer("{id}", id, "{number}", id).Replace(d.String()), example.body
}

// own is the same as 홍길동 may ask for it, where an agent may.
func (d documented) own() (what, body string) {
	id := strings.NewReplacer("billing", "상담전화", "other", "홍길동").Replace(examples[d.op.OperationID].id)
	what, body = d.request(id)
	return what, strings.ReplaceAll(body, "other", "홍길동")
}

// wantRefusal checks that an answer is a whole problem whose code is documented.
func wantRefusal(tb testing.TB, r *httptest.ResponseRecorder, status int, code Code) Problem {
	tb.Helper()
	if !slices.Contains(Codes(), code) {
		tb.Errorf("%s is not documented", code)
	}
	return wantProblem(tb, r, status, code)
}

// TestWalk asks for every operation of the document as nobody should.
func TestWalk(t *testing.T) {
	c := newCampaigns(t)
	c.answer("other", "billing")
	c.book("billing")
	c.makeAgents("kim", "lee")
	list, schemas := c.document()
	expired := newToken()
	over := store.Session{Agent: "관리자", Mark: passwordMark(expired, "right"), Expires: time.Now().Add(-time.Second)}
	if err := c.store.PutSession(t.Context(), tokenKey(expired), over); err != nil {
		t.Fatal(err)
	}
	asAdmin := map[string]string{"Authorization": "Bearer " + tokenOf("root")}
	for _, d := range list {
		if d.op.OperationID == "login" {
			continue
		}
		t.Run(d.op.OperationID, func(t *testing.T) {
			what, body := d.request("")
			wantRefusal(t, c.ask("", what, body), http.StatusUnauthorized, CodeUnauthorized)
			wantRefusal(t, asked(c.network, expired, what, body), http.StatusUnauthorized, CodeUnauthorized)
			wantRefusal(t, c.program("removed", what, body), http.StatusUnauthorized, CodeUnauthorized)

			role, known := lowest[d.op.OperationID]
			if !known {
				t.Fatal("nobody has said who may do this: add it to lowest")
			}
			if role != config.RoleAgent {
				wantRefusal(t, c.ask("홍길동", what, body), http.StatusForbidden, CodeForbidden)
				wantRefusal(t, c.program("narrow", what, body), http.StatusForbidden, CodeForbidden)
			}
			if role == config.RoleAdmin {
				wantRefusal(t, c.ask("sup", what, body), http.StatusForbidden, CodeForbidden)
				wantRefusal(t, c.program("crm", what, body), http.StatusForbidden, CodeForbidden)
			}
			if id := foreign[d.op.OperationID]; id != "" {
				what, body := d.request(id)
				wantRefusal(t, c.ask("홍길동", what, body), http.StatusNotFound, CodeNotFound)
			}
			if strings.Contains(d.path, "{id}") {
				what, body := d.request("nowhere")
				wantRefusal(t, c.ask("관리자", what, body), http.StatusNotFound, CodeNotFound)
				what, body = d.request(strings.Repeat("x", 129))
				wantRefusal(t, c.ask("관리자", what, body), http.StatusUnprocessableEntity, CodeInvalid)
			}
			for _, p := range d.op.Parameters {
				if value, wrong := wrongText(p.Schema); wrong && p.In == "query" {
					got := wantRefusal(t, c.with(asAdmin, "", what+"?"+p.Name+"="+url.QueryEscape(value), body),
						http.StatusUnprocessableEntity, CodeInvalid)
					if len(got.Errors) == 0 || got.Errors[0].Location != "query."+p.Name {
						t.Errorf("%s=%s: %+v", p.Name, value, got.Errors)
					}
				}
			}
			c.walkBody(t, d, schemas, asAdmin)
		})
	}
}

// walkBody sends bodies that are none.
func (c *centre) walkBody(t *testing.T, d documented, schemas huma.Registry, asAdmin map[string]string) {
	t.Helper()
	if d.op.RequestBody == nil || d.op.RequestBody.Content["text/csv"] != nil { // TestLoad sends uploads
		return
	}
	what, example := d.request("")
	limit := int(cmp.Or(d.op.MaxBodyBytes, 1<<20))
	wantRefusal(t, c.with(asAdmin, "", what, `{"x":"`+strings.Repeat("x", limit)+`"}`), http.StatusRequestEntityTooLarge, CodeTooLarge)
	wantRefusal(t, c.with(asAdmin, "", what, "{"), http.StatusBadRequest, CodeInvalid)
	s := d.op.RequestBody.Content["application/json"].Schema
	if s.Ref != "" {
		s = schemas.SchemaFromRef(s.Ref)
	}
	for name, p := range s.Properties {
		body := map[string]any{}
		if err := json.Unmarshal([]byte(example), &body); err != nil {
			t.Fatal(err)
		}
		body[name] = []any{map[string]any{}}
		if p.Type == huma.TypeArray || p.Type == huma.TypeObject || p.Ref != "" {
			body[name] = "text"
		}
		text, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		got := wantRefusal(t, c.with(asAdmin, "", what, string(text)), http.StatusUnprocessableEntity, CodeInvalid)
		if len(got.Errors) == 0 || !strings.HasPrefix(got.Errors[0].Location, "body."+name) {
			t.Errorf("%s of another type: %+v", name, got.Errors)
		}
	}
}

// wrongText is a text that a parameter can't be.
func wrongText(s *huma.Schema) (text string, wrong bool) {
	switch {
	case s.Type == huma.TypeInteger, len(s.Enum) > 0, s.Format == "date-time":
		return "nonsense", true
	case s.MaxLength != nil:
		return strings.Repeat("x", *s.MaxLength+1), true
	}
	return "", false
}

// TestLowest: the lowest role of each operation is let in.
func TestLowest(t *testing.T) { synctest.Test(t, testLowest) }

func testLowest(t *testing.T) {
	c := newCampaigns(t)
	c.answer("홍길동", "상담전화")
	c.makeAgents("kim", "lee")
	list, _ := c.document()
	who := map[config.Role]string{config.RoleAgent: "홍길동", config.RoleSupervisor: "sup", config.RoleAdmin: "관리자"}
	for _, d := range list {
		id := who[lowest[d.op.OperationID]]
		what, body := d.request("")
		if id == "홍길동" {
			what, body = d.own()
		}
		if id == "" || d.op.OperationID == "logout" { // TestLogin has them
			continue
		}
		if r := c.ask(id, what, body); r.Code == http.StatusUnauthorized || r.Code == http.StatusForbidden {
			t.Errorf("%s as %s: %d %s", what, id, r.Code, r.Body)
		}
	}
}

// TestWalked: the tables above speak of operations that there are.
func TestWalked(t *testing.T) {
	c := newCentre(t)
	known := map[string]bool{}
	list, _ := c.document()
	for _, d := range list {
		known[d.op.OperationID] = true
	}
	for _, table := range [][]string{
		slices.Collect(maps.Keys(lowest)), slices.Collect(maps.Keys(foreign)), slices.Collect(maps.Keys(examples)),
	} {
		for _, id := range table {
			if !known[id] {
				t.Errorf("there is no operation %s", id)
			}
		}
	}
}
