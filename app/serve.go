package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"calld/notify"
	"calld/web"
)

// Time limits of the HTTP server. WebSockets have their own.
const (
	headerTime = 5 * time.Second
	// bodyTime is how long a request may take to come in as a whole. Operations
	// that read a body set their own limit; those that don't would else wait for
	// one that was promised as long as the client likes.
	bodyTime = 15 * time.Second
	idleTime = 2 * time.Minute
	// answerTime is how long a client may take in an answer. Streams set their
	// own limit for each piece.
	answerTime = time.Minute
	// stopTime is how long requests and scripts may take to end at a stop.
	stopTime = 3 * time.Second
)

// streams is how many requests an HTTP/2 connection may have under way: the
// limits on connections are to bound requests, too, and 250 is usual.
const streams = 8

// Of HTTP/2 one connection may have so many bytes of a frame, and of bodies not read
// yet, held for it: the least that the protocol allows. By default both are 1 MiB.
const (
	h2Frame  = 16 << 10
	h2Buffer = 64 << 10
)

// handler is everything served on server.http.
func (a *App) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/api/", a.api.Handler())
	mux.Handle("/dtmf", a.api.DTMFServer())
	mux.Handle("/transfer", a.api.DTMFServer())
	mux.Handle("GET /metrics", promhttp.HandlerFor(a.metrics, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", a.readyz)
	mux.Handle("/", web.Handler())
	all := http.NewServeMux()
	all.Handle("/ws", a.hub)
	all.Handle("/sip", a.phones)
	all.Handle("/", a.inTime(mux))
	return a.behindProxies(all)
}

// inTime ends the connections of those who don't take in their answer. Each
// request sets the limit anew: net/http leaves that of the one before in force.
func (a *App) inTime(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := http.NewResponseController(w).SetWriteDeadline(time.Now().Add(answerTime))
		if err != nil && !errors.Is(err, http.ErrNotSupported) {
			a.log.Debug("time limit of an answer not set", "remote", r.RemoteAddr, "err", err)
		}
		h.ServeHTTP(w, r)
	})
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
	s := &http.Server{
		Handler: h, ReadHeaderTimeout: headerTime, ReadTimeout: bodyTime, IdleTimeout: idleTime, MaxHeaderBytes: 16 << 10,
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams: streams, MaxReadFrameSize: h2Frame, MaxReceiveBufferPerConnection: h2Buffer, MaxReceiveBufferPerStream: h2Buffer,
			// The limits of answers end streams, but only once that is written.
			WriteByteTimeout: answerTime,
		},
		ErrorLog: slog.NewLogLogger(a.log.Handler(), slog.LevelDebug),
	}
	a.unread.watch(s)
	return s
}

// serveHTTP serves until ctx ends, then lets requests under way finish.
func serveHTTP(ctx context.Context, s *http.Server, l net.Listener) error {
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
	err := s.Serve(l)
	if stop() { // ctx lives: the listener failed
		return err
	}
	return <-ended
}
