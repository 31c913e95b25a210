package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"calld/config"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/go-cmp/cmp"
)

// documented is one operation of the OpenAPI document.
type documented struct {
	method, path string
	op           *huma.Operation
}

func (d documented) String() string { return d.method + " " + d.path }

// document lists all operations, sorted.
func (c *centre) document() (list []documented, schemas huma.Registry) {
	h := c.api.register(http.NewServeMux(), (*API).authenticate)
	for path, item := range h.OpenAPI().Paths {
		for method, op := range operations(item) {
			list = append(list, documented{method, path, op})
		}
	}
	slices.SortFunc(list, func(a, b documented) int { return strings.Compare(a.path+a.method, b.path+b.method) })
	return list, h.OpenAPI().Components.Schemas
}

// TestOperations: the promised list. What programs rely on does not change by
// accident.
func TestOperations(t *testing.T) {
	c := newCentre(t)
	var got bytes.Buffer
	list, _ := c.document()
	for _, d := range list {
		var params []string
		for _, p := range d.op.Parameters {
			params = append(params, p.Name)
		}
		fmt.Fprintf(&got, "%-6s %-32s %-16s %s\n", d.method, d.path, d.op.OperationID, strings.Join(params, ","))
	}
	fmt.Fprintln(&got)
	for _, code := range Codes() {
		fmt.Fprintln(&got, code)
	}
	const golden = "testdata/operations.txt"
	if *update {
		if err := os.WriteFile(golden, got.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got.String(), "\n")); diff != "" {
		t.Errorf("operations and codes (-want +got; write anew with -update):\n%s", diff)
	}
}

// TestCodes: the list of codes has each that the source declares.
func TestCodes(t *testing.T) {
	source, err := os.ReadFile("errors.go")
	if err != nil {
		t.Fatal(err)
	}
	declared := []Code{CodeInvalid} // whose line says the type
	for _, m := range regexp.MustCompile(`(?m)^\tCode\w+ +Code = "(\w+)"`).FindAllSubmatch(source, -1) {
		declared = append(declared, Code(m[1]))
	}
	declared = slices.Compact(slices.Sorted(slices.Values(declared)))
	listed := slices.Sorted(slices.Values(Codes()))
	if diff := cmp.Diff(declared, listed); diff != "" {
		t.Errorf("codes (-declared +listed):\n%s", diff)
	}
}

