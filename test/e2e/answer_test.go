//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"calld/queue"
	"calld/test/lab"
)

// The main job: a customer calls, an agent's phone rings and the agent's page
// is told, they talk, and the call is found in the history with both voices
// recorded.
func TestCallerReachesAnAgent(t *testing.T) {
	t.Parallel()
	c := start(t, onePlan(1))
	page := c.loginAll("a1")[0]

	leg := c.call(number1, lab.CallOptions{Number: "01012345678", Name: "김철수", Tone: 440})
	rung, err := c.phone("a1").WaitRinging(c.step())
	c.must(err)
	alert, err := page.WaitFor(c.step(), alertOf("01012345678"))
	c.must(err)
	if late := alert.At.Sub(rung.At(lab.Ringing)); late > time.Second {
		t.Errorf("the page was told %v after the phone rang", late)
	}
	c.must(rung.SetTone(1000))
	c.must(rung.Answer(c.step()))
	c.must(leg.WaitAnswered(c.step()))
	_, err = page.WaitType(c.step(), "call.answered")
	c.must(err)
	c.waitAgent("a1", queue.AgentTalks)
	c.must(rung.WaitTone(c.step(), 440))
	c.must(leg.WaitTone(c.step(), 1000))
	c.waitRecorded(c.calls()[0], 440, 1000)
	c.must(leg.Hangup(c.step()))
	_, err = page.WaitType(c.step(), "call.ended")
	c.must(err)

	got := c.waitHistory(1)[0]
	want := outcome{queue.Answered, "a1", []string{"a1 answered"}}
	c.check(got, want)
	if got.Caller != "01012345678" || got.CallerName != "김철수" || got.Callee != number1 || got.TalkMS <= 0 ||
		got.Rings[0].Rang == nil || got.Record == "" {
		t.Errorf("history has %+v", got)
	}
	file, err := os.ReadFile(c.pbx.InRoot(c.pbx.Recordings + "/" + got.Record))
	c.must(err)
	voices, err := lab.ParseWAV(file)
	c.must(err)
	if a, b := lab.ToneLevel(voices, 440), lab.ToneLevel(voices, 1000); a < 0.2 || b < 0.2 {
		t.Errorf("the recording of %d samples has the caller's voice at %.2f, the agent's at %.2f", len(voices), a, b)
	}
	if m := c.missed(); len(m) != 0 {
		t.Errorf("missed calls: %+v", m)
	}
	c.waitAgent("a1", queue.Available)
}

func TestInlineRingsOneAgentAfterTheOther(t *testing.T) {
	t.Parallel()
	p := onePlan(3, `ring_timeout = "2s"`)
	c := start(t, p)
	c.loginAll("a1", "a2", "a3")
	c.phone("a3").Behave(lab.Behaviour{Answer: true, Audio: true})

	leg := c.call(number1, lab.CallOptions{Number: "01011112222"})
	c.must(leg.WaitAnswered(c.step()))
	c.must(leg.Hangup(c.step()))
	got := c.waitHistory(1)[0]
	c.check(got, outcome{queue.Answered, "a3", []string{"a1 no_answer", "a2 no_answer", "a3 answered"}})
	for i := 1; i < len(got.Rings); i++ {
		if got.Rings[i].At.Before(*got.Rings[i-1].End) {
			t.Errorf("agent %s was rung before %s had ended", got.Rings[i].Agent, got.Rings[i-1].Agent)
		}
	}
}

