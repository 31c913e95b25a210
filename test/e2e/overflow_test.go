//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"calld/queue"
	"calld/test/lab"
)

// speaking has texts spoken by espeak-ng.
const speaking = "\n[tts]\nengine = \"command\"\n"

// notToday is hours of opening, long before or after the test.
func notToday() string {
	day := time.Now().AddDate(0, 0, 3).Weekday().String()[:3]
	return fmt.Sprintf("hours = [%q]\n", strings.ToLower(day)+" 09:00-18:00")
}

// waitSpeech waits until something is heard for a while.
func (c *centre) waitSpeech(leg *lab.Leg) {
	c.t.Helper()
	const second = 8000 // samples
	c.eventually("something to be heard", func() error {
		loud := 0
		for _, s := range leg.Heard() {
			if s > 1000 || s < -1000 {
				loud++
			}
		}
		if loud < second/4 {
			return fmt.Errorf("%d loud samples of %d", loud, len(leg.Heard()))
		}
		return nil
	})
}

// A closed queue tells so in spoken words and leads the call to another queue,
// where the caller is told of the wait, until the moment when an agent is free.
func TestClosedQueueLeadsToAnother(t *testing.T) {
	t.Parallel()
	p := onePlan(0)
	p.Queues = []queuePlan{
		{ID: "day", Name: "낮", Number: number1, Keys: notToday() + `on_closed = { text = "지금은 상담 시간이 아닙니다.", queue = "night" }`},
		{ID: "night", Name: "밤", Number: number2, Keys: `waiting_announcement = { every = "5s", sound = "{sounds}/long" }` + speaking},
	}
	p.Agents = []agentPlan{{ID: "a1", Queues: []string{"night"}, Phone: "8001"}}
	c := start(t, p)
	c.writeSound("long", lab.ToneWAV(announcementTone, longAnnouncement))
	page := c.loginAll("a1")[0]
	c.must(page.State(c.step(), "away", ""))
	leg := c.call(number1, lab.CallOptions{Number: "01011112222", Audio: true})
	c.waitSpeech(leg)
	c.must(leg.WaitTone(c.step(), lab.MusicTone))
	if got := c.waitPhase(queue.Waiting); got.Queue != "night" {
		t.Errorf("the call is in %s", got.Queue)
	}
	c.must(leg.WaitTone(c.step(), announcementTone))
	begin := time.Now()
	c.must(page.State(c.step(), "available", ""))
	rung, err := c.phone("a1").WaitRinging(c.step())
	c.must(err)
	t.Logf("the phone rang %v after the agent became free, while an announcement played", time.Since(begin))
	c.must(leg.WaitNoTone(c.step(), announcementTone))
	c.must(rung.Answer(c.step()))
	c.waitPhase(queue.Talking)
	c.must(leg.Hangup(c.step()))
	got := c.waitHistory(1)[0]
	c.check(got, outcome{queue.Answered, "a1", []string{"a1 answered"}})
	if x := got.Transfers; len(x) != 1 || x[0].Kind != queue.KindOverflow || x[0].To != "night" || x[0].Reason != queue.Closed || x[0].Result != queue.TransferAnswered {
		t.Errorf("transfers %+v", x)
	}
	if missed := c.missed(); len(missed) != 0 {
		t.Errorf("missed calls %+v", missed)
	}
}

// What becomes of a call whose queue leads it to a number is that of the number;
// one that is led nowhere is told so and ends.
func TestOverflowToANumber(t *testing.T) {
	t.Parallel()
	p := onePlan(0)
	p.Queues = []queuePlan{
		{ID: "answers", Name: "1", Number: "0215880001", Keys: notToday() + `on_closed = { number = "0299990001" }`},
		{ID: "busy", Name: "2", Number: "0215880002", Keys: notToday() + `on_closed = { number = "0299990002" }`},
		{ID: "ends", Name: "3", Number: "0215880003", Keys: notToday() + `on_closed = { text = "We are closed.", language = "en" }` + speaking},
	}
	p.Customers = func(number string) lab.Behaviour {
		if number == "0299990001" {
			return lab.Behaviour{Answer: true, Tone: fallbackTone}
		}
		return lab.Behaviour{Silent: true, Refuse: 486}
	}
	c := start(t, p)
	leg := c.call("0215880001", lab.CallOptions{Number: "01011112222", Audio: true})
	c.must(leg.WaitTone(c.step(), fallbackTone))
	c.must(leg.Hangup(c.step()))
	got := c.waitHistory(1)[0]
	c.check(got, outcome{queue.Answered, "", []string{}})
	if x := got.Transfers; len(x) != 1 || x[0].To != "0299990001" || x[0].Result != queue.TransferAnswered || got.Start == nil {
		t.Errorf("call %+v", got)
	}

	leg = c.call("0215880002", lab.CallOptions{Number: "01011113333"})
	_, err := leg.WaitEnded(c.step())
	c.must(err)
	got = c.waitHistory(2)[1]
	c.check(got, outcome{queue.Closed, "", []string{}})
	if x := got.Transfers; len(x) != 1 || x[0].Result != queue.TransferBusy || got.Cause != "number_busy" {
		t.Errorf("call %+v", got)
	}

	leg = c.call("0215880003", lab.CallOptions{Number: "01011114444", Audio: true})
	c.waitSpeech(leg)
	_, err = leg.WaitEnded(c.step())
	c.must(err)
	c.check(c.waitHistory(3)[2], outcome{queue.Closed, "", []string{}})
	if missed := c.missed(); len(missed) != 2 {
		t.Errorf("missed calls %+v", missed)
	}
}

// What a queue has to say is spoken by a speech server (engine http), which is
// asked once, and heard by each caller.
func TestSpeechServer(t *testing.T) {
	t.Parallel()
	const text = "지금은 상담 시간이 아닙니다."
	wav := lab.ToneWAV(announcementTone, shortAnnouncement)
	asked := make(chan string, 2)
	url := server(t, func(w http.ResponseWriter, r *http.Request) {
		var body struct{ Model, Voice, Input string }
		if err := json.NewDecoder(r.Body).Decode(&body); err == nil {
			asked <- strings.Join([]string{body.Model, body.Voice, body.Input, r.Header.Get("Authorization")}, " | ")
		}
		w.Header().Set("Content-Type", "audio/wav")
		_, _ = w.Write(wav)
	})
	p := onePlan(0, notToday()+fmt.Sprintf("on_closed = { text = %q }", text))
	p.TOML = fmt.Sprintf("[tts]\nengine = \"http\"\nurl = %q\nmodel = \"tts-1\"\nvoice = \"nova\"\ntoken = \"t0ken\"\n", url)
	c := start(t, p)
	for n := range 2 {
		leg := c.call(number1, lab.CallOptions{Number: "01011112222", Audio: true})
		c.must(leg.WaitTone(c.step(), announcementTone))
		_, err := leg.WaitEnded(c.step())
		c.must(err)
		c.check(c.waitHistory(n + 1)[n], outcome{queue.Closed, "", []string{}})
	}
	if got, want := <-asked, "tts-1 | nova | "+text+" | Bearer t0ken"; got != want || len(asked) > 0 {
		t.Errorf("the speech server was asked %q and %d times more, not %q", got, len(asked), want)
	}
}
