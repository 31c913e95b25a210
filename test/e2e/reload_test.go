//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"

	"calld/config"
	"calld/queue"
	"calld/test/lab"
)

const (
	number3     = "0215889012"
	removedCode = 4004 // docs/websocket.md: not in the configuration any more
	otherListen = "127.0.0.1:1"
)

// reload puts a changed plan in force and returns what the command printed.
func (c *centre) reload(change func(*plan)) []string {
	c.t.Helper()
	change(&c.plan)
	c.writeConfig(c.pbx.Recordings, c.pbx.Sounds)
	return slices.Collect(strings.SplitSeq(strings.TrimSpace(c.cli("reload")), "\n"))
}

// Agents and queues come and go while calls run. Nobody's call is touched.
func TestReloadWhileCallsRun(t *testing.T) {
	t.Parallel()
	c := start(t, plan{
		Queues: []queuePlan{{ID: "q1", Name: "하나", Number: number1}, {ID: "q2", Name: "둘", Number: number2}},
		Agents: []agentPlan{
			{ID: "a1", Queues: []string{"q1"}, Phone: "8001"},
			{ID: "a2", Queues: []string{"q1"}, Phone: "8002"},
			{ID: "b1", Queues: []string{"q2"}, Phone: "8003"},
			{ID: "boss", Role: "admin"},
		},
		LaterQueues: []queuePlan{{ID: "q3", Name: "셋", Number: number3}},
		LaterAgents: []agentPlan{{ID: "a3", Queues: []string{"q3"}, Phone: "8004"}},
	})
	pages := c.loginAll("a1", "a2", "b1")
	boss := c.login("boss")
	c.must(pages[2].State(c.step(), "away", ""))
	talking := c.talk(1, "a1")
	waiting := c.call(number2, lab.CallOptions{Number: callerNumber(2), Audio: true})
	c.waitCall(callerNumber(2), queue.Waiting)

	got := c.reload(func(p *plan) {
		p.Queues[0].Keys = `ring_timeout = "2s"`
		p.Queues[1] = p.LaterQueues[0]
		p.Agents = append(p.Agents[1:], p.LaterAgents...)
		p.Agents[1].Queues = []string{"q1"} // b1
	})
	want := []string{
		`queues.q1.ring_timeout: "20s" → "2s"`,
		`queues.q3: added "셋"`,
		`queues.q2: removed "둘"`,
		`agents.b1.queues: ["q2"] → ["q1"]`,
		`agents.a3: added "상담자 a3"`,
		`agents.a1: removed "상담자 a1"`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("calld reload printed (-want +got):\n%s", diff)
	}
	m, err := boss.WaitType(c.step(), "config.reloaded")
	c.must(err)
	var told struct{ Data []config.Change }
	if err := m.Decode(&told); err != nil || len(told.Data) != len(want) {
		t.Errorf("the admin's page was told %s", m.Raw)
	}
	_, err = pages[1].WaitType(c.step(), "welcome")
	c.must(err)

	// The removed agent finishes the talk, memo and all, and is then gone.
	c.hearEachOther(1, talking)
	c.must(pages[0].Memo(c.step(), c.waitCall(talking.number, queue.Talking).ID, "끝", ""))
	c.hangUp(talking)
	if got := c.ended(talking.number, outcome{queue.Answered, "a1", []string{"a1 answered"}}); got.Memo != "끝" {
		t.Errorf("the memo is %q", got.Memo)
	}
	c.waitClosed(pages[0], removedCode)
	for _, a := range c.agents() {
		if a.ID == "a1" {
			t.Errorf("the removed agent is still there: %+v", a)
		}
	}
	if a, err := lab.DialAgent(c.step(), fmt.Sprintf("ws://127.0.0.1:%d/ws", c.http), lab.AgentOptions{ID: "a1", Password: "pw-a1"}); err == nil {
		t.Errorf("the removed agent can log in: %v", a.Drop())
	}

	// The removed queue's caller is served, new ones are left to the dialplan.
	c.must(waiting.WaitTone(c.step(), lab.MusicTone))
	stranger := c.call(number2, lab.CallOptions{Number: callerNumber(3)})
	c.eventually("the new caller at the fallback extension", func() error { return c.channelAt("from-internal!601") })
	c.must(stranger.Hangup(c.step()))
	c.must(pages[2].State(c.step(), "available", ""))
	k := talk{callerNumber(2), waiting, c.answer("b1", callerNumber(2))}
	c.waitCall(k.number, queue.Talking)
	c.hangUp(k)
	if got := c.ended(k.number, outcome{queue.Answered, "b1", []string{"b1 answered"}}); got.Queue != "q2" {
		t.Errorf("it was a call of %s", got.Queue)
	}

	// The new agent logs in and gets a call of the new queue.
	c.loginAll("a3")
	leg := c.call(number3, lab.CallOptions{Number: callerNumber(4)})
	k = talk{callerNumber(4), leg, c.answer("a3", callerNumber(4))}
	c.must(leg.WaitAnswered(c.step()))
	c.hangUp(k)
	c.ended(k.number, outcome{queue.Answered, "a3", []string{"a3 answered"}})

	// The new time limit holds for the next ringing.
	c.waitAgent("b1", queue.Available)
	leg = c.call(number1, lab.CallOptions{Number: callerNumber(5)})
	for _, a := range []string{"a2", "b1"} {
		_, err := c.phone(a).WaitRinging(c.step())
		c.must(err)
	}
	c.must(leg.Hangup(c.step()))
	call := c.ended(callerNumber(5), outcome{queue.Abandoned, "", []string{"a2 no_answer", "b1 caller_left"}})
	if d := call.Rings[0].End.Sub(call.Rings[0].At).Seconds(); d < 1.9 || d > 4 {
		t.Errorf("it rang for %.1f s, ring_timeout is 2 s now", d)
	}
	c.quiet("0", "a2", "b1", "a3")
}

