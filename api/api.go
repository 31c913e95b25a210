package api

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"calld/config"
	"calld/queue"
	"calld/store"
)

// MaxBody bounds a request's body, in bytes.
const MaxBody = 64 << 10

// Options are what an API speaks of.
type Options struct {
	Board *queue.Board
	Store *store.Store
	// Config gives the configuration in force.
	Config func() *config.Config
	// Reload reads the configuration again and puts it in force, or returns
	// config.Faults.
	Reload func(context.Context) ([]config.Change, error)
	// Status tells how the server is.
	Status func() Status
	// MissedChanged is told of missed calls that a request changed.
	MissedChanged func(store.Missed)
	Version       string
	Log           *slog.Logger
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
	config        func() *config.Config
	reload        func(context.Context) ([]config.Change, error)
	status        func() Status
	missedChanged func(store.Missed)
	version       string
	log           *slog.Logger
	guesses       guesses
}

// New makes an API.
func New(o Options) *API {
	installProblems()
	return &API{
		board: o.Board, store: o.Store, config: o.Config, reload: o.Reload, status: o.Status,
		missedChanged: o.MissedChanged, version: o.Version, log: o.Log,
	}
}

// Handler serves /api for the network.
func (a *API) Handler() http.Handler { return a.mount((*API).authenticate) }

// Admin serves the same for the admin socket, where everything is allowed.
func (a *API) Admin() http.Handler {
	return a.mount(func(*API, huma.API) func(huma.Context, func(huma.Context)) { return asAdmin })
}

func (a *API) mount(guard func(*API, huma.API) func(huma.Context, func(huma.Context))) http.Handler {
	mux := http.NewServeMux()
	c := huma.DefaultConfig("calld", a.version)
	c.OpenAPIPath = "/api/openapi"
	c.DocsPath = "/api/docs"
	c.SchemasPath = "/api/schemas"
	// Plain bodies: no $schema links, whose address behind a proxy is wrong.
	c.CreateHooks = nil
	h := humago.New(mux, c)
	h.UseMiddleware(guard(a, h))
	a.registerSessions(h)
	a.registerLive(h)
	a.registerHistory(h)
	a.registerMissed(h)
	a.registerAdmin(h)
	return mux
}

func (a *API) registerSessions(h huma.API) {
	huma.Register(h, huma.Operation{
		OperationID: "login", Method: http.MethodPost, Path: "/api/v1/session", Tags: []string{"session"},
		Summary: "Log in with id and password", Metadata: map[string]any{public: true}, MaxBodyBytes: MaxBody,
	}, a.login)
	huma.Register(h, huma.Operation{
		OperationID: "logout", Method: http.MethodDelete, Path: "/api/v1/session", Tags: []string{"session"},
		Summary: "Log out", DefaultStatus: http.StatusNoContent,
	}, a.logout)
	huma.Register(h, huma.Operation{
		OperationID: "me", Method: http.MethodGet, Path: "/api/v1/session", Tags: []string{"session"},
		Summary: "Who is logged in",
	}, func(ctx context.Context, _ *struct{}) (*struct{ Body Me }, error) {
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
	switch {
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
	a.log.Error("store failed", "err", err)
	return problem(http.StatusServiceUnavailable, CodeStore, "the store can't do this now; calls go on")
}

func invalid(location, message string) *Problem {
	p := problem(http.StatusUnprocessableEntity, CodeInvalid, message)
	p.Errors = []*huma.ErrorDetail{{Location: location, Message: message}}
	return p
}

// stream answers with a body that is written piece by piece.
func stream(contentType string, write func(ctx context.Context, w io.Writer) error, log *slog.Logger) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		ctx.SetHeader("Content-Type", contentType)
		if err := write(ctx.Context(), ctx.BodyWriter()); err != nil {
			// The status has gone out already: break the connection, so that
			// nobody takes the part for the whole.
			log.Error("streaming broke off", "err", err)
			panic(http.ErrAbortHandler)
		}
	}}
}
