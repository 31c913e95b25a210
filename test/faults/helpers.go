package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"calld/test/lab"
)

// soundLength is the length of every announcement.
const soundLength = 300 * time.Millisecond

// helpers is the web servers that calld depends on: announcements, speech and
// a webhook's receiver. All of them can be dead or slow.
type helpers struct {
	addr string
	wav  []byte

	mu     sync.Mutex
	server *http.Server
	ended  chan struct{} // closed when server has
	slow   chan struct{} // requests wait until it is closed; nil: they don't
	asked  int           // announcements
	told   map[string]int
}

func startHelpers(ctx context.Context) (*helpers, error) {
	port, err := lab.FreePort()
	if err != nil {
		return nil, err
	}
	h := &helpers{addr: fmt.Sprintf("127.0.0.1:%d", port), wav: lab.ToneWAV(440, soundLength), told: map[string]int{}}
	return h, h.revive(ctx)
}

func (h *helpers) url(path string) string { return "http://" + h.addr + path }

// revive starts the server, if it is dead.
func (h *helpers) revive(ctx context.Context) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.server != nil {
		return nil
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", h.addr)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/announcement", h.announcement)
	mux.HandleFunc("/speech", h.speech)
	mux.HandleFunc("/webhook", h.webhook)
	h.server, h.ended = &http.Server{Handler: mux, ReadHeaderTimeout: patience}, make(chan struct{})
	go func(s *http.Server, ended chan<- struct{}) {
		defer close(ended)
		_ = s.Serve(l) // until it is closed
	}(h.server, h.ended)
	return nil
}

// die closes the server and all its connections.
func (h *helpers) die() error {
	h.hurry()
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.server == nil {
		return nil
	}
	err := h.server.Close()
	<-h.ended
	h.server = nil
	return err
}

// dawdle lets every request wait until hurry.
func (h *helpers) dawdle() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.slow == nil {
		h.slow = make(chan struct{})
	}
}

func (h *helpers) hurry() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.slow != nil {
		close(h.slow)
		h.slow = nil
	}
}

// wait is what every request does first; false: it was given up.
func (h *helpers) wait(r *http.Request) bool {
	h.mu.Lock()
	slow := h.slow
	h.mu.Unlock()
	if slow == nil {
		return true
	}
	select {
	case <-slow:
		return true
	case <-r.Context().Done():
		return false
	}
}

// announcement answers by turns with a sound, with a text to be spoken that
// was spoken before, and with a new one.
func (h *helpers) announcement(w http.ResponseWriter, r *http.Request) {
	if !h.wait(r) {
		return
	}
	h.mu.Lock()
	h.asked++
	n := h.asked
	h.mu.Unlock()
	switch n % 3 {
	case 0:
		w.Header().Set("Content-Type", "audio/wav")
		_, _ = w.Write(h.wav) // who asks may have gone
	case 1:
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, "잠시만 기다려 주세요.")
	default:
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = fmt.Fprintf(w, "%d번째 고객님, 잠시만 기다려 주세요.", n)
	}
}

func (h *helpers) speech(w http.ResponseWriter, r *http.Request) {
	if !h.wait(r) {
		return
	}
	w.Header().Set("Content-Type", "audio/wav")
	_, _ = w.Write(h.wav) // who asks may have gone
}

// webhook counts for each call how often its end was told.
func (h *helpers) webhook(w http.ResponseWriter, r *http.Request) {
	if !h.wait(r) {
		return
	}
	var event struct {
		Type string
		Call struct{ ID string }
	}
	if err := json.NewDecoder(r.Body).Decode(&event); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.told[event.Call.ID]++
	w.WriteHeader(http.StatusNoContent)
}

// heard tells whether the webhook was told of a call's end.
func (h *helpers) heard(call string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.told[call] > 0
}
