package webphone

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"calld/config"
	"calld/tally"
)

// subprotocol is that of SIP, RFC 7118 section 4.
const subprotocol = "sip"

// Times and sizes of a line.
const (
	// dialWait bounds connecting to Asterisk.
	dialWait = 5 * time.Second
	// pingEvery and silenceLimit are those of /ws: a page that does not even
	// pong is dead, and its telephone is not to be rung.
	pingEvery    = 10 * time.Second
	silenceLimit = 25 * time.Second
	// writeWait bounds one write.
	writeWait = 5 * time.Second
	// closeWait bounds the goodbye.
	closeWait = time.Second
	// byeWait is how long a page may take to end its call at a log-out: a
	// customer would hear silence for rtp_timeout otherwise.
	byeWait = time.Second
	// recheckEvery is how long a line may outlive its session.
	recheckEvery = 10 * time.Second
	// maxMessage is the largest SIP message, in bytes: Asterisk takes none
	// over 64,000 (pjproject, PJSIP_MAX_PKT_LEN).
	maxMessage = 64 << 10
	// maxLines bounds the lines open at once.
	maxLines = 4096
)

// Options are what a gate speaks of.
type Options struct {
	// Asterisk is the URL of Asterisk's SIP WebSocket.
	Asterisk func() string
	// OriginAllowed tells whether a request comes from a page that may ask.
	OriginAllowed func(*http.Request) bool
	// Agent finds whose valid session a request carries.
	Agent func(*http.Request) (config.Agent, bool)
	// Resuming is told before Asterisk is that a phone takes up a talk of its
	// own on another channel.
	Resuming func(phone string)
	Log      *slog.Logger
}

// Gate passes SIP on between pages and Asterisk. It is the [http.Handler] of
// /sip. Its methods may be called from any goroutine.
type Gate struct {
	o       Options
	dialer  websocket.Dialer
	ended   tally.Tally[Reason]
	refused tally.Tally[Refusal]

	mu       sync.Mutex // nothing waits under it
	open     bool
	admitted int              // lines, those in the handshake included
	lines    map[string]*line // by agent
	serving  sync.WaitGroup   // one for each admitted line
}

// New makes a gate, which takes lines while [Gate.Run] runs.
func New(o Options) *Gate {
	return &Gate{
		o:       o,
		dialer:  websocket.Dialer{HandshakeTimeout: dialWait, Subprotocols: []string{subprotocol}},
		ended:   tally.New(Reasons()),
		refused: tally.New(Refusals()),
		lines:   map[string]*line{},
	}
}

// Run takes lines until ctx ends; then all are ended.
func (g *Gate) Run(ctx context.Context) error {
	g.setOpen(true)
	<-ctx.Done()
	g.setOpen(false)
	g.serving.Wait()
	return nil
}

func (g *Gate) setOpen(open bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open = open
	for _, l := range g.lines {
		l.end(Restarting, nil)
	}
}

// Logout ends the line of an agent who logged out, if there is one, as soon as
// its page has had [byeWait] to hang up.
func (g *Gate) Logout(agentID string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if l := g.lines[agentID]; l != nil {
		time.AfterFunc(byeWait, func() { l.end(LoggedOut, nil) })
	}
}

// Recheck ends the lines of agents who may have none any more, or have another
// phone: after a change of the configuration.
func (g *Gate) Recheck() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, l := range g.lines {
		l.recheck()
	}
}

// Stats tells what the gate has done.
func (g *Gate) Stats() Stats {
	g.mu.Lock()
	lines := g.admitted
	g.mu.Unlock()
	return Stats{Lines: lines, Ended: g.ended.Counts(), Refused: g.refused.Counts()}
}

