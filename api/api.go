package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"calld/config"
	"calld/queue"
	"calld/report"
	"calld/spy"
	"calld/store"
	"calld/talk"
	"calld/tally"
	"calld/webhook"
)

// MaxBody bounds a request's body, in bytes.
const MaxBody = 64 << 10

// Options are what an API speaks of.
type Options struct {
	Board *queue.Board
	Store *store.Store
	// Day is the figures of the running day.
	Day *report.Day
	// Config gives the configuration in force.
	Config func() *config.Config
	// Reload reads the configuration again and puts it in force, or returns
	// config.Faults.
	Reload func(context.Context) ([]config.Change, error)
	// Status tells how the server is.
	Status func() Status
	// Dial has a call made; it returns once the agent's phone was ordered to
	// ring. The errors are those of queue.Board.CallOut and of package exchange.
	Dial func(context.Context, Dial) (queue.Call, error)
	// MissedChanged is told of missed calls that a request changed.
	MissedChanged func(store.Missed)
	// LoggedOut ends the presence of an agent who logged out; nil: nothing
	// has to be ended.
	LoggedOut func(agentID string) error
	// Spy has a supervisor's phone rung to take part in a talk. The errors are
	// those of package spy, or ErrNotTalking.
	Spy func(ctx context.Context, by config.Agent, c queue.Call, m spy.Mode) error
	// Connections lists the pages that are logged in.
	Connections func() []Connection
	// Asterisk tells how the telephone exchange is.
	Asterisk func(context.Context) AsteriskNow
	// EditAgent changes the agent of that id among those of the store and puts
	// it in force at once. edit is given the configuration in force and the agent
	// as it is kept, nil when there is none, and returns it as it shall be, nil to
	// remove it; nobody else edits meanwhile. The errors are edit's,
	// config.Faults, and those of the store.
	EditAgent func(ctx context.Context, id string, edit EditAgent) error
	// Free takes an agent off the call in hand. The errors are those of
	// package exchange, or queue.ErrUnknownAgent.
	Free func(ctx context.Context, agentID string) error
	// Forget removes what there is of the person with a number. An error may be
	// a [*RecordingError], and the counts tell what was met until then.
	Forget func(ctx context.Context, number string) (store.Forgotten, error)
	// Dialler runs campaigns.
	Dialler Dialler
	// Talks does what agents ask for in a talk.
	Talks    *talk.Talks
	Webhooks *webhook.Service
	Version  string
	Log      *slog.Logger
}

// Status is how the server is.
type Status struct {
	Version        string    `json:"version"`
	Started        time.Time `json:"started"`
	Asterisk       bool      `json:"asterisk" doc:"Connected to Asterisk's manager interface."`
	AsteriskSince  time.Time `json:"asterisk_since"`
	StoreError     string    `json:"store_error,omitempty" doc:"Why calls can't be written; empty when they can."`
	RecordsWaiting int       `json:"records_waiting" doc:"Call records that are not on disk yet."`
	Pages          int       `json:"pages" doc:"Connected browser pages."`
	LiveCalls      int       `json:"live_calls"`
	Freed          uint64    `json:"freed" doc:"Agents and calls that guards had to take back; zero on a sound system."`
}

// API is the REST interface. Its methods may be called from any goroutine.
type API struct {
	board         *queue.Board
	store         *store.Store
	day           *report.Day
	config        func() *config.Config
	reload        func(context.Context) ([]config.Change, error)
	status        func() Status
	dial          func(context.Context, Dial) (queue.Call, error)
	missedChanged func(store.Missed)
	loggedOut     func(string) error
	spy           func(context.Context, config.Agent, queue.Call, spy.Mode) error
	editAgent     func(context.Context, string, EditAgent) error
	heard         hearings
	free          func(context.Context, string) error
	connections   func() []Connection
	asterisk      func(context.Context) AsteriskNow
	forgetPerson  func(context.Context, string) (store.Forgotten, error)
	dialler       Dialler
	talks         *talk.Talks
	webhooks      *webhook.Service
	version       string
	log           *slog.Logger
	guesses       guesses
	checks        chan struct{} // full while loginsAtOnce passwords are being checked
	reports       chan struct{} // full while reportsAtOnce reports are being counted
	verify        func(stored config.Secret, password string) bool
	hash          func(password string) string
	problems      tally.Tally[Code]
}

// New makes an API.
func New(o Options) *API {
	installProblems()
	return &API{
		board: o.Board, store: o.Store, day: o.Day, config: o.Config, reload: o.Reload, status: o.Status, dial: o.Dial,
		missedChanged: o.MissedChanged, loggedOut: o.LoggedOut, spy: o.Spy, free: o.Free, editAgent: o.EditAgent, connections: o.Connections,
		asterisk: o.Asterisk, forgetPerson: o.Forget, dialler: o.Dialler, talks: o.Talks, webhooks: o.Webhooks, version: o.Version, log: o.Log,
		checks: make(chan struct{}, loginsAtOnce), reports: make(chan struct{}, reportsAtOnce), verify: config.VerifyPassword, hash: config.HashPassword,
		problems: tally.New(Codes()),
	}
}

