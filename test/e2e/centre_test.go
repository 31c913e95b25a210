//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"calld/queue"
	"calld/store"
	"calld/test/lab"
)

// patience is how long any one step may take before the test fails.
const patience = 20 * time.Second

// The numbers of the standing example.
const (
	number1 = "0215881234"
	number2 = "0215885678"
)

// centre is a running call centre.
type centre struct {
	t    *testing.T
	ctx  context.Context
	log  *slog.Logger
	plan plan
	dir  string
	http int
	agi  int

	pbx      *lab.Asterisk
	ami      *cable // between calld and the manager interface
	phones   map[string]*lab.Phone
	caller   *lab.Caller
	called   chan *lab.Leg // calls to customers
	sipp     *lab.SIPpCustomers
	admin    http.Client // to the admin socket
	server   *exec.Cmd
	serverUp chan struct{} // closed when the process has ended
	out      *output
}

// start makes a call centre: Asterisk with calld's generated files, calld,
// and a registered phone for each agent. Nobody is logged in yet.
func start(t *testing.T, p plan) *centre {
	t.Helper()
	c := &centre{
		t: t, ctx: t.Context(), plan: p, dir: t.TempDir(), phones: map[string]*lab.Phone{}, called: make(chan *lab.Leg, 100),
		log: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
	c.admin.Transport = &http.Transport{
		DisableKeepAlives: true, // the server may have been restarted
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", filepath.Join(c.dir, "s"))
		},
	}
	c.http, c.agi = freePort(t), freePort(t)
	amiPort := freePort(t)
	c.ami = newCable(t, fmt.Sprintf("127.0.0.1:%d", amiPort))
	// The generated files need Asterisk's folders, and Asterisk the generated
	// files: its folders are the same for each instance but for their top.
	c.plan.Queues = slices.Concat(p.Queues, p.LaterQueues)
	c.plan.Agents = slices.Concat(p.Agents, p.LaterAgents)
	all := c.plan.Agents
	c.writeConfig("/nowhere", "/nowhere")
	files := c.asteriskFiles()
	maps.Copy(files, p.Files)
	c.pbx = lab.StartT(t, lab.Options{Version: p.Version, Files: files, Modules: p.Modules, AMIPort: amiPort, Log: c.log})
	c.plan.Queues, c.plan.Agents = slices.Clone(p.Queues), slices.Clone(p.Agents)
	c.writeConfig(c.pbx.Recordings, c.pbx.Sounds)
	for _, a := range all {
		if a.Phone != "" {
			c.addPhone(a.Phone, !slices.Contains(p.NoPhones, a.ID))
		}
	}
	c.openTrunk()
	if p.Prepare != nil {
		p.Prepare(c)
	}
	c.serve()
	return c
}

// openTrunk begins what is at the far end of the trunk.
func (c *centre) openTrunk() {
	c.t.Helper()
	var err error
	if c.plan.SIPp {
		c.sipp, err = lab.StartSIPpCustomers(c.ctx, c.pbx.Trunks[0], c.log)
		c.must(err)
		c.t.Cleanup(func() { c.sipp.Stop() })
		return
	}
	c.caller, err = lab.NewCaller(c.pbx, lab.CallerOptions{
		Customers: c.plan.Customers, Called: func(l *lab.Leg) { c.called <- l }, Log: c.log,
	})
	c.must(err)
	c.t.Cleanup(func() { c.caller.Close() })
}

func freePort(t *testing.T) int {
	t.Helper()
	p, err := lab.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// writeConfig writes calld.toml from the plan.
func (c *centre) writeConfig(recordings, sounds string) {
	c.t.Helper()
	here := func(path string) string {
		if c.pbx == nil {
			return path
		}
		return c.pbx.InRoot(path)
	}
	var b bytes.Buffer
	err := configuration.Execute(&b, struct {
		plan
		HTTP, AGI                                      int
		Dir, AMI                                       string
		Recordings, RecordingsHere, Sounds, SoundsHere string
	}{c.plan, c.http, c.agi, c.dir, c.ami.addr(), recordings, here(recordings), sounds, here(sounds)})
	if err != nil {
		c.t.Fatal(err)
	}
	text := bytes.ReplaceAll(b.Bytes(), []byte("{sounds}"), []byte(sounds))
	if err := os.WriteFile(c.file(), text, 0o600); err != nil {
		c.t.Fatal(err)
	}
}

func (c *centre) file() string { return filepath.Join(c.dir, "calld.toml") }

// asteriskFiles is what calld asterisk-config makes of the configuration.
func (c *centre) asteriskFiles() map[string]string {
	c.t.Helper()
	out := filepath.Join(c.dir, "asterisk")
	if err := os.MkdirAll(out, 0o755); err != nil {
		c.t.Fatal(err)
	}
	c.cli("asterisk-config", "--config", c.file(), "--out", out)
	files := map[string]string{}
	names, err := os.ReadDir(out)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, n := range names {
		text, err := os.ReadFile(filepath.Join(out, n.Name()))
		if err != nil {
			c.t.Fatal(err)
		}
		files[n.Name()] = string(text)
	}
	return files
}

func (c *centre) addPhone(number string, register bool) {
	c.t.Helper()
	p, err := lab.NewPhone(c.pbx, lab.PhoneOptions{
		User: number, Password: "secret-" + number, Behaviour: lab.Behaviour{Audio: true}, Log: c.log,
	})
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { p.Close() })
	c.phones[number] = p
	if register {
		c.must(p.Register(c.step()))
	}
}

