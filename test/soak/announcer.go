package main

import (
	"context"
	"net"
	"net/http"
	"time"

	"calld/test/lab"
)

// announcer is an announcement server: every caller hears the same short tone,
// which calld may keep for a minute.
type announcer struct {
	l      net.Listener
	server *http.Server
	done   chan struct{}
}

func newAnnouncer(ctx context.Context) (*announcer, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	const tone, length = 440, 200 * time.Millisecond
	wav := lab.ToneWAV(tone, length)
	a := &announcer{l: l, done: make(chan struct{}), server: &http.Server{
		ReadHeaderTimeout: time.Minute,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "audio/wav")
			w.Header().Set("Cache-Control", "max-age=60")
			w.Write(wav)
		}),
	}}
	go func() {
		defer close(a.done)
		_ = a.server.Serve(l) // ends by close
	}()
	return a, nil
}

func (a *announcer) url() string { return "http://" + a.l.Addr().String() + "/announcement" }

func (a *announcer) close() {
	_ = a.server.Close() // nothing is lost
	<-a.done
}
