package api

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

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
	id     string
	role   config.Role
	queues []string
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

// public marks the operations that need no session.
const public = "public"

// authenticate finds out who asks, from the session cookie.
func (a *API) authenticate(api huma.API) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		if ctx.Operation().Metadata[public] != nil {
			next(ctx)
			return
		}
		var p *principal
		if c, err := huma.ReadCookie(ctx, CookieName); err == nil {
			p = a.principalOf(c.Value)
		}
		if p == nil {
			if err := huma.WriteErr(api, ctx, http.StatusUnauthorized, "log in first: POST /api/v1/session"); err != nil {
				a.log.Debug("error not written", "err", err)
			}
			return
		}
		next(huma.WithValue(ctx, principalKey{}, p))
	}
}

// asAdmin lets everything through: the admin socket's file mode is its guard.
func asAdmin(ctx huma.Context, next func(huma.Context)) {
	next(huma.WithValue(ctx, principalKey{}, &principal{id: "admin-socket", role: config.RoleAdmin}))
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

// CheckPassword tells whether the id and password are those of an agent. It
// does the same work for an unknown id and for a password that stands plain
// in the file as for a hashed one, so that the time does not tell which ids
// exist; whoever calls it limits the guesses.
func (a *API) CheckPassword(id, password string) (config.Agent, bool) {
	ag, known := a.config().Agent(id)
	good := known && a.verify(ag.Password, password)
	if !known || !config.IsHashed(ag.Password) {
		a.verify(unknownPassword, password)
	}
	return ag, good
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
	in.secure = ctx.TLS() != nil
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
	select {
	case a.checks <- struct{}{}:
		defer func() { <-a.checks }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	now := time.Now()
	if !a.guesses.allow(now, in.remote, in.Body.ID) {
		return nil, problem(http.StatusTooManyRequests, CodeTooManyLogins, "too many failed log-ins; wait a minute")
	}
	ag, ok := a.CheckPassword(in.Body.ID, in.Body.Password)
	if !ok {
		a.guesses.failed(now, in.remote, in.Body.ID)
		a.log.Warn("login refused", "agent", in.Body.ID, "remote", in.remote)
		return nil, problem(http.StatusUnauthorized, CodeBadLogin, "wrong id or password")
	}
	token := newToken()
	session := store.Session{Agent: ag.ID, Mark: passwordMark(token, ag.Password), Expires: now.Add(SessionLife)}
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
