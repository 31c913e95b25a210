// Command switchboard is a call centre for the page's own tests: a real
// Asterisk, calld, and customers who call when they are told to, with voices
// that are tones. The tests tell it by HTTP:
//
//	POST /call?from=01012345678&tone=440      a customer calls; answers {"leg":1}. With to, name: another
//	                                          consultation number, the name that the network tells
//	GET  /leg/1?hz=1000                        {"state":"talking","level":0.5,"digits":"12#"}
//	POST /leg/1/hangup                         the customer hangs up
//	POST /leg/1/press?digits=12#               the customer presses keys
//	POST /hangup                               all customers do
//	GET  /recording?call=ID&hz=440&hz=1000     how loud each tone is in a recording
//	POST /asterisk/restart                     Asterisk ends and starts again
//	POST /calld/kill, /calld/start             calld is killed; is started again
//	GET, PUT /config                           calld's configuration file
//
// The phone of the agent that has no page of its own for it answers each call.
//
// It prints the addresses of the page and of itself, and ends when its
// standard input does.
package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"text/template"
	"time"

	"calld/config"
	"calld/dialplan"
	"calld/test/lab"
)

// patience bounds what is asked of Asterisk.
const patience = 20 * time.Second

//go:embed calld.toml
var configText string

func main() {
	var err error
	if len(os.Args) == 3 && os.Args[1] == "serve" {
		err = serve(context.Background(), os.Args[2])
	} else {
		err = run(context.Background())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "switchboard:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	dir, err := os.MkdirTemp("", "calld-switchboard-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	v := values{Dir: dir, Recordings: dir, RecordingsHere: dir, Sounds: dir, SoundsHere: dir}
	for _, port := range []*int{&v.HTTP, &v.AGI, &v.AMI, &v.SIP} {
		if *port, err = lab.FreePort(); err != nil {
			return err
		}
	}
	cfg, err := v.write()
	if err != nil {
		return err
	}
	made, err := dialplan.AsteriskConfig(cfg)
	if err != nil {
		return err
	}
	switch host, err := lab.HostIP(); {
	case err != nil:
		return err
	case host == "":
		return errors.New("this machine has loopback addresses alone, over which browsers can't talk; give it one more: ip addr add 192.0.2.2/32 dev lo")
	}
	files := map[string]string{}
	for _, f := range made {
		files[f.Name] = f.Text
	}
	s := &switchboard{legs: map[int]*lab.Leg{}}
	if s.pbx, err = lab.Start(ctx, lab.Options{Files: files, AMIPort: v.AMI, HTTPPort: v.SIP, Log: log}); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.pbx.Stop()) }()
	v.Recordings, v.RecordingsHere = s.pbx.Recordings, s.pbx.InRoot(s.pbx.Recordings)
	v.Sounds, v.SoundsHere = s.pbx.Sounds, s.pbx.InRoot(s.pbx.Sounds)
	if s.cfg, err = v.write(); err != nil {
		return err
	}
	if s.caller, err = lab.NewCaller(s.pbx, lab.CallerOptions{Customers: customers, Log: log}); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.caller.Close()) }()
	if err := s.connectPhone(ctx, log); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.phone.Close()) }()
	s.calld = newServer(v.file(), filepath.Join(v.Dir, "s"))
	if err := s.calld.start(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.calld.stop(syscall.SIGTERM)) }()
	var lc net.ListenConfig
	control, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: s.handler(), ReadHeaderTimeout: patience}
	ended := make(chan error, 2)
	go func() { ended <- server.Serve(control) }()
	go func() {
		_, err := io.Copy(io.Discard, os.Stdin) // until the tests end
		ended <- err
	}()
	fmt.Printf("{\"page\":\"http://127.0.0.1:%d/\",\"control\":\"http://%s\"}\n", v.HTTP, control.Addr())
	err = <-ended
	cancel()
	return errors.Join(err, server.Close())
}

// values fill calld.toml.
type values struct {
	Dir                                            string
	HTTP, AGI, AMI, SIP                            int
	Recordings, RecordingsHere, Sounds, SoundsHere string
}

func (v values) file() string { return filepath.Join(v.Dir, "calld.toml") }

func (v values) write() (*config.Config, error) {
	var b bytes.Buffer
	t, err := template.New("calld.toml").Parse(configText)
	if err == nil {
		err = t.Execute(&b, v)
	}
	if err == nil {
		err = os.WriteFile(v.file(), b.Bytes(), 0o600)
	}
	if err != nil {
		return nil, err
	}
	return config.Load(v.file())
}

type switchboard struct {
	pbx    *lab.Asterisk
	caller *lab.Caller
	phone  *lab.Phone
	calld  *server
	cfg    *config.Config

	mu   sync.Mutex
	legs map[int]*lab.Leg
}