// Handler serves /api for the network. Beyond the session cookie's
// SameSite=Strict it refuses what another origin's page asks for, such as
// that of another port of the same host, which counts as the same site.
func (a *API) Handler() http.Handler {
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(a.refuse(http.StatusForbidden, CodeCrossOrigin, "pages of other origins may not ask for this"))
	h := guard.Handler(a.mount((*API).authenticate))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// What customers and agents wrote is never taken for a page.
		w.Header().Set("X-Content-Type-Options", "nosniff")
		h.ServeHTTP(w, r)
	})
}

// Admin serves the same for the admin socket, where everything is allowed.
func (a *API) Admin() http.Handler {
	return a.mount(func(*API, huma.API) func(huma.Context, func(huma.Context)) { return asAdmin })
}

func (a *API) mount(guard func(*API, huma.API) func(huma.Context, func(huma.Context))) http.Handler {
	mux := http.NewServeMux()
	serveDocs(mux, a.register(mux, guard).OpenAPI())
	return a.withProblems(mux)
}

// register puts every operation on mux.
func (a *API) register(mux *http.ServeMux, guard func(*API, huma.API) func(huma.Context, func(huma.Context))) huma.API {
	c := huma.DefaultConfig("calld", a.version)
	// The document and its page are served below, made once, and bodies are
	// plain: no $schema links, whose address behind a proxy is wrong.
	c.OpenAPIPath, c.DocsPath, c.SchemasPath, c.CreateHooks = "", "", "", nil
	c.Transformers = append(c.Transformers, a.maskAnswer, a.countProblem)
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"session": {Type: "apiKey", In: "cookie", Name: CookieName, Description: "Set by POST /api/v1/session."},
		"token":   {Type: "http", Scheme: "bearer", Description: "For programs: [tokens] of the configuration."},
	}
	c.Security = []map[string][]string{{"session": {}}, {"token": {}}}
	h := humago.New(mux, c)
	h.UseMiddleware(guard(a, h))
	a.registerSessions(h)
	a.registerPhone(h)
	a.registerLive(h)
	a.registerAgents(h)
	a.registerDial(h)
	a.registerTalks(h)
	a.registerHistory(h)
	a.registerRecordings(h)
	a.registerMissed(h)
	a.registerCallbacks(h)
	a.registerSupervision(h)
	a.registerReports(h)
	a.registerServer(h)
	a.registerAdmin(h)
	a.registerWebhooks(h)
	a.registerOutbound(h)
	a.registerPrivacy(h)
	return h
}

func (a *API) registerSessions(h huma.API) {
	huma.Register(h, huma.Operation{
		OperationID: "login", Method: http.MethodPost, Path: "/api/v1/session", Tags: []string{"session"},
		Summary: "Log in with id and password", Metadata: map[string]any{public: true}, MaxBodyBytes: MaxBody,
		Security: []map[string][]string{}, // none
	}, a.login)
	huma.Register(h, huma.Operation{
		OperationID: "logout", Method: http.MethodDelete, Path: "/api/v1/session", Tags: []string{"session"},
		Summary: "Log out", DefaultStatus: http.StatusNoContent,
	}, a.logout)
	huma.Register(h, huma.Operation{
		OperationID: "me", Method: http.MethodGet, Path: "/api/v1/session", Tags: []string{"session"},
		Summary: "Who is logged in",
	}, func(ctx context.Context, _ *struct{}) (*struct{ Body Me }, error) {
		if err := agentOnly(ctx); err != nil {
			return nil, err
		}
		ag, ok := a.config().Agent(who(ctx).id)
		if !ok {
			return nil, notFound("agent", who(ctx).id)
		}
		return &struct{ Body Me }{Me{ID: ag.ID, Name: ag.Name, Role: ag.Role, Queues: ag.Queues, Phone: ag.Phone}}, nil
	})
}

// storeError turns an error of the store into a problem.
func (a *API) storeError(err error) error {
	var tooLong *store.LengthError
	var claimed *store.ClaimedError
	var refused *Problem
	switch {
	case errors.As(err, &refused): // in the middle of a transaction
		return refused
	case errors.Is(err, store.ErrNotFound):
		return problem(http.StatusNotFound, CodeNotFound, "there is no such record")
	case errors.As(err, &tooLong):
		return invalid("body."+tooLong.Field, tooLong.Error())
	case errors.Is(err, store.ErrCursor):
		return invalid("query.cursor", "take it from the page before, unchanged")
	case errors.Is(err, store.ErrLimit):
		return invalid("query.limit", err.Error())
	case errors.As(err, &claimed):
		return problem(http.StatusConflict, CodeClaimed, claimed.Owner+" is working on it")
	case errors.Is(err, store.ErrResolved):
		return problem(http.StatusConflict, CodeResolved, "it is resolved already")
	}
	if !errors.Is(err, context.Canceled) { // else the client is gone
		a.log.Error("store failed", "err", err)
	}
	return problem(http.StatusServiceUnavailable, CodeStore, "the store can't do this now; calls go on")
}

func invalid(location, message string) *Problem {
	p := problem(http.StatusUnprocessableEntity, CodeInvalid, message)
	p.Errors = []*FieldError{{Location: location, Message: message}}
	return p
}