// ServeHTTP takes a page's line and serves it until it ends.
func (g *Gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	refuse := func(why Refusal, status int, text string) {
		g.refused.Add(why)
		http.Error(w, text, status)
	}
	if !g.o.OriginAllowed(r) {
		g.o.Log.Warn("web phone of a page of another host refused", "origin", r.Header.Get("Origin"), "host", r.Host)
		refuse(RefusedOrigin, http.StatusForbidden, "this page may not connect here")
		return
	}
	agent, ok := g.o.Agent(r)
	switch {
	case !ok:
		refuse(RefusedSession, http.StatusUnauthorized, "log in first: POST /api/v1/session")
		return
	case !agent.WebPhone:
		refuse(RefusedAgent, http.StatusForbidden, "this agent has no web phone; set web_phone in the configuration")
		return
	case !websocket.IsWebSocketUpgrade(r) || !slices.Contains(websocket.Subprotocols(r), subprotocol):
		refuse(RefusedHandshake, http.StatusBadRequest, "a WebSocket with the subprotocol sip was expected")
		return
	case !g.admit():
		w.Header().Set("Retry-After", strconv.Itoa(int(dialWait.Seconds())))
		refuse(RefusedFull, http.StatusServiceUnavailable, "no more web phones now")
		return
	}
	defer g.leave()
	asterisk, err := g.dial(r.Context())
	if err != nil {
		g.o.Log.Error("asterisk's SIP WebSocket can't be reached: see asterisk.websocket and http.conf", "agent", agent.ID, "err", err)
		refuse(RefusedAsterisk, http.StatusBadGateway, "Asterisk can't be reached")
		return
	}
	up := websocket.Upgrader{
		HandshakeTimeout: writeWait, Subprotocols: []string{subprotocol},
		CheckOrigin: func(*http.Request) bool { return true }, // checked above
	}
	page, err := up.Upgrade(w, r, nil)
	if err != nil { // Upgrade has answered the request
		g.refused.Add(RefusedHandshake)
		_ = asterisk.Close() // nothing was said
		return
	}
	l := &line{
		agent: agent.ID, phone: agent.Phone, browser: r.FormValue("browser"), page: page, asterisk: asterisk,
		resuming: g.o.Resuming, look: make(chan struct{}, 1), ended: make(chan struct{}),
	}
	g.take(l, r.FormValue("take") != "")
	l.serve(func() Reason { return g.recheck(l, r) })
	g.drop(l)
	g.ended.Add(l.why)
	if l.fault != nil {
		g.o.Log.Warn("web phone ended", "agent", l.agent, "reason", string(l.why), "err", l.fault)
		return
	}
	g.o.Log.Debug("web phone ended", "agent", l.agent, "reason", string(l.why))
}

// dial connects to Asterisk.
func (g *Gate) dial(ctx context.Context) (*websocket.Conn, error) {
	conn, answer, err := g.dialer.DialContext(ctx, g.o.Asterisk(), nil)
	if answer != nil {
		_ = answer.Body.Close() // gorilla/websocket: it need not be closed
	}
	return conn, err
}

// admit makes room for a line; it must be followed by leave.
func (g *Gate) admit() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.open || g.admitted >= maxLines {
		return false
	}
	g.admitted++
	g.serving.Add(1)
	return true
}

func (g *Gate) leave() {
	g.mu.Lock()
	g.admitted--
	g.mu.Unlock()
	g.serving.Done()
}

// take makes a line the agent's one. Another browser's, where the agent may be
// talking just now, is taken only when that is asked for.
func (g *Gate) take(l *line, asked bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if old := g.lines[l.agent]; old != nil {
		if !asked && old.browser != l.browser {
			l.end(Replaced, nil)
			return
		}
		old.end(Replaced, nil)
	}
	g.lines[l.agent] = l
	l.recheck()  // the configuration may have changed meanwhile
	if !g.open { // the gate stopped meanwhile
		l.end(Restarting, nil)
	}
}

// drop forgets a line.
func (g *Gate) drop(l *line) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.lines[l.agent] == l {
		delete(g.lines, l.agent)
	}
}

// recheck tells why a line must end now; "" when it may go on.
func (g *Gate) recheck(l *line, r *http.Request) Reason {
	agent, ok := g.o.Agent(r)
	switch {
	case !ok || agent.ID != l.agent:
		return LoggedOut
	case !agent.WebPhone || agent.Phone != l.phone:
		return Removed
	}
	return ""
}
