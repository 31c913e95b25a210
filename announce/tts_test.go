package announce

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"calld/config"

	"github.com/google/go-cmp/cmp"
)

// espeak is the configuration's default command.
const espeak = "espeak-ng -v {language} -w {out} -- {text}"

// need fails a test that can't run without a program.
func need(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("this test needs the program %s (Debian: apt install %[1]s): %v", name, err)
	}
	return path
}

// speaking has an announcement server that says what the caller's number is.
func speaking(t *testing.T, tts config.TTS) *config.Config {
	t.Helper()
	cfg := announcing(serve(t, func(w http.ResponseWriter, r *http.Request) {
		var req Request
		json.NewDecoder(r.Body).Decode(&req)
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(reply{Text: req.Caller, Language: req.Language})
	}))
	cfg.TTS = tts
	return cfg
}

func TestEspeak(t *testing.T) {
	need(t, "espeak-ng")
	s := start(t, speaking(t, config.TTS{Engine: "command", Command: espeak}), Options{})
	sounds := map[string]bool{}
	for _, test := range []struct{ language, text string }{
		{"ko", "안녕하세요. 상담원을 연결하고 있습니다."},
		{"ko", "다른 말씀입니다."},
		{"ko-KR", "안녕하세요. 상담원을 연결하고 있습니다."},
		{"en", "Hello. You are being connected."},
		{"en", `It's "quoted"; $(rm -rf /) && {out} %s`},
		{"en", "--version is no option here"},
	} {
		got := s.Fetch(t.Context(), Request{Caller: test.text, Language: test.language}, "")
		samples := s.played(t, got)
		if len(samples) < rate/2 || loudness(samples) < 0.01 {
			t.Errorf("%s: %d samples, loudness %.3f: nothing to be heard", test.text, len(samples), loudness(samples))
		}
		again := s.Fetch(t.Context(), Request{Caller: test.text, Language: test.language}, "")
		if again != got || sounds[got.Sound] {
			t.Errorf("%s: %+v, then %+v", test.text, got, again)
		}
		sounds[got.Sound] = true
	}
	if n := s.Stats().Spoken; n != 6 {
		t.Errorf("spoken %d times, want each sentence once", n)
	}
}

func TestPlainTextIsSpoken(t *testing.T) {
	need(t, "espeak-ng")
	cfg := announcing(serve(t, answer("text/plain; charset=UTF-8", []byte("안녕\n하세요"))))
	cfg.TTS = config.TTS{Engine: "command", Command: espeak}
	s := start(t, cfg, Options{})
	s.played(t, s.Fetch(t.Context(), Request{}, ""))
}

func TestCommandFaults(t *testing.T) {
	sh := need(t, "sh")
	tests := []struct {
		name, command string
		want          Reason
		text          string
	}{
		{"no such program", "/no/such/program {out} {text}", ReasonTTSFailed, "/no/such/program"},
		{"fails", sh + ` -c 'echo no voice >&2; exit 3' {out} {text}`, ReasonTTSFailed, "exit status 3: no voice"},
		{"writes nothing", sh + ` -c : {out} {text}`, ReasonTTSFailed, "wrote nothing"},
		{"writes rubbish", sh + ` -c 'echo rubbish > "$0"' {out} {text}`, ReasonBadAudio, "neither wav"},
		{"writes too much", sh + ` -c 'exec cat /dev/zero > "$0"' {out} {text}`, ReasonTooLarge, "too much"},
		{"talks too much", sh + ` -c 'exec cat /dev/zero' {out} {text}`, ReasonTooLarge, "too much"},
		{"too slow", sh + ` -c 'exec sleep 1000' {out} {text}`, ReasonTTSFailed, "deadline"},
		{"open quote", `espeak-ng '{out} {text}`, ReasonTTSFailed, "quote"},
		{"no {out}", `espeak-ng {text}`, ReasonTTSFailed, "{out} is missing"},
		{"blank", ` `, ReasonTTSFailed, "empty"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			timeout := patience
			if test.name == "too slow" {
				timeout = 100 * time.Millisecond
			}
			s := start(t, speaking(t, config.TTS{Engine: "command", Command: test.command, Timeout: timeout}), Options{MaxBody: 1 << 20})
			got := s.Fetch(t.Context(), Request{Caller: "hello", Language: "en"}, "")
			if got.Reason != test.want || !strings.Contains(got.Err.Error(), test.text) {
				t.Errorf("result = %+v, want %s naming %q", got, test.want, test.text)
			}
		})
	}
}

