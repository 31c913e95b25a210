package agi

import (
	"context"
	"net/url"
	"strings"
)

// A Handler serves one session: one run of AGI() in the dialplan. When
// ServeAGI returns, the session is closed and the dialplan goes on after AGI().
// The context ends when the session does; see the package comment.
type Handler interface {
	ServeAGI(ctx context.Context, s *Session)
}

// HandlerFunc makes a function a Handler.
type HandlerFunc func(ctx context.Context, s *Session)

// ServeAGI calls f.
func (f HandlerFunc) ServeAGI(ctx context.Context, s *Session) { f(ctx, s) }

// Mux hands sessions to handlers by the path of the AGI URL, percent-decoded:
// agi://host/%EC%83%81%EB%8B%B4?x=y and agi://host/상담 both have the path
// "/상담". Paths match as a whole. Register all handlers before serving; the
// zero Mux is ready for use.
type Mux struct {
	// NotFound serves paths without a handler. Nil returns at once: the call
	// is left to the dialplan.
	NotFound Handler

	handlers map[string]Handler
}

// Handle registers the handler of a path, which begins with a slash. It panics
// when the path has one already.
func (m *Mux) Handle(path string, h Handler) {
	if !strings.HasPrefix(path, "/") {
		panic("agi: path without leading slash: " + path)
	}
	if _, ok := m.handlers[path]; ok {
		panic("agi: two handlers for " + path)
	}
	if m.handlers == nil {
		m.handlers = make(map[string]Handler)
	}
	m.handlers[path] = h
}

// HandleFunc registers a function as the handler of a path.
func (m *Mux) HandleFunc(path string, f func(ctx context.Context, s *Session)) {
	m.Handle(path, HandlerFunc(f))
}

// ServeAGI calls the handler of s.Path.
func (m *Mux) ServeAGI(ctx context.Context, s *Session) {
	h, ok := m.handlers[s.Path]
	if !ok {
		h = m.NotFound
	}
	if h != nil {
		h.ServeAGI(ctx, s)
	}
}

// splitScript takes the path and the query out of what follows the host in an
// AGI URL. launch_netscript splits at the first slash and leaves the rest
// undecoded.
func splitScript(script string) (path string, query url.Values, err error) {
	script, raw, _ := strings.Cut(script, "?")
	if path, err = url.PathUnescape(script); err != nil {
		return "", nil, err
	}
	if raw == "" {
		return "/" + path, nil, nil
	}
	if query, err = url.ParseQuery(raw); err != nil {
		return "", nil, err
	}
	return "/" + path, query, nil
}
