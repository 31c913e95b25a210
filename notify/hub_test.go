package notify_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"calld/config"
	"calld/notify"
	"calld/queue"
)

func TestWelcomeShowsWhatMayBeSeen(t *testing.T) {
	for _, test := range []struct {
		agent          string
		queues, agents []string
	}{
		{"홍길동", []string{"q1"}, []string{"a2", "both", "홍길동"}},
		{"both", []string{"q1", "q2"}, []string{"a2", "b2", "b3", "both", "홍길동"}},
		{"boss", []string{"q1", "q2"}, []string{"a2", "b2", "b3", "boss", "both", "홍길동"}},
	} {
		t.Run(test.agent, func(t *testing.T) {
			o := newOffice(t)
			o.hub.SetAsterisk(notify.AsteriskState{State: notify.AsteriskUp, LagMS: 7})
			_, w := o.enter(test.agent)
			queues, agents := w.sees()
			if d := cmp.Diff(test.queues, queues) + cmp.Diff(test.agents, agents); d != "" {
				t.Errorf("welcome (-want +got):\n%s", d)
			}
			me := as[queue.AgentStatus](t, w.Agent)
			if me.ID != test.agent || me.State != queue.Available || w.Seq != 1 {
				t.Errorf("welcome to %q as %q, seq %d; want %q available, seq 1", me.ID, me.State, w.Seq, test.agent)
			}
			if w.Asterisk.State != notify.AsteriskUp || w.Asterisk.LagMS != 7 {
				t.Errorf("asterisk is %+v, want up with lag 7", w.Asterisk)
			}
		})
	}
}

func TestChangesGoToThoseWhoMaySeeThem(t *testing.T) {
	o := newOffice(t)
	one, _ := o.enter("a2")
	two, _ := o.enter("b2")
	boss, _ := o.enter("boss")
	o.ring("c1", "q1")
	for _, p := range []*page{one, boss} {
		if h := p.await(notify.TypeWaiting); as[queue.Call](t, h.Call).ID != "c1" {
			t.Errorf("call.waiting tells of %s", h.Call)
		}
	}
	o.hub.Push("q1", notify.TypeMissedList, map[string]int{"open": 3})
	o.hub.Push("", notify.TypeReloaded, []string{"+queue q3"})
	o.hub.Push("q2", notify.TypeCampaign, "x") // the last thing that b2 is to see
	for _, p := range []*page{one, boss} {
		h := p.await(notify.TypeMissedList)
		if string(h.Data) != `{"open":3}` || string(h.Queue) != `"q1"` {
			t.Errorf("missed.changed has %s of %s", h.Data, h.Queue)
		}
	}
	boss.await(notify.TypeReloaded)
	two.awaitThat("campaign.stats", func(h heard) bool {
		switch h.Type {
		case notify.TypeWaiting, notify.TypeRinging, notify.TypeMissedList, notify.TypeReloaded:
			t.Errorf("b2 is told %s of q1", h.Type)
		case notify.TypeAgentState:
			if a := as[queue.AgentStatus](t, h.Agent); !slices.Contains(a.Queues, "q2") && a.ID != "b2" {
				t.Errorf("b2 is told of agent %s", a.ID)
			}
		default:
		}
		return h.Type == notify.TypeCampaign
	})
}

func TestRungAgentsAreAlertedAndToldWhoAnswered(t *testing.T) {
	list := []notify.EarlierCall{{ID: "old", Memo: "다시 전화 주기로 함"}}
	o := newOffice(t, func(h *notify.HubOptions) {
		h.Earlier = func(_ context.Context, queueID, number string) ([]notify.EarlierCall, error) {
			if queueID != "q1" || number != "01012345678" {
				return nil, fmt.Errorf("queue is %q, number is %q", queueID, number)
			}
			return list, nil
		}
	})
	one, _ := o.enter("홍길동")
	two, _ := o.enter("a2")
	boss, _ := o.enter("boss")
	ticket, offer := o.ring("c1", "q1")
	for _, p := range []*page{one, two} {
		h := p.awaitThat("an alert", func(h heard) bool { return h.Type == notify.TypeRinging && h.Alert != nil })
		earlier := h.Alert.Earlier
		if earlier == nil { // the look-up was slower than the phone
			earlier = p.await(notify.TypeEarlier).Earlier
		}
		if d := cmp.Diff(list, earlier); d != "" {
			t.Errorf("earlier calls (-want +got):\n%s", d)
		}
		if c := as[queue.Call](t, h.Call); c.Caller != "01012345678" || c.Queue != "q1" || h.Alert.WaitedMS < 0 {
			t.Errorf("alert tells %s, %+v", h.Call, h.Alert)
		}
	}
	if h := boss.await(notify.TypeRinging); h.Alert != nil {
		t.Error("the supervisor is alerted")
	}
	o.board.Heard(queue.Fact{Kind: queue.PhoneAnswers, UniqueID: "u-c1", Phone: "80홍길동"})
	for _, p := range []*page{one, two, boss} {
		h := p.await(notify.TypeAnswered)
		if d := cmp.Diff(&notify.Person{ID: "홍길동", Name: "이름 홍길동"}, h.By); d != "" {
			t.Errorf("answered by (-want +got):\n%s", d)
		}
		results := map[string]queue.RingResult{}
		for _, r := range h.Rings {
			results[r.Agent] = r.Result
		}
		want := map[string]queue.RingResult{"홍길동": queue.RingAnswer, "a2": queue.Elsewhere}
		if d := cmp.Diff(want, results); d != "" {
			t.Errorf("rings of call.answered (-want +got):\n%s", d)
		}
	}
	ticket.Dialled(queue.DialReport{Offer: offer.ID, Result: queue.RingAnswer, Phone: "80홍길동"})
	for _, p := range []*page{one, boss} {
		p.await(notify.TypeEnded)
	}
}

