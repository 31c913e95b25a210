package webphone

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"

	"calld/config"
)

// patience is how long a fact may take.
const patience = 20 * time.Second

// exchange is a gate before an Asterisk that repeats what it hears.
type exchange struct {
	t       *testing.T
	gate    *Gate
	url     string
	stop    context.CancelFunc
	ended   chan error
	away    atomic.Bool // Asterisk is
	resumed chan string // phones

	mu     sync.Mutex
	agents map[string]config.Agent // by session
}

func newExchange(t *testing.T) *exchange {
	t.Helper()
	x := &exchange{t: t, ended: make(chan error, 1), resumed: make(chan string, 1), agents: map[string]config.Agent{
		"s1": {ID: "홍길동", Phone: "801", WebPhone: true},
		"s2": {ID: "이몽룡", Phone: "802", WebPhone: true},
		"s3": {ID: "desk", Phone: "803"},
	}}
	up := websocket.Upgrader{Subprotocols: []string{subprotocol}}
	asterisk := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if x.away.Load() || r.URL.Path != "/ws" {
			http.Error(w, "away", http.StatusServiceUnavailable)
			return
		}
		conn, err := up.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer conn.Close()
		if conn.Subprotocol() != subprotocol {
			t.Errorf("subprotocol %q", conn.Subprotocol())
		}
		for {
			kind, message, err := conn.ReadMessage()
			if err != nil || strings.HasPrefix(string(message), "BYE") {
				return
			}
			if conn.WriteMessage(kind, message) != nil {
				return
			}
		}
	}))
	t.Cleanup(asterisk.Close)
	x.gate = New(Options{
		Asterisk:      func() string { return "ws" + strings.TrimPrefix(asterisk.URL, "http") + "/ws" },
		OriginAllowed: func(r *http.Request) bool { return r.Header.Get("Origin") != "http://evil" },
		Agent: func(r *http.Request) (config.Agent, bool) {
			c, err := r.Cookie("session")
			if err != nil {
				return config.Agent{}, false
			}
			x.mu.Lock()
			defer x.mu.Unlock()
			a, ok := x.agents[c.Value]
			return a, ok
		},
		Resuming: func(phone string) { x.resumed <- phone },
		Log:      slog.New(slog.DiscardHandler),
	})
	server := httptest.NewServer(x.gate)
	t.Cleanup(server.Close)
	x.url = "ws" + strings.TrimPrefix(server.URL, "http")
	ctx, stop := context.WithCancel(t.Context())
	x.stop = stop
	t.Cleanup(stop)
	x.gate.setOpen(true) // at once; Run does it a moment later
	go func() { x.ended <- x.gate.Run(ctx) }()
	return x
}

// dial opens a line, or tells the status of the refusal.
func (x *exchange) dial(session string, header http.Header, protocols ...string) (*websocket.Conn, int) {
	x.t.Helper()
	if header == nil {
		header = http.Header{}
	}
	if session != "" {
		header.Set("Cookie", "session="+session)
	}
	d := websocket.Dialer{Subprotocols: protocols}
	conn, answer, err := d.DialContext(x.t.Context(), x.url, header)
	if answer != nil {
		defer answer.Body.Close()
	}
	if err != nil {
		if !errors.Is(err, websocket.ErrBadHandshake) {
			x.t.Fatal(err)
		}
		return nil, answer.StatusCode
	}
	x.t.Cleanup(func() { conn.Close() })
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		x.t.Fatal(err)
	}
	return conn, answer.StatusCode
}

// line opens a line that must come up, and is heard by Asterisk.
func (x *exchange) line(session, phone string) *websocket.Conn {
	x.t.Helper()
	conn, status := x.dial(session, nil, subprotocol)
	if conn == nil {
		x.t.Fatalf("refused with %d", status)
	}
	say(x.t, conn, register(phone))
	if _, got, err := conn.ReadMessage(); err != nil || string(got) != register(phone) {
		x.t.Fatalf("%q, %v", got, err)
	}
	return conn
}

