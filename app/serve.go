package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"calld/config"
	"calld/notify"
	"calld/web"
)

// Time limits of the HTTP server. WebSockets have their own.
const (
	headerTime = 5 * time.Second
	idleTime   = 2 * time.Minute
	// stopTime is how long requests and scripts may take to end at a stop.
	stopTime = 3 * time.Second
)

// handler is everything served on server.http.
func (a *App) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/ws", a.hub)
	mux.Handle("/api/", a.api.Handler())
	mux.Handle("GET /metrics", promhttp.HandlerFor(a.metrics, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", a.readyz)
	mux.Handle("/", web.Handler())
	return mux
}

// readyz tells whether calld can do its whole work: Asterisk is connected and
// calls are written.
func (a *App) readyz(w http.ResponseWriter, _ *http.Request) {
	if s := a.asterisk.Load(); s.State != notify.AsteriskUp {
		answer(w, http.StatusServiceUnavailable, "asterisk: not connected since "+s.Since.Format(time.RFC3339))
		return
	}
	if err := a.recorder.Healthy(); err != nil {
		answer(w, http.StatusServiceUnavailable, "store: "+err.Error())
		return
	}
	answer(w, http.StatusOK, "ready")
}

func answer(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = fmt.Fprintln(w, text) // the client may be gone: nothing to be done
}

func (a *App) httpServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: headerTime, IdleTimeout: idleTime, MaxHeaderBytes: 16 << 10,
		ErrorLog: slog.NewLogLogger(a.log.Handler(), slog.LevelDebug),
	}
}

// serveHTTP serves until ctx ends, then lets requests under way finish.
func serveHTTP(ctx context.Context, s *http.Server, l net.Listener, tls config.TLS) error {
	ended := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		wait, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
		defer cancel()
		err := s.Shutdown(wait)
		if err != nil {
			err = errors.Join(err, s.Close())
		}
		ended <- err
	})
	var err error
	if tls.Certificate != "" {
		err = s.ServeTLS(l, tls.Certificate, tls.Key)
	} else {
		err = s.Serve(l)
	}
	if stop() { // ctx lives: the listener failed
		return err
	}
	return <-ended
}

// listenAdmin opens the admin socket with mode 0600. A socket file that no
// server answers on is left over from a crash and replaced.
func listenAdmin(ctx context.Context, path string) (net.Listener, error) {
	var d net.Dialer
	if c, err := d.DialContext(ctx, "unix", path); err == nil {
		_ = c.Close() // it has served its purpose
		return nil, fmt.Errorf("another calld serves %s: stop it, or choose another admin_socket", path)
	}
	if info, err := os.Lstat(path); err == nil && info.Mode()&os.ModeSocket != 0 {
		if err := os.Remove(path); err != nil {
			return nil, err
		}
	}
	// Made under another name, so that it never stands there with a mode that
	// lets others in.
	dir, err := os.MkdirTemp(filepath.Dir(path), ".calld-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // empty by then
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "unix", dir+"/s")
	if err != nil {
		return nil, err
	}
	if u, ok := l.(*net.UnixListener); ok {
		u.SetUnlinkOnClose(false) // it goes by its final name
	}
	if err := errors.Join(os.Chmod(dir+"/s", 0o600), os.Rename(dir+"/s", path)); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return &adminListener{Listener: l, path: path}, nil
}

// adminListener removes its socket file when it is closed.
type adminListener struct {
	net.Listener
	path string
}

// Close closes the socket.
func (l *adminListener) Close() error {
	err := l.Listener.Close()
	if err == nil {
		err = os.Remove(l.path)
	}
	return err
}