func TestAllRingsEverybodyAndTellsWhoAnswered(t *testing.T) {
	t.Parallel()
	c := start(t, onePlan(3, `queueing = "all"`))
	pages := c.loginAll("a1", "a2", "a3")

	leg := c.call(number1, lab.CallOptions{Number: "01011112222"})
	for _, a := range []string{"a1", "a2", "a3"} {
		_, err := c.phone(a).WaitRinging(c.step())
		c.must(err)
	}
	for _, p := range pages {
		_, err := p.WaitFor(c.step(), alertOf("01011112222"))
		c.must(err)
	}
	_, err := c.phone("a2").Answer(c.step())
	c.must(err)
	for _, p := range pages {
		m, err := p.WaitType(c.step(), "call.answered")
		c.must(err)
		var f struct {
			By struct{ ID, Name string }
		}
		c.must(m.Decode(&f))
		if f.By.ID != "a2" || f.By.Name != "상담자 a2" {
			t.Errorf("%s was told that %+v answered", p.ID(), f.By)
		}
	}
	for _, a := range []string{"a1", "a3"} {
		end, err := c.phone(a).WaitEnded(c.step())
		c.must(err)
		if !end.Elsewhere() {
			t.Errorf("the phone of %s shows a missed call: %v", a, end)
		}
		c.waitAgent(a, queue.Available)
	}
	c.must(leg.Hangup(c.step()))
	got := c.waitHistory(1)[0]
	c.check(got, outcome{queue.Answered, "a2", []string{"a1 answered_elsewhere", "a2 answered", "a3 answered_elsewhere"}})
}

func TestAgentHangsUp(t *testing.T) {
	t.Parallel()
	c := start(t, onePlan(1, `wrapup = "2s"`))
	page := c.loginAll("a1")[0]
	leg := c.call(number1, lab.CallOptions{Number: "01011112222"})
	_, err := c.phone("a1").Answer(c.step())
	c.must(err)
	c.must(leg.WaitAnswered(c.step()))
	c.must(c.phone("a1").Hangup(c.step()))
	_, err = leg.WaitEnded(c.step())
	c.must(err)
	got := c.waitHistory(1)[0]
	c.check(got, outcome{queue.Answered, "a1", []string{"a1 answered"}})
	if got.Cause != "16 agent" {
		t.Errorf("the cause is %q, want that the agent ended the talk", got.Cause)
	}
	c.waitAgent("a1", queue.AgentWrapup)
	c.must(page.WrapupDone(c.step()))
	c.waitAgent("a1", queue.Available)
}

func TestAgentRefuses(t *testing.T) {
	t.Parallel()
	for _, status := range []int{486, 603} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			c := start(t, onePlan(2))
			c.loginAll("a1", "a2")
			c.phone("a1").Behave(lab.Behaviour{Refuse: status})
			leg := c.call(number1, lab.CallOptions{Number: "01011112222"})
			_, err := c.phone("a2").Answer(c.step())
			c.must(err)
			c.must(leg.WaitAnswered(c.step()))
			c.must(leg.Hangup(c.step()))
			c.check(c.waitHistory(1)[0], outcome{queue.Answered, "a2", []string{"a1 refused", "a2 answered"}})
		})
	}
}

func TestHangulEverywhere(t *testing.T) {
	t.Parallel()
	p := plan{
		Queues: []queuePlan{{ID: "상담", Name: "상담전화_1 (본사)", Number: number1}},
		Agents: []agentPlan{{ID: "홍길동", Queues: []string{"상담"}, Phone: "8001"}},
	}
	c := start(t, p)
	page := c.loginAll("홍길동")[0]
	leg := c.call(number1, lab.CallOptions{Number: "01011112222", Name: "이몽룡"})
	rung, err := c.phone("홍길동").Answer(c.step())
	c.must(err)
	if rung.Name != "이몽룡" || rung.Number != "01011112222" {
		t.Errorf("the agent's phone shows %q %q", rung.Name, rung.Number)
	}
	c.must(leg.WaitAnswered(c.step()))
	live := c.waitPhase(queue.Talking)
	c.must(page.Memo(c.step(), live.ID, "환불 문의: 내일 다시 전화", "환불"))
	c.must(leg.Hangup(c.step()))
	got := c.waitHistory(1)[0]
	c.check(got, outcome{queue.Answered, "홍길동", []string{"홍길동 answered"}})
	if got.Queue != "상담" || got.CallerName != "이몽룡" || got.Memo != "환불 문의: 내일 다시 전화" || got.Disposition != "환불" {
		t.Errorf("history has %+v", got)
	}
	if out := c.cli("history", "--agent", "홍길동", "--text", "환불"); !strings.Contains(out, got.ID) {
		t.Errorf("a search for the memo finds:\n%s", out)
	}
}
