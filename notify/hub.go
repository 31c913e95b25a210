package notify

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"calld/config"
	"calld/queue"
)

// Bounds of a hub.
const (
	// eventQueue bounds the board's events that wait to be handed out: several
	// seconds of the heaviest load. Beyond it events are left out and every
	// client gets a new snapshot.
	eventQueue = 8192
	// clientQueue bounds the frames that wait for one socket.
	clientQueue = 512
	// defaultMaxClients is the default of HubOptions.MaxClients.
	defaultMaxClients = 4096
	// maxStrangers bounds the sockets that are not logged in yet, so that
	// they can't keep agents out.
	maxStrangers = 256
)

// Authenticator knows who may log in. Its methods may be called from any
// goroutine.
type Authenticator interface {
	// Session tells whose session cookie the request carries; ok is false
	// without a valid one.
	Session(r *http.Request) (agentID string, ok bool)
	// Login checks a password that comes from an address. It limits how many are
	// tried, and how many are checked at once. The error is [ErrLogin] when id or
	// password are wrong, [ErrLoginLimited] when none is checked for now.
	Login(ctx context.Context, id, password, addr string) (config.Agent, error)
	// Agent finds an agent by the configuration in force. A new one must be
	// in force here before [queue.Board.Reload] is called with it. Agent must
	// return at once and not call the hub.
	Agent(id string) (config.Agent, bool)
}

// Memos keeps memos. SetMemo returns when the memo is on disk; nil keeps what
// is there. by is the agent who writes, was what that one has seen of it. The
// error is [ErrNoCall] when there is no such call, [ErrForbidden] when it is not
// for by to see, [ErrDisposition] when the call's queue offers others, and
// [ErrStale] when somebody else has written otherwise than was.
type Memos interface {
	SetMemo(ctx context.Context, call string, now, was Note, by string) error
}

// EarlierCalls finds the last few calls with a customer's number, newest
// first, as the agents of a queue may see them. It may read from disk.
type EarlierCalls func(ctx context.Context, queueID, number string) ([]EarlierCall, error)

// What an [Authenticator] or [Memos] may answer.
var (
	ErrLogin        = errors.New("notify: wrong id or password")
	ErrLoginLimited = errors.New("notify: too many wrong passwords")
	ErrNoCall       = errors.New("notify: no such call")
	ErrForbidden    = errors.New("notify: not allowed")
	// ErrDisposition: the queue does not settle calls so.
	ErrDisposition = errors.New("notify: no disposition of the queue")
	// ErrStale: somebody else has written it meanwhile.
	ErrStale = errors.New("notify: written by somebody else since")
)

// ErrStopped says that the hub does not run.
var ErrStopped = errors.New("notify: the hub does not run")

// HubOptions say how a hub is made.
type HubOptions struct {
	Auth    Authenticator
	Memos   Memos
	Earlier EarlierCalls // nil: alerts list no earlier calls
	// Offers gives what the configuration in force offers; nil: nothing. It must return at once and not call the hub.
	Offers func() Offers
	// Masks tells whether users of a role are to see no customer's number; nil:
	// all see them. It must return at once and not call the hub.
	Masks func(config.Role) bool
	// Origins are further hosts (host or host:port) whose pages may connect,
	// beside the one that the request itself names.
	Origins []string
	// MaxClients bounds the sockets open at once; 0: 4096.
	MaxClients int
	Log        *slog.Logger
}

// Hub shows the board to browsers over WebSockets and takes what agents do
// there. It is a [queue.Observer] to be given to the board, and the
// [http.Handler] of /ws.
type Hub struct {
	auth       Authenticator
	memos      Memos
	offers     func() Offers
	masks      func(config.Role) bool
	origins    []string
	maxClients int
	log        *slog.Logger

	events  chan *queue.Event
	lost    chan struct{} // events had to be left out
	callers callers       // for the goroutine of Run alone
	count   counters
	buffers sync.Pool // write buffers of the sockets

	mu        sync.Mutex // nothing waits under it
	board     *queue.Board
	snapshots *snapshots
	sockets   map[*client]struct{} // every open socket
	clients   listeners            // those logged in
	admitted  int                  // sockets, those in the handshake included
	strangers int
	asterisk  AsteriskState
	serving   sync.WaitGroup // one for each admitted socket
}

// NewHub makes a hub. It observes at once, and takes connections while
// [Hub.Run] runs.
func NewHub(o HubOptions) *Hub {
	h := &Hub{
		auth: o.Auth, memos: o.Memos, offers: o.Offers, masks: o.Masks, origins: o.Origins, maxClients: o.MaxClients, log: o.Log,
		events:   make(chan *queue.Event, eventQueue),
		lost:     make(chan struct{}, 1),
		callers:  newCallers(o.Earlier),
		count:    newCounters(),
		sockets:  map[*client]struct{}{},
		clients:  newListeners(),
		asterisk: AsteriskState{State: AsteriskDown, Since: time.Now()},
	}
	if h.maxClients <= 0 {
		h.maxClients = defaultMaxClients
	}
	if h.log == nil {
		h.log = slog.New(slog.DiscardHandler)
	}
	return h
}

// Observe takes an event of the board: see [queue.Observer].
func (h *Hub) Observe(e *queue.Event) {
	select {
	case h.events <- e:
	default:
		h.count.dropped.Add(1)
		select {
		case h.lost <- struct{}{}:
		default: // the repair is already asked for
		}
	}
}

