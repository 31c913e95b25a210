package announce

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"calld/config"

	"github.com/google/go-cmp/cmp"
)

// patience is how long a test waits for what must happen.
const patience = 20 * time.Second

// soundsAsAsterisk is the sounds folder as the tests' Asterisk sees it.
const soundsAsAsterisk = "/srv/asterisk/sounds/calld"

// running is a service under test.
type running struct {
	*Service
	here string // the sounds folder
	log  *lockedBuffer
	stop func() // ends Run and waits for it
}

// start runs a service that ends with the test. Servers it asks are to be
// started before, so that they end after it.
func start(t *testing.T, cfg *config.Config, o Options) *running {
	t.Helper()
	if o.SoundsHere == "" {
		o.SoundsHere = t.TempDir()
	}
	o.Sounds = soundsAsAsterisk
	log := &lockedBuffer{}
	o.Log = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s := New(o)
	if cfg.Announcement.Timeout == 0 {
		cfg.Announcement.Timeout = patience
	}
	s.Configure(cfg)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	stop := sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("Run: %v", err)
			}
		case <-time.After(patience):
			t.Error("Run did not return")
		}
	})
	t.Cleanup(stop)
	return &running{Service: s, here: filepath.Join(o.SoundsHere, folder), log: log, stop: stop}
}

// lockedBuffer is a log that may be read while it is written.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// serve runs an HTTP server for the test.
func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

// answer makes a handler that gives one body.
func answer(contentType string, body []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.Write(body)
	}
}

func announcing(url string) *config.Config {
	return &config.Config{
		Server:       config.Server{Language: "ko"},
		Announcement: config.Announcement{URL: url, Fallback: "calld-sorry"},
	}
}

// played checks that a result plays a proper file, and returns its samples.
func (r *running) played(t *testing.T, got Result) []int16 {
	t.Helper()
	if got.Kind != Play || got.Reason != "" {
		t.Fatalf("result = %+v, want one to play", got)
	}
	name, ok := strings.CutPrefix(got.Sound, soundsAsAsterisk+"/"+folder+"/")
	if !ok || !isName(name) {
		t.Fatalf("sound = %q, want a hash below %s", got.Sound, soundsAsAsterisk)
	}
	return readSound(t, filepath.Join(r.here, name+extension))
}

// readSound reads a file as strictly as format_wav does, and more so.
func readSound(t *testing.T, file string) []int16 {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if len(b) <= headerSize || (len(b)-headerSize)%2 != 0 {
		t.Fatalf("%s has %d bytes", file, len(b))
	}
	want := header(int64(len(b) - headerSize))
	if !bytes.Equal(b[:headerSize], want[:]) {
		t.Fatalf("header = % x\nwant     % x", b[:headerSize], want)
	}
	samples := make([]int16, (len(b)-headerSize)/2)
	for i := range samples {
		samples[i] = int16(binary.LittleEndian.Uint16(b[headerSize+2*i:]))
	}
	return samples
}

func TestHeaderIsTheOneOfAsterisk(t *testing.T) {
	want := "RIFF" + "\x28\x00\x00\x00" + "WAVE" + "fmt " + "\x10\x00\x00\x00" + "\x01\x00" + "\x01\x00" +
		"\x40\x1f\x00\x00" + "\x80\x3e\x00\x00" + "\x02\x00" + "\x10\x00" + "data" + "\x04\x00\x00\x00"
	got := header(4)
	if diff := cmp.Diff(want, string(got[:])); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
}

func TestRequest(t *testing.T) {
	type seen struct{ Method, ContentType, Body string }
	got := make(chan seen, 1)
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- seen{r.Method, r.Header.Get("Content-Type"), string(body)}
		w.WriteHeader(http.StatusNoContent)
	})
	s := start(t, announcing(url), Options{})
	s.Fetch(t.Context(), Request{Call: "c1", Queue: "상담", Number: "0215881234", Caller: "01012345678", Waiting: 3, ExpectedWaitMS: 61_000}, "")
	want := seen{
		"POST", "application/json",
		`{"call":"c1","queue":"상담","number":"0215881234","caller":"01012345678","language":"ko","waiting":3,"expected_wait_ms":61000}`,
	}
	if diff := cmp.Diff(want, <-got); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
}

