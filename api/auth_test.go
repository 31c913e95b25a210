package api

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"calld/config"
	"calld/store"

	"github.com/google/go-cmp/cmp"
)

const rightLogin = `{"id":"홍길동","password":"right"}`

func sessionCookie(tb testing.TB, r *httptest.ResponseRecorder) *http.Cookie {
	tb.Helper()
	if r.Code >= 300 {
		tb.Fatalf("status %d: %s", r.Code, r.Body)
	}
	cookie, err := http.ParseSetCookie(r.Header().Get("Set-Cookie"))
	if err != nil || cookie.Name != CookieName {
		tb.Fatalf("cookie %v, %v", cookie, err)
	}
	return cookie
}

func TestLogin(t *testing.T) {
	c := newCentre(t)
	r := c.ask("", "POST /api/v1/session", rightLogin)
	cookie := sessionCookie(t, r)
	if !cookie.HttpOnly || cookie.SameSite != http.SameSiteStrictMode || cookie.Secure || cookie.Path != "/" ||
		cookie.MaxAge != int(SessionLife.Seconds()) || cookie.Domain != "" {
		t.Errorf("cookie = %v", cookie)
	}
	want := Me{ID: "홍길동", Name: "홍길동", Role: config.RoleAgent, Queues: []string{"상담전화"}, Phone: "801"}
	if diff := cmp.Diff(want, read[Me](t, r, http.StatusOK)); diff != "" {
		t.Errorf("me (-want +got):\n%s", diff)
	}
	me := asked(c.network, cookie.Value, "GET /api/v1/session", "")
	if diff := cmp.Diff(want, read[Me](t, me, http.StatusOK)); diff != "" {
		t.Errorf("me later (-want +got):\n%s", diff)
	}

	out := asked(c.network, cookie.Value, "DELETE /api/v1/session", "")
	if gone := sessionCookie(t, out); gone.Value != "" || gone.MaxAge >= 0 {
		t.Errorf("cookie after logging out = %v", gone)
	}
	wantProblem(t, asked(c.network, cookie.Value, "GET /api/v1/session", ""), http.StatusUnauthorized, CodeUnauthorized)
}

// TestSecureCookie: over TLS the cookie never goes over anything else.
func TestSecureCookie(t *testing.T) {
	c := newCentre(t)
	r := httptest.NewRequest(http.MethodPost, "https://calld/api/v1/session", strings.NewReader(rightLogin)) // sets r.TLS
	w := httptest.NewRecorder()
	c.network.ServeHTTP(w, r)
	if !sessionCookie(t, w).Secure {
		t.Error("the cookie is not Secure")
	}
}

// TestNoSession: sessions that are none.
func TestNoSession(t *testing.T) {
	c := newCentre(t)
	expired := newToken()
	over := store.Session{Agent: "sup", Mark: passwordMark(expired, "right"), Expires: time.Now().Add(-time.Second)}
	if err := c.store.PutSession(t.Context(), tokenKey(expired), over); err != nil {
		t.Fatal(err)
	}
	for name, token := range map[string]string{
		"none": "", "made up": newToken(), "expired": expired, "rubbish": "%%%", "long": strings.Repeat("x", 4000),
		"the stored key itself": tokenKey(c.session("sup")),
	} {
		t.Run(name, func(t *testing.T) {
			wantProblem(t, asked(c.network, token, "GET /api/v1/queues", ""), http.StatusUnauthorized, CodeUnauthorized)
		})
	}
}

// TestChangedPassword: a reload that changes a password takes the sessions
// begun with the old one, and no others.
func TestChangedPassword(t *testing.T) {
	c := newCentre(t)
	changed, other := c.session("홍길동"), c.session("other")
	c.configure(strings.Replace(centreConfig, `"right"`, `"newer"`, 1))
	wantProblem(t, asked(c.network, changed, "GET /api/v1/session", ""), http.StatusUnauthorized, CodeUnauthorized)
	if w := asked(c.network, other, "GET /api/v1/session", ""); w.Code != http.StatusOK {
		t.Errorf("the session of another: %d %s", w.Code, w.Body)
	}
	if w := asked(c.network, c.session("홍길동"), "GET /api/v1/session", ""); w.Code != http.StatusOK {
		t.Errorf("a session with the new password: %d %s", w.Code, w.Body)
	}
}

// TestRemovedAgent: a reload takes the sessions of those it removes, and
// gives those it leaves their new rights at once.
func TestRemovedAgent(t *testing.T) {
	c := newCentre(t)
	gone, changed := c.session("other"), c.session("홍길동")
	c.configure(strings.Replace(strings.Replace(centreConfig, "agents.other", "agents.another", 1),
		"phone = \"801\"", "role = \"admin\"\nphone = \"801\"", 1))
	wantProblem(t, asked(c.network, gone, "GET /api/v1/session", ""), http.StatusUnauthorized, CodeUnauthorized)
	if r := asked(c.network, changed, "POST /api/v1/reload", ""); r.Code != http.StatusOK {
		t.Errorf("a new admin gets %d", r.Code)
	}
}