func register(phone string) string {
	return sip("", start, "From: <sip:"+phone+"@calld.invalid>;tag=x")
}

func say(t *testing.T, conn *websocket.Conn, message string) {
	t.Helper()
	if err := conn.WriteMessage(websocket.TextMessage, []byte(message)); err != nil {
		t.Fatal(err)
	}
}

// wantClosed waits for the close code.
func wantClosed(t *testing.T, conn *websocket.Conn, code int) {
	t.Helper()
	for {
		_, _, err := conn.ReadMessage()
		if err == nil {
			continue
		}
		if closed, ok := errors.AsType[*websocket.CloseError](err); !ok || closed.Code != code {
			t.Errorf("closed by %v, want %d", err, code)
		}
		return
	}
}

// waitEnded waits until a line is counted as ended for a reason: its page may
// know a moment earlier.
func (x *exchange) waitEnded(why Reason) {
	x.t.Helper()
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	limit := time.NewTimer(patience)
	defer limit.Stop()
	for x.gate.Stats().Ended[why] == 0 {
		select {
		case <-look.C:
		case <-limit.C:
			x.t.Fatalf("no line ended as %s", why)
		}
	}
}

func TestRefusals(t *testing.T) {
	x := newExchange(t)
	for name, tt := range map[string]struct {
		session, origin, protocol string
		away                      bool
		status                    int
		why                       Refusal
	}{
		"another host":    {"s1", "http://evil", subprotocol, false, 403, RefusedOrigin},
		"not logged in":   {"", "", subprotocol, false, 401, RefusedSession},
		"session is over": {"old", "", subprotocol, false, 401, RefusedSession},
		"a desk phone":    {"s3", "", subprotocol, false, 403, RefusedAgent},
		"not SIP":         {"s1", "", "chat", false, 400, RefusedHandshake},
		"no Asterisk":     {"s1", "", subprotocol, true, 502, RefusedAsterisk},
	} {
		before := x.gate.Stats().Refused[tt.why]
		x.away.Store(tt.away)
		header := http.Header{}
		if tt.origin != "" {
			header.Set("Origin", tt.origin)
		}
		if conn, status := x.dial(tt.session, header, tt.protocol); conn != nil || status != tt.status {
			t.Errorf("%s: %d, want %d", name, status, tt.status)
		}
		if got := x.gate.Stats().Refused[tt.why]; got != before+1 {
			t.Errorf("%s: counted %d times", name, got-before)
		}
	}
}

// TestEnds: a line ends for each of its reasons, tells it, and is counted.
func TestEnds(t *testing.T) {
	x := newExchange(t)
	for _, tt := range []struct {
		why  Reason
		code int
		do   func(conn *websocket.Conn)
	}{
		{LoggedOut, 4001, func(*websocket.Conn) { x.gate.Logout("홍길동") }},
		{Replaced, 4009, func(*websocket.Conn) { x.line("s1", "801") }},
		{Forbidden, 4010, func(c *websocket.Conn) { say(t, c, register("802")) }},
		{TooBig, 1009, func(c *websocket.Conn) { say(t, c, strings.Repeat("\r\n", maxMessage/2+1)) }},
		{Asterisk, 1013, func(c *websocket.Conn) { say(t, c, strings.Replace(register("801"), "REGISTER", "BYE", 1)) }},
		{Gone, 1000, func(c *websocket.Conn) {
			goodbye := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
			if err := c.WriteControl(websocket.CloseMessage, goodbye, time.Now().Add(patience)); err != nil {
				t.Error(err)
			}
		}},
		{Restarting, 1012, func(*websocket.Conn) { x.stop() }},
	} {
		conn := x.line("s1", "801")
		tt.do(conn)
		wantClosed(t, conn, tt.code)
		x.waitEnded(tt.why)
	}
	if err := <-x.ended; err != nil {
		t.Error(err)
	}
	want := map[Reason]uint64{}
	for _, why := range Reasons() {
		want[why] = 0
	}
	// One more is replaced, by the line of the next reason.
	want[LoggedOut], want[Replaced], want[Forbidden], want[TooBig], want[Asterisk], want[Gone], want[Restarting] = 1, 2, 1, 1, 1, 1, 1
	s := x.gate.Stats()
	if diff := cmp.Diff(want, s.Ended); diff != "" || s.Lines != 0 {
		t.Errorf("%d lines left; ended (-want +got):\n%s", s.Lines, diff)
	}
	if conn, status := x.dial("s1", nil, subprotocol); conn != nil || status != http.StatusServiceUnavailable {
		t.Errorf("a gate that does not run: %d", status)
	}
}

