package app

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"calld/config"
)

// patience is how long a test waits for a fact before it fails.
const patience = 20 * time.Second

// centreConfig listens on free ports and has no Asterisk.
const centreConfig = `
[server]
http = "127.0.0.1:0"
agi = "127.0.0.1:0"
admin_socket = "s"
[asterisk]
ami = "127.0.0.1:1"
secret = "x"
recordings = "DIR/recordings"
sounds = "DIR/sounds"
[queues."상담"]
number = "1000"
[queues.billing]
number = "2000"
[agents."홍길동"]
password = "right"
phone = "801"
queues = ["상담"]
[agents.sup]
password = "right"
role = "supervisor"
`

// site is a folder with a configuration.
type site struct {
	t   *testing.T
	dir string
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{t: t, dir: t.TempDir()}
	s.write(centreConfig)
	return s
}

func (s *site) path(name string) string { return filepath.Join(s.dir, name) }

// write writes the configuration; changes are pairs of old and new text.
func (s *site) write(text string, changes ...string) {
	s.t.Helper()
	text = strings.NewReplacer(append(changes, "DIR", s.dir)...).Replace(text)
	if err := os.WriteFile(s.path("calld.toml"), []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// app makes an App that is not run; its store is closed at the test's end.
func (s *site) app() *App {
	s.t.Helper()
	a, err := New(Options{ConfigPath: s.path("calld.toml"), Version: "test", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { a.store.Close() })
	return a
}

// running is an App that runs.
type running struct {
	*App
	t    *testing.T
	url  string
	stop context.CancelFunc
	done chan error
}

// run starts an App and waits until it is ready.
func (s *site) run() *running {
	s.t.Helper()
	ready := make(chan string, 1)
	a, err := New(Options{ConfigPath: s.path("calld.toml"), Version: "test", Log: slog.New(readyHandler{ready: ready})})
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(s.t.Context())
	r := &running{App: a, t: s.t, stop: stop, done: make(chan error, 1)}
	go func() { r.done <- a.Run(ctx) }()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case addr := <-ready:
		r.url = "http://" + addr
	case err := <-r.done:
		s.t.Fatalf("it does not start: %v", err)
	case <-timer.C:
		s.t.Fatal("it is never ready")
	}
	return r
}

// ended waits for the end of a running App.
func (r *running) ended() error {
	r.t.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case err := <-r.done:
		return err
	case <-timer.C:
		r.t.Fatal("it does not end")
		return nil
	}
}

// readyHandler waits for the line that tells the address.
type readyHandler struct {
	slog.Handler
	ready chan string
}

func (readyHandler) Enabled(context.Context, slog.Level) bool { return true }
func (h readyHandler) WithAttrs([]slog.Attr) slog.Handler     { return h }
func (h readyHandler) WithGroup(string) slog.Handler          { return h }

func (h readyHandler) Handle(_ context.Context, r slog.Record) error {
	if r.Message == "calld is ready" {
		r.Attrs(func(a slog.Attr) bool {
			if a.Key == "http" {
				h.ready <- a.Value.String()
			}
			return true
		})
	}
	return nil
}

// get asks for a page of a running App.
func get(t *testing.T, client *http.Client, url string) (status int, body string) {
	t.Helper()
	r, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(b)
}

// overSocket is a client of the admin socket.
func overSocket(path string) *http.Client {
	return &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", path)
		},
	}}
}

// until waits for a fact.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	end := time.NewTimer(patience)
	defer end.Stop()
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	for !is() {
		select {
		case <-end.C:
			t.Fatalf("never: %s", what)
		case <-look.C:
		}
	}
}

func faultsOf(err error) config.Faults {
	faults, _ := errors.AsType[config.Faults](err)
	return faults
}
