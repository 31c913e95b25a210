package notify_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"

	"calld/config"
	"calld/notify"
	"calld/queue"
)

// testConfig is two queues with three agents each, one of whom serves both,
// and a supervisor.
func testConfig() *config.Config {
	c := &config.Config{}
	c.Server.Timezone = time.UTC
	for _, id := range []string{"q1", "q2"} {
		c.Queues = append(c.Queues, config.Queue{
			ID: id, Name: "상담전화_" + id, Number: "021588" + id, Queueing: config.All, Order: config.Listed,
			RingTimeout: 20 * time.Second, RetryPause: 10 * time.Second, NoAgentWait: time.Minute,
		})
	}
	for id, queues := range map[string][]string{"홍길동": {"q1"}, "a2": {"q1"}, "both": {"q1", "q2"}, "b2": {"q2"}, "b3": {"q2"}} {
		c.Agents = append(c.Agents, config.Agent{ID: id, Name: "이름 " + id, Role: config.RoleAgent, Queues: queues, Phone: "80" + id})
	}
	c.Agents = append(c.Agents, config.Agent{ID: "boss", Name: "관리자", Role: config.RoleSupervisor})
	slices.SortFunc(c.Agents, func(a, b config.Agent) int { return len(a.ID) - len(b.ID) })
	return c
}

// staff is an Authenticator: the cookie's value is the agent's id, and so is
// every password.
type staff struct {
	mu     sync.Mutex
	agents map[string]config.Agent
	asked  func() // called by Agent, when not nil
}

func newStaff(c *config.Config) *staff {
	s := &staff{}
	s.use(c)
	return s
}

func (s *staff) use(c *config.Config) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.agents = map[string]config.Agent{}
	for _, a := range c.Agents {
		s.agents[a.ID] = a
	}
}

func (s *staff) Session(r *http.Request) (string, bool) {
	id := r.Header.Get("X-Session")
	return id, id != ""
}

func (s *staff) Login(_ context.Context, id, password string) (config.Agent, error) {
	a, ok := s.Agent(id)
	if !ok || password != id {
		return config.Agent{}, notify.ErrLogin
	}
	return a, nil
}

func (s *staff) Agent(id string) (config.Agent, bool) {
	s.mu.Lock()
	a, ok := s.agents[id]
	asked := s.asked
	s.mu.Unlock()
	if asked != nil {
		asked()
	}
	return a, ok
}

// notes is Memos that keeps what it is given.
type notes struct {
	mu   sync.Mutex
	last string
	err  error
}

func (n *notes) SetMemo(_ context.Context, call string, memo, disposition *string, by string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	text := func(s *string) string {
		if s == nil {
			return "-"
		}
		return *s
	}
	n.last = fmt.Sprintf("%s %s %s %s", call, text(memo), text(disposition), by)
	return n.err
}

func (n *notes) set(err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.err = err
}

func (n *notes) kept() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.last
}

// office is a hub with its board, served over real sockets or pipes.
type office struct {
	t     testing.TB
	hub   *notify.Hub
	board *queue.Board
	staff *staff
	notes *notes
	dial  func(ctx context.Context, network, addr string) (net.Conn, error)
	url   string
	stop  func() // returns when hub and board have ended

	patience time.Duration // how long a page waits for a frame
}

// listener hands out pipes, so that a hub can be tried in a synctest bubble.
type listener struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *listener) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

func (l *listener) Addr() net.Addr { return &net.IPAddr{} }