// A file with faults changes nothing, and every fault is told where it is.
func TestReloadOfAFaultyFile(t *testing.T) {
	t.Parallel()
	c := start(t, onePlan(2))
	c.out.expected = []string{"reload refused"}
	c.loginAll("a1")
	good, err := os.ReadFile(c.file())
	c.must(err)
	lines := strings.Count(string(good), "\n")
	bad := string(good) + "[queues.q9]\nname = \"x\"\nnumber = \"" + number1 + "\"\ncolour = \"red\"\n[agents.a9]\npassword = \"x\"\nqueues = [\"q8\"]\nphone = \"8009\"\n"
	c.must(os.WriteFile(c.file(), []byte(bad), 0o600))
	out, err := c.try("reload")
	if exit := new(exec.ExitError); !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Errorf("calld reload: %v, want exit 1", err)
	}
	for _, fault := range []struct {
		line int
		key  string
	}{{lines + 3, "queues.q9.number"}, {lines + 4, "queues.q9.colour"}, {lines + 7, "agents.a9.queues"}} {
		if at := fmt.Sprintf("%s:%d: %s", c.file(), fault.line, fault.key); !strings.Contains(out, at) {
			t.Errorf("calld reload does not tell %s:\n%s", at, out)
		}
	}
	if !strings.Contains(out, "nothing was changed") {
		t.Errorf("calld reload does not say that nothing was changed:\n%s", out)
	}
	c.must(c.server.Process.Signal(syscall.SIGHUP))
	c.eventually("the refused reloads in the log", func() error {
		if n := strings.Count(c.out.String(), "reload refused"); n != 2 {
			return fmt.Errorf("there are %d", n)
		}
		return nil
	})
	if n := len(c.agents()); n != 2 {
		t.Errorf("there are %d agents", n)
	}
	c.hangUp(c.talk(1, "a1"))
	c.ended(callerNumber(1), outcome{queue.Answered, "a1", []string{"a1 answered"}})
}

// SIGHUP reloads too. What can't change while running is told, each time, and
// stays as it is.
func TestReloadBySignal(t *testing.T) {
	t.Parallel()
	c := start(t, onePlan(2))
	page := c.loginAll("a2")[0]
	c.plan.Agents = c.plan.Agents[:1]
	c.writeConfig(c.pbx.Recordings, c.pbx.Sounds)
	c.must(c.server.Process.Signal(syscall.SIGHUP))
	c.waitClosed(page, removedCode)
	if agents := c.agents(); len(agents) != 1 || agents[0].ID != "a1" {
		t.Errorf("the agents are %+v", agents)
	}
	if out := c.cli("reload"); strings.TrimSpace(out) != "nothing changed" {
		t.Errorf("calld reload printed %s", out)
	}

	was := fmt.Sprintf("127.0.0.1:%d", c.http)
	text, err := os.ReadFile(c.file())
	c.must(err)
	c.must(os.WriteFile(c.file(), []byte(strings.ReplaceAll(string(text), was, otherListen)), 0o600))
	want := fmt.Sprintf("server.http: %q → %q (needs a restart)", was, otherListen)
	for range 2 {
		if out := strings.TrimSpace(c.cli("reload")); out != want {
			t.Errorf("calld reload printed %s, want %s", out, want)
		}
	}
	c.loginAll("a1") // where it was
}

// agents is everybody's state.
func (c *centre) agents() []queue.AgentStatus {
	c.t.Helper()
	var body struct{ Agents []queue.AgentStatus }
	c.ask("/api/v1/agents", &body)
	return body.Agents
}

// waitClosed waits until a page is closed, and checks the close code.
func (c *centre) waitClosed(page *lab.Agent, code int) {
	c.t.Helper()
	c.eventually("the page of "+page.ID()+" closed", func() error {
		if page.Err() == nil {
			return errors.New("it is open")
		}
		return nil
	})
	var closed *websocket.CloseError
	if err := page.Err(); !errors.As(err, &closed) || closed.Code != code {
		c.t.Errorf("the page of %s was closed by %v, want code %d", page.ID(), err, code)
	}
}