// TestOneEach: two agents have a line each.
func TestOneEach(t *testing.T) {
	x := newExchange(t)
	first, second := x.line("s1", "801"), x.line("s2", "802")
	x.gate.Logout("nobody")
	for phone, conn := range map[string]*websocket.Conn{"801": first, "802": second} {
		say(t, conn, register(phone))
		if _, _, err := conn.ReadMessage(); err != nil {
			t.Errorf("%s: %v", phone, err)
		}
	}
	if got := x.gate.Stats().Lines; got != 2 {
		t.Errorf("%d lines", got)
	}
}

// TestTwoBrowsers: a line is not lost to another browser that does not ask.
func TestTwoBrowsers(t *testing.T) {
	x := newExchange(t)
	here := x.url
	x.url = here + "?browser=first"
	first := x.line("s1", "801")
	x.url = here + "?browser=second"
	second, _ := x.dial("s1", nil, subprotocol)
	wantClosed(t, second, 4009)
	say(t, first, register("801"))
	if _, _, err := first.ReadMessage(); err != nil {
		t.Fatalf("the first line: %v", err)
	}
	x.url = here + "?browser=second&take=1"
	x.line("s1", "801")
	wantClosed(t, first, 4009)
}

// TestResuming: whoever follows Asterisk's channels is told that a talk goes on
// on another one, before Asterisk is.
func TestResuming(t *testing.T) {
	x := newExchange(t)
	conn := x.line("s1", "801")
	say(t, conn, sip("", "INVITE sip:calld-resume@x SIP/2.0", "From: <sip:801@calld.invalid>", "Replaces: c;to-tag=1;from-tag=2"))
	if _, _, err := conn.ReadMessage(); err != nil {
		t.Fatal(err)
	}
	select {
	case phone := <-x.resumed:
		if phone != "801" {
			t.Errorf("phone %s", phone)
		}
	default:
		t.Error("nobody was told")
	}
}

// TestRecheck: a line outlives neither its session nor the agent's right.
func TestRecheck(t *testing.T) {
	x := newExchange(t)
	l := &line{agent: "홍길동", phone: "801"}
	r := httptest.NewRequest(http.MethodGet, "/sip", nil)
	r.AddCookie(&http.Cookie{Name: "session", Value: "s1"})
	for _, tt := range []struct {
		now  config.Agent
		want Reason
	}{
		{config.Agent{ID: "홍길동", Phone: "801", WebPhone: true}, ""},
		{config.Agent{ID: "홍길동", Phone: "801"}, Removed},
		{config.Agent{ID: "홍길동", Phone: "809", WebPhone: true}, Removed},
		{config.Agent{ID: "이몽룡", Phone: "801", WebPhone: true}, LoggedOut},
		{config.Agent{}, LoggedOut},
	} {
		x.mu.Lock()
		if x.agents["s1"] = tt.now; tt.now.ID == "" {
			delete(x.agents, "s1")
		}
		x.mu.Unlock()
		if got := x.gate.recheck(l, r); got != tt.want {
			t.Errorf("%v: %q, want %q", tt.now, got, tt.want)
		}
	}
}
