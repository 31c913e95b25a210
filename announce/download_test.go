package announce

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// web is a web side whose one sound changes under the test's hand.
type web struct {
	mu       sync.Mutex
	header   http.Header
	body     []byte
	etag     string
	status   int // 0: all is well
	hang     bool
	down     bool // connections are cut
	requests []string
}

func (w *web) set(f func(*web)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f(w)
}

// asked returns what the conditions of all requests were, and forgets them.
func (w *web) asked() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := w.requests
	w.requests = nil
	return r
}

// address starts the server: POST names the sound, GET gives it.
func (w *web) address(t *testing.T) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle("POST /", answer("application/json", []byte(`{"audio":"/sound"}`)))
	mux.HandleFunc("GET /sound", func(rw http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		condition := r.Header.Get("If-None-Match")
		w.requests = append(w.requests, condition)
		header, body, etag, status, hang, down := w.header, w.body, w.etag, w.status, w.hang, w.down
		w.mu.Unlock()
		switch {
		case hang:
			<-r.Context().Done()
			return
		case down:
			panic(http.ErrAbortHandler)
		case status != 0:
			rw.WriteHeader(status)
			return
		}
		maps.Copy(rw.Header(), header)
		if etag != "" {
			rw.Header().Set("ETag", etag)
			if condition == etag {
				rw.WriteHeader(http.StatusNotModified)
				return
			}
		}
		rw.Header().Set("Content-Type", "audio/wav")
		rw.Write(body)
	})
	return serve(t, mux.ServeHTTP)
}

func beep(t *testing.T, hz float64) []byte {
	t.Helper()
	return makeWAV(t, wavSpec{rate: 8000, channels: 1, format: formatPCM, bits: 16}, tone(hz, 0.5, 8000, 0.1))
}

func TestFreshness(t *testing.T) {
	tests := []struct {
		name    string
		header  http.Header
		etag    string
		after   time.Duration
		want    []string // conditions of the requests of two calls
		kept    string   // suffix of the file
		expires time.Duration
	}{
		{name: "nothing said", want: []string{"", ""}},
		{name: "etag", etag: `"a"`, want: []string{"", `"a"`}},
		{name: "max-age, fresh", header: http.Header{"Cache-Control": {"public, max-age=60"}}, etag: `"a"`, after: 59 * time.Second, want: []string{""}},
		{name: "max-age, stale", header: http.Header{"Cache-Control": {"max-age=60"}}, etag: `"a"`, after: 60 * time.Second, want: []string{"", `"a"`}},
		{name: "max-age over Expires", header: http.Header{"Cache-Control": {"max-age=0"}}, expires: time.Hour, want: []string{"", ""}},
		{name: "Expires, fresh", expires: time.Hour, after: 59 * time.Minute, want: []string{""}},
		{name: "Expires, stale", expires: time.Hour, after: time.Hour, want: []string{"", ""}},
		{name: "no-cache", header: http.Header{"Cache-Control": {"no-cache", "max-age=60"}}, etag: `"a"`, want: []string{"", `"a"`}},
		{name: "no-store", header: http.Header{"Cache-Control": {"No-Store, max-age=60"}}, etag: `"a"`, want: []string{"", ""}, kept: onceSuffix},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			now := clock{now: time.Now()}
			w := &web{header: test.header.Clone(), etag: test.etag, body: beep(t, 500)}
			if test.expires != 0 {
				if w.header == nil {
					w.header = http.Header{}
				}
				date := now.Now().UTC().Truncate(time.Second)
				w.header.Set("Date", date.Format(http.TimeFormat))
				w.header.Set("Expires", date.Add(test.expires).Format(http.TimeFormat))
			}
			s := start(t, announcing(w.address(t)), Options{Now: now.Now})
			first := s.Fetch(t.Context(), Request{}, "")
			s.played(t, first)
			now.add(test.after)
			second := s.Fetch(t.Context(), Request{}, "")
			s.played(t, second)
			if diff := cmp.Diff(test.want, w.asked()); diff != "" {
				t.Errorf("requests (-want +got):\n%s", diff)
			}
			if first != second || strings.HasSuffix(first.Sound, onceSuffix) != (test.kept == onceSuffix) {
				t.Errorf("sounds %q and %q", first.Sound, second.Sound)
			}
			if n := s.Stats().Converted; n != 1 {
				t.Errorf("converted %d times", n)
			}
		})
	}
}

