package api

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"calld/config"

	"github.com/danielgtaylor/huma/v2"
)

// hostileRequests is how many requests the test below makes: some seconds.
const hostileRequests = 8000

// TestHostileRequests asks for every operation with parameters and bodies made
// from their schemas: right ones, wrong ones, and ones that nobody would send.
// Nothing is answered by a fault of the server, every refusal is a documented
// problem, and every good answer fits its schema. The time is the bubble's, so
// that nobody waits for a target to answer.
func TestHostileRequests(t *testing.T) { synctest.Test(t, testHostileRequests) }

func testHostileRequests(t *testing.T) {
	c := newCampaigns(t)
	c.api.verify = func(config.Secret, string) bool { return false }
	c.api.hash = func(string) string { return "$argon2id$none" }
	c.answer("other", "billing")
	c.hold(c.answer("홍길동", "상담전화"))
	list, schemas := c.document()
	m := maker{rand.New(rand.NewPCG(1, 2)), schemas}
	sessions := map[string]string{}
	answers := map[int]int{}
	for range hostileRequests {
		d := list[m.IntN(len(list))]
		r := m.request(d)
		h := c.network
		switch id := m.pick(append(slices.Clone(people), "crm", "narrow", "root", "socket", "")); id {
		case "socket":
			h = c.admin
		case "":
		case "crm", "narrow", "root":
			r.Header.Set("Authorization", "Bearer "+tokenOf(id))
		default:
			if _, ok := c.api.store.Session(tokenKey(sessions[id]), time.Now()); !ok { // it was logged out
				sessions[id] = c.session(id)
			}
			r.AddCookie(&http.Cookie{Name: CookieName, Value: sessions[id]})
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		answers[w.Code]++
		switch {
		case w.Code >= http.StatusInternalServerError:
			t.Errorf("%s %s: %d %s", r.Method, r.URL, w.Code, w.Body)
		case w.Code >= http.StatusBadRequest:
			var p Problem
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || p.Status != w.Code || !slices.Contains(Codes(), p.Code) || p.Code == CodeOther {
				t.Errorf("%s %s: %d %s", r.Method, r.URL, w.Code, w.Body)
			}
		case w.Code < http.StatusMultipleChoices:
			d.fits(t, schemas, w)
		}
		if t.Failed() {
			return
		}
	}
	for _, status := range []int{200, 201, 204, 400, 401, 403, 404, 409, 412, 422} {
		if answers[status] == 0 {
			t.Errorf("nothing was answered %d: %v", status, answers)
		}
	}
	t.Log(answers)
}

// maker makes requests.
type maker struct {
	*rand.Rand
	schemas huma.Registry
}

// oneIn is true once in n times.
func (m maker) oneIn(n int) bool { return m.IntN(n) == 0 }

func (m maker) pick(list []string) string { return list[m.IntN(len(list))] }

// known are texts that mean something here, odd ones that mean nothing
// anywhere.
var (
	known = []string{
		"live-billing", "live-상담전화", "talk-billing", "talk-상담전화", "ended-billing", "ended-상담전화", "missed-billing",
		"missed-상담전화", "billing", "상담전화", "홍길동", "other", "sup", "관리자", "kim", "1", "2", "1-1", "t1", "K1", "crm", "0198", "0101", "010-1234-5678", "away", "801", "*", "12#",
	}
	odd = []string{
		"", " ", ".", "..", "../../etc/passwd", "a/b", `a\b`, "\x00", "\n", "\u202e", "👩‍👩‍👧", "%00", "%", "'; --", "<script>", "null", "-1",
		"1e999", "9223372036854775808", "AAAA", "\u200b", "0000-00-00", "{id}", "\"", "\ufeff", "W/\"x\"", strings.Repeat("긴", 70), strings.Repeat("x", 5000),
	}
)

func (m maker) text() string {
	switch m.IntN(4) {
	case 0:
		return m.pick(odd)
	case 1:
		b := make([]byte, m.IntN(20))
		for i := range b {
			b[i] = byte(m.IntN(256))
		}
		return string(b)
	}
	return m.pick(known)
}

// request makes one of an operation.
func (m maker) request(d documented) *http.Request {
	u := url.URL{Scheme: "http", Host: "calld"}
	path, query := d.path, url.Values{}
	header := http.Header{}
	for _, p := range d.op.Parameters {
		value := m.text()
		if !m.oneIn(4) {
			value = fmt.Sprint(m.value(p.Schema, 0))
		}
		switch {
		case p.In == "path":
			if value == "" {
				value = "x" // another path, which is no operation's
			}
			path = strings.ReplaceAll(path, "{"+p.Name+"}", url.PathEscape(value))
		case m.oneIn(2):
		case p.In == "query":
			query.Add(p.Name, value)
		case p.In == "header":
			header.Set(p.Name, strings.Map(func(r rune) rune {
				if r < ' ' || r > '~' {
					return -1
				}
				return r
			}, value))
		}
	}
	u.RawQuery = query.Encode()
	body := ""
	if d.op.RequestBody != nil {
		body = m.body(d.op.RequestBody.Content["application/json"].Schema)
		header.Set("Content-Type", "application/json")
	}
	if m.oneIn(50) {
		body, u.RawQuery = m.text(), m.text()
		u.RawQuery = url.PathEscape(u.RawQuery)
	}
	r := httptest.NewRequest(d.method, "http://calld/", strings.NewReader(body))
	parsed, err := url.Parse("http://calld" + path + "?" + u.RawQuery)
	if err != nil {
		parsed = &url.URL{Path: d.path} // no client can send that
	}
	r.URL, r.Header = parsed, header
	return r
}

func (m maker) body(s *huma.Schema) string {
	text, err := json.Marshal(m.value(s, 0))
	switch {
	case err != nil:
		return "{"
	case m.oneIn(40):
		return string(text[:m.IntN(len(text)+1)])
	}
	return string(text)
}

// deep bounds how deep values are nested.
const deep = 5

// value makes one that mostly fits a schema.
func (m maker) value(s *huma.Schema, depth int) any {
	if s.Ref != "" {
		s = m.schemas.SchemaFromRef(s.Ref)
	}
	if m.oneIn(12) || depth > deep {
		return m.anything(depth)
	}
	switch {
	case len(s.Enum) > 0:
		return s.Enum[m.IntN(len(s.Enum))]
	case s.Format == "date-time":
		return m.pick([]string{"2026-11-01T09:00:00Z", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59+14:00", "1677-01-01T00:00:00Z", "2262-12-31T00:00:00Z"})
	}
	switch s.Type {
	case huma.TypeBoolean:
		return m.oneIn(2)
	case huma.TypeInteger:
		least, most := -3.0, 1e4
		if s.Minimum != nil {
			least = *s.Minimum
		}
		if s.Maximum != nil {
			most = *s.Maximum
		}
		return int(least) - 1 + m.IntN(int(most-least)+3)
	case huma.TypeNumber:
		return m.NormFloat64()
	case huma.TypeArray:
		list := make([]any, m.IntN(4))
		for i := range list {
			list[i] = m.value(s.Items, depth+1)
		}
		return list
	case huma.TypeObject:
		return m.object(s, depth)
	}
	return m.text()
}

func (m maker) object(s *huma.Schema, depth int) any {
	o := map[string]any{}
	names := make([]string, 0, len(s.Properties))
	for name := range s.Properties {
		names = append(names, name)
	}
	slices.Sort(names) // else the seed would not tell the request
	for _, name := range names {
		if slices.Contains(s.Required, name) && !m.oneIn(20) || m.oneIn(2) {
			o[name] = m.value(s.Properties[name], depth+1)
		}
	}
	if more, ok := s.AdditionalProperties.(*huma.Schema); ok || m.oneIn(20) {
		if more == nil {
			more = &huma.Schema{Type: huma.TypeString}
		}
		o[m.pick([]string{"X-Order", "x", m.text()})] = m.value(more, depth+1)
	}
	return o
}

// anything is a value of any kind.
func (m maker) anything(depth int) any {
	switch m.IntN(7) {
	case 0:
		return nil
	case 1:
		return m.oneIn(2)
	case 2:
		return []any{math.MaxInt64, math.MinInt64, 1e300, -0.5, 0}[m.IntN(5)]
	case 3:
		if depth <= deep {
			return []any{m.anything(depth + 1)}
		}
	case 4:
		if depth <= deep {
			return map[string]any{m.text(): m.anything(depth + 1)}
		}
	}
	return m.text()
}