// phone is the phone of an agent.
func (c *centre) phone(agent string) *lab.Phone {
	c.t.Helper()
	for _, a := range c.plan.Agents {
		if a.ID == agent {
			return c.phones[a.Phone]
		}
	}
	c.t.Fatalf("no agent %s in the plan", agent)
	return nil
}

// serve starts calld and waits until it is ready. With Asterisk away it can't
// become so: see launch.
func (c *centre) serve() {
	c.t.Helper()
	c.launch()
	c.waitReady()
}

func (c *centre) launch() {
	c.t.Helper()
	c.out = &output{t: c.t}
	c.server = exec.Command(binary, "serve", "--config", c.file(), "--log-level", "debug")
	c.server.Stdout, c.server.Stderr = c.out, c.out
	c.server.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := c.server.Start(); err != nil {
		c.t.Fatal(err)
	}
	ended := make(chan struct{})
	c.serverUp = ended
	cmd, out := c.server, c.out
	go func() {
		defer close(ended)
		_ = cmd.Wait() // tests look at what it did, not at how it ended
	}()
	c.t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended
		select {
		case <-ended:
		case <-time.After(patience):
			_ = cmd.Process.Kill()
			c.t.Error("calld did not stop on SIGTERM")
		}
		out.report()
	})
}

func (c *centre) waitReady() {
	c.t.Helper()
	c.eventually("calld ready", func() error {
		if status, text := c.readyz(); status != http.StatusOK {
			return fmt.Errorf("readyz: %d %s", status, text)
		}
		return nil
	})
}

// readyz is the answer of /readyz; 0 when nobody answers.
func (c *centre) readyz() (status int, text string) {
	c.t.Helper()
	resp, err := http.Get(c.url("/readyz"))
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	c.must(err)
	return resp.StatusCode, string(body)
}

// kill ends calld at once, as a crash does.
func (c *centre) kill() {
	c.t.Helper()
	c.must(c.server.Process.Kill())
	<-c.serverUp
}

func (c *centre) url(path string) string { return fmt.Sprintf("http://127.0.0.1:%d%s", c.http, path) }