func TestAgentOf(t *testing.T) {
	c := newCentre(t)
	r := httptest.NewRequest(http.MethodGet, "/ws", http.NoBody)
	if got := c.api.AgentOf(r); got != "" {
		t.Errorf("without a cookie: %q", got)
	}
	r.AddCookie(&http.Cookie{Name: CookieName, Value: c.session("홍길동")})
	if got := c.api.AgentOf(r); got != "홍길동" {
		t.Errorf("with a session: %q", got)
	}
	r = httptest.NewRequest(http.MethodGet, "/ws", http.NoBody)
	r.AddCookie(&http.Cookie{Name: CookieName, Value: newToken()})
	if got := c.api.AgentOf(r); got != "" {
		t.Errorf("with a made-up session: %q", got)
	}
}

// TestWrongLogin: a wrong password and an unknown id are told apart by
// nothing, and a password that stands plain in the file by no less work.
func TestWrongLogin(t *testing.T) {
	c := newCentre(t)
	c.configure(centreConfig + "[agents.hashed]\npassword = \"" + config.HashPassword("right") + "\"\nrole = \"admin\"\n")
	var hashes atomic.Int32
	c.api.verify = func(stored config.Secret, password string) bool {
		if config.IsHashed(stored) {
			hashes.Add(1)
		}
		return config.VerifyPassword(stored, password)
	}
	logins := map[string]struct {
		body string
		code Code
	}{
		"unknown id":     {`{"id":"nobody","password":"right"}`, CodeBadLogin},
		"plain, wrong":   {`{"id":"홍길동","password":"wrong"}`, CodeBadLogin},
		"plain, right":   {rightLogin, ""},
		"hashed, wrong":  {`{"id":"hashed","password":"wrong"}`, CodeBadLogin},
		"hashed, right":  {`{"id":"hashed","password":"right"}`, ""},
		"another's case": {`{"id":"Hashed","password":"right"}`, CodeBadLogin},
	}
	var details []string
	for name, l := range logins {
		hashes.Store(0)
		r := c.ask("", "POST /api/v1/session", l.body)
		if l.code == "" {
			sessionCookie(t, r)
		} else {
			details = append(details, wantProblem(t, r, http.StatusUnauthorized, l.code).Detail)
		}
		if got := hashes.Load(); got != 1 {
			t.Errorf("%s: %d hashes were checked, want 1", name, got)
		}
	}
	for _, d := range details {
		if d != details[0] {
			t.Errorf("told apart: %q and %q", d, details[0])
		}
	}
	if config.VerifyPassword(unknownPassword, "right") || !config.IsHashed(unknownPassword) {
		t.Error("the hash for unknown ids is none")
	}
}

// TestGuessingIsLimited: of many guesses at once no more are checked than may
// be, and never more than loginsAtOnce side by side.
func TestGuessingIsLimited(t *testing.T) {
	c := newCentre(t)
	var now, most, all atomic.Int32
	c.api.verify = func(stored config.Secret, _ string) bool {
		if config.IsHashed(stored) {
			return false
		}
		all.Add(1)
		for n := now.Add(1); ; {
			if m := most.Load(); n <= m || most.CompareAndSwap(m, n) {
				break
			}
		}
		defer now.Add(-1)
		return false
	}
	var g sync.WaitGroup
	var refused atomic.Int32
	for range 4 * guessesByAgent {
		g.Go(func() {
			if r := asked(c.network, "", "POST /api/v1/session", `{"id":"홍길동","password":"guess"}`); r.Code == http.StatusTooManyRequests {
				refused.Add(1)
			}
		})
	}
	g.Wait()
	if got := all.Load(); got < guessesByAgent || got > guessesByAgent+loginsAtOnce-1 {
		t.Errorf("%d passwords were checked, want %d", got, guessesByAgent)
	}
	if got := most.Load(); got > loginsAtOnce {
		t.Errorf("%d at once, want at most %d", got, loginsAtOnce)
	}
	if refused.Load() == 0 {
		t.Error("nothing was refused")
	}
	wantProblem(t, c.ask("", "POST /api/v1/session", rightLogin), http.StatusTooManyRequests, CodeTooManyLogins)
	if got := all.Load(); got > guessesByAgent+loginsAtOnce-1 {
		t.Error("a password was checked although it may not be guessed")
	}
}

