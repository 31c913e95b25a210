package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/gorilla/websocket"

	"calld/notify"
)

// How many guesses docs/api.md allows a minute, and how many more may be under
// way when the last of them counts.
const (
	byAccount = 10
	byAddress = 50
	underWay  = 2
	// sideBySide is how many one attacker makes at once: one after the other they
	// might take minutes.
	sideBySide = 8
)

// loginAttacks come last: they use up the guesses of a minute.
func loginAttacks() []attack {
	return []attack{
		{"http", "forged sessions", forged},
		{"http", "sessions that are over", over},
		{"http", "a session fixed before", fixed},
		{"http", "requests of other pages", crossSite},
		{"http", "guesses at one account", func(ctx context.Context, c *office) (string, error) {
			return c.guess(ctx, 40, byAccount, func(n int) (asker, string) {
				return c.as(fmt.Sprintf("127.0.1.%d", n+1)), "victim"
			})
		}},
		{"http", "guesses from one address", func(ctx context.Context, c *office) (string, error) {
			return c.guess(ctx, 90, byAddress, func(n int) (asker, string) {
				return c.as("127.0.2.1"), fmt.Sprintf("nobody%d", n)
			})
		}},
		{"http", "guesses as many addresses", func(ctx context.Context, c *office) (string, error) {
			return c.guess(ctx, 90, byAddress, func(n int) (asker, string) { // no proxy: its word does not count
				return c.as("127.0.2.2").with("X-Forwarded-For", fmt.Sprintf("10.0.0.%d", n)), fmt.Sprintf("someone%d", n)
			})
		}},
		{"http", "guesses through the proxy", func(ctx context.Context, c *office) (string, error) {
			return c.guess(ctx, 90, byAddress, func(n int) (asker, string) { // the proxy adds who asked it at the end
				return c.as(proxy).with("X-Forwarded-For", fmt.Sprintf("10.0.1.%d, 192.0.2.1", n)), fmt.Sprintf("anybody%d", n)
			})
		}},
		{"http", "guesses from one IPv6 site", func(ctx context.Context, c *office) (string, error) {
			return c.guess(ctx, 90, byAddress, func(n int) (asker, string) {
				return c.as(proxy).with("X-Forwarded-For", fmt.Sprintf("2001:db8::%x", n+1)), fmt.Sprintf("neighbour%d", n)
			})
		}},
		{"ws", "guesses at one account", guessFrames},
		{"http", "the others' log-ins meanwhile", func(ctx context.Context, c *office) (string, error) {
			_, err := c.login(ctx, "root")
			return "an admin at another address logs in", err
		}},
	}
}

// guess tries wrong passwords; no more than allowed are looked at.
func (c *office) guess(ctx context.Context, n, allowed int, who func(int) (asker, string)) (string, error) {
	answers := make(chan answer, n)
	slots := make(chan struct{}, sideBySide)
	for i := range n {
		slots <- struct{}{}
		go func() {
			defer func() { <-slots }()
			a, id := who(i)
			answers <- a.do(ctx, http.MethodPost, "/api/v1/session", map[string]string{"id": id, "password": fmt.Sprint("wrong", i)})
		}()
	}
	looked, limited := 0, 0
	var err error
	for range n {
		switch got := <-answers; got.status {
		case http.StatusUnauthorized:
			looked++
		case http.StatusTooManyRequests:
			limited++
		default:
			err = fmt.Errorf("a guess: %v", got)
		}
	}
	seen := fmt.Sprintf("%d guesses: %d looked at, %d answered 429", n, looked, limited)
	// A minute may end in between, and a new one begin.
	if looked > 2*allowed+underWay || limited == 0 {
		err = errors.Join(err, fmt.Errorf("more than %d a minute", allowed))
	}
	return seen, err
}

// guessFrames: guesses at the WebSocket count together with those before.
func guessFrames(ctx context.Context, c *office) (string, error) {
	limited := 0
	for i := range 2 * byAccount {
		conn, _, err := c.socket(ctx, fmt.Sprintf("127.0.3.%d", i+1), "", nil)
		if err != nil {
			return "", err
		}
		err = conn.WriteJSON(map[string]string{"type": "login", "id": "victim", "password": "wrong"})
		_, frame, readErr := conn.ReadMessage()
		if err := errors.Join(err, readErr, conn.Close()); err != nil && !websocket.IsCloseError(err) {
			return "", err
		}
		if strings.Contains(string(frame), string(notify.CodeLoginLimited)) {
			limited++
		}
	}
	seen := fmt.Sprintf("%d guesses: %d not looked at", 2*byAccount, limited)
	if limited == 0 {
		return seen, errors.New("nothing limits them")
	}
	return seen, nil
}

// forged: no cookie but one that calld has given opens anything.
func forged(ctx context.Context, c *office) (string, error) {
	kim, err := c.login(ctx, "kim")
	if err != nil {
		return "", err
	}
	_, right, _ := strings.Cut(kim.headers.Get("Cookie"), "=")
	list := []string{
		"", "kim", "root", "admin", right[1:], right[:len(right)-1], right + "A", strings.ToLower(right), strings.ToUpper(right),
		flip(right), "../../" + right, right + "%00", strings.Repeat("A", len(right)), strings.Repeat("A", 8000), `{"agent":"root"}`,
	}
	for _, value := range list {
		if value == right {
			continue
		}
		if got := c.as(stranger).session(value).get(ctx, "/api/v1/session"); got.status != http.StatusUnauthorized {
			return "", fmt.Errorf("%.60q: %v", value, got)
		}
	}
	if got := kim.get(ctx, "/api/v1/session"); got.status != http.StatusOK {
		return "", fmt.Errorf("the right one: %v", got)
	}
	return fmt.Sprintf("%d cookies, none let in", len(list)), nil
}