// cli runs a command of calld and returns what it printed.
func (c *centre) cli(args ...string) string {
	c.t.Helper()
	out, err := c.try(args...)
	if err != nil {
		c.t.Fatalf("calld %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

func (c *centre) try(args ...string) (string, error) {
	cmd := exec.CommandContext(c.step(), binary, args...)
	cmd.Env = append(os.Environ(), "CALLD_CONFIG="+c.file())
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// ask asks the running server over its admin socket, as the commands do: a
// test looks too often to start a process each time.
func (c *centre) ask(path string, into any) {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.step(), http.MethodGet, "http://calld"+path, nil)
	c.must(err)
	resp, err := c.admin.Do(req)
	c.must(err)
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		c.t.Fatalf("%s: %s", path, resp.Status)
	}
	c.must(json.NewDecoder(resp.Body).Decode(into))
}

// history is all ended calls, the oldest first.
func (c *centre) history() []queue.Call {
	c.t.Helper()
	var page store.Page
	c.ask("/api/v1/history?limit=1000", &page)
	slices.Reverse(page.Calls)
	return page.Calls
}

// waitHistory waits until there are n ended calls, and returns them.
func (c *centre) waitHistory(n int) []queue.Call {
	c.t.Helper()
	var calls []queue.Call
	c.eventually(fmt.Sprintf("%d calls in the history", n), func() error {
		if calls = c.history(); len(calls) < n {
			return fmt.Errorf("there are %d", len(calls))
		}
		return nil
	})
	if len(calls) > n {
		c.t.Fatalf("there are %d calls in the history, want %d: %+v", len(calls), n, calls)
	}
	return calls
}

// missed is the open missed calls, the newest first.
func (c *centre) missed() []store.Missed {
	c.t.Helper()
	var page store.MissedPage
	c.ask("/api/v1/missed?state=open&limit=1000", &page)
	return page.Missed
}

// calls is the live calls, the oldest first.
func (c *centre) calls() []queue.Call {
	c.t.Helper()
	var body struct{ Calls []queue.Call }
	c.ask("/api/v1/calls", &body)
	return body.Calls
}

// agent is the state of an agent.
func (c *centre) agent(id string) queue.AgentStatus {
	c.t.Helper()
	var body struct{ Agents []queue.AgentStatus }
	c.ask("/api/v1/agents", &body)
	for _, a := range body.Agents {
		if a.ID == id {
			return a
		}
	}
	c.t.Fatalf("no agent %s", id)
	return queue.AgentStatus{}
}

// waitAgent waits until an agent is in a state; when that is to be available,
// with a phone that Asterisk has told to be free again after the last call.
func (c *centre) waitAgent(id string, want queue.AgentState) {
	c.t.Helper()
	c.eventually(fmt.Sprintf("agent %s %s", id, want), func() error {
		if got := c.agent(id); got.State != want || want == queue.Available && got.Device == queue.PhoneBusy {
			return fmt.Errorf("it is %+v", got)
		}
		return nil
	})
}

// waitPhase waits until the only live call is in a phase.
func (c *centre) waitPhase(want queue.Phase) queue.Call {
	c.t.Helper()
	var call queue.Call
	c.eventually("a call "+string(want), func() error {
		calls := c.calls()
		if len(calls) != 1 || calls[0].Phase != want {
			return fmt.Errorf("calls are %+v", calls)
		}
		call = calls[0]
		return nil
	})
	return call
}

// call has a customer call a number.
func (c *centre) call(number string, o lab.CallOptions) *lab.Leg {
	c.t.Helper()
	leg, err := c.caller.Call(c.ctx, number, o)
	if err != nil {
		c.t.Fatal(err)
	}
	return leg
}

// step is a context for one step of a test.
func (c *centre) step() context.Context {
	ctx, cancel := context.WithTimeout(c.ctx, patience)
	c.t.Cleanup(cancel)
	return ctx
}

func (c *centre) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

// eventually waits for a fact that nothing announces, by looking again and
// again.
func (c *centre) eventually(what string, look func() error) {
	c.t.Helper()
	deadline := time.Now().Add(patience)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := look()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			c.t.Fatalf("waited %v for %s: %v", patience, what, err)
		}
		<-tick.C
	}
}

// output keeps what calld prints, and shows it when the test has failed or
// calld met a data race or a panic.
type output struct {
	t *testing.T
	// expected are errors that the test itself provokes.
	expected []string

	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

func (o *output) report() {
	text := o.String()
	for line := range strings.Lines(text) {
		bad := strings.Contains(line, "DATA RACE") || strings.Contains(line, "panic:") || strings.Contains(line, "level=ERROR")
		if bad && !slices.ContainsFunc(o.expected, func(e string) bool { return strings.Contains(line, e) }) {
			o.t.Errorf("calld reported a race, a panic or an error: %s", line)
		}
	}
	if o.t.Failed() {
		o.t.Logf("calld printed:\n%s", text)
	}
}

// login logs an agent in on a page of its own.
func (c *centre) login(id string) *lab.Agent {
	c.t.Helper()
	a, err := lab.DialAgent(c.step(), fmt.Sprintf("ws://127.0.0.1:%d/ws", c.http), lab.AgentOptions{ID: id, Password: "pw-" + id})
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() {
		if err := a.Err(); errors.Is(err, lab.ErrSeq) {
			c.t.Error(err)
		}
		_ = a.Drop() // it may be gone
	})
	return a
}

// loginAll logs agents in and waits until they can be rung.
func (c *centre) loginAll(ids ...string) []*lab.Agent {
	c.t.Helper()
	pages := make([]*lab.Agent, len(ids))
	for i, id := range ids {
		pages[i] = c.login(id)
	}
	for _, id := range ids {
		c.waitAgent(id, queue.Available)
	}
	return pages
}
