package api

import (
	"bytes"
	"errors"
	"mime"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"calld/queue"
)

const recordingPath = "/api/v1/calls/ended-billing/recording"

// listen asks for a recording, with further headers.
func (c *centre) listen(id, method, path string, headers map[string]string) *httptest.ResponseRecorder {
	c.t.Helper()
	r := httptest.NewRequest(method, path, http.NoBody)
	r.AddCookie(&http.Cookie{Name: CookieName, Value: c.session(id)})
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	c.network.ServeHTTP(w, r)
	return w
}

// TestRecordingParts: a player asks for parts, and a browser for what it has
// already.
func TestRecordingParts(t *testing.T) {
	c := newCentre(t)
	whole := recorded(1000)
	first := c.listen("other", http.MethodGet, recordingPath, nil)
	etag, modified := first.Header().Get("ETag"), first.Header().Get("Last-Modified")
	if etag == "" || modified == "" {
		t.Fatalf("%d: ETag %q, Last-Modified %q", first.Code, etag, modified)
	}
	tests := map[string]struct {
		method  string
		headers map[string]string
		status  int
		length  string
		body    []byte
	}{
		"whole":           {"GET", nil, 200, "2044", whole},
		"head":            {"HEAD", nil, 200, "2044", nil},
		"first bytes":     {"GET", map[string]string{"Range": "bytes=0-99"}, 206, "100", whole[:100]},
		"middle":          {"GET", map[string]string{"Range": "bytes=1000-1009"}, 206, "10", whole[1000:1010]},
		"to the end":      {"GET", map[string]string{"Range": "bytes=2000-"}, 206, "44", whole[2000:]},
		"last bytes":      {"GET", map[string]string{"Range": "bytes=-5"}, 206, "5", whole[2039:]},
		"same file":       {"GET", map[string]string{"Range": "bytes=0-1", "If-Range": etag}, 206, "2", whole[:2]},
		"another file":    {"GET", map[string]string{"Range": "bytes=0-1", "If-Range": `"old"`}, 200, "2044", whole},
		"known":           {"GET", map[string]string{"If-None-Match": etag}, 304, "", nil},
		"known by time":   {"GET", map[string]string{"If-Modified-Since": modified}, 304, "", nil},
		"no range at all": {"GET", map[string]string{"Range": "lines=1-2"}, 416, "", nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := c.listen("other", tt.method, recordingPath, tt.headers)
			if tt.status == http.StatusRequestedRangeNotSatisfiable {
				wantProblem(t, w, tt.status, CodeRange)
				return
			}
			if w.Code != tt.status || w.Header().Get("Content-Length") != tt.length || !bytes.Equal(w.Body.Bytes(), tt.body) {
				t.Errorf("%d with %d bytes (Content-Length %s)", w.Code, w.Body.Len(), w.Header().Get("Content-Length"))
			}
		})
	}
	w := c.listen("other", http.MethodGet, recordingPath, map[string]string{"Range": "bytes=5000-"})
	wantProblem(t, w, http.StatusRequestedRangeNotSatisfiable, CodeRange)
	if got := w.Header().Get("Content-Range"); got != "bytes */2044" {
		t.Errorf("Content-Range %q", got)
	}
}