// TestEndlessID: of an id as long as a frame nothing is kept and nothing logged.
func TestEndlessID(t *testing.T) {
	c := newCentre(t)
	var log bytes.Buffer
	c.api.log = slog.New(slog.NewTextHandler(&log, nil))
	long := strings.Repeat("홍", maxLoginID+1)
	if _, err := c.api.Login(t.Context(), long, "x", "192.0.2.1"); !errors.Is(err, ErrBadLogin) {
		t.Errorf("error %v", err)
	}
	for id := range c.api.guesses.counts {
		if len(id) > 100 {
			t.Errorf("%d bytes are kept", len(id))
		}
	}
	if strings.Contains(log.String(), long) || !strings.Contains(log.String(), "192.0.2.1") {
		t.Errorf("logged: %.300s", log.String())
	}
}

func TestGuesses(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	t.Run("by id, from many hosts", func(t *testing.T) {
		var g guesses
		for i := range guessesByAgent {
			if g.wait(now, "host", "a") > 0 {
				t.Fatalf("guess %d is refused", i)
			}
			g.failed(now, string(rune('a'+i)), "a")
		}
		if g.wait(now, "new", "a") == 0 || g.wait(now, "new", "b") > 0 {
			t.Error("the limit is not that of the id")
		}
		if g.wait(now.Add(guessWindow), "new", "a") > 0 {
			t.Error("the window never ends")
		}
	})
	t.Run("by host, for many ids", func(t *testing.T) {
		var g guesses
		for i := range guessesByHost {
			g.failed(now, "host", string(rune(1000+i)))
		}
		if g.wait(now, "host", "new") == 0 || g.wait(now, "other", "new") > 0 {
			t.Error("the limit is not that of the host")
		}
	})
	t.Run("an IPv6 site is one host", func(t *testing.T) {
		var g guesses
		for i := range guessesByHost {
			g.failed(now, fmt.Sprintf("2001:db8::%x", i+1), fmt.Sprint(i))
		}
		if g.wait(now, "2001:db8::ffff", "new") == 0 || g.wait(now, "2001:db8:0:1::1", "new") > 0 {
			t.Error("the limit is not that of the site")
		}
	})
	t.Run("no host is taken for an id", func(t *testing.T) {
		var g guesses
		for range guessesByHost {
			g.failed(now, "same", "x")
		}
		if g.wait(now, "other", "same") > 0 {
			t.Error("they share a count")
		}
	})
	t.Run("memory is bounded", func(t *testing.T) {
		var g guesses
		for i := range maxGuessed {
			g.failed(now, "h", string(rune(i)))
		}
		if g.wait(now, "new", "new") == 0 || len(g.counts) > maxGuessed+2 {
			t.Errorf("%d counts, and still open", len(g.counts))
		}
		if g.wait(now.Add(guessWindow), "new", "new") > 0 {
			t.Error("it stays closed")
		}
	})
}

// TestForeignPages: a browser that shows another origin's page may read
// nothing (no CORS header ever) and change nothing, not even a log-in.
func TestForeignPages(t *testing.T) {
	c := newCentre(t)
	ask := func(origin, site, what, body string) *httptest.ResponseRecorder {
		method, path, _ := strings.Cut(what, " ")
		r := httptest.NewRequest(method, "http://calld.example:8080"+path, strings.NewReader(body))
		r.AddCookie(&http.Cookie{Name: CookieName, Value: c.session("관리자")})
		r.Header.Set("Content-Type", "text/plain") // what a form can send
		if origin != "" {
			r.Header.Set("Origin", origin)
		}
		if site != "" {
			r.Header.Set("Sec-Fetch-Site", site)
		}
		w := httptest.NewRecorder()
		c.network.ServeHTTP(w, r)
		if h := w.Header().Get("Access-Control-Allow-Origin"); h != "" {
			t.Errorf("CORS: %s", h)
		}
		return w
	}
	for _, tt := range []struct{ origin, site string }{
		{"http://evil.example", "cross-site"},
		{"http://evil.example", ""},
		{"http://calld.example:9999", "same-site"},
		{"http://calld.example:9999", ""},
		{"null", ""},
		{"", "cross-site"},
	} {
		for what, body := range map[string]string{
			"POST /api/v1/reload": "", "POST /api/v1/session": rightLogin, "PUT /api/v1/agents/other/state": `{"state":"away"}`,
			"DELETE /api/v1/session": "", "PATCH /api/v1/calls/ended-billing": `{"memo":"x"}`,
		} {
			wantProblem(t, ask(tt.origin, tt.site, what, body), http.StatusForbidden, CodeCrossOrigin)
		}
	}
	for _, tt := range []struct{ origin, site string }{
		{"http://calld.example:8080", "same-origin"}, {"http://calld.example:8080", ""}, {"", ""}, {"", "none"},
	} {
		if r := ask(tt.origin, tt.site, "POST /api/v1/reload", ""); r.Code != http.StatusOK {
			t.Errorf("%+v: %d", tt, r.Code)
		}
	}
	// No body of a form's kind is read as JSON, whatever its origin.
	wantProblem(t, ask("", "", "PATCH /api/v1/calls/ended-billing", `{"memo":"x"}`), http.StatusUnsupportedMediaType, CodeMediaType)
}