func (l *listener) dial(context.Context, string, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case l.conns <- theirs:
		return ours, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

// newOffice opens an office on TCP.
func newOffice(tb testing.TB, change ...func(*notify.HubOptions)) *office {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	o := openOffice(tb, testConfig(), l, change...)
	o.dial = (&net.Dialer{}).DialContext
	o.url = "ws://" + l.Addr().String() + "/ws"
	o.patience = 10 * time.Second
	// The board's first events are handed out before a test begins: the first
	// configuration would otherwise give an early page a second welcome.
	p, _ := o.enter("boss")
	for _, s := range []queue.AgentState{queue.Away, queue.Available} {
		if err := o.board.SetState("boss", s == queue.Away, ""); err != nil {
			tb.Fatal(err)
		}
		p.awaitThat("boss "+string(s), func(h heard) bool {
			if h.Type != notify.TypeAgentState && h.Type != notify.TypeWelcome {
				return false
			}
			a := as[queue.AgentStatus](tb, h.Agent)
			return a.ID == "boss" && a.State == s
		})
	}
	p.conn.Close()
	return o
}

// newPipeOffice opens an office without a network, for a synctest bubble.
func newPipeOffice(tb testing.TB, change ...func(*notify.HubOptions)) *office {
	tb.Helper()
	l := &listener{conns: make(chan net.Conn), done: make(chan struct{})}
	o := openOffice(tb, testConfig(), l, change...)
	o.dial = l.dial
	o.url = "ws://calld.test/ws"
	o.patience = time.Hour
	synctest.Wait() // until the board's first events are handed out
	return o
}

func openOffice(tb testing.TB, cfg *config.Config, l net.Listener, change ...func(*notify.HubOptions)) *office {
	tb.Helper()
	o := &office{t: tb, staff: newStaff(cfg), notes: &notes{}}
	opts := notify.HubOptions{Auth: o.staff, Memos: o.notes}
	for _, f := range change {
		f(&opts)
	}
	o.hub = notify.NewHub(opts)
	o.board = queue.New(queue.Options{Config: cfg, Observers: []queue.Observer{o.hub}, Seed: 1})
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { o.board.Run(ctx) })
	running.Go(func() { o.hub.Run(ctx, o.board) })
	server := &http.Server{Handler: o.hub}
	running.Go(func() { server.Serve(l) })
	o.stop = sync.OnceFunc(func() {
		cancel()
		server.Close()
		running.Wait()
	})
	tb.Cleanup(o.stop)
	return o
}

// page is a client of the hub.
type page struct {
	t    testing.TB
	conn *websocket.Conn
	seq  uint64

	patience time.Duration
}

// heard is a frame from the hub, of whatever type.
type heard struct {
	Type     notify.Type          `json:"type"`
	Seq      uint64               `json:"seq"`
	Ref      string               `json:"ref"`
	Code     notify.Code          `json:"code"`
	Role     config.Role          `json:"role"`
	Queues   []queue.QueueStatus  `json:"queues"`
	Agents   []queue.AgentStatus  `json:"agents"`
	Calls    []queue.Call         `json:"calls"`
	Rings    []queue.Ring         `json:"rings"`
	By       *notify.Person       `json:"by"`
	Alert    *notify.Alert        `json:"alert"`
	Earlier  []notify.EarlierCall `json:"earlier"`
	Asterisk notify.AsteriskState `json:"asterisk"`
	Offers   notify.Offers        `json:"offers"`
	Data     json.RawMessage      `json:"data"`
	// call, agent and queue are ids in some frames and objects in others.
	Call  json.RawMessage `json:"call"`
	Agent json.RawMessage `json:"agent"`
	Queue json.RawMessage `json:"queue"`
}

func as[T any](tb testing.TB, raw json.RawMessage) T {
	tb.Helper()
	var v T
	if err := json.Unmarshal(raw, &v); err != nil {
		tb.Fatalf("%s: %v", raw, err)
	}
	return v
}

