package lab

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
)

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// fakeServer speaks the least of the server's side; the frames in after are
// sent behind the welcome. It tells how each connection ended.
func fakeServer(t *testing.T, after ...string) (url string, ended <-chan error) {
	t.Helper()
	ends := make(chan error, 4)
	upgrader := websocket.Upgrader{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer conn.Close()
		send := func(frame string) { conn.WriteMessage(websocket.TextMessage, []byte(frame)) }
		for {
			var m struct{ Type, Ref, Password, State string }
			if err := conn.ReadJSON(&m); err != nil {
				ends <- err
				return
			}
			switch {
			case m.Type == "login" && m.Password == "right":
				send(`{"type":"welcome","seq":10,"agent":{"id":"홍길동"}}`)
				for _, frame := range after {
					send(frame)
				}
			case m.Type == "login":
				send(`{"type":"error","code":"bad_login"}`)
			case m.State == "asleep":
				send(fmt.Sprintf(`{"type":"error","ref":%q,"code":"bad_state"}`, m.Ref))
			default:
				send(fmt.Sprintf(`{"type":"ack","ref":%q}`, m.Ref))
			}
		}
	}))
	t.Cleanup(srv.Close)
	return "ws" + strings.TrimPrefix(srv.URL, "http"), ends
}

func TestAgent(t *testing.T) {
	url, ended := fakeServer(t, `{"type":"agent.state","seq":11}`, `{"type":"call.ringing","seq":12,"call":{"id":"c1"}}`, `{"type":"agent.state","seq":13}`)
	seen := make(chan Message, 10)
	a, err := DialAgent(t.Context(), url, AgentOptions{ID: "홍길동", Password: "right", Seen: func(m Message) { seen <- m }})
	if err != nil {
		t.Fatal(err)
	}
	var welcome struct{ Agent struct{ ID string } }
	if err := a.Welcome.Decode(&welcome); err != nil || welcome.Agent.ID != "홍길동" {
		t.Errorf("welcome %+v, %v", welcome, err)
	}
	// A message is found though later ones came before the wait, and is
	// returned once.
	for _, want := range []struct {
		kind string
		seq  uint64
	}{{"call.ringing", 12}, {"agent.state", 11}, {"agent.state", 13}} {
		if m, err := a.WaitType(t.Context(), want.kind); err != nil || m.Seq != want.seq {
			t.Errorf("got %+v, %v; want %s %d", m, err, want.kind, want.seq)
		}
	}
	if err := a.State(t.Context(), "away", "점심"); err != nil {
		t.Error(err)
	}
	if err := a.Memo(t.Context(), "c1", "memo", ""); err != nil {
		t.Error(err)
	}
	if err := a.WrapupDone(t.Context()); err != nil {
		t.Error(err)
	}
	if err := a.State(t.Context(), "asleep", ""); !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "bad_state") {
		t.Errorf("error %v, want the refusal", err)
	}
	if err := a.Err(); err != nil {
		t.Error(err)
	}
	if n := len(a.Messages()); n != 8 || len(seen) != n {
		t.Errorf("%d messages kept and %d seen, want 8", n, len(seen))
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; !websocket.IsCloseError(err, websocket.CloseGoingAway) {
		t.Errorf("server saw %v, want a goodbye", err)
	}
	if _, err := a.WaitType(t.Context(), "none"); !errors.Is(err, ErrAgent) {
		t.Errorf("wait on a closed connection: %v", err)
	}
}

func TestAgentDrop(t *testing.T) {
	url, ended := fakeServer(t)
	a, err := DialAgent(t.Context(), url, AgentOptions{ID: "a", Password: "right"})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Drop(); err != nil {
		t.Error(err)
	}
	if err := <-ended; websocket.IsCloseError(err, websocket.CloseGoingAway, websocket.CloseNormalClosure) {
		t.Errorf("server saw a goodbye: %v", err)
	}
}

func TestAgentRefused(t *testing.T) {
	url, _ := fakeServer(t)
	if _, err := DialAgent(t.Context(), url, AgentOptions{ID: "a", Password: "wrong"}); !errors.Is(err, ErrRefused) {
		t.Errorf("error %v, want a refusal", err)
	}
	if _, err := DialAgent(t.Context(), "ws://127.0.0.1:1/ws", AgentOptions{}); !errors.Is(err, ErrAgent) {
		t.Errorf("error %v, want no connection", err)
	}
}

func TestAgentSeq(t *testing.T) {
	for _, frame := range []string{`{"type":"x","seq":10}`, `{"type":"x","seq":3}`} {
		url, _ := fakeServer(t, frame)
		a, err := DialAgent(t.Context(), url, AgentOptions{ID: "a", Password: "right"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.WaitFor(t.Context(), func(m Message) bool { return false }); !errors.Is(err, ErrSeq) {
			t.Errorf("after %s: %v, want ErrSeq", frame, err)
		}
		if err := a.Drop(); err != nil {
			t.Error(err)
		}
	}
}
