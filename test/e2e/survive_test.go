//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"calld/queue"
	"calld/test/lab"
)

// talk is a call that an agent has answered. Each side hears the other's tone.
type talk struct {
	number        string
	caller, phone *lab.Leg
}

// The tones of the n-th talk.
func callerTone(n int) float64 { return 500 + 100*float64(n) }
func agentTone(n int) float64  { return 1500 + 100*float64(n) }

// callerNumber is the number of the n-th customer.
func callerNumber(n int) string { return fmt.Sprintf("010000000%02d", n) }

// talk has the n-th customer call and the named agent, whose turn it must be,
// answer.
func (c *centre) talk(n int, agent string) talk {
	c.t.Helper()
	k := talk{number: callerNumber(n), caller: c.call(number1, lab.CallOptions{Number: callerNumber(n), Tone: callerTone(n)})}
	k.phone = c.answer(agent, k.number)
	c.must(k.phone.SetTone(agentTone(n)))
	c.must(k.caller.WaitAnswered(c.step()))
	c.hearEachOther(n, k)
	c.waitAgent(agent, queue.AgentTalks)
	return k
}

// answer has an agent's phone answer, which must ring for the given customer.
func (c *centre) answer(agent, number string) *lab.Leg {
	c.t.Helper()
	rung, err := c.phone(agent).WaitRinging(c.step())
	c.must(err)
	if rung.Number != number {
		c.t.Errorf("the phone of %s rings for %s, want %s", agent, rung.Number, number)
	}
	c.must(rung.Answer(c.step()))
	return rung
}

func (c *centre) hearEachOther(n int, k talk) {
	c.t.Helper()
	c.must(k.phone.WaitTone(c.step(), callerTone(n)))
	c.must(k.caller.WaitTone(c.step(), agentTone(n)))
}

// waiter has the n-th customer call and waits until calld has the call.
func (c *centre) waiter(n int) *lab.Leg {
	c.t.Helper()
	leg := c.call(number1, lab.CallOptions{Number: callerNumber(n), Audio: true})
	c.waitCall(callerNumber(n), queue.Waiting)
	return leg
}

// waitCall waits until the live call of a customer is in a phase.
func (c *centre) waitCall(number string, want queue.Phase) queue.Call {
	c.t.Helper()
	var got queue.Call
	c.eventually("the call of "+number+" "+string(want), func() error {
		for _, k := range c.calls() {
			if k.Caller != number {
				continue
			}
			if k.Phase == want {
				got = k
				return nil
			}
			return fmt.Errorf("it is %s", k.Phase)
		}
		return fmt.Errorf("there is none")
	})
	return got
}

// ended finds the call of a customer in the history and checks it.
func (c *centre) ended(number string, want outcome) queue.Call {
	c.t.Helper()
	got := c.record(number)
	c.check(got, want)
	return got
}

func (c *centre) record(number string) queue.Call {
	c.t.Helper()
	var got queue.Call
	c.eventually("the ended call of "+number, func() error {
		for _, k := range c.history() {
			if k.Caller == number {
				got = k
				return nil
			}
		}
		return fmt.Errorf("it is not in the history")
	})
	return got
}

// hangUp ends a talk from the customer's side and waits until the agent's
// phone is free again.
func (c *centre) hangUp(k talk) {
	c.t.Helper()
	c.must(k.caller.Hangup(c.step()))
	_, err := k.phone.WaitEnded(c.step())
	c.must(err)
}

// serveInOrder has an agent take all who wait, and checks that they come in
// the order of legs.
func (c *centre) serveInOrder(agent string, numbers []string, legs []*lab.Leg) {
	c.t.Helper()
	for i, number := range numbers {
		rung := c.answer(agent, number)
		c.must(legs[i].WaitAnswered(c.step()))
		c.waitCall(number, queue.Talking)
		c.hangUp(talk{number, legs[i], rung})
		c.ended(number, outcome{queue.Answered, agent, []string{agent + " answered"}})
	}
}

// quiet checks that nothing is left: no live call, every agent available, and
// only so much taken back by force as the test made necessary.
func (c *centre) quiet(freed string, agents ...string) {
	c.t.Helper()
	c.waitCalls(0)
	for _, a := range agents {
		c.waitAgent(a, queue.Available)
	}
	if got := c.status("freed"); got != freed {
		c.t.Errorf("calld had to free %s, want %s", got, freed)
	}
}

