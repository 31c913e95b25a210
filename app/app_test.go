package app

import (
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"calld/agi"
	"calld/config"
	"calld/notify"
	"calld/queue"
	"calld/store"

	"github.com/google/go-cmp/cmp"
)

// TestRun: what is served where, and that nothing is left at the end.
func TestRun(t *testing.T) {
	s := newSite(t)
	r := s.run()
	network := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	admin := overSocket(s.path("s"))
	for _, tt := range []struct {
		client *http.Client
		path   string
		status int
		holds  string
	}{
		{network, "/healthz", 200, "ok"},
		{network, "/readyz", 503, "asterisk: not connected since"},
		{network, "/metrics", 200, "calld_agents"},
		{network, "/api/openapi.json", 200, "3.1."},
		{network, "/api/v1/queues", 401, "unauthorized"},
		{network, "/", 200, "<html"},
		{network, "/debug/pprof/", 404, ""},
		{admin, "/api/v1/queues", 200, "상담"},
		{admin, "/api/v1/status", 200, `"version":"test"`},
		{admin, "/debug/pprof/goroutine?debug=1", 200, "goroutine profile"},
	} {
		base := r.url
		if tt.client == admin {
			base = "http://calld"
		}
		if status, body := get(t, tt.client, base+tt.path); status != tt.status || !strings.Contains(body, tt.holds) {
			t.Errorf("%s: %d %.200s", tt.path, status, body)
		}
	}
	info, err := os.Stat(s.path("s"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("admin socket: %v, %v", info.Mode(), err)
	}

	_, err = New(Options{ConfigPath: s.path("calld.toml"), Log: slog.New(slog.DiscardHandler)})
	if err == nil {
		t.Fatal("a second server starts on the same files")
	}
	if open, ok := errors.AsType[*store.OpenError](err); !ok || !errors.Is(err, store.ErrLocked) || open.Mend == "" {
		t.Errorf("a second server: %v", err)
	}

	r.stop()
	if err := r.ended(); err != nil {
		t.Errorf("it ended with %v", err)
	}
	left, err := filepath.Glob(s.path("*"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range left {
		left[i] = filepath.Base(left[i])
	}
	if diff := cmp.Diff([]string{"calld.db", "calld.toml", "sounds"}, left); diff != "" {
		t.Errorf("files (-want +left):\n%s", diff)
	}
}

// TestPartEnds: a part that ends by itself ends the whole, by name.
func TestPartEnds(t *testing.T) {
	s := newSite(t)
	r := s.run()
	if err := r.agi.Close(); err != nil {
		t.Fatal(err)
	}
	err := r.ended()
	if !errors.Is(err, errEnded) || !errors.Is(err, agi.ErrServerClosed) || !strings.Contains(err.Error(), "agi ended") {
		t.Errorf("it ended with %v", err)
	}
	if _, err := os.Stat(s.path("s")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the admin socket is left: %v", err)
	}
}

// TestReload: all or nothing, and what needs a restart stays.
func TestReload(t *testing.T) {
	s := newSite(t)
	a := s.app()
	before, board := a.Config(), a.Snapshot()

	s.write(centreConfig, `number = "1000"`, `number = "1000"`+"\nnam = \"x\"", `number = "2000"`, "")
	_, err := a.Reload(t.Context())
	if n := len(faultsOf(err)); n != 2 {
		t.Errorf("%d faults: %v", n, err)
	}
	if a.Config() != before || !cmp.Equal(a.Snapshot().Agents, board.Agents) || !cmp.Equal(a.Snapshot().Queues, board.Queues) {
		t.Error("something changed")
	}

	s.write(centreConfig, `agi = "127.0.0.1:0"`, `agi = "127.0.0.1:1234"`+"\nagi_allow = [\"192.0.2.0/24\"]",
		`secret = "x"`, "secret = \"x\"\nagent_dial = \"SIP/{phone}\"",
		"[agents.sup]", "[agents.new]\npassword = \"x\"\nphone = \"802\"\nqueues = [\"billing\"]\n[agents.sup]",
		`[queues.billing]`, "[queues.sales]")
	s.write(strings.ReplaceAll(read(t, s.path("calld.toml")), `queues = ["billing"]`, `queues = ["sales"]`))
	want := []string{
		`server.agi: "127.0.0.1:0" → "127.0.0.1:1234" (needs a restart)`,
		`asterisk.agent_dial: "PJSIP/{phone}" → "SIP/{phone}" (needs a restart)`,
		`server.agi_allow: ["127.0.0.0/8"] → ["192.0.2.0/24"]`,
		`queues.sales: added "sales"`,
		`queues.billing: removed "billing"`,
		`agents.new: added "new"`,
	}
	if diff := cmp.Diff(want, reload(t, a)); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	cfg := a.Config()
	if cfg.Asterisk.AgentDial != "PJSIP/{phone}" || cfg.Server.AGI != "127.0.0.1:0" || cfg.Server.AGIAllow[0].String() != "192.0.2.0/24" {
		t.Errorf("in force: %+v, %+v", cfg.Asterisk, cfg.Server)
	}
	if _, ok := a.board.QueueForNumber("2000"); !ok {
		t.Error("the board does not have the new queue's number")
	}
	if diff := cmp.Diff(want[:2], reload(t, a)); diff != "" {
		t.Errorf("what waits for a restart is not told again (-want +got):\n%s", diff)
	}
}

func reload(t *testing.T, a *App) []string {
	t.Helper()
	changes, err := a.Reload(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, c := range changes {
		list = append(list, c.String())
	}
	return list
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestReadyz: red without Asterisk and while calls can't be written.
func TestReadyz(t *testing.T) {
	s := newSite(t)
	a := s.app()
	h := a.handler()
	if code, body := ask(h, "/readyz"); code != http.StatusServiceUnavailable || !strings.HasPrefix(body, "asterisk: ") {
		t.Errorf("without asterisk: %d %s", code, body)
	}
	a.asteriskState(notify.AsteriskState{State: notify.AsteriskUp, Since: time.Now()})
	if code, body := ask(h, "/readyz"); code != http.StatusOK || body != "ready\n" {
		t.Errorf("with all: %d %s", code, body)
	}
	if err := a.store.Close(); err != nil {
		t.Fatal(err)
	}
	go a.recorder.Run(t.Context())
	if _, err := a.board.Enter(queue.Entry{ID: "c", Queue: "상담", UniqueID: "u"}); err != nil {
		t.Fatal(err)
	}
	until(t, "the store is told to fail", func() bool {
		code, body := ask(h, "/readyz")
		return code == http.StatusServiceUnavailable && strings.HasPrefix(body, "store: ")
	})
	if a.status().StoreError == "" {
		t.Error("the status has no error")
	}
	if code, _ := ask(h, "/healthz"); code != http.StatusOK {
		t.Errorf("healthz %d", code)
	}
	if code, _ := ask(h, "/api/v1/session"); code != http.StatusUnauthorized {
		t.Errorf("session %d", code)
	}
}

// TestAnswersInTime: plain answers have a time limit, and WebSockets have not.
func TestAnswersInTime(t *testing.T) {
	h := newSite(t).app().handler()
	for path, want := range map[string]bool{"/": true, "/healthz": true, "/metrics": true, "/api/v1/session": true, "/ws": false, "/sip": false} {
		w := &limitedWriter{ResponseRecorder: httptest.NewRecorder()}
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		if left := time.Until(w.until); (left > 0) != want || left > answerTime {
			t.Errorf("%s: %s to answer", path, left)
		}
	}
}

// limitedWriter notes the time limit of an answer.
type limitedWriter struct {
	*httptest.ResponseRecorder
	until time.Time
}

func (w *limitedWriter) SetWriteDeadline(until time.Time) error {
	w.until = until
	return nil
}

// TestSetMemo: a page may write a memo of the calls its agent may see.
func TestSetMemo(t *testing.T) {
	a := newSite(t).app()
	for _, q := range []string{"상담", "billing"} {
		if _, err := a.board.Enter(queue.Entry{ID: "live-" + q, Queue: q, UniqueID: q}); err != nil {
			t.Fatal(err)
		}
	}
	end := time.Now()
	if _, err := a.store.Finish(t.Context(), &queue.Call{ID: "ended", Queue: "상담", Phase: queue.Ended, Direction: queue.In, Begin: end, End: &end, Outcome: queue.Abandoned}); err != nil {
		t.Fatal(err)
	}
	memo := "첫째"
	for _, tt := range []struct {
		call, by string
		want     error
	}{
		{"live-상담", "홍길동", nil},
		{"ended", "홍길동", nil},
		{"live-billing", "sup", nil},
		{"live-billing", "홍길동", notify.ErrForbidden},
		{"none", "홍길동", notify.ErrNoCall},
		{"ended", "stranger", notify.ErrForbidden},
	} {
		if err := (pages{a}).SetMemo(t.Context(), tt.call, notify.Note{Memo: &memo}, notify.Note{}, tt.by); !errors.Is(err, tt.want) {
			t.Errorf("%s by %s: %v, want %v", tt.call, tt.by, err, tt.want)
		}
		m, err := a.store.Memo(tt.call)
		if written := err == nil && m.Text == memo; written != (tt.want == nil) && tt.call != "ended" && tt.call != "live-billing" {
			t.Errorf("%s by %s: written %t", tt.call, tt.by, written)
		}
	}
}

// TestMemoOfTwo: of two who write at once, the second is told, and nothing is written
// over what that one has not seen.
func TestMemoOfTwo(t *testing.T) {
	a := newSite(t).app()
	if _, err := a.board.Enter(queue.Entry{ID: "c1", Queue: "상담", UniqueID: "1"}); err != nil {
		t.Fatal(err)
	}
	note := func(memo, disposition string) (n notify.Note) {
		if memo != "-" {
			n.Memo = &memo
		}
		if disposition != "-" {
			n.Disposition = &disposition
		}
		return n
	}
	for _, tt := range []struct {
		name, by string
		now, was notify.Note
		stale    bool
		want     string
	}{
		{"the first", "홍길동", note("one", "-"), note("", "-"), false, "one/"},
		{"the second has not seen it", "sup", note("two", "-"), note("", "-"), true, "one/"},
		{"writes something else", "sup", note("-", "sold"), note("-", ""), false, "one/sold"},
		{"has seen it", "sup", note("one, two", "-"), note("one", "-"), false, "one, two/sold"},
		{"goes on without an ack", "sup", note("three", "-"), note("one", "-"), false, "three/sold"},
		{"writes the same", "홍길동", note("three", "-"), note("one", "-"), false, "three/sold"},
		{"one of both is not seen", "sup", note("four", "lost"), note("three", ""), true, "three/sold"},
		{"does not say what was seen", "sup", note("five", "-"), note("-", "-"), false, "five/sold"},
	} {
		if err := (pages{a}).SetMemo(t.Context(), "c1", tt.now, tt.was, tt.by); errors.Is(err, notify.ErrStale) != tt.stale || err != nil && !tt.stale {
			t.Errorf("%s: %v", tt.name, err)
		}
		if m, err := a.store.Memo("c1"); err != nil || m.Text+"/"+m.Disposition != tt.want {
			t.Errorf("%s: %q, %q, %v; want %s", tt.name, m.Text, m.Disposition, err, tt.want)
		}
	}
}

// TestOffers: a page may settle a call by what the configuration in force
// offers, and is told of it.
func TestOffers(t *testing.T) {
	s := newSite(t)
	a := s.app()
	p := pages{a}
	if _, err := a.board.Enter(queue.Entry{ID: "c1", Queue: "상담", UniqueID: "1"}); err != nil {
		t.Fatal(err)
	}
	settle := func(disposition string) error {
		return p.SetMemo(t.Context(), "c1", notify.Note{Disposition: &disposition}, notify.Note{}, "홍길동")
	}
	if err := settle("anything"); err != nil {
		t.Error(err)
	}
	s.write(centreConfig, `number = "1000"`, `number = "1000"
dispositions = ["판매"]
crm_url = "https://crm.example/{number}"`, `[asterisk]`, `away_reasons = ["점심"]
[asterisk]`)
	changes, err := a.Reload(t.Context())
	if err != nil || len(changes) != 3 {
		t.Fatalf("%v, %v", changes, err)
	}
	for _, tt := range []struct {
		disposition string
		want        error
	}{{"anything", nil}, {"판매", nil}, {"anything", notify.ErrDisposition}, {"", nil}} {
		if err := settle(tt.disposition); !errors.Is(err, tt.want) {
			t.Errorf("%q: %v, want %v", tt.disposition, err, tt.want)
		}
	}
	want := notify.Offers{AwayReasons: []string{"점심"}, Queues: map[string]notify.QueueOffers{
		"상담":      {Name: "상담", CRMURL: "https://crm.example/{number}", Dispositions: []string{"판매"}},
		"billing": {Name: "billing"},
	}}
	if diff := cmp.Diff(want, p.offers()); diff != "" {
		t.Errorf("offers (-want +got):\n%s", diff)
	}
}

// TestEarlierCalls: an alert tells of a customer's calls in all queues, and
// what was noted about them only within its own.
func TestEarlierCalls(t *testing.T) {
	a := newSite(t).app()
	memo, disposition := "환불", "sold"
	for i, q := range []string{"상담", "billing"} {
		begin := time.Now().Add(-time.Duration(i+1) * time.Hour).Round(0)
		end := begin.Add(time.Minute)
		_, err := a.store.Finish(t.Context(), &queue.Call{
			ID: q, Queue: q, Phase: queue.Ended, Direction: queue.In, Caller: "01012345678", Agent: "kim",
			Begin: begin, Start: &begin, End: &end, TalkMS: 60_000, Outcome: queue.Answered,
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.store.SetMemo(t.Context(), q, store.MemoChange{Text: &memo, Disposition: &disposition, By: "kim", At: end}); err != nil {
			t.Fatal(err)
		}
	}
	got, err := (pages{a}).earlier(t.Context(), "billing", "01012345678")
	if err != nil || len(got) != 2 {
		t.Fatalf("%+v, %v", got, err)
	}
	want := []notify.EarlierCall{
		{ID: "상담", Queue: "상담", Direction: queue.In, Begin: got[0].Begin, Outcome: queue.Answered, Agent: "kim", TalkMS: 60_000},
		{
			ID: "billing", Queue: "billing", Direction: queue.In, Begin: got[1].Begin, Outcome: queue.Answered, Agent: "kim", TalkMS: 60_000,
			Memo: memo, Disposition: disposition,
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("earlier calls (-want +got):\n%s", diff)
	}
}

// TestLogin: the page's log-in.
func TestLogin(t *testing.T) {
	a := newSite(t).app()
	if ag, err := (pages{a}).Login(t.Context(), "홍길동", "right", "192.0.2.1"); err != nil || ag.Role != config.RoleAgent {
		t.Errorf("%+v, %v", ag, err)
	}
	for _, login := range [][2]string{{"홍길동", "wrong"}, {"nobody", "right"}, {"", ""}} {
		if _, err := (pages{a}).Login(t.Context(), login[0], login[1], "192.0.2.1"); !errors.Is(err, notify.ErrLogin) {
			t.Errorf("%q: %v", login, err)
		}
	}
}