func TestReplies(t *testing.T) {
	sound := makeWAV(t, wavSpec{rate: 16000, channels: 2, format: formatPCM, bits: 16}, tone(440, 0.5, 16000, 0.5))
	tests := []struct {
		name  string
		reply http.HandlerFunc
		want  Kind
	}{
		{"wav", answer("audio/wav", sound), Play},
		{"wav of another name", answer("audio/x-wav; codecs=1", sound), Play},
		{"wrongly named", answer("audio/mpeg", sound), Play},
		{"mp3", answer("audio/mpeg", makeMP3(20)), Play},
		{"mp3 with a tag", answer("audio/mpeg", append([]byte("ID3\x04\x00\x00\x00\x00\x00\x03tag"), makeMP3(20)...)), Play},
		{"skip", answer("application/json", []byte(`{"skip":true}`)), Skip},
		{"unknown members are left alone", answer("application/json; charset=utf-8", []byte(`{"skip":true,"later":[1]}`)), Skip},
		{"no content", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }, Skip},
		{"chunked", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "audio/wav")
			for _, b := range [][]byte{sound[:7], sound[7:50], sound[50:]} {
				w.Write(b)
				w.(http.Flusher).Flush()
			}
		}, Play},
		{"created", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "audio/wav")
			w.WriteHeader(http.StatusCreated)
			w.Write(sound)
		}, Play},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := start(t, announcing(serve(t, test.reply)), Options{})
			got := s.Fetch(t.Context(), Request{Call: "c"}, "")
			if got.Kind != test.want {
				t.Fatalf("result = %+v, want %s", got, test.want)
			}
			if got.Kind == Play {
				if n := len(s.played(t, got)); n < rate*4/10 || n > rate*6/10 {
					t.Errorf("%d samples, want about half a second", n)
				}
			}
		})
	}
}

func TestAudioAddress(t *testing.T) {
	sound := makeWAV(t, wavSpec{rate: 8000, channels: 1, format: formatPCM, bits: 16}, tone(440, 0.5, 8000, 0.2))
	for _, test := range []struct{ name, audio string }{
		{"relative to the server", "/sounds/a.wav"},
		{"relative to the reply", "sounds/a.wav"},
		{"absolute", "http://{host}/sounds/a.wav"},
		{"redirected", "/moved"},
	} {
		t.Run(test.name, func(t *testing.T) {
			mux := http.NewServeMux()
			mux.HandleFunc("POST /announcement", func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				json.NewEncoder(w).Encode(reply{Audio: strings.ReplaceAll(test.audio, "{host}", r.Host)})
			})
			mux.HandleFunc("GET /sounds/a.wav", answer("audio/wav", sound))
			mux.Handle("GET /moved", http.RedirectHandler("/sounds/a.wav", http.StatusFound))
			s := start(t, announcing(serve(t, mux.ServeHTTP)+"/announcement"), Options{})
			s.played(t, s.Fetch(t.Context(), Request{}, ""))
		})
	}
}

// endless sends rubbish until the client goes.
func endless(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "audio/wav")
	block := make([]byte, 64<<10)
	for r.Context().Err() == nil {
		if _, err := w.Write(block); err != nil {
			return
		}
	}
}

// lie says more than it sends.
func lie(contentType string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("Content-Length", "100000")
		w.Write([]byte("RIFF"))
	}
}