// TestCommandIsKilledWithItsChildren: nothing of a slow program is left.
func TestCommandIsKilledWithItsChildren(t *testing.T) {
	sh := need(t, "sh")
	pidFile := filepath.Join(t.TempDir(), "pid")
	command := fmt.Sprintf(`%s -c 'sleep 1000 & echo $! > %s.new; mv %[2]s.new %[2]s; wait' {out} {text}`, sh, pidFile)
	e := &commandEngine{command: command, limit: 1 << 20}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := e.speak(ctx, "hello", "en")
		done <- err
	}()
	pid := 0
	await(t, func() bool {
		b, err := os.ReadFile(pidFile)
		pid, _ = strconv.Atoi(strings.TrimSpace(string(b)))
		return err == nil
	})
	cancel()
	if err := <-done; reasonOf(err) != ReasonStopped {
		t.Errorf("error = %v", err)
	}
	await(t, func() bool { return !alive(pid) })
}

// alive reports whether a process runs; one that is dead and not yet buried
// by its parent does not.
func alive(pid int) bool {
	if err := syscall.Kill(pid, 0); err != nil {
		return false
	}
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(b), ") Z ")
}

// await polls for a fact that nothing announces.
func await(t *testing.T, fact func() bool) {
	t.Helper()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	limit := time.NewTimer(patience)
	defer limit.Stop()
	for !fact() {
		select {
		case <-ticker.C:
		case <-limit.C:
			t.Fatal("it never happened")
		}
	}
}

func TestExpand(t *testing.T) {
	for _, test := range []struct {
		name, command string
		want          []string
	}{
		{"espeak", espeak, []string{"espeak-ng", "-v", "ko", "-w", "/tmp/o.wav", "--", " -a {out}"}},
		{"quotes", `"/opt/my tts/say" --out={out} --say='{text}'`, []string{"/opt/my tts/say", "--out=/tmp/o.wav", "--say=-a {out}"}},
		{"empty argument", `say "" {text} {out}`, []string{"say", "", " -a {out}", "/tmp/o.wav"}},
	} {
		got, err := expand(test.command, "-a {out}", "ko", "/tmp/o.wav")
		if diff := cmp.Diff(test.want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", test.name, err, diff)
		}
	}
}

func TestHTTPEngine(t *testing.T) {
	var spoken atomic.Int64
	sound := makeWAV(t, wavSpec{rate: 24000, channels: 1, format: formatPCM, bits: 16}, tone(440, 0.5, 24000, 0.3))
	type request struct {
		Authorization, Body string
	}
	requests := make(chan request, 10)
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		spoken.Add(1)
		body, _ := io.ReadAll(r.Body)
		requests <- request{r.Header.Get("Authorization"), string(body)}
		answer("audio/wav", sound)(w, r)
	})
	tts := config.TTS{Engine: "http", URL: url, Model: "tts-1", Voice: "nova", Token: "t0ken"}
	cfg := speaking(t, tts)
	s := start(t, cfg, Options{})
	first := s.Fetch(t.Context(), Request{Caller: "안녕하세요"}, "")
	if l := level(s.played(t, first), 440); l < 0.45 {
		t.Errorf("level = %.2f", l)
	}
	want := request{"Bearer t0ken", `{"model":"tts-1","voice":"nova","input":"안녕하세요","response_format":"wav"}`}
	if diff := cmp.Diff(want, <-requests); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
	if again := s.Fetch(t.Context(), Request{Caller: " 안녕하세요\n"}, ""); again != first {
		t.Errorf("again: %+v, first: %+v", again, first)
	}
	cfg.TTS.Voice = "echo"
	s.Configure(cfg)
	// Another voice gives the same bytes here, but another server's would not.
	if other := s.Fetch(t.Context(), Request{Caller: "안녕하세요"}, ""); other.Kind != Play || other.Sound == first.Sound {
		t.Errorf("another voice: %+v, first: %+v", other, first)
	}
	if n := spoken.Load(); n != 2 {
		t.Errorf("spoken %d times, want 2", n)
	}
}

