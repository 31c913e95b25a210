package api

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"calld/config"
	"calld/queue"
	"calld/report"
	"calld/spy"
	"calld/store"
	"calld/store/storetest"
	"calld/talk"
	"calld/webhook"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

const centreConfig = `
asterisk.secret = "x"
[queues."상담전화"]
number = "1000"
[queues.billing]
number = "2000"
callback = { key = "1", offer = false, confirm = false }
[agents."홍길동"]
password = "right"
phone = "801"
queues = ["상담전화"]
[agents.other]
password = "right"
phone = "802"
queues = ["billing"]
[agents.sup]
password = "right"
role = "supervisor"
phone = "809"
[agents."관리자"]
password = "right"
role = "admin"
phone = "808"
phone_secret = "sip-808"
web_phone = true
[webhooks.crm]
url = "https://user:hush@crm.example.com/calld"
secret = "0123456789abcdef"
queues = ["billing"]
`

// programs are those with a token, by their ids.
func programs() string {
	var text strings.Builder
	for id, rights := range map[string]string{
		"narrow": `queues = ["billing"]`, "crm": `role = "supervisor"`, "root": `role = "admin"`,
	} {
		fmt.Fprintf(&text, "[tokens.%s]\nhash = %q\n%s\n", id, config.HashToken(tokenOf(id)), rights)
	}
	return text.String()
}

func tokenOf(id string) string { return "calld_" + id }

// receiver answers every delivery of a webhook with its status.
type receiver int

// RoundTrip answers a delivery.
func (r receiver) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: int(r), Body: http.NoBody}, nil
}

// centre is a server with a board and a store of its own.
type centre struct {
	t       testing.TB
	api     *API
	store   *store.Store
	board   *queue.Board
	network http.Handler
	admin   http.Handler

	recordings string // their folder
	cfg        *config.Config
	changes    []config.Change // what a reload answers
	fault      error
	missed     []store.Missed // that a request changed
	pbx        pbx
	spied      []string // by whom, which call, how
	freed      []string
	dialled    string // by whom, for which queue, the number
	refusal    error  // of what Asterisk is asked
	dialler    fakeDialler
}

// began is when the calls of these tests came in.
var began = time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)

