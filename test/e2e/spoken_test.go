//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"calld/queue"
	"calld/test/lab"

	"github.com/google/go-cmp/cmp"
)

// speaker is espeak-ng, which notes the language and the text of what it speaks
// in the file said.
const speaker = `#!/bin/sh
printf '%%s %%s\n' "$1" "$3" >> %s
exec espeak-ng -v "$1" -w "$2" -- "$3"
`

// What calld says by itself is heard in Korean and English: that the call is
// recorded, before an agent rings; the place in line and the expected wait; and
// what a queue has to say on a holiday, after which the call ends.
func TestSpokenByItself(t *testing.T) {
	t.Parallel()
	const holiday = "0215880003"
	dir := t.TempDir()
	said := filepath.Join(dir, "said")
	if err := os.WriteFile(filepath.Join(dir, "speak"), fmt.Appendf(nil, speaker, said), 0o755); err != nil {
		t.Fatal(err)
	}
	days := fmt.Sprintf("holidays = [%q, %q]\n", time.Now().Format(time.DateOnly), time.Now().AddDate(0, 0, 1).Format(time.DateOnly))
	p := plan{
		Queues: []queuePlan{
			{ID: "ko", Name: "상담", Number: number1, Keys: "recording_notice = true\nwaiting_announcement = \"5s\""},
			{ID: "en", Name: "English", Number: number2, Keys: `recording_notice = { language = "en" }
waiting_announcement = { every = "5s", language = "en" }`},
			{ID: "holiday", Name: "휴무", Number: holiday, Keys: days + `on_holiday = "오늘은 휴무일입니다."`},
		},
		Agents: []agentPlan{{ID: "a1", Queues: []string{"ko"}, Phone: "8001"}, {ID: "a2", Queues: []string{"en"}, Phone: "8002"}},
		TOML:   fmt.Sprintf("[tts]\nengine = \"command\"\ncommand = %q\n", filepath.Join(dir, "speak")+" {language} {out} {text}"),
	}
	c := start(t, p)
	c.loginAll("a1", "a2")
	numbers, agents := []string{number1, number2}, []string{"a1", "a2"}
	call := func(from int) (legs [2]*lab.Leg) {
		for i, number := range numbers {
			legs[i] = c.call(number, lab.CallOptions{Number: callerNumber(from + i), Audio: true})
		}
		return legs
	}
	answered := func(from int) (legs, phones [2]*lab.Leg) {
		legs = call(from)
		for i, agent := range agents {
			c.waitSpeech(legs[i]) // nothing else sounds before the talk
			phones[i] = c.answer(agent, callerNumber(from+i))
			c.waitCall(callerNumber(from+i), queue.Talking)
		}
		return legs, phones
	}
	legs, phones := answered(1) // nobody can tell the wait before a call is over
	for i := range legs {
		c.hangUp(talk{callerNumber(1 + i), legs[i], phones[i]})
		c.waitAgent(agents[i], queue.Available)
	}
	answered(3)
	for _, leg := range call(5) {
		c.must(leg.WaitTone(c.step(), lab.MusicTone))
		c.must(leg.WaitNoTone(c.step(), lab.MusicTone)) // speech ends the music
		c.must(leg.WaitTone(c.step(), lab.MusicTone))
	}

	leg := c.call(holiday, lab.CallOptions{Number: callerNumber(7), Audio: true})
	c.waitSpeech(leg)
	_, err := leg.WaitEnded(c.step())
	c.must(err)
	c.ended(callerNumber(7), outcome{queue.Closed, "", []string{}})

	text, err := os.ReadFile(said)
	c.must(err)
	got := strings.Split(strings.TrimSpace(string(text)), "\n")
	want := []string{
		"ko 상담 품질 향상을 위해 통화 내용이 녹음됩니다.",
		"ko 잠시만 기다려 주세요. 대기 순서는 1번째입니다.", "ko 예상 대기 시간은 약 1분입니다.",
		"en This call is recorded.",
		"en Please hold the line. You are number 1 in the queue.", "en The expected wait is about 1 minutes.",
		"ko 오늘은 휴무일입니다.",
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("espeak-ng was asked (-want +got):\n%s", diff)
	}
}