// Run serves until ctx ends; then it closes every socket and returns when
// all that it started has ended. It may be called once.
func (h *Hub) Run(ctx context.Context, board *queue.Board) error {
	h.mu.Lock()
	h.board, h.snapshots = board, &snapshots{board: board}
	h.mu.Unlock()
	var looking sync.WaitGroup
	looking.Go(func() { h.callers.look(ctx, h.log, &h.count) })
	h.handOut(ctx)
	h.mu.Lock()
	h.board = nil
	for c := range h.sockets {
		c.end(Shutdown)
	}
	h.mu.Unlock()
	h.serving.Wait()
	looking.Wait()
	return nil
}

// handOut passes on what the board tells until ctx ends.
func (h *Hub) handOut(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case e := <-h.events:
			h.route(e)
		case f := <-h.callers.found:
			h.earlierFound(f)
		case <-h.lost:
			h.log.Warn("events came too fast: clients take new snapshots", "dropped", h.count.dropped.Load())
			h.callers.forgetAll() // ends of calls may be among what was left out
			h.refresh()
		}
	}
}

// refresh works out every client's rights anew and has it take a snapshot. Who
// is not in the configuration any more may finish the call in hand; the board
// tells when it is over.
func (h *Hub) refresh() {
	h.mu.Lock()
	snapshots := h.snapshots
	h.mu.Unlock()
	calls := map[string]bool{} // agents with one
	for _, a := range snapshots.take().Agents {
		calls[a.ID] = a.Call != ""
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	before := h.clients
	h.clients = newListeners()
	for id, clients := range before.agents {
		a, ok := h.auth.Agent(id)
		for _, c := range clients {
			switch {
			case ok:
				c.rights = h.newRights(a)
				c.send(frame{welcome: c.rights})
			case calls[id]:
				c.send(frame{welcome: c.rights})
			default:
				c.end(Removed)
			}
			h.clients.add(c)
		}
	}
}

// Push sends a frame about something that is not on the board: queue.day,
// missed.changed, campaign.stats or config.reloaded. It goes to those who may see the queue;
// without a queue, to supervisors and admins. It may overtake events of the
// board that have not been handed out yet.
func (h *Hub) Push(queueID string, t Type, data any) { h.PushMasked(queueID, t, data, data) }

// PushMasked is Push of data with a customer's number, and of the same for those
// who are to see none.
func (h *Hub) PushMasked(queueID string, t Type, data, masked any) {
	notice := Notice{Type: t, At: time.Now(), Queue: queueID, Data: data}
	f := h.frame(notice, func() any { notice.Data = masked; return notice })
	h.deliver(f, audience{queues: []string{queueID}})
}

// Forget tells pages that what there was of somebody has been removed.
func (h *Hub) Forget() {
	h.deliverAll(frame{body: h.encode(Forgotten{Type: TypeForgotten, At: time.Now()})})
}

// SetAsterisk tells pages whether events come from Asterisk.
func (h *Hub) SetAsterisk(s AsteriskState) {
	h.mu.Lock()
	h.asterisk = s
	h.mu.Unlock()
	f := frame{body: h.encode(AsteriskChange{Type: TypeAsterisk, At: time.Now(), Asterisk: s})}
	h.deliverAll(f)
}

// Logout makes an agent offline and closes all its sockets. The error is
// [queue.ErrUnknownAgent], or [ErrStopped].
func (h *Hub) Logout(agentID string) error {
	if err := h.logOff(agentID); err != nil {
		return err
	}
	h.closeAll(agentID)
	return nil
}

func (h *Hub) logOff(agentID string) error {
	h.mu.Lock()
	board := h.board
	h.mu.Unlock()
	if board == nil {
		return ErrStopped
	}
	return board.Logout(agentID)
}

func (h *Hub) closeAll(agentID string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range h.clients.agents[agentID] {
		c.end(LoggedOut)
	}
}

// admit makes room for a socket; the board is nil when there is none.
// A board that is not nil must be followed by leave.
func (h *Hub) admit(stranger bool) *queue.Board {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.board == nil || h.admitted >= h.maxClients || stranger && h.strangers >= maxStrangers {
		return nil
	}
	h.admitted++
	if stranger {
		h.strangers++
	}
	h.serving.Add(1)
	return h.board
}

func (h *Hub) leave() {
	h.mu.Lock()
	h.admitted--
	h.mu.Unlock()
	h.serving.Done()
}

// noStranger takes back a stranger's place: it has logged in or left.
func (h *Hub) noStranger() {
	h.mu.Lock()
	h.strangers--
	h.mu.Unlock()
}

// open takes a socket into the list of those to be closed at the end.
func (h *Hub) open(c *client) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sockets[c] = struct{}{}
	if h.board == nil { // the hub stopped meanwhile
		c.end(Shutdown)
	}
}

// join logs a socket in: from here on it gets every change, the snapshot
// first. It is false when the agent is not in the configuration any more.
func (h *Hub) join(c *client, agentID string) bool {
	if err := c.board.Connect(agentID); err != nil {
		return false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	a, ok := h.auth.Agent(agentID)
	if !ok {
		c.disconnectBoard(agentID)
		return false
	}
	c.rights = h.newRights(a)
	h.clients.add(c)
	c.send(frame{welcome: c.rights})
	return true
}

// close forgets a socket.
func (h *Hub) close(c *client) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.sockets, c)
	if c.rights == nil {
		return
	}
	h.clients.remove(c)
}