// newCentre has one live call, two ended ones and two missed ones, one of each
// in each queue.
func newCentre(tb testing.TB) *centre {
	tb.Helper()
	c := &centre{t: tb, recordings: tb.TempDir()}
	c.configure(centreConfig)
	c.store = storetest.OpenFile(tb, filepath.Join(tb.TempDir(), "calld.db"), store.Options{Spellings: c.cfg.Outbound.Numbering.Spellings})
	c.board = queue.New(queue.Options{Config: c.cfg, Seed: 1})
	hooks, err := webhook.New(webhook.Options{Store: c.store, Transport: receiver(http.StatusTeapot), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		tb.Fatal(err)
	}
	if err := hooks.Configure(tb.Context(), c.cfg); err != nil {
		tb.Fatal(err)
	}
	c.api = New(Options{
		Board: c.board, Store: c.store,
		Day:           report.NewDay(report.Options{Location: time.UTC, Threshold: func(string) time.Duration { return 20 * time.Second }}),
		Config:        func() *config.Config { return c.cfg },
		Reload:        func(context.Context) ([]config.Change, error) { return c.changes, c.fault },
		Status:        func() Status { return Status{Version: "test", Started: began} },
		MissedChanged: func(m store.Missed) { c.missed = append(c.missed, m) },
		LoggedOut:     c.board.Logout,
		Talks:         talk.New(talk.Options{Board: c.board, Exchange: &c.pbx, HoldContext: "hold", HeldVariable: "HELD", TurnedContext: "turned"}),
		Webhooks:      hooks, Dialler: &c.dialler,
		Dial: func(_ context.Context, d Dial) (queue.Call, error) {
			c.dialled = d.Agent + " " + d.Queue + " " + d.Number
			return queue.Call{ID: "dialled", Rings: []queue.Ring{}}, c.refusal
		},
		Spy: func(_ context.Context, by config.Agent, call queue.Call, m spy.Mode) error {
			c.spied = append(c.spied, by.ID+" "+call.ID+" "+string(m))
			return c.refusal
		},
		Forget: func(ctx context.Context, number string) (store.Forgotten, error) {
			return c.store.Forget(ctx, number, func(string) error { return nil })
		},
		Connections: func() []Connection { return []Connection{{Agent: "홍길동", Since: began, Address: "192.0.2.7"}} },
		Asterisk: func(context.Context) AsteriskNow {
			return AsteriskNow{Connected: true, Since: began, Version: "22.5.0"}
		},
		EditAgent: c.editAgent,
		Free: func(_ context.Context, id string) error {
			c.freed = append(c.freed, id)
			return c.refusal
		},
		Version: "test", Log: slog.New(slog.DiscardHandler),
	})
	c.network, c.admin = c.api.Handler(), c.api.Admin()
	for _, q := range c.cfg.Queues {
		_, err := c.board.Enter(queue.Entry{ID: "live-" + q.ID, Queue: q.ID, Caller: "0101", UniqueID: "u" + q.ID, Begin: began})
		start, end := began.Add(time.Second), began.Add(time.Minute)
		ended := queue.Call{
			ID: "ended-" + q.ID, Queue: q.ID, Direction: queue.In, Phase: queue.Ended, Caller: "0102", Callee: q.Number,
			Begin: began, Start: &start, End: &end, Outcome: queue.Answered, Rings: []queue.Ring{}, Record: q.ID + ".wav",
		}
		c.record(ended.Record, recorded(1000))
		missed := queue.Call{
			ID: "missed-" + q.ID, Queue: q.ID, Direction: queue.In, Phase: queue.Ended, Caller: "0103", Callee: q.Number,
			Begin: began, End: &end, Outcome: queue.Abandoned, Rings: []queue.Ring{},
		}
		_, err2 := c.store.Finish(tb.Context(), &ended)
		_, err3 := c.store.Finish(tb.Context(), &missed)
		if err := errors.Join(err, err2, err3); err != nil {
			tb.Fatal(err)
		}
	}
	return c
}

// editAgent keeps the stored agents in the configuration alone.
func (c *centre) editAgent(_ context.Context, id string, edit EditAgent) error {
	var before *config.Agent
	var stored []config.Agent
	for _, ag := range c.cfg.Agents {
		switch {
		case ag.Stored && ag.ID == id:
			before = &ag
		case ag.Stored:
			stored = append(stored, ag)
		}
	}
	after, err := edit(c.cfg, before)
	if err != nil {
		return err
	}
	if after != nil {
		stored = append(stored, *after)
	}
	cfg, err := c.cfg.With(stored, "calld.db")
	if err != nil {
		return err
	}
	c.cfg = cfg
	c.board.Reload(cfg)
	return nil
}

func (c *centre) configure(text string) {
	c.t.Helper()
	cfg, err := config.LoadFS(fstest.MapFS{"calld.toml": {Data: []byte(text + programs())}}, "calld.toml")
	if err != nil {
		c.t.Fatal(err)
	}
	cfg.Asterisk.RecordingsHere = c.recordings
	c.cfg = cfg
}

// record writes a file into the folder of the recordings.
func (c *centre) record(name string, content []byte) {
	c.t.Helper()
	if err := os.WriteFile(filepath.Join(c.recordings, name), content, 0o600); err != nil {
		c.t.Fatal(err)
	}
}

// recorded is a recording with so many samples.
func recorded(samples int) []byte {
	header := make([]byte, wavHeader, wavHeader+2*samples)
	copy(header, "RIFF")
	binary.LittleEndian.PutUint32(header[wavHeader-4:], uint32(2*samples)) //nolint:gosec // a few
	for i := range 2 * samples {
		header = append(header, byte(i))
	}
	return header
}

// session is a valid session cookie of an agent; empty for the id "".
func (c *centre) session(id string) string {
	c.t.Helper()
	if id == "" {
		return ""
	}
	token := newToken()
	ag, _ := c.cfg.Agent(id)
	session := store.Session{Agent: id, Mark: passwordMark(token, ag.Password), Expires: time.Now().Add(time.Hour)}
	if err := c.store.PutSession(c.t.Context(), tokenKey(token), session); err != nil {
		c.t.Fatal(err)
	}
	return token
}

// asked is a request: "METHOD path", a body, and who asks.
func asked(h http.Handler, token, what, body string) *httptest.ResponseRecorder {
	method, path, _ := strings.Cut(what, " ")
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.AddCookie(&http.Cookie{Name: CookieName, Value: token})
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// ask is asked over the network by an agent, or by nobody.
func (c *centre) ask(id, what, body string) *httptest.ResponseRecorder {
	c.t.Helper()
	return asked(c.network, c.session(id), what, body)
}

// program asks over the network with a token.
func (c *centre) program(id, what, body string) *httptest.ResponseRecorder {
	c.t.Helper()
	return c.with(map[string]string{"Authorization": "Bearer " + tokenOf(id)}, "", what, body)
}

// with asks over the network with headers, by an agent or by nobody.
func (c *centre) with(headers map[string]string, id, what, body string) *httptest.ResponseRecorder {
	c.t.Helper()
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for key, value := range headers {
			r.Header.Set(key, value)
		}
		c.network.ServeHTTP(w, r)
	})
	return asked(h, c.session(id), what, body)
}

// read checks the status and decodes the body.
func read[T any](tb testing.TB, r *httptest.ResponseRecorder, status int) (v T) {
	tb.Helper()
	body := r.Body.String()
	if r.Code != status {
		tb.Fatalf("status %d, want %d: %s", r.Code, status, body)
	}
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		tb.Fatalf("%v in %s", err, body)
	}
	return v
}

// wantProblem checks that an answer is a whole problem document.
func wantProblem(tb testing.TB, r *httptest.ResponseRecorder, status int, code Code) Problem {
	tb.Helper()
	p := read[Problem](tb, r, status)
	if ct := r.Header().Get("Content-Type"); ct != "application/problem+json" {
		tb.Errorf("content type %q", ct)
	}
	got := Problem{Type: p.Type, Title: p.Title, Status: p.Status, Code: p.Code}
	want := Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Code: code}
	if diff := cmp.Diff(want, got); diff != "" {
		tb.Errorf("problem (-want +got):\n%s", diff)
	}
	if p.Detail == "" {
		tb.Error("the problem has no detail")
	}
	return p
}
