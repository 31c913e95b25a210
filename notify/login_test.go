package notify_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"calld/notify"
	"calld/queue"
)

func TestLoginByFrame(t *testing.T) {
	login := func(id, password string) notify.Login {
		return notify.Login{Type: notify.TypeLogin, Ref: "in", ID: id, Password: password}
	}
	t.Run("right", func(t *testing.T) {
		o := newOffice(t)
		p := o.open("")
		if h := p.ask("x", notify.Ping{Type: notify.TypePing, Ref: "x"}); h.Code != notify.CodeLoginRequired {
			t.Errorf("ping before login: %+v", h)
		}
		if h := p.ask("in", login("홍길동", "홍길동")); h.Type != notify.TypeAck {
			t.Fatalf("login: %+v", h)
		}
		w := p.await(notify.TypeWelcome)
		if me := as[queue.AgentStatus](t, w.Agent); me.ID != "홍길동" || me.State != queue.Available {
			t.Errorf("welcome to %+v", me)
		}
		if h := p.ask("in", login("홍길동", "홍길동")); h.Code != notify.CodeLoggedIn {
			t.Errorf("a second login: %+v", h)
		}
	})
	for _, test := range []struct{ name, id, password string }{
		{"wrong password", "a2", "nonsense"},
		{"wrong id", "nobody", "nobody"},
		{"empty", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := newOffice(t)
			p := o.open("")
			if h := p.ask("in", login(test.id, test.password)); h.Code != notify.CodeLoginRefused {
				t.Errorf("answer %+v", h)
			}
			if code := p.awaitClose(); code != 4003 {
				t.Errorf("closed with %d, want 4003", code)
			}
			o.stop()
			if s := o.hub.Stats(); s.Disconnects[notify.LoginRefused] != 1 || s.Errors[notify.CodeLoginRefused] != 1 {
				t.Errorf("counted %+v", s)
			}
		})
	}
}

func TestGuessingIsLimited(t *testing.T) {
	o := newOffice(t)
	p := o.open("")
	if h := p.ask("in", notify.Login{Type: notify.TypeLogin, Ref: "in", ID: "a2", Password: tooOften}); h.Code != notify.CodeLoginLimited {
		t.Errorf("answer %+v", h)
	}
	if code := p.awaitClose(); code != 4003 {
		t.Errorf("closed with %d, want 4003", code)
	}
}

func TestSocketThatDoesNotLogInIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newPipeOffice(t)
		defer o.stop()
		p := o.open("")
		began := time.Now()
		if code := p.awaitClose(); code != 4002 {
			t.Errorf("closed with %d, want 4002", code)
		}
		if took := time.Since(began); took != 5*time.Second {
			t.Errorf("closed after %v, want 5s", took)
		}
		o.stop()
		if n := o.hub.Stats().Disconnects[notify.LoginLate]; n != 1 {
			t.Errorf("%d late logins counted", n)
		}
	})
}

func TestOrigin(t *testing.T) {
	o := newOffice(t, func(h *notify.HubOptions) { h.Origins = []string{"crm.example.com"} })
	host := o.url[len("ws://") : len(o.url)-len("/ws")]
	for _, test := range []struct {
		name, origin string
		ok           bool
	}{
		{"none", "", true},
		{"same host", "http://" + host, true},
		{"same host by https", "https://" + host, true},
		{"allowed", "https://CRM.example.com", true},
		{"other", "https://evil.example.com", false},
		{"same host, other port", "http://127.0.0.1:1", false},
		{"opaque", "null", false},
		{"rubbish", "::", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			header := http.Header{}
			if test.origin != "" {
				header.Set("Origin", test.origin)
			}
			conn, status, err := o.try("a2", header)
			if conn != nil {
				conn.Close()
			}
			switch {
			case test.ok && err != nil:
				t.Errorf("refused: %v", err)
			case !test.ok && status != http.StatusForbidden:
				t.Errorf("answered %d, %v; want 403", status, err)
			}
		})
	}
	if n := o.hub.Stats().Refused[notify.RefusedOrigin]; n != 4 {
		t.Errorf("%d refused for their origin, want 4", n)
	}
}

func TestTooManySocketsAreRefused(t *testing.T) {
	o := newOffice(t, func(h *notify.HubOptions) { h.MaxClients = 2 })
	one, _ := o.enter("a2")
	o.enter("boss")
	get := func() int {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http"+o.url[len("ws"):], nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-Session", "a2")
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	if code := get(); code != http.StatusServiceUnavailable {
		t.Errorf("a third socket is answered %d, want 503", code)
	}
	one.conn.Close()
	for get() == http.StatusServiceUnavailable { // until the place is free again
	}
	if code := get(); code != http.StatusBadRequest {
		t.Errorf("a request that is no WebSocket is answered %d, want 400", code)
	}
	if n := o.hub.Stats().Refused[notify.RefusedHandshake]; n == 0 {
		t.Error("no refused handshake is counted")
	}
}
