package notify_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"

	"calld/notify"
	"calld/queue"
)

// picture is what a page knows: a welcome and the changes after it.
type picture struct {
	queues map[string]queue.QueueStatus
	agents map[string]queue.AgentStatus
	calls  map[string]queue.Call
}

func (v *picture) apply(tb testing.TB, h heard) {
	tb.Helper()
	switch h.Type {
	case notify.TypeWelcome:
		*v = newPicture(h.Queues, h.Agents, h.Calls)
	case notify.TypeAgentState:
		a := as[queue.AgentStatus](tb, h.Agent)
		v.agents[a.ID] = a
	case notify.TypeQueueStats:
		q := as[queue.QueueStatus](tb, h.Queue)
		v.queues[q.ID] = q
	case notify.TypeWaiting, notify.TypeRinging, notify.TypeAnswered:
		c := as[queue.Call](tb, h.Call)
		v.calls[c.ID] = c
	case notify.TypeEnded:
		delete(v.calls, as[queue.Call](tb, h.Call).ID)
	default:
	}
}

func newPicture(queues []queue.QueueStatus, agents []queue.AgentStatus, calls []queue.Call) picture {
	v := picture{map[string]queue.QueueStatus{}, map[string]queue.AgentStatus{}, map[string]queue.Call{}}
	for _, q := range queues {
		v.queues[q.ID] = q
	}
	for _, a := range agents {
		v.agents[a.ID] = a
	}
	for _, c := range calls {
		v.calls[c.ID] = c
	}
	return v
}

// same compares pictures as JSON, in which times have no monotonic part.
func (v picture) same(o picture) string {
	text := func(p picture) string {
		b, err := json.MarshalIndent([]any{p.queues, p.agents, p.calls}, "", " ")
		if err != nil {
			return err.Error()
		}
		return string(b)
	}
	a, b := text(v), text(o)
	if a == b {
		return ""
	}
	return cmp.Diff(strings.Split(a, "\n"), strings.Split(b, "\n"))
}

// storm changes the board at random; each call is served to its end.
func (o *office) storm(seed uint64, calls int) {
	r := rand.New(rand.NewPCG(seed, 1))
	agents := []string{"홍길동", "a2", "both", "b2", "b3"}
	for i := range calls {
		id := fmt.Sprintf("s%d-%d", seed, i)
		ticket, err := o.board.Enter(queue.Entry{ID: id, Queue: []string{"q1", "q2"}[r.IntN(2)], UniqueID: id, Caller: "010"})
		if err != nil {
			o.t.Error(err)
			return
		}
		ticket.Ready()
		agent := agents[r.IntN(len(agents))]
		_ = o.board.SetState(agent, r.IntN(4) == 0, "쉼")
		for _, a := range agents {
			o.board.Heard(queue.Fact{Kind: queue.PhoneRings, UniqueID: id, Phone: "80" + a})
		}
		o.board.Phone("80"+agent, []queue.PhoneState{queue.PhoneIdle, queue.PhoneBusy}[r.IntN(2)])
		switch r.IntN(3) {
		case 0:
			o.board.Heard(queue.Fact{Kind: queue.PhoneAnswers, UniqueID: id, Phone: "80" + agent})
		case 1:
			o.board.Heard(queue.Fact{Kind: queue.PhoneDone, UniqueID: id, Phone: "80" + agent, Result: queue.Refused})
		}
		if r.IntN(20) != 0 { // some calls stay
			ticket.Hangup(16)
		}
		time.Sleep(time.Millisecond)
	}
}

func TestPicturesStayRightInAStorm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newPipeOffice(t)
		var storms, pages sync.WaitGroup
		for seed := range uint64(3) {
			storms.Go(func() { o.storm(seed, 150) })
		}
		for i, agent := range []string{"boss", "홍길동", "both", "boss", "b2"} {
			pages.Go(func() {
				time.Sleep(time.Duration(i) * 20 * time.Millisecond) // into the storm
				p := o.open(agent)
				var v picture
				for {
					h, err := p.next()
					if err != nil {
						t.Errorf("%s: %v", agent, err)
						return
					}
					v.apply(t, h)
					if h.Type == notify.TypeCampaign {
						break
					}
				}
				_, w := o.enter(agent)
				if d := newPicture(w.Queues, w.Agents, w.Calls).same(v); d != "" {
					t.Errorf("%s has another picture than a new page (-new +old):\n%s", agent, d)
				}
			})
		}
		storms.Wait()
		time.Sleep(time.Second) // the last figures are published some time later
		for _, to := range []string{"q1", "q2"} {
			o.hub.Push(to, notify.TypeCampaign, nil)
		}
		pages.Wait()
		o.stop()
		if s := o.hub.Stats(); s.Disconnects[notify.TooSlow] != 0 {
			t.Errorf("a page was too slow: %+v", s)
		}
	})
}

func TestSlowReaderHoldsUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newPipeOffice(t)
		defer o.stop()
		slow := o.open("a2") // never reads: a pipe holds nothing
		fast, _ := o.enter("boss")
		began := time.Now()
		for i := range 2000 {
			if err := o.board.SetState("홍길동", i%2 == 0, fmt.Sprint(i)); err != nil {
				t.Fatal(err)
			}
			o.hub.Push("q1", notify.TypeMissedList, i)
			h := fast.await(notify.TypeMissedList)
			if string(h.Data) != fmt.Sprint(i) {
				t.Fatalf("the fast page gets %s, want %d", h.Data, i)
			}
		}
		// Plain changes are gathered for 100 ms, and nothing else waits.
		if took := time.Since(began); took > 2000*100*time.Millisecond {
			t.Errorf("the fast page waited %v", took)
		}
		slow.conn.Close()
		fast.conn.Close()
		o.stop()
		s := o.hub.Stats()
		if s.Disconnects[notify.TooSlow] != 1 {
			t.Errorf("ended: %v, want one too_slow", s.Disconnects)
		}
	})
}

func TestSilentSocketIsClosedAndASleepingPageIsNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newPipeOffice(t)
		defer o.stop()
		asleep := o.open("a2") // a page without timers: its browser answers pings
		go func() {
			for {
				if _, err := asleep.next(); err != nil {
					return
				}
			}
		}()
		dead := o.open("b2")
		dead.conn.SetPingHandler(func(string) error { return nil })
		began := time.Now()
		if code := dead.awaitClose(); code != 4008 {
			t.Errorf("closed with %d, want 4008", code)
		}
		if took := time.Since(began); took != 25*time.Second {
			t.Errorf("closed after %v, want 25s", took)
		}
		time.Sleep(10 * time.Minute)
		if s := o.hub.Stats(); s.Agents != 1 || s.Disconnects[notify.Silent] != 1 {
			t.Errorf("after ten minutes: %d agents, %v", s.Agents, s.Disconnects)
		}
		asleep.conn.Close()
		o.stop()
	})
}

func TestBadFrames(t *testing.T) {
	text := func(s string) func(*websocket.Conn) error {
		return func(c *websocket.Conn) error { return c.WriteMessage(websocket.TextMessage, []byte(s)) }
	}
	for _, test := range []struct {
		name string
		send func(*websocket.Conn) error
		code notify.Code
	}{
		{"empty", text(""), notify.CodeMalformed},
		{"no JSON", text("hello"), notify.CodeMalformed},
		{"an array", text("[]"), notify.CodeMalformed},
		{"two objects", text("{}{}"), notify.CodeMalformed},
		{"no UTF-8", text("{\"type\":\"\xff\"}"), notify.CodeMalformed},
		{"deep", text(strings.Repeat("[", 60000)), notify.CodeMalformed},
		{"binary", func(c *websocket.Conn) error { return c.WriteMessage(websocket.BinaryMessage, []byte("{}")) }, notify.CodeMalformed},
		{"no type", text("{}"), notify.CodeUnknownType},
		{"unknown type", text(`{"type":"call.ended"}`), notify.CodeUnknownType},
		{"wrong type of ref", text(`{"type":"ping","ref":1}`), notify.CodeMalformed},
		{"wrong type of field", text(`{"type":"state","state":1}`), notify.CodeMalformed},
		{"long reason", text(`{"type":"state","state":"away","reason":"` + strings.Repeat("a", 257) + `"}`), notify.CodeMalformed},
		{"long ref", text(`{"type":"ping","ref":"` + strings.Repeat("a", 65) + `"}`), notify.CodeMalformed},
		{"bad state", text(`{"type":"state","state":"talking"}`), notify.CodeBadState},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := newOffice(t)
			p, _ := o.enter("a2")
			if err := test.send(p.conn); err != nil {
				t.Fatal(err)
			}
			if h := p.await(notify.TypeError, notify.TypeAck); h.Code != test.code {
				t.Errorf("answer %+v, want %s", h, test.code)
			}
			if h := p.ask("still", notify.Ping{Type: notify.TypePing, Ref: "still"}); h.Type != notify.TypeAck {
				t.Errorf("afterwards ping is answered %+v", h)
			}
			if n := o.hub.Stats().Errors[test.code]; n != 1 {
				t.Errorf("%d errors counted", n)
			}
		})
	}
}