func TestLifetime(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, test := range []struct {
		header http.Header
		want   time.Duration
	}{
		{http.Header{"Cache-Control": {`max-age="90"`}}, 90 * time.Second},
		{http.Header{"Cache-Control": {"max-age=99999999999999999999999"}}, maxLifetime},
		{http.Header{"Cache-Control": {"max-age=-1"}}, 0},
		{http.Header{"Cache-Control": {"max-age=soon"}}, 0},
		{http.Header{"Cache-Control": {"max-age"}}, 0},
		{http.Header{"Expires": {"0"}}, 0},
		{http.Header{"Expires": {"Fri, 02 Jan 2026 03:05:05 GMT"}}, time.Minute},
		{http.Header{"Expires": {"Fri, 02 Jan 2026 03:03:05 GMT"}}, 0},
		{http.Header{"Expires": {"Fri, 02 Jan 9026 03:03:05 GMT"}}, maxLifetime},
	} {
		if got := lifetime(test.header, now); got != test.want {
			t.Errorf("%v: %s, want %s", test.header, got, test.want)
		}
	}
}

func TestNotModifiedRenews(t *testing.T) {
	now := clock{now: time.Now()}
	w := &web{header: http.Header{"Cache-Control": {"max-age=60"}}, etag: `"a"`, body: beep(t, 500)}
	s := start(t, announcing(w.address(t)), Options{Now: now.Now})
	for range 3 { // 0 s: download, 61 s: 304, 62 s: nothing
		s.played(t, s.Fetch(t.Context(), Request{}, ""))
		now.add(61 * time.Second)
		s.played(t, s.Fetch(t.Context(), Request{}, ""))
		now.add(time.Second)
	}
	if diff := cmp.Diff([]string{"", `"a"`, `"a"`, `"a"`}, w.asked()); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

func TestChangedSound(t *testing.T) {
	w := &web{etag: `"a"`, body: beep(t, 500)}
	s := start(t, announcing(w.address(t)), Options{})
	first := s.Fetch(t.Context(), Request{}, "")
	w.set(func(w *web) { w.etag, w.body = `"b"`, beep(t, 1500) })
	second := s.Fetch(t.Context(), Request{}, "")
	if l := level(s.played(t, second), 1500); l < 0.4 {
		t.Errorf("the new sound does not play: level %.2f", l)
	}
	// A call that still plays the first keeps its file.
	if l := level(s.played(t, first), 500); l < 0.4 {
		t.Errorf("the old file changed: level %.2f", l)
	}
}

func TestManyCallersOneDownload(t *testing.T) {
	const callers = 100
	asked, let := make(chan struct{}), make(chan struct{})
	var downloads, requests atomic.Int64
	sound := makeWAV(t, wavSpec{rate: 48000, channels: 2, format: formatPCM, bits: 16}, tone(440, 0.5, 48000, 1))
	mux := http.NewServeMux()
	mux.HandleFunc("POST /", func(w http.ResponseWriter, r *http.Request) {
		answer("application/json", []byte(`{"audio":"/sound"}`))(w, r)
		if requests.Add(1) == callers {
			close(let)
		}
	})
	mux.HandleFunc("GET /sound", func(w http.ResponseWriter, r *http.Request) {
		if downloads.Add(1) == 1 {
			close(asked)
		}
		<-let
		w.Header().Set("Cache-Control", "max-age=60")
		answer("audio/wav", sound)(w, r)
	})
	s := start(t, announcing(serve(t, mux.ServeHTTP)), Options{})
	var (
		wg      sync.WaitGroup
		mu      sync.Mutex
		results = make(map[string]int)
	)
	for range callers {
		wg.Go(func() {
			r := s.Fetch(t.Context(), Request{}, "")
			mu.Lock()
			results[string(r.Kind)+" "+r.Sound]++
			mu.Unlock()
		})
	}
	wg.Wait()
	st := s.Stats()
	if len(results) != 1 || st.Played != callers {
		t.Errorf("results = %v, stats = %+v", results, st)
	}
	if downloads.Load() != 1 || st.Downloads != 1 || st.Converted != 1 {
		t.Errorf("%d downloads served, stats = %+v", downloads.Load(), st)
	}
}

// TestSharedDownloadOutlivesItsCaller: a sound that takes longer than the
// time-out fails the first caller only.
func TestSharedDownloadOutlivesItsCaller(t *testing.T) {
	let := make(chan struct{})
	mux := http.NewServeMux()
	mux.Handle("POST /", answer("application/json", []byte(`{"audio":"/sound"}`)))
	mux.HandleFunc("GET /sound", func(w http.ResponseWriter, r *http.Request) {
		<-let
		w.Header().Set("Cache-Control", "max-age=60")
		answer("audio/wav", beep(t, 500))(w, r)
	})
	cfg := announcing(serve(t, mux.ServeHTTP))
	cfg.Announcement.Timeout = 100 * time.Millisecond
	s := start(t, cfg, Options{})
	if got := s.Fetch(t.Context(), Request{}, ""); got.Reason != ReasonTimeout {
		t.Errorf("first caller: %+v, want %s", got, ReasonTimeout)
	}
	close(let)
	cfg.Announcement.Timeout = patience
	s.Configure(cfg)
	s.played(t, s.Fetch(t.Context(), Request{}, ""))
	if n := s.Stats().Downloads; n != 1 {
		t.Errorf("%d downloads, want the first to be used", n)
	}
}

func TestStaleOnError(t *testing.T) {
	tests := []struct {
		name  string
		fault func(*web)
		want  Kind
	}{
		{"connection cut", func(w *web) { w.down = true }, Play},
		{"server error", func(w *web) { w.status = http.StatusBadGateway }, Play},
		{"not allowed any more", func(w *web) { w.status = http.StatusForbidden }, Play},
		{"hangs", func(w *web) { w.hang = true }, Play},
		{"gives rubbish", func(w *web) { w.etag, w.body = "", []byte("rubbish") }, Play},
		{"not found: taken away on purpose", func(w *web) { w.status = http.StatusNotFound }, Fallback},
		{"gone", func(w *web) { w.status = http.StatusGone }, Fallback},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			now := clock{now: time.Now()}
			w := &web{etag: `"a"`, body: beep(t, 500)}
			cfg := announcing(w.address(t))
			s := start(t, cfg, Options{Now: now.Now})
			good := s.Fetch(t.Context(), Request{}, "")
			s.played(t, good)
			w.set(test.fault)
			if test.name == "hangs" {
				cfg.Announcement.Timeout = 200 * time.Millisecond
				s.Configure(cfg)
			}
			got := s.Fetch(t.Context(), Request{}, "")
			if got.Kind != test.want {
				t.Fatalf("result = %+v, want %s", got, test.want)
			}
			if test.want != Play {
				return
			}
			if got.Sound != good.Sound || !got.Stale || s.Stats().Stale != 1 {
				t.Errorf("result = %+v, want the copy of %q", got, good.Sound)
			}
			if !strings.Contains(s.log.String(), "last good copy") {
				t.Errorf("log = %s", s.log)
			}
			// The next callers don't wait for what is down …
			w.asked()
			s.played(t, s.Fetch(t.Context(), Request{}, ""))
			if n := w.asked(); len(n) != 0 {
				t.Errorf("%d requests right after a failed one", len(n))
			}
			if test.name == "hangs" {
				return // the first try still goes on
			}
			// … but it is tried again soon.
			w.set(func(w *web) { w.down, w.status, w.etag, w.body = false, 0, `"b"`, beep(t, 1500) })
			now.add(staleFor)
			if again := s.Fetch(t.Context(), Request{}, ""); again.Stale || again.Sound == good.Sound {
				t.Errorf("after the mend: %+v", again)
			}
		})
	}
}