// TestSpeak: a text of the configuration is spoken once; what can't be spoken
// names no sound, not even the fallback of the announcements.
func TestSpeak(t *testing.T) {
	var spoken atomic.Int64
	sound := makeWAV(t, wavSpec{rate: 24000, channels: 1, format: formatPCM, bits: 16}, tone(440, 0.5, 24000, 0.3))
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		spoken.Add(1)
		answer("audio/wav", sound)(w, r)
	})
	broken := serve(t, http.NotFound)
	what := Spoken{Call: "c1", Queue: "123456", Text: "지금은 상담 시간이 아닙니다.", Language: "ko"}
	cfg := announcing("")
	cfg.TTS = config.TTS{Engine: "http", URL: url}
	s := start(t, cfg, Options{})
	first := s.Speak(t.Context(), what)
	if l := level(s.played(t, first), 440); l < 0.45 {
		t.Errorf("level = %.2f", l)
	}
	if again := s.Speak(t.Context(), what); again != first || spoken.Load() != 1 {
		t.Errorf("again: %+v, spoken %d times", again, spoken.Load())
	}
	for _, test := range []struct {
		name   string
		tts    config.TTS
		change func(*Spoken)
		want   Reason
	}{
		{"off", config.TTS{Engine: "off"}, func(*Spoken) {}, ReasonTTSOff},
		{"refused", config.TTS{Engine: "http", URL: broken}, func(*Spoken) {}, ReasonTTSFailed},
		{"no language", config.TTS{Engine: "http", URL: url}, func(x *Spoken) { x.Language = "--ko" }, ReasonBadReply},
	} {
		t.Run(test.name, func(t *testing.T) {
			cfg.TTS = test.tts
			s.Configure(cfg)
			x := what
			test.change(&x)
			if got := s.Speak(t.Context(), x); got.Kind != Fallback || got.Sound != "" || got.Reason != test.want || got.Err == nil {
				t.Errorf("%+v, want the reason %s and no sound", got, test.want)
			}
		})
	}
	if st := s.Stats(); st.Played != 2 || st.Fallbacks[ReasonTTSFailed] != 1 {
		t.Errorf("stats %+v", st)
	}
	if !strings.Contains(s.log.String(), "call_id=c1") && !strings.Contains(s.log.String(), "call=c1") {
		t.Errorf("the log does not name the call:\n%s", s.log)
	}
}

func TestHTTPEngineFaults(t *testing.T) {
	for _, test := range []struct {
		name   string
		server http.HandlerFunc
		want   Reason
		text   string
	}{
		{"refused", func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, `{"error":"bad token"}`, http.StatusUnauthorized)
		}, ReasonTTSFailed, "bad token"},
		{"too large", endless, ReasonTTSFailed, "more than 1048576 bytes"},
		{"rubbish", answer("audio/wav", []byte("rubbish")), ReasonBadAudio, "neither wav"},
		{"slow", func(_ http.ResponseWriter, r *http.Request) {
			json.NewDecoder(r.Body).Decode(&struct{}{})
			<-r.Context().Done()
		}, ReasonTTSFailed, "deadline"},
	} {
		t.Run(test.name, func(t *testing.T) {
			timeout := patience
			if test.name == "slow" {
				timeout = 100 * time.Millisecond
			}
			cfg := speaking(t, config.TTS{Engine: "http", URL: serve(t, test.server), Timeout: timeout})
			s := start(t, cfg, Options{MaxBody: 1 << 20})
			got := s.Fetch(t.Context(), Request{Caller: "hello"}, "")
			if got.Reason != test.want || !strings.Contains(got.Err.Error(), test.text) {
				t.Errorf("result = %+v, want %s naming %q", got, test.want, test.text)
			}
		})
	}
}

func TestOgg(t *testing.T) {
	sox := need(t, "sox")
	file := filepath.Join(t.TempDir(), "tone.ogg")
	if out, err := exec.Command(sox, "-n", "-r", "44100", "-c", "2", file, "synth", "1", "sine", "440", "vol", "0.5").CombinedOutput(); err != nil {
		t.Fatalf("sox: %v: %s", err, out)
	}
	ogg, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	only := func(names ...string) func(string) (string, error) {
		return func(name string) (string, error) {
			if slices.Contains(names, name) {
				return sox, nil
			}
			return "", exec.ErrNotFound
		}
	}
	opus := append([]byte("OggS\x00\x02"), make([]byte, 20)...)
	opus = append(opus, "\x01\x13OpusHead\x01\x01"...)
	tests := []struct {
		name    string
		body    []byte
		look    func(string) (string, error)
		limit   time.Duration
		want    Reason
		message string
	}{
		{name: "vorbis", body: ogg, look: only("sox")},
		{name: "no program", body: ogg, look: only(), want: ReasonUnsupported, message: "needs the program ffmpeg or sox"},
		{name: "opus without a program", body: opus, look: only(), want: ReasonUnsupported, message: "opus"},
		{name: "neither", body: []byte("OggS and rubbish, rubbish, rubbish"), look: only("sox"), want: ReasonUnsupported, message: "neither Vorbis nor Opus"},
		{name: "damaged", body: ogg[:100], look: only("sox"), want: ReasonBadAudio, message: "ogg"},
		{name: "too long", body: ogg, look: only("sox"), limit: time.Second / 2, want: ReasonTooLarge, message: "longer than"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := start(t, announcing(serve(t, answer("audio/ogg", test.body))), Options{LookPath: test.look, MaxLength: test.limit})
			got := s.Fetch(t.Context(), Request{}, "")
			if test.want == "" {
				if samples := s.played(t, got); len(samples) != rate || level(samples, 440) < 0.48 {
					t.Errorf("%d samples, level %.3f", len(samples), level(samples, 440))
				}
				return
			}
			if got.Reason != test.want || !strings.Contains(got.Err.Error(), test.message) {
				t.Errorf("result = %+v, want %s naming %q", got, test.want, test.message)
			}
		})
	}
}