func TestFaults(t *testing.T) {
	long := makeWAV(t, wavSpec{rate: 2000, channels: 1, format: formatPCM, bits: 8}, make([]float64, 2000*61))
	tests := []struct {
		name  string
		reply http.HandlerFunc
		want  Reason
		text  string // part of the error
	}{
		{"not found", http.NotFound, ReasonStatus, "404 Not Found"},
		{"server error", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, ReasonStatus, "500"},
		{"not modified without asking", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(304) }, ReasonStatus, "304"},
		{"redirect loop", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path+"x", http.StatusFound) }, ReasonNetwork, "redirects"},
		{"redirect elsewhere", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "ftp://127.0.0.1/a", http.StatusFound)
		}, ReasonBadURL, "ftp"},
		{"garbage as wav", answer("audio/wav", []byte("this is no sound at all")), ReasonBadAudio, "neither wav, mp3 nor ogg"},
		{"garbage behind a wav header", answer("audio/wav", []byte("RIFF\xff\xff\xff\xffWAVEgarbage garbage garbage")), ReasonBadAudio, "wav:"},
		{"garbage behind an mp3 sync word", answer("audio/mpeg", append([]byte("\xff\xfb\x90\x64"), bytes.Repeat([]byte("rubbish"), 300)...)), ReasonBadAudio, "mp3"},
		{"ID3 tag longer than all", answer("audio/mpeg", []byte("ID3\x04\x00\x00\x7f\x7f\x7f\x7f")), ReasonBadAudio, "ID3"},
		{"empty sound", answer("audio/wav", nil), ReasonBadAudio, "empty"},
		{"wav without samples", answer("audio/wav", makeWAV(t, wavSpec{rate: 8000, channels: 1, format: formatPCM, bits: 16}, nil)), ReasonBadAudio, "no samples"},
		{"flac", answer("audio/flac", []byte("fLaC\x00\x00\x00\x22")), ReasonUnsupported, "flac"},
		{"30 MiB", answer("audio/wav", make([]byte, 30<<20)), ReasonTooLarge, "20971520"},
		{"endless", endless, ReasonTooLarge, "20971520"},
		{"too long to listen to", answer("audio/wav", long), ReasonTooLarge, "longer than 1m0s"},
		{"audio cut short", lie("audio/wav"), ReasonNetwork, "unexpected EOF"},
		{"JSON cut short", lie("application/json"), ReasonTooLarge, "65536"},
		{"connection cut", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, ReasonNetwork, "EOF"},
		{"rubbish as JSON", answer("application/json", []byte(`{"audio":`)), ReasonBadReply, "JSON"},
		{"JSON of another type", answer("application/json", []byte(`{"audio":7}`)), ReasonBadReply, "JSON"},
		{"JSON and more", answer("application/json", []byte(`{"skip":true} {}`)), ReasonBadReply, "JSON"},
		{"JSON of 65 KiB", answer("application/json", bytes.Repeat([]byte(" "), 65<<10)), ReasonTooLarge, "65536"},
		{"empty object", answer("application/json", []byte(`{}`)), ReasonBadReply, "got 0"},
		{"two wishes", answer("application/json", []byte(`{"skip":true,"text":"hello"}`)), ReasonBadReply, "got 2"},
		{"a file's address", answer("application/json", []byte(`{"audio":"file:///etc/passwd"}`)), ReasonBadURL, "http://"},
		{"no address", answer("application/json", []byte(`{"audio":"http://[::1"}`)), ReasonBadURL, "address"},
		{"text while off", answer("text/plain", []byte("hello")), ReasonTTSOff, "[tts]"},
		{"text in JSON while off", answer("application/json", []byte(`{"text":"hello"}`)), ReasonTTSOff, "[tts]"},
		{"blank text", answer("text/plain", []byte(" \r\n\t")), ReasonBadReply, "empty"},
		{"text of no encoding", answer("text/plain", []byte("caf\xe9")), ReasonBadReply, "UTF-8"},
		{"text in another charset", answer("text/plain; charset=euc-kr", []byte("hello")), ReasonBadReply, "euc-kr"},
		{"too much text", answer("text/plain", bytes.Repeat([]byte("long "), 2000)), ReasonTooLarge, "8192"},
		{"language with an option in it", answer("application/json", []byte(`{"text":"a","language":"--path=/tmp"}`)), ReasonBadReply, "language"},
		{"a page", answer("text/html", []byte("<h1>It works!</h1>")), ReasonBadReply, "text/html"},
		{"no content type", func(w http.ResponseWriter, _ *http.Request) { w.Header()["Content-Type"] = nil; w.Write([]byte("x")) }, ReasonBadReply, "content type"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := start(t, announcing(serve(t, test.reply)), Options{MaxLength: time.Minute})
			got := s.Fetch(t.Context(), Request{Call: "c1", Queue: "q1"}, "")
			if got.Kind != Fallback || got.Reason != test.want || got.Sound != "calld-sorry" {
				t.Fatalf("result = %+v, want the fallback for %s", got, test.want)
			}
			if !strings.Contains(got.Err.Error(), test.text) {
				t.Errorf("error = %q, want it to name %q", got.Err, test.text)
			}
			if n := s.Stats().Fallbacks[test.want]; n != 1 {
				t.Errorf("counted %d times", n)
			}
			if log := s.log.String(); !strings.Contains(log, "level=WARN") || !strings.Contains(log, "reason="+string(test.want)) {
				t.Errorf("log = %s", log)
			}
			s.stop()
			if left, _ := os.ReadDir(s.here); len(left) != 0 {
				t.Errorf("files left behind: %v", left)
			}
		})
	}
}

