package api

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"calld/config"
	"calld/store"
)

// CookieName is the session cookie of browsers.
const CookieName = "calld_session"

// SessionLife is how long a session lasts after the log-in: a working day
// and a night shift.
const SessionLife = 16 * time.Hour

// principal is who asks.
type principal struct {
	id     string // of an agent, or token/ID: no agent's id has a slash
	role   config.Role
	queues []string
	// program: it is no agent, so it has no phone, no state and no session.
	program bool
}

// sees reports whether the principal may see a queue.
func (p *principal) sees(queueID string) bool {
	return p.role != config.RoleAgent || slices.Contains(p.queues, queueID)
}

type principalKey struct{}

func who(ctx context.Context) *principal {
	p, _ := ctx.Value(principalKey{}).(*principal)
	if p == nil {
		return &principal{role: config.RoleAgent} // sees nothing
	}
	return p
}

// need refuses principals of a lower role.
func need(ctx context.Context, role config.Role) error {
	p := who(ctx)
	switch {
	case role == config.RoleAdmin && p.role != config.RoleAdmin:
		return forbidden("an admin")
	case role == config.RoleSupervisor && p.role == config.RoleAgent:
		return forbidden("a supervisor")
	}
	return nil
}

// agentOnly refuses what only an agent can do: who asks is to have a phone, or
// to own what is claimed.
func agentOnly(ctx context.Context) error {
	if who(ctx).program {
		return problem(http.StatusForbidden, CodeNeedsAgent, "only an agent who is logged in can do this: a token is nobody's phone or session")
	}
	return nil
}

// public marks the operations that need no session.
const public = "public"

// authenticate finds out who asks: from the bearer token if there is one, else
// from the session cookie.
func (a *API) authenticate(api huma.API) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		if ctx.Operation().Metadata[public] != nil {
			next(ctx)
			return
		}
		var p *principal
		why := "log in first: POST /api/v1/session, or send Authorization: Bearer TOKEN"
		if scheme, token, _ := strings.Cut(ctx.Header("Authorization"), " "); strings.EqualFold(scheme, "Bearer") {
			p, why = a.programOf(strings.TrimSpace(token)), "nobody's token: [tokens] of the configuration has no such hash"
		} else if c, err := huma.ReadCookie(ctx, CookieName); err == nil {
			p = a.principalOf(c.Value)
		}
		if p == nil {
			ctx.SetHeader("WWW-Authenticate", "Bearer") // RFC 6750 section 3
			if err := huma.WriteErr(api, ctx, http.StatusUnauthorized, why); err != nil {
				a.log.Debug("error not written", "err", err)
			}
			return
		}
		next(huma.WithValue(ctx, principalKey{}, p))
	}
}

// asAdmin lets everything through: the admin socket's file mode is its guard.
func asAdmin(ctx huma.Context, next func(huma.Context)) {
	next(huma.WithValue(ctx, principalKey{}, &principal{id: "admin-socket", role: config.RoleAdmin, program: true}))
}

// programOf finds whose token it is.
func (a *API) programOf(token string) *principal {
	t, ok := a.config().Token(token)
	if !ok {
		return nil
	}
	return &principal{id: "token/" + t.ID, role: t.Role, queues: t.Queues, program: true}
}

func (a *API) principalOf(token string) *principal {
	session, ok := a.store.Session(tokenKey(token), time.Now())
	if !ok {
		return nil
	}
	ag, ok := a.config().Agent(session.Agent)
	if !ok || !hmac.Equal([]byte(session.Mark), []byte(passwordMark(token, ag.Password))) {
		return nil
	}
	return &principal{id: ag.ID, role: ag.Role, queues: ag.Queues}
}

// AgentOf tells whose session cookie a request carries; "" when it carries
// none that is valid.
func (a *API) AgentOf(r *http.Request) string {
	c, err := r.Cookie(CookieName)
	if err != nil {
		return ""
	}
	if p := a.principalOf(c.Value); p != nil {
		return p.id
	}
	return ""
}

// unknownPassword is a hash that no password has.
const unknownPassword = config.Secret("$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")

// tokenKey is what the store keeps of a token: whoever reads the store can't
// log in with it.
func tokenKey(token string) string {
	h := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(h[:])
}

// passwordMark tells the password of a session's log-in from a later one, so
// that a changed password ends the sessions begun with the old one. It is
// keyed with the token, which the store does not have: nobody can try
// passwords on it.
func passwordMark(token string, password config.Secret) string {
	h := hmac.New(sha256.New, []byte(token))
	h.Write([]byte(password))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:8])
}

func newToken() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand.Read ends the program instead
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// ErrBadLogin says that id or password are wrong.
var ErrBadLogin = errors.New("api: wrong id or password")

// LimitedError says that no password is checked for now.
type LimitedError struct {
	Wait time.Duration // until it may be tried again
}

func (e *LimitedError) Error() string {
	return fmt.Sprintf("api: too many wrong passwords; wait %s", e.Wait)
}

// maxLoginID bounds an id, in characters: at a WebSocket it may be as long as a
// frame, and wrong ones are remembered and logged.
const maxLoginID = 128