// flip changes one character of a session.
func flip(value string) string {
	if value[0] == 'A' {
		return "B" + value[1:]
	}
	return "A" + value[1:]
}

// fixed: a log-in makes a session of its own, whatever cookie the browser had.
func fixed(ctx context.Context, c *office) (string, error) {
	const planted = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	right := map[string]string{"id": "kim", "password": "pw-kim"}
	first := c.as("127.0.0.1").session(planted).do(ctx, http.MethodPost, "/api/v1/session", right)
	second := c.as("127.0.0.1").session(first.cookie()).do(ctx, http.MethodPost, "/api/v1/session", right)
	flags := first.header.Get("Set-Cookie")
	switch {
	case first.cookie() == "" || first.cookie() == planted || second.cookie() == first.cookie():
		return "", fmt.Errorf("the session is %q, then %q", first.cookie(), second.cookie())
	case c.as(stranger).session(planted).get(ctx, "/api/v1/session").status != http.StatusUnauthorized:
		return "", errors.New("the planted session is good")
	case !strings.Contains(flags, "HttpOnly") || !strings.Contains(flags, "SameSite=Strict"):
		return "", fmt.Errorf("the cookie is %s", flags)
	}
	return "each log-in makes a new one, HttpOnly and SameSite=Strict", nil
}

// over: a session ends with the log-out, a new password, a lower role, the removal.
func over(ctx context.Context, c *office) (string, error) {
	root, err := c.login(ctx, "root")
	if err != nil {
		return "", err
	}
	temp := map[string]any{"id": "temp", "password": "pw-temp", "role": "supervisor", "phone": "8099", "queues": []string{}}
	const path = "/api/v1/agents/temp"
	if got := root.do(ctx, http.MethodPost, "/api/v1/agents", temp); got.status != http.StatusCreated {
		return "", fmt.Errorf("agent not made: %v", got)
	}
	steps := []struct {
		what           string
		change         func(asker) answer
		session, plans int // the statuses of /session and of /plans, which agents may not see, afterwards
	}{
		{"nothing", func(asker) answer { return answer{status: http.StatusOK} }, 200, 200},
		{"log-out", func(a asker) answer { return a.do(ctx, http.MethodDelete, "/api/v1/session", nil) }, 401, 401},
		{"role", func(asker) answer {
			delete(temp, "id")
			delete(temp, "password")
			temp["role"] = "agent"
			return root.do(ctx, http.MethodPut, path, temp)
		}, 200, 403},
		{"password", func(asker) answer {
			temp["password"] = "pw-temp2"
			got := root.do(ctx, http.MethodPut, path, temp)
			temp["password"] = "pw-temp"
			return got
		}, 401, 401},
		{"password back", func(asker) answer { return root.do(ctx, http.MethodPut, path, temp) }, 401, 401},
		{"removal", func(asker) answer { return root.do(ctx, http.MethodDelete, path, nil) }, 401, 401},
	}
	in, err := c.login(ctx, "temp")
	if err != nil {
		return "", err
	}
	for _, s := range steps {
		if s.what == "role" || s.what == "removal" { // the session before is over
			if in, err = c.login(ctx, "temp"); err != nil {
				return "", err
			}
		}
		if got := s.change(in); got.status >= http.StatusMultipleChoices {
			return "", fmt.Errorf("%s: %v", s.what, got)
		}
		if got := in.get(ctx, "/api/v1/session"); got.status != s.session {
			return "", fmt.Errorf("session after %s: %v, want %d", s.what, got, s.session)
		}
		if got := in.get(ctx, "/api/v1/plans"); got.status != s.plans {
			return "", fmt.Errorf("plans after %s: %v, want %d", s.what, got, s.plans)
		}
	}
	return "no good after log-out, a new password (and the old one again) and removal; a lower role counts at once", nil
}

// crossSite: another page's requests change nothing, whatever cookie comes with them.
func crossSite(ctx context.Context, c *office) (string, error) {
	kim, err := c.login(ctx, "kim")
	if err != nil {
		return "", err
	}
	for name, value := range map[string]string{"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site", "Origin ": "null"} {
		a := kim.with(strings.TrimSpace(name), value)
		for _, got := range []answer{
			a.do(ctx, http.MethodDelete, "/api/v1/session", nil),
			a.do(ctx, http.MethodPut, "/api/v1/agents/kim/state", map[string]string{"state": "away"}),
			a.do(ctx, http.MethodPost, "/api/v1/session", map[string]string{"id": "kim", "password": "pw-kim"}),
		} {
			if got.status != http.StatusForbidden || !strings.Contains(got.body, "cross_origin") {
				return "", fmt.Errorf("%s %s: %v", name, value, got)
			}
		}
	}
	return "log-out, state and log-in are refused: cross_origin", nil
}