func TestRecordingHeaders(t *testing.T) {
	c := newCentre(t)
	w := c.listen("other", http.MethodGet, recordingPath, nil)
	for name, want := range map[string]string{
		"Content-Type": "audio/wav", "X-Content-Type-Options": "nosniff", "Cache-Control": "private, no-cache",
		"Accept-Ranges": "bytes",
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	kind, params, err := mime.ParseMediaType(w.Header().Get("Content-Disposition"))
	if err != nil || kind != "attachment" || params["filename"] != "20261101-180000_0102.wav" {
		t.Errorf("%s %v, %v", kind, params, err)
	}
	hostile := queue.Call{Begin: began, Caller: "..\\/\x01\"*", Agent: "홍길동"}
	if got, want := c.api.recordingName(&principal{}, hostile), "20261101-180000_..______홍길동.wav"; got != want {
		t.Errorf("name %q, want %q", got, want)
	}
}

// TestRecordingRights: who may not see the queue does not learn that there is
// such a call.
func TestRecordingRights(t *testing.T) {
	c := newCentre(t)
	for id, status := range map[string]int{"other": 200, "sup": 200, "관리자": 200, "홍길동": 404, "": 401} {
		if w := c.ask(id, "GET "+recordingPath, ""); w.Code != status {
			t.Errorf("%s: %d, want %d", id, w.Code, status)
		}
	}
	wantProblem(t, c.ask("홍길동", "GET "+recordingPath, ""), http.StatusNotFound, CodeNotFound)
	if w := asked(c.admin, "", "GET "+recordingPath, ""); w.Code != http.StatusOK {
		t.Errorf("admin socket: %d", w.Code)
	}
}

// TestRecordingMissing: why there is nothing to hear.
func TestRecordingMissing(t *testing.T) {
	unfinished := recorded(100)
	copy(unfinished[wavHeader-4:], "\x00\x00\x00\x00")
	tests := map[string]struct {
		change func(c *centre) error
		path   string
		status int
		code   Code
	}{
		"live call":    {nil, "/api/v1/calls/live-billing/recording", 404, CodeRecordingNotReady},
		"missed call":  {nil, "/api/v1/calls/missed-billing/recording", 404, CodeNoRecording},
		"unknown call": {nil, "/api/v1/calls/x/recording", 404, CodeNotFound},
		"deleted":      {func(c *centre) error { return os.Remove(c.file()) }, recordingPath, 404, CodeNoRecording},
		"being written": {
			func(c *centre) error { return os.WriteFile(c.file(), unfinished, 0o600) },
			recordingPath, 404, CodeRecordingNotReady,
		},
		"just begun": {
			func(c *centre) error { return os.WriteFile(c.file(), nil, 0o600) },
			recordingPath, 404, CodeRecordingNotReady,
		},
		"never finished": {func(c *centre) error {
			old := time.Now().Add(-time.Minute)
			return os.Chtimes(c.file(), old, old)
		}, recordingPath, 200, ""},
		"nothing said": {func(c *centre) error {
			return errors.Join(os.WriteFile(c.file(), recorded(0), 0o600), os.Chtimes(c.file(), began, began))
		}, recordingPath, 404, CodeNoRecording},
		"folder in its place": {func(c *centre) error {
			_ = os.Remove(c.file()) // Mkdir tells
			return os.Mkdir(c.file(), 0o700)
		}, recordingPath, 503, CodeRecordings},
		"pipe in its place": {func(c *centre) error {
			_ = os.Remove(c.file()) // Mkfifo tells
			return syscall.Mkfifo(c.file(), 0o600)
		}, recordingPath, 503, CodeRecordings},
		"no folder": {func(c *centre) error { return os.RemoveAll(c.recordings) }, recordingPath, 503, CodeRecordings},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := newCentre(t)
			if name == "never finished" { // Asterisk died over it
				c.record("billing.wav", unfinished)
			}
			if tt.change != nil {
				if err := tt.change(c); err != nil {
					t.Fatal(err)
				}
			}
			w := c.ask("other", "GET "+tt.path, "")
			if tt.code != "" {
				wantProblem(t, w, tt.status, tt.code)
			} else if w.Code != tt.status {
				t.Errorf("status %d, want %d: %s", w.Code, tt.status, w.Body)
			}
		})
	}
}

func (c *centre) file() string { return filepath.Join(c.recordings, "billing.wav") }

// TestRecordingTraversal: whatever a record names, nothing outside the folder
// is served.
func TestRecordingTraversal(t *testing.T) {
	c := newCentre(t)
	outside := filepath.Join(t.TempDir(), "secret.wav")
	if err := os.WriteFile(outside, recorded(10), 0o600); err != nil {
		t.Fatal(err)
	}
	for link, target := range map[string]string{"link.wav": outside, "up": filepath.Dir(outside), "relative": "../.."} {
		if err := os.Symlink(target, filepath.Join(c.recordings, link)); err != nil {
			t.Fatal(err)
		}
	}
	here, err := filepath.Rel(c.recordings, outside)
	if err != nil {
		t.Fatal(err)
	}
	records := []string{
		outside, here, "x/../" + here, "./" + here, "link.wav", "up/secret.wav", "relative/etc/passwd",
		"../../../../etc/passwd", "/etc/passwd", "..", ".", "", "a\x00b", strings.Repeat("a/", 3000), "\xff",
	}
	for i, record := range records {
		end := began.Add(time.Minute)
		call := queue.Call{
			ID: "hostile", Queue: "billing", Direction: queue.In, Phase: queue.Ended, Begin: began, Start: &began, End: &end,
			Outcome: queue.Answered, Rings: []queue.Ring{}, Record: record,
		}
		if _, err := c.store.Finish(t.Context(), &call); err != nil {
			t.Fatal(err)
		}
		w := c.ask("관리자", "GET /api/v1/calls/hostile/recording", "")
		if w.Code != http.StatusNotFound && w.Code != http.StatusServiceUnavailable || w.Header().Get("Content-Type") == "audio/wav" {
			t.Errorf("%d: %.80q: %d %s", i, record, w.Code, w.Body)
		}
	}
}