// status is one line of calld status.
func (c *centre) status(key string) string {
	c.t.Helper()
	for line := range strings.Lines(c.cli("status")) {
		if value, ok := strings.CutPrefix(line, key+" "); ok {
			return strings.TrimSpace(value)
		}
	}
	c.t.Fatalf("calld status has no %s", key)
	return ""
}

// waitGrownUp waits until Asterisk is older than a second. It tells its age in
// whole seconds: what began in its first and is gone looks cut off by a restart.
func (c *centre) waitGrownUp() {
	c.t.Helper()
	c.eventually("Asterisk two seconds old", func() error {
		out, err := c.pbx.CLI(c.step(), "core show uptime seconds")
		if err == nil && (strings.Contains(out, "uptime: 0") || strings.Contains(out, "uptime: 1\n")) {
			err = errors.New(out)
		}
		return err
	})
}

// waitWritten waits until what calld knows is on disk.
func (c *centre) waitWritten() {
	c.t.Helper()
	c.eventually("records written", func() error {
		if got := c.status("records"); got != "written, 0 waiting" {
			return errors.New(got)
		}
		return nil
	})
}

// stop ends calld as a service manager does.
func (c *centre) stop() {
	c.t.Helper()
	c.must(c.server.Process.Signal(syscall.SIGTERM))
	select {
	case <-c.serverUp:
	case <-time.After(patience):
		c.t.Fatal("calld did not stop on SIGTERM")
	}
}

// The great fault: calld goes down in the middle of everything. Nobody is cut
// off, nobody is overtaken, nothing is forgotten.
func TestCalldGoesDownAndComesBack(t *testing.T) {
	t.Parallel()
	for name, down := range map[string]func(*centre){"killed": (*centre).kill, "stopped": (*centre).stop} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			goDownAndComeBack(t, down)
		})
	}
}

func goDownAndComeBack(t *testing.T, down func(*centre)) {
	t.Helper()
	c := start(t, onePlan(4))
	pages := c.loginAll("a1", "a2", "a3", "a4")
	c.waitGrownUp()
	stays, callerLeaves, agentLeaves := c.talk(1, "a1"), c.talk(2, "a2"), c.talk(3, "a3")
	c.must(pages[0].Memo(c.step(), c.waitCall(stays.number, queue.Talking).ID, "환불 문의", "환불"))
	ringing := c.call(number1, lab.CallOptions{Number: callerNumber(4), Tone: callerTone(4)})
	rung, err := c.phone("a4").WaitRinging(c.step())
	c.must(err)
	c.waitCall(callerNumber(4), queue.Ringing)
	var numbers []string
	var legs []*lab.Leg
	for n := 5; n < 10; n++ {
		numbers, legs = append(numbers, callerNumber(n)), append(legs, c.waiter(n))
	}
	for _, leg := range legs {
		c.must(leg.WaitTone(c.step(), lab.MusicTone))
	}

	down(c)
	c.hangUp(callerLeaves)
	c.must(agentLeaves.phone.Hangup(c.step()))
	during := c.call(number1, lab.CallOptions{Number: callerNumber(10), Audio: true})
	numbers, legs = append(numbers, callerNumber(10)), append(legs, during)
	for _, leg := range legs { // the dialplan plays it now
		c.must(leg.WaitTone(c.step(), lab.MusicTone))
	}
	c.hearEachOther(1, stays)
	c.serve()
	after := c.call(number1, lab.CallOptions{Number: callerNumber(11), Audio: true})
	numbers, legs = append(numbers, callerNumber(11)), append(legs, after)
	c.waitCall(callerNumber(11), queue.Waiting)

	c.hearEachOther(1, stays)
	c.ended(callerLeaves.number, outcome{queue.Answered, "a2", []string{"a2 answered"}})
	got := c.ended(agentLeaves.number, outcome{queue.Answered, "a3", []string{"a3 answered"}})
	if talked := agentLeaves.phone.At(lab.Over).Sub(agentLeaves.phone.At(lab.Talking)); got.TalkMS > talked.Milliseconds()+500 {
		t.Errorf("the talk lasted %d ms, the history has %d", talked.Milliseconds(), got.TalkMS)
	}
	if got.Cause != "agent" {
		t.Errorf("the cause is %q, want that the agent ended the talk", got.Cause)
	}
	_, err = agentLeaves.caller.WaitEnded(c.step())
	c.must(err)
	if rung.State() != lab.Ringing {
		t.Errorf("the phone that rang is %v", rung.State())
	}
	c.login("a4") // busy with the ringing
	c.must(rung.Answer(c.step()))
	c.must(rung.SetTone(agentTone(4)))
	c.must(ringing.WaitAnswered(c.step()))
	c.waitCall(callerNumber(4), queue.Talking)
	c.hearEachOther(4, talk{caller: ringing, phone: rung})

	c.login("a1")
	c.login("a2")
	c.serveInOrder("a2", numbers, legs)

	c.hangUp(stays)
	c.hangUp(talk{caller: ringing, phone: rung})
	got = c.ended(stays.number, outcome{queue.Answered, "a1", []string{"a1 answered"}})
	if got.Memo != "환불 문의" || got.Disposition != "환불" {
		t.Errorf("the memo is %q, %q", got.Memo, got.Disposition)
	}
	c.ended(callerNumber(4), outcome{queue.Answered, "a4", []string{"a4 answered"}})
	c.waitHistory(len(numbers) + 4)
	if m := c.missed(); len(m) != 0 {
		t.Errorf("missed calls: %+v", m)
	}
	c.login("a3")
	c.quiet("1", "a1", "a2", "a3", "a4") // the talk that nobody saw end
}