func TestDeadPort(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	s := start(t, announcing("http://user:secret@"+l.Addr().String()), Options{})
	got := s.Fetch(t.Context(), Request{}, "")
	if got.Reason != ReasonNetwork {
		t.Errorf("result = %+v, want %s", got, ReasonNetwork)
	}
	if log := s.log.String(); strings.Contains(log, "secret") {
		t.Errorf("the password is in the log: %s", log)
	}
}

// TestTimeout: whatever is slow, Fetch is back in time.
func TestTimeout(t *testing.T) {
	const timeout = 200 * time.Millisecond
	hang := func(_ http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body); <-r.Context().Done() }
	slowBody := func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "audio/wav")
		w.Write([]byte("RIFF"))
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}
	tests := []struct {
		name         string
		reply, audio http.HandlerFunc
	}{
		{"slow headers", hang, nil},
		{"slow body", slowBody, nil},
		{"slow headers of the sound", answer("application/json", []byte(`{"audio":"/audio"}`)), hang},
		{"slow body of the sound", answer("application/json", []byte(`{"audio":"/audio"}`)), slowBody},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			mux := http.NewServeMux()
			mux.Handle("POST /", test.reply)
			if test.audio != nil {
				mux.Handle("GET /audio", test.audio)
			}
			cfg := announcing(serve(t, mux.ServeHTTP))
			cfg.Announcement.Timeout = timeout
			s := start(t, cfg, Options{})
			began := time.Now()
			got := s.Fetch(t.Context(), Request{}, "")
			if took := time.Since(began); took < timeout || took > timeout+time.Second {
				t.Errorf("took %s, want %s", took, timeout)
			}
			if got.Reason != ReasonTimeout || got.Sound != "calld-sorry" {
				t.Errorf("result = %+v, want the fallback for %s", got, ReasonTimeout)
			}
		})
	}
}

func TestCallerHangsUp(t *testing.T) {
	asked := make(chan struct{})
	gone := make(chan struct{})
	s := start(t, announcing(serve(t, func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		close(asked)
		<-r.Context().Done()
		close(gone)
	})), Options{})
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-asked; cancel() }()
	got := s.Fetch(ctx, Request{}, "")
	if got.Reason != ReasonCallerLeft {
		t.Errorf("result = %+v, want %s", got, ReasonCallerLeft)
	}
	select {
	case <-gone:
	case <-time.After(patience):
		t.Error("the request goes on without its caller")
	}
	if log := s.log.String(); strings.Contains(log, "WARN") {
		t.Errorf("a hang-up is no fault: %s", log)
	}
}

func TestBusy(t *testing.T) {
	var waiting atomic.Int64
	all := make(chan struct{})
	s := start(t, announcing(serve(t, func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		if waiting.Add(1) == maxFetches {
			close(all)
		}
		<-r.Context().Done()
	})), Options{})
	ctx, cancel := context.WithCancel(t.Context())
	var calls sync.WaitGroup
	for range maxFetches {
		calls.Go(func() { s.Fetch(ctx, Request{}, "") })
	}
	<-all
	if n := s.Stats().Fetching; n != maxFetches {
		t.Errorf("Fetching = %d, want %d", n, maxFetches)
	}
	if got := s.Fetch(t.Context(), Request{}, ""); got.Reason != ReasonBusy {
		t.Errorf("result = %+v, want %s", got, ReasonBusy)
	}
	cancel()
	calls.Wait()
	if n := s.Stats().Fetching; n != 0 {
		t.Errorf("Fetching = %d in the end", n)
	}
}

