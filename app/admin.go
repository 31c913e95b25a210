package app

import (
	"context"
	"net/http"
	"net/http/pprof"

	"calld/config"
)

// admin is everything served on the admin socket: the API with all rights, the
// agents of the store with their secrets, for calld asterisk-config, and the
// profiles of the running process, for go tool pprof:
//
//	curl --unix-socket calld.sock 'http://calld/debug/pprof/profile?seconds=10' > cpu.pprof
//
// The import registers the profiles with http.DefaultServeMux too, which
// calld serves nowhere.
func (a *App) admin() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", a.api.Admin())
	mux.HandleFunc("GET "+StoredAgentsPath, a.serveStoredAgents)
	mux.HandleFunc("GET /debug/pprof/", pprof.Index) // with heap, goroutine, block, mutex …
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return mux
}

// SignalReload is [App.Reload] for a signal, which the audit trail tells.
func (a *App) SignalReload(ctx context.Context) ([]config.Change, error) {
	return a.api.SignalReload(ctx)
}