// Killed while a caller hears the announcement: the announcement is cut off,
// the caller is not.
func TestKilledInTheAnnouncement(t *testing.T) {
	t.Parallel()
	p := onePlan(1)
	p.Announcement = tone(t, announcementTone, longAnnouncement)
	c := start(t, p)
	leg := c.call(number1, lab.CallOptions{Number: callerNumber(1), Audio: true})
	c.must(leg.WaitTone(c.step(), announcementTone))
	c.kill()
	c.must(leg.WaitTone(c.step(), lab.MusicTone))
	c.serve()
	c.login("a1")
	c.serveInOrder("a1", []string{callerNumber(1)}, []*lab.Leg{leg})
	c.quiet("0", "a1")
}

// A whole talk while calld is down: with whom and how long is in the history.
func TestTalkThatCalldMissed(t *testing.T) {
	t.Parallel()
	c := start(t, onePlan(2, `queueing = "all"`))
	c.loginAll("a1", "a2")
	leg := c.call(number1, lab.CallOptions{Number: callerNumber(1), Tone: callerTone(1)})
	for _, a := range []string{"a1", "a2"} {
		_, err := c.phone(a).WaitRinging(c.step())
		c.must(err)
	}
	c.waitCall(callerNumber(1), queue.Ringing)
	c.waitWritten()
	c.kill()
	k := talk{callerNumber(1), leg, c.answer("a2", callerNumber(1))}
	c.must(k.phone.SetTone(agentTone(1)))
	c.hearEachOther(1, k)
	c.must(k.phone.Hangup(c.step()))
	c.must(leg.WaitTone(c.step(), lab.MusicTone))
	c.serve()
	got := c.ended(k.number, outcome{queue.Answered, "a2", []string{"a1 answered_elsewhere", "a2 answered"}})
	want := time.Since(k.phone.At(lab.Talking)) // at the most
	if talked := time.Duration(got.TalkMS) * time.Millisecond; talked <= 0 || talked > want {
		t.Errorf("the talk lasted %v, at most %v", talked, want)
	}
	_, err := leg.WaitEnded(c.step())
	c.must(err)
	c.login("a1")
	c.login("a2")
	c.quiet("0", "a1", "a2")
}

// The store is gone together with calld: who talks and who is rung is taken up
// from Asterisk's channels, although no script comes back when a customer
// hangs up first.
func TestCallsThatTheStoreLost(t *testing.T) {
	t.Parallel()
	c := start(t, onePlan(2, `recording = true`))
	c.login("a1")
	talks := c.talk(1, "a1")
	c.login("a2")
	rings := talk{number: callerNumber(2), caller: c.call(number1, lab.CallOptions{Number: callerNumber(2), Tone: callerTone(2)})}
	_, err := c.phone("a2").WaitRinging(c.step())
	c.must(err)
	begin, record := c.waitCall(talks.number, queue.Talking).Begin, c.waitCall(talks.number, queue.Talking).Record
	c.kill()
	c.must(os.Remove(c.dataFile()))
	c.serve()
	if got := c.waitCall(talks.number, queue.Talking); got.Begin.Sub(begin).Abs() > time.Second || got.Record != record {
		t.Errorf("taken up as %+v, want from %v, recorded in %s", got, begin, record)
	}
	c.waitCall(rings.number, queue.Ringing)
	rings.phone = c.answer("a2", rings.number)
	c.waitCall(rings.number, queue.Talking)
	for i, k := range []talk{talks, rings} {
		c.hangUp(k)
		agent := fmt.Sprintf("a%d", i+1)
		c.ended(k.number, outcome{queue.Answered, agent, []string{agent + " answered"}})
		c.login(agent)
	}
	c.quiet("0", "a1", "a2")
}