// Login tells whose id and password these are. Wrong ones are counted by id
// and by address, wherever they come in; the error is ErrBadLogin, a
// [*LimitedError], or that of ctx.
func (a *API) Login(ctx context.Context, id, password, addr string) (config.Agent, error) {
	select {
	case a.checks <- struct{}{}:
		defer func() { <-a.checks }()
	case <-ctx.Done():
		return config.Agent{}, context.Cause(ctx)
	}
	if utf8.RuneCountInString(id) > maxLoginID {
		id = "" // nobody's
	}
	now := time.Now()
	if wait := a.guesses.wait(now, addr, id); wait > 0 {
		a.log.Warn("too many wrong passwords", "agent", id, "remote", addr)
		return config.Agent{}, &LimitedError{wait}
	}
	ag, ok := a.checkPassword(id, password)
	if !ok {
		a.guesses.failed(now, addr, id)
		a.log.Warn("login refused", "agent", id, "remote", addr)
		return config.Agent{}, ErrBadLogin
	}
	return ag, nil
}

// checkPassword tells whether the id and password are those of an agent. It
// does the same work for an unknown id and for a password that stands plain
// in the file as for a hashed one, so that the time does not tell which ids
// exist.
func (a *API) checkPassword(id, password string) (config.Agent, bool) {
	ag, known := a.config().Agent(id)
	good := known && a.verify(ag.Password, password)
	if !known || !config.IsHashed(ag.Password) {
		a.verify(unknownPassword, password)
	}
	a.giveBack()
	return ag, good
}

// giveBack returns the memory of the last password check of several to the system:
// it is several times what calld needs otherwise, and the collector would keep
// it for minutes.
func (a *API) giveBack() {
	if len(a.checks) == 1 { // our own
		debug.FreeOSMemory()
	}
}

type loginInput struct {
	remote string
	secure bool
	Body   struct {
		ID       string `json:"id" minLength:"1" maxLength:"128" doc:"Login id." example:"홍길동"`
		Password string `json:"password" minLength:"1" maxLength:"256"`
	}
}

// Resolve notes where the request comes from.
func (in *loginInput) Resolve(ctx huma.Context) []error {
	in.remote = ctx.RemoteAddr()
	if host, _, err := net.SplitHostPort(in.remote); err == nil {
		in.remote = host
	}
	// The server lets only proxies that it trusts say this.
	in.secure = ctx.TLS() != nil || ctx.Header("X-Forwarded-Proto") == "https"
	return nil
}

type loginOutput struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
	Body      Me
}

// Me is who is logged in.
type Me struct {
	ID     string      `json:"id"`
	Name   string      `json:"name"`
	Role   config.Role `json:"role"`
	Queues []string    `json:"queues"`
	Phone  string      `json:"phone"`
}

func (a *API) login(ctx context.Context, in *loginInput) (*loginOutput, error) {
	ag, err := a.Login(ctx, in.Body.ID, in.Body.Password, in.remote)
	var limited *LimitedError
	switch {
	case errors.As(err, &limited):
		seconds := int(limited.Wait/time.Second) + 1
		return nil, huma.ErrorWithHeaders(
			problem(http.StatusTooManyRequests, CodeTooManyLogins, fmt.Sprintf("too many wrong passwords; wait %d seconds", seconds)),
			http.Header{"Retry-After": {strconv.Itoa(seconds)}})
	case errors.Is(err, ErrBadLogin):
		return nil, problem(http.StatusUnauthorized, CodeBadLogin, "wrong id or password")
	case err != nil: // the client is gone, and reads no answer
		return nil, problem(http.StatusServiceUnavailable, CodeOther, "the request was given up")
	}
	token := newToken()
	session := store.Session{Agent: ag.ID, Mark: passwordMark(token, ag.Password), Expires: time.Now().Add(SessionLife)}
	if err := a.store.PutSession(ctx, tokenKey(token), session); err != nil {
		return nil, a.storeError(err)
	}
	return &loginOutput{
		SetCookie: cookie(token, in.secure, int(SessionLife.Seconds())),
		Body:      Me{ID: ag.ID, Name: ag.Name, Role: ag.Role, Queues: ag.Queues, Phone: ag.Phone},
	}, nil
}

func cookie(value string, secure bool, maxAge int) http.Cookie {
	return http.Cookie{
		Name: CookieName, Value: value, Path: "/", MaxAge: maxAge,
		HttpOnly: true, Secure: secure, SameSite: http.SameSiteStrictMode,
	}
}

type logoutInput struct {
	Cookie http.Cookie `cookie:"calld_session"`
}

type logoutOutput struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
}

func (a *API) logout(ctx context.Context, in *logoutInput) (*logoutOutput, error) {
	if err := agentOnly(ctx); err != nil {
		return nil, err
	}
	if v := strings.TrimSpace(in.Cookie.Value); v != "" {
		if err := a.store.DeleteSession(ctx, tokenKey(v)); err != nil {
			return nil, a.storeError(err)
		}
	}
	if id := who(ctx).id; a.loggedOut != nil && id != "" {
		if err := a.loggedOut(id); err != nil {
			a.log.Warn("pages of a logged-out agent not closed", "agent", id, "err", err)
		}
	}
	return &logoutOutput{SetCookie: cookie("", false, -1)}, nil
}
