package announce

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"calld/config"
)

// FuzzSound: whatever bytes are taken for a sound, what comes out is a whole
// file of our one format within the limit, or an error with a reason.
func FuzzSound(f *testing.F) {
	short := []float64{0, 0.5, -0.5, 1, -1}
	for _, spec := range []wavSpec{
		{rate: 8000, channels: 1, format: formatPCM, bits: 16},
		{rate: 44100, channels: 2, format: formatPCM, bits: 24, extensible: true, list: true},
		{rate: 48000, channels: 1, format: formatFloat, bits: 32, riffSize: uint32(unknownSize), dataSize: uint32(unknownSize)},
		{rate: 8000, channels: 1, format: formatALaw, bits: 8},
		{rate: 2000, channels: 3, format: formatMuLaw, bits: 8, riffSize: uint32(0), dataSize: uint32(0)},
	} {
		f.Add(makeWAV(f, spec, short))
	}
	f.Add(makeMP3(2))
	f.Add([]byte("ID3\x04\x00\x00\x7f\x7f\x7f\x7f\xff\xfb"))
	f.Add([]byte("OggS"))
	file := filepath.Join(f.TempDir(), "out.wav")
	f.Fuzz(func(t *testing.T, raw []byte) {
		const limit = 10 * time.Second
		s := New(Options{Sounds: t.TempDir(), LookPath: func(string) (string, error) { return "", exec.ErrNotFound }})
		d, err := s.decode(t.Context(), raw)
		if err == nil {
			var out *os.File
			if out, err = os.Create(file); err != nil {
				t.Fatal(err)
			}
			err = writeSound(t.Context(), out, d, limit)
			out.Close()
		}
		switch reason := reasonOf(err); {
		case err == nil:
			if samples := readSound(t, file); len(samples) > int(limit.Seconds())*rate {
				t.Errorf("%d samples, over the limit", len(samples))
			}
		case reason != ReasonBadAudio && reason != ReasonUnsupported && reason != ReasonTooLarge:
			t.Errorf("reason %q of %v", reason, err)
		}
	})
}

// replying is a transport that gives one reply without any network.
type replying func(*http.Request) *http.Response

func (f replying) RoundTrip(r *http.Request) (*http.Response, error) { return f(r), nil }

// FuzzReply: whatever the server says, the result is one to go on with, and
// what is to be played is there.
func FuzzReply(f *testing.F) {
	f.Add(200, "application/json", "", []byte(`{"audio":"/a.wav"}`))
	f.Add(200, "application/json; charset=utf-8", "max-age=5", []byte(`{"text":"hello","language":"en"}`))
	f.Add(200, "application/json", "no-store", []byte(`{"skip":true}`))
	f.Add(204, "", "", []byte(nil))
	f.Add(200, "text/plain", "", []byte("안녕하세요"))
	f.Add(302, "", "", []byte(nil))
	f.Add(200, "audio/wav", "", makeWAV(f, wavSpec{rate: 8000, channels: 1, format: formatPCM, bits: 16}, []float64{0, 1}))
	here := f.TempDir()
	speech := makeWAV(f, wavSpec{rate: 16000, channels: 1, format: formatPCM, bits: 16}, []float64{0, 1, 0, 1})
	f.Fuzz(func(t *testing.T, status int, contentType, cacheControl string, body []byte) {
		s := New(Options{
			Sounds: soundsAsAsterisk, SoundsHere: here, Log: slog.New(slog.DiscardHandler), MaxLength: 10 * time.Second,
			LookPath: func(string) (string, error) { return "", exec.ErrNotFound },
			Transport: replying(func(r *http.Request) *http.Response {
				h := http.Header{"Content-Type": {contentType}, "Cache-Control": {cacheControl}, "Location": {string(body)}}
				b := body
				if r.URL.Host == "speech" {
					status, b = 200, speech
				}
				return &http.Response{
					StatusCode: status, Header: h, Body: io.NopCloser(bytes.NewReader(b)), ContentLength: int64(len(b)), Request: r,
				}
			}),
		})
		s.Configure(&config.Config{
			Announcement: config.Announcement{URL: "http://announcement/", Timeout: patience, Fallback: "sorry"},
			TTS:          config.TTS{Engine: "http", URL: "http://speech/"},
		})
		got := s.Fetch(t.Context(), Request{}, "")
		switch got.Kind {
		case Play:
			name := strings.TrimPrefix(got.Sound, soundsAsAsterisk+"/"+folder+"/")
			readSound(t, filepath.Join(here, folder, name+extension))
		case Skip:
			if got != (Result{Kind: Skip}) {
				t.Errorf("result = %+v", got)
			}
		case Fallback:
			if _, known := s.Stats().Fallbacks[got.Reason]; !known || got.Err == nil || got.Sound != "sorry" || got.Reason == ReasonInternal {
				t.Errorf("result = %+v", got)
			}
		default:
			t.Errorf("result = %+v", got)
		}
	})
}

// FuzzExpand: a text stays within its one argument, and is no option.
func FuzzExpand(f *testing.F) {
	f.Add(espeak, "hello {out}", "en")
	f.Add(`say --text={text} '{out}'`, "-x", "ko")
	f.Fuzz(func(t *testing.T, command, text, language string) {
		argv, err := expand(command, text, language, "/out")
		if err != nil {
			return
		}
		plain, err := expand(command, "text", language, "/out")
		if err != nil || len(argv) != len(plain) {
			t.Fatalf("%q became %q; with another text %q, %v", command, argv, plain, err)
		}
		for i := range argv {
			if strings.HasPrefix(argv[i], "-") && !strings.HasPrefix(plain[i], "-") {
				t.Errorf("%q became the option %q", command, argv[i])
			}
		}
	})
}

// FuzzLifetime: no header makes a copy fresh for ever or into the past.
func FuzzLifetime(f *testing.F) {
	f.Add("max-age=60, no-cache", "Fri, 02 Jan 2026 03:05:05 GMT", "")
	f.Add("max-age=", "0", "x")
	f.Fuzz(func(t *testing.T, cacheControl, expires, date string) {
		h := http.Header{"Cache-Control": {cacheControl}, "Expires": {expires}, "Date": {date}}
		if got := lifetime(h, time.Unix(1e9, 0)); got < 0 || got > maxLifetime {
			t.Error(fmt.Sprint(got))
		}
	})
}
