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
	"time"

	"calld/config"
	"calld/store"

	"github.com/danielgtaylor/huma/v2"
)

// lowest is the lowest role that may do what an operation's example asks for,
// where an agent may not.
var lowest = map[string]config.Role{
	"set-agent-state": config.RoleSupervisor, // of another
	"make-call":       config.RoleSupervisor, // for another
	"export-history":  config.RoleSupervisor,
	"spy":             config.RoleSupervisor,
	"free-agent":      config.RoleSupervisor,
	"log-out-agent":   config.RoleSupervisor,

	"create-agent":     config.RoleAdmin,
	"replace-agent":    config.RoleAdmin,
	"delete-agent":     config.RoleAdmin,
	"list-connections": config.RoleAdmin,
	"get-asterisk":     config.RoleAdmin,
	"get-config":       config.RoleAdmin,
	"list-audit":       config.RoleAdmin,
	"backup":           config.RoleAdmin,
	"reload":           config.RoleAdmin,
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
	return strings.ReplaceAll(d.String(), "{id}", url.PathEscape(cmp.Or(id, example.id))), example.body
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

			if role := lowest[d.op.OperationID]; role != "" {
				wantRefusal(t, c.ask("홍길동", what, body), http.StatusForbidden, CodeForbidden)
				wantRefusal(t, c.program("narrow", what, body), http.StatusForbidden, CodeForbidden)
			}
			if lowest[d.op.OperationID] == config.RoleAdmin {
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