func TestCacheIsBounded(t *testing.T) {
	c := newURLCache()
	start := time.Unix(0, 0)
	for i := range 3 * maxURLs {
		c.put(strconv.Itoa(i), copyOf{name: "x"}, start.Add(time.Duration(i)))
		c.get("0", start.Add(time.Duration(i))) // in use all the time
	}
	if len(c.urls) != maxURLs {
		t.Errorf("%d addresses, want %d", len(c.urls), maxURLs)
	}
	for _, address := range []string{"0", strconv.Itoa(3*maxURLs - 1)} {
		if _, ok := c.get(address, start); !ok {
			t.Errorf("%s was forgotten", address)
		}
	}
}

// TestFileRemovedByHand: a copy whose file is gone is downloaded again.
func TestFileRemovedByHand(t *testing.T) {
	w := &web{header: http.Header{"Cache-Control": {"max-age=3600"}}, etag: `"a"`, body: beep(t, 500)}
	s := start(t, announcing(w.address(t)), Options{})
	s.played(t, s.Fetch(t.Context(), Request{}, ""))
	if err := os.RemoveAll(s.here); err != nil {
		t.Fatal(err)
	}
	s.played(t, s.Fetch(t.Context(), Request{}, ""))
	if diff := cmp.Diff([]string{"", ""}, w.asked()); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

func TestRestartReusesFiles(t *testing.T) {
	w := &web{etag: `"a"`, body: beep(t, 500)}
	url, here := w.address(t), t.TempDir()
	first := start(t, announcing(url), Options{SoundsHere: here})
	before := first.Fetch(t.Context(), Request{}, "")
	first.stop()
	second := start(t, announcing(url), Options{SoundsHere: here})
	after := second.Fetch(t.Context(), Request{}, "")
	second.played(t, after)
	if before != after || second.Stats().Converted != 0 {
		t.Errorf("before %+v, after %+v, stats %+v", before, after, second.Stats())
	}
	second.stop()

	// What a power cut left of a file is made again.
	file := filepath.Join(first.here, filepath.Base(after.Sound)+extension)
	if err := os.Truncate(file, 100); err != nil {
		t.Fatal(err)
	}
	third := start(t, announcing(url), Options{SoundsHere: here})
	third.played(t, third.Fetch(t.Context(), Request{}, ""))
	if n := third.Stats().Converted; n != 1 {
		t.Errorf("converted %d times", n)
	}
}

// TestSameBytesOneFile: the bytes decide, not where they came from.
func TestSameBytesOneFile(t *testing.T) {
	sound := beep(t, 500)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /", func(w http.ResponseWriter, r *http.Request) {
		var req Request
		json.NewDecoder(r.Body).Decode(&req)
		if req.Call == "body" {
			answer("audio/wav", sound)(w, r)
			return
		}
		answer("application/json", fmt.Appendf(nil, `{"audio":"/sound/%s"}`, req.Call))(w, r)
	})
	mux.HandleFunc("GET /sound/", answer("audio/wav", sound))
	s := start(t, announcing(serve(t, mux.ServeHTTP)), Options{})
	a := s.Fetch(t.Context(), Request{Call: "a"}, "")
	b := s.Fetch(t.Context(), Request{Call: "b"}, "")
	c := s.Fetch(t.Context(), Request{Call: "body"}, "")
	s.played(t, a)
	if a != b || b != c || s.Stats().Converted != 1 || s.Stats().Files != 1 {
		t.Errorf("%+v, %+v, %+v, stats %+v", a, b, c, s.Stats())
	}
}