// TestSlowSoundsAreBounded: when all transfers hang, the next
// sound is refused as busy, well before its call's time is over.
func TestSlowSoundsAreBounded(t *testing.T) {
	var hanging atomic.Int64
	all := make(chan struct{})
	mux := http.NewServeMux()
	mux.HandleFunc("POST /", func(w http.ResponseWriter, r *http.Request) {
		var req Request
		json.NewDecoder(r.Body).Decode(&req)
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"audio":"/audio/%s"}`, req.Call)
	})
	mux.HandleFunc("GET /audio/", func(_ http.ResponseWriter, r *http.Request) {
		if hanging.Add(1) == maxTransfers {
			close(all)
		}
		<-r.Context().Done()
	})
	cfg := announcing(serve(t, mux.ServeHTTP))
	s := start(t, cfg, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var calls sync.WaitGroup
	for i := range maxTransfers {
		calls.Go(func() { s.Fetch(ctx, Request{Call: fmt.Sprint(i)}, "") })
	}
	<-all
	cfg.Announcement.Timeout = 200 * time.Millisecond
	s.Configure(cfg)
	if got := s.Fetch(t.Context(), Request{Call: "one-more"}, ""); got.Reason != ReasonBusy {
		t.Errorf("result = %+v, want %s", got, ReasonBusy)
	}
	cancel()
	calls.Wait()
}

func TestNoServer(t *testing.T) {
	s := start(t, announcing(""), Options{})
	if diff := cmp.Diff(Result{Kind: Skip}, s.Fetch(t.Context(), Request{}, "")); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
	if got := s.Fetch(t.Context(), Request{}, "127.0.0.1/no-scheme"); got.Reason != ReasonBadURL {
		t.Errorf("result = %+v, want %s", got, ReasonBadURL)
	}
}

func TestReload(t *testing.T) {
	skip := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	broken := serve(t, http.NotFound)
	cfg := announcing(broken)
	s := start(t, cfg, Options{})
	if got := s.Fetch(t.Context(), Request{}, ""); got.Sound != "calld-sorry" {
		t.Errorf("before: %+v", got)
	}
	next := announcing(skip)
	next.Announcement.Fallback = "other"
	s.Configure(next)
	if got := s.Fetch(t.Context(), Request{}, ""); got.Kind != Skip {
		t.Errorf("after: %+v", got)
	}
	if got := s.Fetch(t.Context(), Request{}, broken); got.Sound != "other" || got.Reason != ReasonStatus {
		t.Errorf("a queue's own address: %+v", got)
	}
	if diff := cmp.Diff([]uint64{0, 1, 2}, []uint64{s.Stats().Played, s.Stats().Skipped, s.Stats().Fallbacks[ReasonStatus]}); diff != "" {
		t.Errorf("played, skipped, fallbacks (-want +got):\n%s", diff)
	}
}

func TestStopEndsSharedWork(t *testing.T) {
	asked := make(chan struct{})
	mux := http.NewServeMux()
	mux.Handle("POST /", answer("application/json", []byte(`{"audio":"/audio"}`)))
	mux.HandleFunc("GET /audio", func(_ http.ResponseWriter, r *http.Request) {
		close(asked)
		<-r.Context().Done()
	})
	s := start(t, announcing(serve(t, mux.ServeHTTP)), Options{})
	got := make(chan Result, 1)
	go func() { got <- s.Fetch(t.Context(), Request{}, "") }()
	<-asked
	s.stop()
	if r := <-got; r.Reason != ReasonStopped {
		t.Errorf("under way: %+v, want %s", r, ReasonStopped)
	}
	if r := s.Fetch(t.Context(), Request{}, ""); r.Reason != ReasonStopped {
		t.Errorf("afterwards: %+v, want %s", r, ReasonStopped)
	}
}

func TestWarningsAreThinnedOut(t *testing.T) {
	now := clock{now: time.Unix(1e9, 0)}
	s := start(t, announcing(serve(t, http.NotFound)), Options{Now: now.Now})
	for range 5 {
		s.Fetch(t.Context(), Request{}, "")
	}
	now.add(warnEvery)
	s.Fetch(t.Context(), Request{}, "")
	if n := strings.Count(s.log.String(), "level=WARN"); n != 2 {
		t.Errorf("%d warnings, want 2:\n%s", n, s.log)
	}
	if !strings.Contains(s.log.String(), "not_logged_before=4") {
		t.Errorf("the second warning does not count the others:\n%s", s.log)
	}
	if n := s.Stats().Fallbacks[ReasonStatus]; n != 6 {
		t.Errorf("counted %d, want 6", n)
	}
}

func TestPanicIsAnError(t *testing.T) {
	var w work
	name, err := w.shared(t.Context(), "k", patience, func(context.Context) (string, error) { panic("boo") })
	if name != "" || reasonOf(err) != ReasonInternal || !strings.Contains(err.Error(), "boo") {
		t.Errorf("%q, %v", name, err)
	}
}

func TestErrorTypes(t *testing.T) {
	s := start(t, announcing(serve(t, http.NotFound)), Options{})
	got := s.Fetch(t.Context(), Request{}, "")
	status, ok := errors.AsType[*StatusError](got.Err)
	if !ok || status.Code != http.StatusNotFound {
		t.Errorf("error = %v, want a *StatusError of 404", got.Err)
	}
}

// clock is a time that only the test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}