func TestRubbishInARowEndsTheSocket(t *testing.T) {
	o := newOffice(t)
	p, _ := o.enter("a2")
	for i := range 9 {
		p.say("rubbish")
		if h := p.await(notify.TypeError); h.Code != notify.CodeMalformed {
			t.Fatalf("answer %d: %+v", i, h)
		}
	}
	p.ask("", notify.Ping{Type: notify.TypePing}) // begins the count anew
	for range 10 {
		p.say("rubbish")
	}
	if code := p.awaitClose(); code != 4005 {
		t.Errorf("closed with %d, want 4005", code)
	}
	o.stop()
	if n := o.hub.Stats().Disconnects[notify.Malformed]; n != 1 {
		t.Errorf("%d ended as malformed", n)
	}
}

func TestFloodEndsTheSocket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newPipeOffice(t)
		defer o.stop()
		p, _ := o.enter("a2")
		for range 10 { // as fast as is allowed, for some time
			for range 20 {
				if h := p.ask("", notify.Ping{Type: notify.TypePing}); h.Type != notify.TypeAck {
					t.Fatalf("answer %+v", h)
				}
			}
			time.Sleep(time.Second)
		}
		go func() {
			for range 100 {
				if p.conn.WriteJSON(notify.Ping{Type: notify.TypePing}) != nil {
					return
				}
			}
		}()
		if code := p.awaitClose(); code != 4006 {
			t.Errorf("closed with %d, want 4006", code)
		}
		p.conn.Close()
		o.stop()
		if n := o.hub.Stats().Disconnects[notify.TooFast]; n != 1 {
			t.Errorf("%d ended as too fast", n)
		}
	})
}

func TestGiantFrameEndsTheSocket(t *testing.T) {
	o := newOffice(t)
	p, _ := o.enter("a2")
	if err := p.conn.WriteMessage(websocket.TextMessage, bytes.Repeat([]byte(" "), 64<<10+1)); err != nil {
		t.Fatal(err)
	}
	if code := p.awaitClose(); code != websocket.CloseMessageTooBig {
		t.Errorf("closed with %d, want 1009", code)
	}
	// The page hears of it before the hub counts it.
	for limit := time.Now().Add(10 * time.Second); o.hub.Stats().Disconnects[notify.TooBig] == 0 && time.Now().Before(limit); {
		runtime.Gosched()
	}
	o.stop()
	if n := o.hub.Stats().Disconnects[notify.TooBig]; n != 1 {
		t.Errorf("%d ended as too big", n)
	}
}

func TestStopClosesEverySocket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // which fails when a goroutine is left
		o := newPipeOffice(t)
		var pages []*page
		for _, agent := range []string{"a2", "boss", ""} {
			pages = append(pages, o.open(agent))
		}
		var closing sync.WaitGroup
		for _, p := range pages {
			closing.Go(func() {
				if code := p.awaitClose(); code != websocket.CloseServiceRestart {
					t.Errorf("closed with %d, want 1012", code)
				}
				p.conn.Close()
			})
		}
		synctest.Wait()
		o.stop()
		closing.Wait()
		s := o.hub.Stats()
		if s.Sockets != 0 || s.Agents != 0 || s.Disconnects[notify.Shutdown] != 3 {
			t.Errorf("afterwards %d sockets, %d agents, %v", s.Sockets, s.Agents, s.Disconnects)
		}
		if err := o.hub.Logout("a2"); err == nil {
			t.Error("Logout after the end: no error")
		}
	})
}

func TestEventsThatComeTooFastAreRepairedByASnapshot(t *testing.T) {
	o := newOffice(t)
	p, w := o.enter("boss")
	hold, held := make(chan struct{}), make(chan struct{})
	once := sync.OnceFunc(func() { close(held); <-hold })
	o.staff.mu.Lock()
	o.staff.asked = once
	o.staff.mu.Unlock()
	cfg := testConfig()
	o.board.Reload(cfg) // the hub asks for rights, and is held there
	<-held
	for i := range 5000 {
		if err := o.board.SetState("a2", i%2 == 0, "x"); err != nil {
			t.Fatal(err)
		}
		o.board.Phone("80a2", []queue.PhoneState{queue.PhoneIdle, queue.PhoneBusy}[i%2])
		if _, err := o.board.Enter(queue.Entry{ID: fmt.Sprint(i), Queue: "q1", UniqueID: fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
	}
	close(hold)
	v := newPicture(w.Queues, w.Agents, w.Calls)
	p.awaitThat("the board's picture", func(h heard) bool {
		v.apply(t, h)
		if h.Type != notify.TypeWelcome && h.Type != notify.TypeQueueStats {
			return false
		}
		s := o.board.Snapshot()
		return newPicture(s.Queues, s.Agents, s.Calls).same(v) == ""
	})
	if n := o.hub.Stats().Dropped; n == 0 {
		t.Error("nothing was dropped: the test is too mild")
	}
}

func TestReasonsAreDistinct(t *testing.T) {
	if r := notify.Reasons(); len(slices.Compact(slices.Sorted(slices.Values(r)))) != len(r) {
		t.Errorf("reasons repeat: %v", r)
	}
}