// calld stays away for 20 s, longer than a phone rings: the ringing is over,
// and its call is served with the others, in its turn.
func TestKilledAndBackLate(t *testing.T) {
	t.Parallel()
	c := start(t, onePlan(2, `ring_timeout = "5s"`))
	page := c.loginAll("a1", "a2")[0]
	c.must(page.State(c.step(), "away", "교육"))
	ringing := c.call(number1, lab.CallOptions{Number: callerNumber(1), Audio: true})
	rung, err := c.phone("a2").WaitRinging(c.step())
	c.must(err)
	waiting := c.waiter(2)
	c.waitWritten()
	c.kill()
	back := time.NewTimer(20 * time.Second)
	defer back.Stop()
	_, err = rung.WaitEnded(c.step())
	c.must(err)
	c.must(ringing.WaitTone(c.step(), lab.MusicTone))
	<-back.C
	c.must(waiting.WaitTone(c.step(), lab.MusicTone))
	c.serve()
	third := c.waiter(3)
	c.login("a1")
	c.login("a2")
	k := talk{callerNumber(1), ringing, c.answer("a2", callerNumber(1))}
	c.waitCall(k.number, queue.Talking)
	c.hangUp(k)
	c.ended(k.number, outcome{queue.Answered, "a2", []string{"a2 cut_short", "a2 answered"}})
	c.serveInOrder("a2", []string{callerNumber(2), callerNumber(3)}, []*lab.Leg{waiting, third})
	c.waitAgent("a1", queue.Away) // as before
	c.quiet("0", "a2")
}

// Who came while calld was down is served before who came after, although the
// dialplan comes back with the first in seconds only, and an agent is free.
func TestNewCallersDoNotOvertake(t *testing.T) {
	t.Parallel()
	c := start(t, onePlan(1))
	c.kill()
	first := c.call(number1, lab.CallOptions{Number: callerNumber(1), Audio: true})
	c.eventually("the fourth try of the dialplan", func() error {
		for _, name := range c.channels() {
			if out, err := c.pbx.CLI(c.step(), "core show channel "+name); err != nil || strings.Contains(out, "CALLD_TRY=4") {
				return err
			}
		}
		return errors.New("not yet")
	})
	c.serve() // with two seconds to go
	second := c.call(number1, lab.CallOptions{Number: callerNumber(2), Audio: true})
	c.login("a1")
	c.serveInOrder("a1", []string{callerNumber(1), callerNumber(2)}, []*lab.Leg{first, second})
	c.quiet("0", "a1")
}

// calld never comes back: after a minute of music the caller is sent where
// the admin wants it.
func TestCalldNeverComesBack(t *testing.T) {
	t.Parallel()
	c := start(t, onePlan(1))
	c.waitGrownUp()
	leg := c.waiter(1)
	c.waitWritten()
	c.kill()
	c.eventually("the caller's channel in the dialplan's hands", func() error {
		return c.channelAt("calld-call")
	})
	// A minute is long: it shall be nearly over.
	for _, name := range c.channels() {
		_, err := c.pbx.CLI(c.step(), "dialplan set chanvar "+name+" CALLD_TRY 16")
		c.must(err)
	}
	c.eventually("the caller at the fallback extension", func() error {
		return c.channelAt("from-internal!601")
	})
	_, err := leg.WaitEnded(c.step())
	c.must(err)
	c.serve()
	c.ended(callerNumber(1), outcome{queue.Abandoned, "", []string{}})
	c.missedOnce(callerNumber(1), queue.Abandoned)
}

// channels names the live channels.
func (c *centre) channels() []string {
	c.t.Helper()
	out, err := c.pbx.CLI(c.step(), "core show channels concise")
	c.must(err)
	var names []string
	for line := range strings.Lines(out) {
		name, _, ok := strings.Cut(line, "!")
		if ok {
			names = append(names, name)
		}
	}
	return names
}

// channelAt reports whether a channel is at a place of the dialplan, written
// context!extension.
func (c *centre) channelAt(place string) error {
	c.t.Helper()
	out, err := c.pbx.CLI(c.step(), "core show channels concise")
	c.must(err)
	if !strings.Contains(out, "!"+place) {
		return fmt.Errorf("channels are\n%s", out)
	}
	return nil
}
