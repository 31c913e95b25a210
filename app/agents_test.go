package app

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"calld/config"
	"calld/notify"
	"calld/queue"
)

// put makes or changes an agent of the store.
func (a *App) put(t *testing.T, ag config.Agent) error {
	t.Helper()
	return a.editAgent(t.Context(), ag.ID, func(*config.Config, *config.Agent) (*config.Agent, error) { return &ag, nil })
}

func (a *App) remove(t *testing.T, id string) {
	t.Helper()
	if err := a.editAgent(t.Context(), id, func(*config.Config, *config.Agent) (*config.Agent, error) { return nil, nil }); err != nil {
		t.Fatal(err)
	}
}

// state is that of an agent on the board; "" without one.
func (a *App) state(id string) queue.AgentState {
	for _, s := range a.Snapshot().Agents {
		if s.ID == id {
			return s.State
		}
	}
	return ""
}

// TestStoredAgents: an agent of the store takes calls at once, stays over a
// restart and a reload, and finishes the call in hand when removed.
func TestStoredAgents(t *testing.T) {
	s := newSite(t)
	a := s.app()
	kim := config.Agent{ID: "김", Password: "x", Name: "김", Role: config.RoleAgent, Queues: []string{"상담", "billing"}, Phone: "802"}
	if err := a.put(t, kim); err != nil {
		t.Fatal(err)
	}
	if a.state("김") != queue.Offline || a.state("홍길동") != queue.Offline {
		t.Errorf("states %q, %q", a.state("김"), a.state("홍길동"))
	}

	if err := a.store.Close(); err != nil {
		t.Fatal(err)
	}
	a = s.app()
	s.write(centreConfig, "[queues.billing]\nnumber = \"2000\"", "")
	if _, err := a.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, _ := a.Config().Agent("김"); len(got.Queues) != 1 || !got.Stored {
		t.Errorf("without the queue billing: %+v", got)
	}
	s.write(centreConfig)
	if _, err := a.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, _ := a.Config().Agent("김"); len(got.Queues) != 2 {
		t.Errorf("with the queue billing again: %+v", got)
	}

	if err := a.board.Connect("김"); err != nil {
		t.Fatal(err)
	}
	ticket, err := a.board.Enter(queue.Entry{ID: "c", Queue: "billing", Channel: "PJSIP/t-1", UniqueID: "u", Ready: true})
	if err != nil {
		t.Fatal(err)
	}
	if a.state("김") != queue.AgentRings {
		t.Errorf("state %q while a caller of his queue waits", a.state("김"))
	}
	a.remove(t, "김")
	if _, ok := a.Config().Agent("김"); ok || a.state("김") == "" {
		t.Errorf("state %q once removed", a.state("김"))
	}
	ticket.Hangup(16)
	if got := a.state("김"); got != "" {
		t.Errorf("state %q after the call", got)
	}
	if list, err := a.store.Agents(); err != nil || len(list) != 0 {
		t.Errorf("store: %+v, %v", list, err)
	}
}

// TestStoredAgentCollides: a file that takes the phone of a stored agent is
// refused, by a reload and by a start.
func TestStoredAgentCollides(t *testing.T) {
	s := newSite(t)
	a := s.app()
	if err := a.put(t, config.Agent{ID: "kim", Password: "x", Name: "Kim", Role: config.RoleAgent, Phone: "802"}); err != nil {
		t.Fatal(err)
	}
	if err := a.put(t, config.Agent{ID: "lee", Password: "x", Name: "Lee", Role: config.RoleAgent, Phone: "801"}); len(faultsOf(err)) != 1 {
		t.Errorf("the file's phone: %v", err)
	}
	s.write(centreConfig, `phone = "801"`, `phone = "802"`)
	before := a.Config()
	_, err := a.Reload(t.Context())
	faults := faultsOf(err)
	if len(faults) != 1 || faults[0].Key != "agents.kim.phone" || !strings.HasSuffix(faults[0].File, "calld.db") || a.Config() != before {
		t.Errorf("reload: %v", err)
	}
	if err := a.store.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := New(a.o); len(faultsOf(err)) != 1 {
		t.Errorf("start: %v", err)
	}
}

// TestGuessesCountTogether: wrong passwords at the WebSocket and at the REST
// API have one limit.
func TestGuessesCountTogether(t *testing.T) {
	a := newSite(t).app()
	for i := range 4 {
		_, err := (pages{a}).Login(t.Context(), "홍길동", fmt.Sprint(i), "192.0.2.1")
		_, err2 := a.api.Login(t.Context(), "홍길동", fmt.Sprint(i), "192.0.2.2")
		if !errors.Is(err, notify.ErrLogin) || err2 == nil {
			t.Fatalf("guess %d: %v, %v", i, err, err2)
		}
	}
	for range 2 {
		_, err := a.api.Login(t.Context(), "홍길동", "x", "192.0.2.2")
		if err == nil {
			t.Fatal("a guess is right")
		}
	}
	if _, err := (pages{a}).Login(t.Context(), "홍길동", "right", "192.0.2.3"); !errors.Is(err, notify.ErrLoginLimited) {
		t.Errorf("the right password after ten wrong ones: %v", err)
	}
}

// TestStoredAgentsOnSocket: with their secrets on the admin socket, and nowhere
// else.
func TestStoredAgentsOnSocket(t *testing.T) {
	s := newSite(t)
	r := s.run()
	if err := r.put(t, config.Agent{ID: "kim", Password: "hash", Name: "Kim", Role: config.RoleAgent, Phone: "802", PhoneSecret: "sip"}); err != nil {
		t.Fatal(err)
	}
	if status, body := get(t, overSocket(s.path("s")), "http://calld"+StoredAgentsPath); status != http.StatusOK || !strings.Contains(body, `"phone_secret":"sip"`) {
		t.Errorf("%d %s", status, body)
	}
	network := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	if status, body := get(t, network, r.url+StoredAgentsPath); status == http.StatusOK && strings.Contains(body, "sip") {
		t.Errorf("the network is told: %d %s", status, body)
	}
	r.stop()
	if err := r.ended(); err != nil {
		t.Error(err)
	}
}