func (s *switchboard) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /config", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, s.calld.config) })
	handle := func(pattern string, do func(ctx context.Context, r *http.Request) (any, error)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			ctx, cancel := context.WithTimeout(r.Context(), patience)
			defer cancel()
			answer, err := do(ctx, r)
			if err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			_ = json.NewEncoder(w).Encode(answer) // the test may be over
		})
	}
	handle("POST /call", s.call)
	handle("GET /leg/{leg}", s.leg)
	handle("POST /leg/{leg}/hangup", s.hangup)
	handle("POST /leg/{leg}/press", s.press)
	handle("POST /hangup", s.hangupAll)
	handle("GET /recording", s.recording)
	handle("POST /asterisk/restart", func(ctx context.Context, _ *http.Request) (any, error) {
		return struct{}{}, s.pbx.Restart(ctx)
	})
	handle("POST /calld/kill", func(context.Context, *http.Request) (any, error) {
		return struct{}{}, s.calld.stop(os.Kill)
	})
	handle("POST /calld/start", func(context.Context, *http.Request) (any, error) {
		return struct{}{}, s.calld.start()
	})
	handle("PUT /config", func(_ context.Context, r *http.Request) (any, error) {
		text, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		return struct{}{}, os.WriteFile(s.calld.config, text, 0o600)
	})
	return mux
}

// connectPhone registers the phone of the agent who has one of its own.
func (s *switchboard) connectPhone(ctx context.Context, log *slog.Logger) (err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	a, _ := s.cfg.Agent("성춘향")
	s.phone, err = lab.NewPhone(s.pbx, lab.PhoneOptions{
		User: a.Phone, Password: string(a.PhoneSecret), Behaviour: lab.Behaviour{After: time.Second, Answer: true}, Log: log,
	})
	if err != nil {
		return err
	}
	return s.phone.Register(ctx)
}

// customers are nobody, but for one whose voice is the usual tone, and one
// whose phone rings on.
func customers(number string) lab.Behaviour {
	switch number {
	case "01055556666":
		return lab.Behaviour{After: time.Second, Answer: true, Tone: 440}
	case "01066667777":
		return lab.Behaviour{}
	}
	return lab.Behaviour{Silent: true, Refuse: 404}
}

func (s *switchboard) call(ctx context.Context, r *http.Request) (any, error) {
	tone, err := strconv.ParseFloat(r.FormValue("tone"), 64)
	if err != nil {
		return nil, err
	}
	to := r.FormValue("to")
	if to == "" {
		to = s.cfg.Queues[0].Number
	}
	l, err := s.caller.Call(context.WithoutCancel(ctx), to, lab.CallOptions{
		Number: r.FormValue("from"), Name: r.FormValue("name"), Tone: tone,
	})
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.legs) + 1
	s.legs[n] = l
	return map[string]int{"leg": n}, nil
}

func (s *switchboard) find(r *http.Request) (*lab.Leg, error) {
	n, err := strconv.Atoi(r.PathValue("leg"))
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if l := s.legs[n]; l != nil {
		return l, nil
	}
	return nil, fmt.Errorf("there is no leg %d", n)
}

func (s *switchboard) leg(_ context.Context, r *http.Request) (any, error) {
	l, err := s.find(r)
	if err != nil {
		return nil, err
	}
	hz, err := strconv.ParseFloat(r.FormValue("hz"), 64)
	if err != nil {
		return nil, err
	}
	return struct {
		State  string  `json:"state"`
		Level  float64 `json:"level"`
		Digits string  `json:"digits"`
	}{l.State().String(), l.Level(hz), l.Digits()}, nil
}

func (s *switchboard) hangup(ctx context.Context, r *http.Request) (any, error) {
	l, err := s.find(r)
	if err != nil {
		return nil, err
	}
	return struct{}{}, l.Hangup(ctx)
}

func (s *switchboard) press(_ context.Context, r *http.Request) (any, error) {
	l, err := s.find(r)
	if err != nil {
		return nil, err
	}
	return struct{}{}, l.SendDTMF(r.FormValue("digits"))
}

func (s *switchboard) hangupAll(ctx context.Context, _ *http.Request) (any, error) {
	s.mu.Lock()
	legs := slices.Collect(maps.Values(s.legs))
	s.mu.Unlock()
	for _, l := range legs {
		if err := l.Hangup(ctx); err != nil && !errors.Is(err, lab.ErrOver) {
			return nil, err
		}
	}
	return struct{}{}, nil
}

// recording measures the tones in the recording of an ended call: the loudest
// fifth of a second of each.
func (s *switchboard) recording(ctx context.Context, r *http.Request) (any, error) {
	if err := r.ParseForm(); err != nil {
		return nil, err
	}
	c, err := s.calld.call(ctx, r.FormValue("call"))
	if err != nil {
		return nil, err
	}
	if c.End != nil && c.Record != "" {
		folder, err := os.OpenRoot(s.cfg.Asterisk.RecordingsHere)
		if err != nil {
			return nil, err
		}
		defer folder.Close() //nolint:errcheck // opened to read
		file, err := folder.ReadFile(filepath.FromSlash(strings.TrimPrefix(c.Record, "/")))
		if err != nil {
			return nil, err
		}
		samples, err := lab.ParseWAV(file)
		if err != nil {
			return nil, err
		}
		levels := []float64{}
		for _, text := range r.Form["hz"] {
			hz, err := strconv.ParseFloat(text, 64)
			if err != nil {
				return nil, err
			}
			const window = 1600
			loudest := 0.0
			for i := 0; i+window <= len(samples); i += window {
				loudest = max(loudest, lab.ToneLevel(samples[i:i+window], hz))
			}
			levels = append(levels, loudest)
		}
		return levels, nil
	}
	return nil, fmt.Errorf("the call %s has no recording yet", r.FormValue("call"))
}
