//go:build e2e

package e2e

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"calld/campaign"
	"calld/store"
	"calld/test/lab"
)

// The tones of the sounds that customers hear.
const (
	abandonTone = 850
	messageTone = 950
)

// Campaigns of several modes follow each other, with real calls.
func TestCampaignModes(t *testing.T) {
	t.Parallel()
	const (
		listens, presses, leaves = "01020000001", "01020000002", "01020000003"
		human, machine           = "01030000001", "01030000002"
	)
	speech := func(text string) []int16 {
		t.Helper()
		s, err := lab.Speech(t.Context(), slog.New(slog.NewTextHandler(t.Output(), nil)), text)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	hello := speech("hello")
	greeting := speech("You have reached the voice mail of the Miller family. We are not at home at the moment. Please leave a message after the tone.")
	p := onePlan(2, `recording = false`)
	p.Customers = func(number string) lab.Behaviour {
		switch {
		case number == leaves:
			return lab.Behaviour{Answer: true, Talk: 20 * time.Millisecond}
		case number == human:
			return lab.Behaviour{Answer: true, Say: hello}
		case number == machine:
			return lab.Behaviour{Answer: true, Say: greeting}
		case strings.HasPrefix(number, "0102"):
			return lab.Behaviour{Answer: true, Audio: true}
		case strings.HasPrefix(number, "0100"):
			return lab.Behaviour{Answer: true, After: time.Second, Audio: true, Talk: 4 * time.Second}
		}
		return lab.Behaviour{Answer: true, Talk: 500 * time.Millisecond}
	}
	power := []string{"01000000001", "01000000002", "01000000003", "01000000004"}
	predictive := []string{"01010000001", "01010000002", "01010000003", "01010000004"}
	var ids []string
	p.Prepare = func(c *centre) {
		sounds := c.pbx.InRoot(c.pbx.Sounds)
		for name, hz := range map[string]float64{"abandoned.wav": abandonTone, "message.wav": messageTone} {
			c.must(os.WriteFile(filepath.Join(sounds, name), lab.ToneWAV(hz, time.Second), 0o644))
		}
		ids = seed(
			t, c.dataFile(),
			fixture{campaign.Plan{Mode: campaign.Power, PowerRatio: 2, AbandonSound: c.pbx.Sounds + "/abandoned"}, power},
			fixture{campaign.Plan{Mode: campaign.Predictive, MaxAbandonRate: 0.03}, predictive},
			fixture{campaign.Plan{Mode: campaign.Message, MessageSound: c.pbx.Sounds + "/message", MessageKey: "1"}, []string{listens, presses, leaves}},
			fixture{campaign.Plan{Mode: campaign.Progressive, AMD: campaign.AMDHumans}, []string{human, machine}},
		)
	}
	c := start(t, p)
	for _, a := range []string{"a1", "a2"} {
		c.phone(a).Behave(lab.Behaviour{Answer: true, Tone: agentTone(1)})
	}
	c.login("a1")
	k := &customers{c, map[string][]*lab.Leg{}}

	c.waitListEnd(ids[0], time.Minute)
	c.login("a2")
	c.waitListEnd(ids[1], time.Minute)
	c.must(k.await(presses).WaitTalking(c.step()))
	c.must(k.await(presses).WaitTone(c.step(), messageTone))
	c.must(k.await(presses).SendDTMF("1"))
	c.must(k.await(presses).WaitTone(c.step(), agentTone(1)))
	c.must(k.await(presses).Hangup(c.step()))
	c.must(k.await(human).WaitTalking(c.step()))
	c.must(k.await(human).WaitTone(c.step(), agentTone(1)))
	c.must(k.await(human).Hangup(c.step()))
	c.waitListEnd(ids[3], time.Minute)
	c.kill()

	st, err := store.Open(c.dataFile(), store.Options{})
	c.must(err)
	defer st.Close()
	results := map[string]campaign.Result{}
	for _, id := range ids {
		for _, r := range c.readResults(st, id) {
			if _, twice := results[r.Number]; twice {
				t.Errorf("%s was dialled twice", r.Number)
			}
			results[r.Number] = r
		}
	}
	abandoned := 0
	for _, n := range power { // two at once for one agent, who talks for longer than anybody waits
		r := results[n]
		switch r.Kind() {
		case "answered":
		case campaign.KindAbandoned:
			abandoned++
			if waited := r.End.Sub(*r.Answered); waited < campaign.Grace || r.AgentResult == "" {
				t.Errorf("abandoned after %s: %+v", waited, r)
			}
			if !everHeard(k.await(n), abandonTone) {
				t.Errorf("%s heard no word", n)
			}
		default:
			t.Errorf("%s: %s: %+v", n, r.Kind(), r)
		}
	}
	if abandoned == 0 {
		t.Error("nobody was abandoned")
	}
	for number, want := range map[string]campaign.Result{
		predictive[0]: {AgentResult: campaign.AgentAnswered},
		predictive[1]: {AgentResult: campaign.AgentAnswered},
		predictive[2]: {AgentResult: campaign.AgentAnswered},
		predictive[3]: {AgentResult: campaign.AgentAnswered},
		listens:       {Heard: true},
		presses:       {Heard: true, AgentResult: campaign.AgentAnswered},
		leaves:        {AgentResult: campaign.CustomerLeft},
		human:         {AMD: campaign.AMDHuman, AgentResult: campaign.AgentAnswered},
		machine:       {AMD: campaign.AMDMachine},
	} {
		r := results[number]
		if r.DialResult != "answered" || r.AgentResult != want.AgentResult || r.Heard != want.Heard || r.AMD != want.AMD || (r.AMDCause == "") != (want.AMD == "") {
			t.Errorf("%s: want %+v, got %+v", number, want, r)
		}
	}
	if r := results[listens]; !everHeard(k.await(listens), messageTone) || r.Agent != "" {
		t.Errorf("who listens: %+v", r)
	}
	if r := results[machine]; r.Kind() != campaign.KindMachine {
		t.Errorf("the machine: %s: %+v", r.Kind(), r)
	}
}

// everHeard reports whether a leg that is over has heard a tone.
func everHeard(l *lab.Leg, hz float64) bool {
	const window = 1600 // samples: 200 ms
	heard := l.Heard()
	for len(heard) >= window {
		if lab.ToneLevel(heard[:window], hz) > 0.25 {
			return true
		}
		heard = heard[window/2:]
	}
	return false
}
