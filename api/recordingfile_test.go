package api

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"unicode/utf8"

	"calld/queue"
)

// FuzzOpenBelow: whatever a record names, what is opened lies in the folder.
func FuzzOpenBelow(f *testing.F) {
	const inside = "inside"
	folder, outside := filepath.Join(f.TempDir(), "recordings"), f.TempDir()
	for path, text := range map[string]string{
		filepath.Join(folder, "a.wav"): inside, filepath.Join(folder, "2026/11/b.wav"): inside, filepath.Join(outside, "a.wav"): "secret",
	} {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			f.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			f.Fatal(err)
		}
	}
	for link, target := range map[string]string{
		"same": "a.wav", "out": filepath.Join(outside, "a.wav"), "folder": outside, "up": "..", "top": "/", "loop": "loop", "2026/back": "../..",
	} {
		if err := os.Symlink(target, filepath.Join(folder, link)); err != nil {
			f.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(folder, "pipe"), 0o600); err != nil {
		f.Fatal(err)
	}
	for _, path := range []string{
		"a.wav", "2026/11/b.wav", "2026/../a.wav", "same", "out", "folder/a.wav", "up/recordings/a.wav", "2026/back/recordings/a.wav",
		"top/etc/passwd", "loop", "pipe", "/etc/passwd", "..", "", "a.wav/", "a\x00.wav", "./2026//11/b.wav", outside + "/a.wav",
	} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		file, info, err := openBelow(folder, path)
		if err != nil {
			return
		}
		defer file.Close()
		text, err := io.ReadAll(file)
		if err != nil || string(text) != inside || !info.Mode().IsRegular() {
			t.Errorf("%q opens %v: %.80q, %v", path, info.Mode(), text, err)
		}
	})
}

// FuzzRecordingName: a download is called by one name that no system takes for
// a path, and the browser is told just that.
func FuzzRecordingName(f *testing.F) {
	c := newCentre(f)
	for _, s := range []string{"0101234", "..\\/\x01\"*", "CON", "a\r\nSet-Cookie: x=y", "\u202evaw.exe", "\xff%00", "홍길동", " ", "%22; filename=x.exe"} {
		f.Add(s, "홍길동")
	}
	f.Fuzz(func(t *testing.T, number, agent string) {
		name := c.api.recordingName(&principal{role: "admin"}, queue.Call{Begin: began, Direction: queue.In, Caller: number, Agent: agent})
		if strings.ContainsAny(name, "/\\:*?\"<>|\r\n\x00") || !strings.HasPrefix(name, "20261101-180000") || !strings.HasSuffix(name, ".wav") || !utf8.ValidString(name) {
			t.Errorf("%q and %q make the name %q", number, agent, name)
		}
		kind, params, err := mime.ParseMediaType(mime.FormatMediaType("attachment", map[string]string{"filename": name}))
		if err != nil || kind != "attachment" || len(params) != 1 || params["filename"] != name {
			t.Errorf("%q is told as %s %v, %v", name, kind, params, err)
		}
	})
}

// FuzzRange: whatever part is asked for, the answer is that part, the whole or a
// refusal.
func FuzzRange(f *testing.F) {
	c := newCentre(f)
	whole, cookie := recorded(1000), &http.Cookie{Name: CookieName, Value: c.session("other")}
	for _, s := range []string{
		"bytes=0-99", "bytes=-5", "bytes=2043-", "bytes=0-0,2-3", "bytes=0-,0-,0-", "bytes=18446744073709551615-", "bytes=5-1", "lines=1-2",
		"bytes=--1", "bytes=" + strings.Repeat("0-0,", 500), "bytes=, ,1-1", "\x00",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, part string) {
		r := httptest.NewRequest(http.MethodGet, recordingPath, http.NoBody)
		r.AddCookie(cookie)
		r.Header["Range"] = []string{part}
		w := httptest.NewRecorder()
		c.network.ServeHTTP(w, r)
		body, header := w.Body.Bytes(), w.Header()
		switch w.Code {
		case http.StatusOK:
			if !bytes.Equal(body, whole) {
				t.Errorf("%q: %d bytes as the whole", part, len(body))
			}
		case http.StatusRequestedRangeNotSatisfiable:
			wantProblem(t, w, w.Code, CodeRange)
		case http.StatusPartialContent:
			if strings.HasPrefix(header.Get("Content-Type"), "multipart/byteranges;") {
				return
			}
			var first, last, size int
			if _, err := fmt.Sscanf(header.Get("Content-Range"), "bytes %d-%d/%d", &first, &last, &size); err != nil || size != len(whole) || !bytes.Equal(body, whole[first:last+1]) {
				t.Errorf("%q: %d bytes as %q, %v", part, len(body), header.Get("Content-Range"), err)
			}
		default:
			t.Errorf("%q: %d %s", part, w.Code, body)
		}
	})
}