// TestCodesDocumented: the guide for integrators lists each code, and no other.
func TestCodesDocumented(t *testing.T) {
	text, err := os.ReadFile("../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "| code | status | |")
	var documented []Code
	for _, m := range regexp.MustCompile("(?m)^\\| `(\\w+)` \\|").FindAllStringSubmatch(table, -1) {
		documented = append(documented, Code(m[1]))
	}
	slices.Sort(documented)
	if diff := cmp.Diff(slices.Sorted(slices.Values(Codes())), documented); diff != "" {
		t.Errorf("codes (-listed +documented):\n%s", diff)
	}
}

// TestDocument: the document is OpenAPI 3.1, all its references lead
// somewhere, and each operation has what a reader needs.
func TestDocument(t *testing.T) {
	c := newCentre(t)
	r := c.ask("", "GET /api/openapi.json", "")
	body := r.Body.String()
	if ct := r.Header().Get("Content-Type"); r.Code != http.StatusOK || ct != "application/openapi+json" {
		t.Errorf("%d, %s", r.Code, ct)
	}
	var doc struct {
		OpenAPI    string
		Components struct {
			Schemas         map[string]any
			SecuritySchemes map[string]any
		}
	}
	if err := json.Unmarshal([]byte(body), &doc); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(doc.OpenAPI, "3.1.") || doc.Components.SecuritySchemes["session"] == nil {
		t.Errorf("OpenAPI %s, security %v", doc.OpenAPI, doc.Components.SecuritySchemes)
	}
	for _, m := range regexp.MustCompile(`"\$ref":"([^"]*)"`).FindAllStringSubmatch(body, -1) {
		name, ok := strings.CutPrefix(m[1], "#/components/schemas/")
		if !ok || doc.Components.Schemas[name] == nil {
			t.Errorf("%s leads nowhere", m[1])
		}
	}
	list, _ := c.document()
	for _, d := range list {
		good, failed := false, d.op.Responses["default"] != nil
		for status, resp := range d.op.Responses {
			good = good || strings.HasPrefix(status, "2") && resp.Description != ""
		}
		if !good || !failed || d.op.Summary == "" || len(d.op.Tags) == 0 || d.op.OperationID == "" {
			t.Errorf("%s: operation %q, summary %q, tags %v, answers %v", d, d.op.OperationID, d.op.Summary, d.op.Tags, d.op.Responses)
		}
		for _, m := range regexp.MustCompile(`\{(\w+)\}`).FindAllStringSubmatch(d.path, -1) {
			if !slices.ContainsFunc(d.op.Parameters, func(p *huma.Param) bool { return p.Name == m[1] && p.In == "path" && p.Required }) {
				t.Errorf("%s: %s is not described", d, m[1])
			}
		}
		if public := d.op.Security != nil && len(d.op.Security) == 0; public != (d.op.OperationID == "login") {
			t.Errorf("%s: needs no session: %t", d, public)
		}
	}
}

// examples are a good request for each operation that takes more than its
// parameters; {id} is replaced in paths.
var examples = map[string]struct{ id, body string }{
	"login":             {"", rightLogin},
	"get-queue":         {"billing", ""},
	"set-agent-state":   {"other", `{"state":"away"}`},
	"get-agent":         {"other", ""},
	"create-agent":      {"", `{"id":"park","password":"x","queues":["billing"]}`},
	"replace-agent":     {"kim", `{"name":"Kim","phone":"812","queues":["billing"]}`},
	"delete-agent":      {"lee", ""},
	"make-call":         {"", `{"agent":"other","number":"0103"}`},
	"get-call":          {"live-billing", ""},
	"patch-call":        {"ended-billing", `{"memo":"x"}`},
	"get-recording":     {"ended-billing", ""},
	"hangup-call":       {"talk-billing", ""},
	"hold-call":         {"talk-billing", ""},
	"unhold-call":       {"talk-billing", ""},
	"transfer-call":     {"talk-상담전화", `{"to":{"queue":"billing"}}`},
	"complete-transfer": {"talk-billing", ""},
	"cancel-transfer":   {"talk-billing", ""},
	"dtmf-call":         {"talk-billing", `{"to":"agent","digits":"1"}`},
	"call-back":         {"missed-billing", ""},
	"cancel-callback":   {"booked-billing", ""},
	"resolve-missed":    {"missed-billing", `{"reason":"x"}`},
	"spy":               {"live-billing", `{"mode":"listen"}`},
	"free-agent":        {"other", ""},
	"log-out-agent":     {"other", ""},
	"test-webhook":      {"crm", ""},
	"forget":            {"", `{"number":"0102"}`},

	"create-plan":         {"", `{"name":"p","mode":"preview"}`},
	"get-plan":            {"1", ""},
	"replace-plan":        {"1", `{"name":"p","mode":"preview"}`},
	"delete-plan":         {"2", ""},
	"create-dial-list":    {"", `{"name":"l"}`},
	"get-dial-list":       {"1", ""},
	"replace-dial-list":   {"1", `{"name":"l"}`},
	"delete-dial-list":    {"2", ""},
	"create-campaign":     {"", `{"name":"c","plan":"1","dial_list":"1","queue":"billing"}`},
	"get-campaign":        {"1", ""},
	"replace-campaign":    {"1", `{"name":"c","plan":"1","dial_list":"1","queue":"billing"}`},
	"delete-campaign":     {"2", ""},
	"list-entries":        {"1", ""},
	"load-entries":        {"1", `[{"numbers":["0102"]}]`},
	"list-results":        {"1", ""},
	"export-results":      {"1", ""},
	"campaign-stats":      {"1", ""},
	"start-campaign":      {"1", ""},
	"pause-campaign":      {"1", ""},
	"stop-campaign":       {"1", ""},
	"force-stop-campaign": {"1", ""},
	"campaign-live":       {"1", ""},
	"preview-customer":    {"1", ""},
	"dial-preview":        {"t1", ""},
	"skip-preview":        {"t1", ""},
	"bar-numbers":         {"", `{"number":"0199"}`},
	"unbar-number":        {"0198", ""},
}

// TestAnswersAsDocumented: each operation, asked rightly, answers with a
// documented status and a body that fits its schema.
func TestAnswersAsDocumented(t *testing.T) {
	c := newCampaigns(t)
	c.answer("other", "billing")
	c.book("billing")
	c.hold(c.answer("홍길동", "상담전화"))
	c.makeAgents("kim", "lee")
	list, schemas := c.document()
	for _, d := range list {
		switch d.op.OperationID {
		case "logout", "unhold-call", "complete-transfer", "cancel-transfer":
			continue // TestLogin, TestUnhold and TestConsult have them
		}
		t.Run(d.op.OperationID, func(t *testing.T) {
			example := examples[d.op.OperationID]
			d.fits(t, schemas, c.ask("관리자", strings.NewReplacer("{id}", example.id, "{number}", example.id).Replace(d.String()), example.body))
		})
	}
}

// fits checks that a good answer has a documented status and fits its schema.
func (d documented) fits(t *testing.T, schemas huma.Registry, r *httptest.ResponseRecorder) {
	t.Helper()
	body := r.Body.String()
	resp := d.op.Responses[fmt.Sprint(r.Code)]
	if resp == nil {
		t.Fatalf("%s: status %d is not documented: %s", d, r.Code, body)
	}
	media := resp.Content[r.Header().Get("Content-Type")]
	if media == nil {
		if body != "" || len(resp.Content) > 0 {
			t.Fatalf("%s: %s is not documented", d, r.Header().Get("Content-Type"))
		}
		return
	}
	if media.Schema.Format == "binary" {
		return
	}
	var v any
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatal(err)
	}
	var result huma.ValidateResult
	huma.Validate(schemas, media.Schema, huma.NewPathBuffer(nil, 0), huma.ModeReadFromServer, v, &result)
	if len(result.Errors) > 0 {
		t.Errorf("%s: %v in %s", d, result.Errors, body)
	}
}

