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

// tooOften is a password that is one too many.
const tooOften = "too often"

func (s *staff) Login(_ context.Context, id, password, _ string) (config.Agent, error) {
	if password == tooOften {
		return config.Agent{}, notify.ErrLoginLimited
	}
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

func (n *notes) SetMemo(_ context.Context, call string, now, was notify.Note, by string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	text := func(s *string) string {
		if s == nil {
			return "-"
		}
		return *s
	}
	n.last = fmt.Sprintf("%s %s %s %s", call, text(now.Memo), text(now.Disposition), by)
	if was != (notify.Note{}) {
		n.last += " was " + text(was.Memo) + " " + text(was.Disposition)
	}
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
