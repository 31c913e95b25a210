package app

import (
	"context"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
)

// unread counts the connections that ended before one request of theirs could be
// read: it was too slow, too large, or not HTTP/1.1. net/http answers such a
// request itself, and tells no handler.
type unread struct {
	count atomic.Uint64

	mu   sync.Mutex
	open map[net.Conn]*firstRequest
}

// firstRequest is how far a connection's first request has come.
type firstRequest struct{ begun, read atomic.Bool }

// firstKey is the key of the context of requests under which the connection's
// firstRequest stands.
type firstKey struct{}

func newUnread() *unread { return &unread{open: map[net.Conn]*firstRequest{}} }

// watch has the connections of a server looked at.
func (u *unread) watch(s *http.Server) {
	h := s.Handler
	s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if first, ok := r.Context().Value(firstKey{}).(*firstRequest); ok {
			first.read.Store(true)
		}
		h.ServeHTTP(w, r)
	})
	s.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		first := new(firstRequest)
		u.mu.Lock()
		defer u.mu.Unlock()
		u.open[c] = first
		return context.WithValue(ctx, firstKey{}, first)
	}
	s.ConnState = u.changed
}

// changed is told of each change of a connection's state (http.ConnState).
func (u *unread) changed(c net.Conn, state http.ConnState) {
	u.mu.Lock()
	defer u.mu.Unlock()
	first, ok := u.open[c]
	if !ok {
		return // it is over, and was counted
	}
	switch state {
	case http.StateActive:
		first.begun.Store(true)
	case http.StateClosed, http.StateHijacked:
		delete(u.open, c)
		if first.begun.Load() && !first.read.Load() {
			u.count.Add(1)
		}
	case http.StateNew, http.StateIdle:
	}
}