// TestDocsPage: it names each operation, and its policy fits its style.
func TestDocsPage(t *testing.T) {
	c := newCentre(t)
	r := c.ask("", "GET /api/docs", "")
	page := r.Body.String()
	list, _ := c.document()
	for _, d := range list {
		if !strings.Contains(page, "<code>"+d.String()+"</code>") {
			t.Errorf("no %s", d)
		}
	}
	style := regexp.MustCompile(`(?s)<style>(.*)</style>`).FindStringSubmatch(page)
	if style == nil {
		t.Fatal("no style")
	}
	hash := sha256.Sum256([]byte(style[1]))
	if policy := r.Header().Get("Content-Security-Policy"); !strings.Contains(policy, base64.StdEncoding.EncodeToString(hash[:])) {
		t.Errorf("the policy %q forbids the page's style", policy)
	}
	if strings.Contains(page, "<script") || strings.Contains(page, "//unpkg") {
		t.Error("the page loads something")
	}
}

// FuzzRequests: whatever is asked of any operation, by anybody, is answered,
// and never by a fault of the server.
func FuzzRequests(f *testing.F) {
	f.Add(uint8(0), "billing", "limit=5", `{"memo":"x"}`)
	f.Add(uint8(5), "홍길동", "cursor=AAAA&limit=1", `{"state":"away","reason":"x"}`)
	f.Add(uint8(7), "..", "from=2026-01-01T00:00:00Z&text=%00", `{"memo":null,"disposition":""}`)
	f.Add(uint8(9), "\x00/\xff", "from=0000-01-01T00:00:00Z&to=9999-12-31T23:59:59Z", "[]")
	f.Add(uint8(11), "missed-billing", "queue=&caller=%ff&outcome=full", `{"reason":"x"}`)
	f.Add(uint8(12), "ended-billing", "a=1;b=%zz", `{"id":"\ud800","password":"x"}`)
	c := newCampaigns(f)
	c.api.verify = func(config.Secret, string) bool { return false }
	list, _ := c.document()
	token := c.session("관리자")
	f.Fuzz(func(t *testing.T, n uint8, id, query, body string) {
		d := list[int(n)%len(list)]
		u := url.URL{Path: strings.NewReplacer("{id}", id, "{number}", id).Replace(d.path), RawQuery: query}
		r, err := http.NewRequest(d.method, "http://calld"+u.String(), strings.NewReader(body))
		if err != nil || d.op.OperationID == "logout" {
			return // no client can send it
		}
		r.RemoteAddr = "127.0.0.1:1"
		r.AddCookie(&http.Cookie{Name: CookieName, Value: token})
		for _, h := range []http.Handler{c.network, c.admin} {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code >= http.StatusInternalServerError {
				t.Errorf("%s %s: %d %s", d.method, r.URL, w.Code, w.Body)
			}
			if w.Code >= http.StatusBadRequest && w.Header().Get("Content-Type") != "application/problem+json" {
				t.Errorf("%s %s: %d is no problem document: %s", d.method, r.URL, w.Code, w.Body)
			}
		}
	})
}