func TestAlertDoesNotWaitForTheLookUp(t *testing.T) {
	release := make(chan struct{})
	o := newOffice(t, func(h *notify.HubOptions) {
		h.Earlier = func(ctx context.Context, _, _ string) ([]notify.EarlierCall, error) {
			select {
			case <-release:
				return []notify.EarlierCall{{ID: "old"}}, nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
	})
	p, _ := o.enter("a2")
	o.ring("c1", "q1")
	h := p.awaitThat("an alert", func(h heard) bool { return h.Alert != nil })
	if h.Alert.Earlier != nil {
		t.Errorf("the alert has %v, before it could be looked up", h.Alert.Earlier)
	}
	close(release)
	e := p.await(notify.TypeEarlier)
	if as[string](t, e.Call) != "c1" || len(e.Earlier) != 1 || e.Earlier[0].ID != "old" {
		t.Errorf("call.earlier has %s, %v", e.Call, e.Earlier)
	}
}

func TestFailedLookUpIsCountedAndTheAlertSaysNone(t *testing.T) {
	o := newOffice(t, func(h *notify.HubOptions) {
		h.Earlier = func(context.Context, string, string) ([]notify.EarlierCall, error) {
			return nil, errors.New("disk on fire")
		}
	})
	p, _ := o.enter("a2")
	o.ring("c1", "q1")
	h := p.awaitThat("an alert", func(h heard) bool { return h.Alert != nil })
	earlier := h.Alert.Earlier
	if earlier == nil {
		earlier = p.await(notify.TypeEarlier).Earlier
	}
	if len(earlier) != 0 {
		t.Errorf("earlier calls are %v, want none", earlier)
	}
	if n := o.hub.Stats().LookupsFailed; n != 1 {
		t.Errorf("%d look-ups failed, want 1", n)
	}
}

func TestMissedCallIsTold(t *testing.T) {
	o := newOffice(t)
	p, _ := o.enter("a2")
	ticket, _ := o.ring("c1", "q1")
	ticket.Hangup(16)
	if c := as[queue.Call](t, p.await(notify.TypeEnded).Call); c.Outcome != queue.Abandoned {
		t.Errorf("ended as %q", c.Outcome)
	}
	if c := as[queue.Call](t, p.await(notify.TypeMissed).Call); c.ID != "c1" {
		t.Errorf("missed %q", c.ID)
	}
}

func TestTwoTabsAreOneAgent(t *testing.T) {
	o := newOffice(t)
	boss, _ := o.enter("boss")
	one, _ := o.enter("a2")
	two, _ := o.enter("a2")
	if h := one.ask("r1", notify.SetState{Type: notify.TypeState, Ref: "r1", State: "away", Reason: "점심"}); h.Type != notify.TypeAck {
		t.Fatalf("state: %+v", h)
	}
	if a := two.awaitState("a2", queue.Away); a.Reason != "점심" {
		t.Errorf("the reason is %q", a.Reason)
	}
	one.conn.Close()
	two.ask("r2", notify.SetState{Type: notify.TypeState, Ref: "r2", State: "available"})
	boss.awaitState("a2", queue.Away)
	boss.awaitState("a2", queue.Available)
	three, _ := o.enter("a2")
	if h := three.ask("bye", notify.Logout{Type: notify.TypeLogout, Ref: "bye"}); h.Type != notify.TypeAck {
		t.Fatalf("logout: %+v", h)
	}
	for _, p := range []*page{two, three} {
		if code := p.awaitClose(); code != 4001 {
			t.Errorf("closed with %d, want 4001", code)
		}
	}
	boss.awaitState("a2", queue.Offline)
	again, w := o.enter("a2")
	if me := as[queue.AgentStatus](t, w.Agent); me.State != queue.Available {
		t.Errorf("after logging in again the state is %q", me.State)
	}
	again.ask("p", notify.Ping{Type: notify.TypePing, Ref: "p"})
}

func TestReloadGivesNewRights(t *testing.T) {
	o := newOffice(t)
	moved, _ := o.enter("a2")
	removed, _ := o.enter("b2")
	cfg := testConfig()
	cfg.Agents = slices.DeleteFunc(cfg.Agents, func(a config.Agent) bool { return a.ID == "b2" })
	for i := range cfg.Agents {
		if cfg.Agents[i].ID == "a2" {
			cfg.Agents[i].Queues = []string{"q2"}
		}
	}
	o.staff.use(cfg)
	o.board.Reload(cfg)
	w := moved.await(notify.TypeWelcome)
	queues, agents := w.sees()
	if d := cmp.Diff([]string{"q2"}, queues) + cmp.Diff([]string{"a2", "b3", "both"}, agents); d != "" {
		t.Errorf("after the reload (-want +got):\n%s", d)
	}
	if code := removed.awaitClose(); code != 4004 {
		t.Errorf("closed with %d, want 4004", code)
	}
	if _, err := o.board.Enter(queue.Entry{ID: "c1", Queue: "q2", UniqueID: "1"}); err != nil {
		t.Fatal(err)
	}
	moved.await(notify.TypeWaiting)
	refused, _, err := o.try("b2", nil)
	if err != nil {
		t.Fatal(err)
	}
	if code := (&page{t: t, conn: refused, patience: o.patience}).awaitClose(); code != 4004 {
		t.Errorf("a removed agent's socket is closed with %d, want 4004", code)
	}
}

func TestARemovedAgentFinishesTheCallInHand(t *testing.T) {
	o := newOffice(t)
	removed, _ := o.enter("b2")
	ticket, offer := o.ring("c1", "q2")
	o.board.Heard(queue.Fact{Kind: queue.PhoneAnswers, UniqueID: "u-c1", Phone: "80b2"})
	removed.await(notify.TypeAnswered)
	cfg := testConfig()
	cfg.Agents = slices.DeleteFunc(cfg.Agents, func(a config.Agent) bool { return a.ID == "b2" })
	o.staff.use(cfg)
	o.board.Reload(cfg)
	if w := removed.await(notify.TypeWelcome); len(w.Calls) != 1 || as[queue.AgentStatus](t, w.Agent).State != queue.AgentTalks {
		t.Errorf("after the reload: %+v", w)
	}
	memo := "끝"
	if h := removed.ask("m", notify.Memo{Type: notify.TypeMemo, Ref: "m", Call: "c1", Memo: &memo}); h.Type != notify.TypeAck {
		t.Errorf("the memo is answered by %+v", h)
	}
	ticket.Dialled(queue.DialReport{Offer: offer.ID, Result: queue.RingAnswer, Cause: 16})
	removed.await(notify.TypeEnded)
	if code := removed.awaitClose(); code != 4004 {
		t.Errorf("closed with %d, want 4004", code)
	}
}

func TestMemoIsAckedWhenItIsKept(t *testing.T) {
	o := newOffice(t)
	p, _ := o.enter("홍길동")
	memo, disposition := "환불 요청\n\"급함\"", "환불"
	for _, test := range []struct {
		name string
		say  notify.Memo
		err  error
		kept string
		code notify.Code
	}{
		{"both", notify.Memo{Memo: &memo, Disposition: &disposition}, nil, "c1 " + memo + " 환불 홍길동", ""},
		{"memo alone", notify.Memo{Memo: &memo}, nil, "c1 " + memo + " - 홍길동", ""},
		{"no such call", notify.Memo{}, fmt.Errorf("x: %w", notify.ErrNoCall), "c1 - - 홍길동", notify.CodeUnknownCall},
		{"forbidden", notify.Memo{}, notify.ErrForbidden, "c1 - - 홍길동", notify.CodeForbidden},
		{"written since", notify.Memo{Memo: &memo, Was: &notify.Note{Memo: new("")}}, notify.ErrStale, "c1 " + memo + " - 홍길동 was  -", notify.CodeStale},
		{"no such disposition", notify.Memo{}, notify.ErrDisposition, "c1 - - 홍길동", notify.CodeDisposition},
		{"disk full", notify.Memo{}, errors.New("no space left"), "c1 - - 홍길동", notify.CodeFailed},
	} {
		o.notes.set(test.err)
		test.say.Type, test.say.Ref, test.say.Call = notify.TypeMemo, test.name, "c1"
		h := p.ask(test.name, test.say)
		if kept := o.notes.kept(); kept != test.kept || h.Code != test.code {
			t.Errorf("%s: code %q with %q kept; want %q with %q", test.name, h.Code, kept, test.code, test.kept)
		}
	}
}

func TestForgettingIsTold(t *testing.T) {
	o := newOffice(t)
	agent, _ := o.enter("a2")
	boss, _ := o.enter("boss")
	o.hub.Forget()
	agent.await(notify.TypeForgotten)
	boss.await(notify.TypeForgotten)
}

func TestAsteriskStateIsTold(t *testing.T) {
	o := newOffice(t)
	p, w := o.enter("a2")
	if w.Asterisk.State != notify.AsteriskDown {
		t.Errorf("at first asterisk is %q", w.Asterisk.State)
	}
	o.hub.SetAsterisk(notify.AsteriskState{State: notify.AsteriskUp})
	if h := p.await(notify.TypeAsterisk); h.Asterisk.State != notify.AsteriskUp {
		t.Errorf("asterisk.state is %q", h.Asterisk.State)
	}
}