// try connects; agent is whose session cookie it has, "" for none. status is
// the answer's.
func (o *office) try(agent string, header http.Header) (conn *websocket.Conn, status int, err error) {
	if header == nil {
		header = http.Header{}
	}
	if agent != "" {
		header.Set("X-Session", agent)
	}
	d := websocket.Dialer{NetDialContext: o.dial}
	for { // until the hub has begun
		conn, resp, err := d.Dial(o.url, header)
		if resp == nil {
			return nil, 0, err
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusServiceUnavailable {
			return conn, resp.StatusCode, err
		}
	}
}

func (o *office) open(agent string) *page {
	o.t.Helper()
	conn, _, err := o.try(agent, nil)
	if err != nil {
		o.t.Fatal(err)
	}
	o.t.Cleanup(func() { conn.Close() })
	return &page{t: o.t, conn: conn, patience: o.patience}
}

// enter opens a page with a session cookie and takes its welcome.
func (o *office) enter(agent string) (*page, heard) {
	o.t.Helper()
	p := o.open(agent)
	return p, p.await(notify.TypeWelcome)
}

// next reads a frame. Numbered frames must come without a gap.
func (p *page) next() (heard, error) {
	if err := p.conn.SetReadDeadline(time.Now().Add(p.patience)); err != nil {
		return heard{}, err
	}
	kind, text, err := p.conn.ReadMessage()
	if err != nil {
		return heard{}, err
	}
	var h heard
	if err := json.Unmarshal(text, &h); err != nil {
		return heard{}, fmt.Errorf("frame %q: %w", text, err)
	}
	if kind != websocket.TextMessage {
		return heard{}, fmt.Errorf("frame %q is of kind %d", text, kind)
	}
	numbered := h.Type != notify.TypeAck && h.Type != notify.TypeError
	if numbered {
		p.seq++
	}
	if numbered && h.Seq != p.seq || !numbered && h.Seq != 0 {
		return heard{}, fmt.Errorf("frame %s: seq is %d after %d", text, h.Seq, p.seq-1)
	}
	return h, nil
}

// await reads until a frame of one of the types comes.
func (p *page) await(types ...notify.Type) heard {
	p.t.Helper()
	return p.awaitThat(fmt.Sprint(types), func(h heard) bool { return slices.Contains(types, h.Type) })
}

func (p *page) awaitThat(what string, is func(heard) bool) heard {
	p.t.Helper()
	for {
		h, err := p.next()
		if err != nil {
			p.t.Fatalf("awaiting %s: %v", what, err)
		}
		if is(h) {
			return h
		}
	}
}

// awaitState reads until the agent's state is s.
func (p *page) awaitState(agent string, s queue.AgentState) queue.AgentStatus {
	p.t.Helper()
	var a queue.AgentStatus
	p.awaitThat(agent+" "+string(s), func(h heard) bool {
		if h.Type != notify.TypeAgentState {
			return false
		}
		a = as[queue.AgentStatus](p.t, h.Agent)
		return a.ID == agent && a.State == s
	})
	return a
}

// awaitClose reads until the socket is closed and returns the close code.
func (p *page) awaitClose() int {
	p.t.Helper()
	for {
		_, err := p.next()
		if closed, ok := errors.AsType[*websocket.CloseError](err); ok {
			return closed.Code
		}
		if err != nil {
			p.t.Fatalf("awaiting the close frame: %v", err)
		}
	}
}

func (p *page) say(v any) {
	p.t.Helper()
	if err := p.conn.WriteJSON(v); err != nil {
		p.t.Fatal(err)
	}
}

// ask sends a frame and returns the answer to it.
func (p *page) ask(ref string, v any) heard {
	p.t.Helper()
	p.say(v)
	h := p.await(notify.TypeAck, notify.TypeError)
	if h.Ref != ref {
		p.t.Fatalf("answer to %q, want %q", h.Ref, ref)
	}
	return h
}

// ring has a call come in and rings its agents.
func (o *office) ring(id, queueID string) (*queue.Ticket, *queue.Offer) {
	o.t.Helper()
	ticket, err := o.board.Enter(queue.Entry{ID: id, Queue: queueID, Caller: "01012345678", CallerName: "김 고객", UniqueID: "u-" + id})
	if err != nil {
		o.t.Fatal(err)
	}
	ticket.Ready()
	offer, ended, err := ticket.Next(o.t.Context())
	if err != nil || offer == nil {
		o.t.Fatalf("Next = %v, %q, %v; want an offer", offer, ended, err)
	}
	for _, a := range offer.Agents {
		o.board.Heard(queue.Fact{Kind: queue.PhoneRings, UniqueID: "u-" + id, Phone: a.Phone})
	}
	return ticket, offer
}

func ids[T any](list []T, id func(T) string) []string {
	set := map[string]bool{}
	for _, v := range list {
		set[id(v)] = true
	}
	return slices.Sorted(maps.Keys(set))
}

func (h heard) sees() (queues, agents []string) {
	return ids(h.Queues, func(q queue.QueueStatus) string { return q.ID }), ids(h.Agents, func(a queue.AgentStatus) string { return a.ID })
}

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
