//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"calld/announce"
	"calld/queue"
	"calld/test/lab"
)

const (
	fallbackTone      = 1100
	announcementTone  = 800
	shortAnnouncement = time.Second
	longAnnouncement  = 20 * time.Second
)

// tone serves a tone as the announcement of every call.
func tone(t *testing.T, hz float64, d time.Duration) string {
	t.Helper()
	wav := lab.ToneWAV(hz, d)
	return server(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "audio/wav")
		_, _ = w.Write(wav)
	})
}

func server(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

// The announcement is asked for with what the protocol promises, played to its
// end, and then the agent rings.
func TestAnnouncementThenTheAgent(t *testing.T) {
	t.Parallel()
	asked := make(chan map[string]any, 1)
	wav := lab.ToneWAV(announcementTone, shortAnnouncement)
	p := onePlan(1)
	p.Announcement = server(t, func(w http.ResponseWriter, r *http.Request) {
		var body map[string]any
		if err := json.NewDecoder(r.Body).Decode(&body); err == nil {
			asked <- body
		}
		w.Header().Set("Content-Type", "audio/wav")
		_, _ = w.Write(wav)
	})
	c := start(t, p)
	c.loginAll("a1")
	leg := c.call(number1, lab.CallOptions{Number: "01011112222", Audio: true})
	var body map[string]any
	select {
	case body = <-asked:
	case <-c.step().Done():
		t.Fatal("the announcement server was not asked")
	}
	if body["queue"] != "123456" || body["number"] != number1 || body["caller"] != "01011112222" || body["language"] != "ko" || body["call"] == "" {
		t.Errorf("the announcement server was asked %v", body)
	}
	c.must(leg.WaitTone(c.step(), announcementTone))
	if rung := c.phone("a1").Legs(); len(rung) != 0 {
		t.Error("the agent was rung during the announcement")
	}
	rung, err := c.phone("a1").WaitRinging(c.step())
	c.must(err)
	c.must(leg.WaitNoTone(c.step(), announcementTone))
	c.must(rung.Answer(c.step()))
	c.waitPhase(queue.Talking)
	c.must(leg.Hangup(c.step()))
	c.check(c.waitHistory(1)[0], outcome{queue.Answered, "a1", []string{"a1 answered"}})
}

// Whatever is wrong with the announcement server, the fallback plays and the
// call goes on within the time-out.
func TestAnnouncementServerFails(t *testing.T) {
	t.Parallel()
	hang := make(chan struct{})
	dead := httptest.NewServer(http.NotFoundHandler())
	dead.Close()
	type fault struct {
		reason announce.Reason
		url    string
	}
	faults := map[string]fault{
		"slow": {announce.ReasonTimeout, server(t, func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-hang:
			case <-r.Context().Done():
			}
		})},
		"dead": {announce.ReasonNetwork, dead.URL},
		"404":  {announce.ReasonStatus, server(t, http.NotFound)},
		"garbage": {announce.ReasonBadAudio, server(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "audio/wav")
			_, _ = w.Write(bytes.Repeat([]byte("RIFFrubbish"), 1000))
		})},
		"30 MiB": {announce.ReasonTooLarge, server(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "audio/wav")
			_, _ = w.Write(lab.ToneWAV(announcementTone, time.Second))
			_, _ = io.CopyN(w, zeroes{}, 30<<20)
		})},
	}
	t.Cleanup(func() { close(hang) })
	p := onePlan(1)
	p.Announcement, p.Fallback = dead.URL, "sorry"
	p.Queues = nil
	names := map[string]string{}
	for name, f := range faults {
		number := "021588000" + string(rune('0'+len(p.Queues)))
		names[number] = name
		p.Queues = append(p.Queues, queuePlan{ID: "q" + number, Name: name, Number: number, Keys: `announcement = "` + f.url + `"`})
		p.Agents[0].Queues = append(p.Agents[0].Queues, "q"+number)
	}
	p.Agents[0].Queues = p.Agents[0].Queues[1:]
	c := start(t, p)
	c.writeSound("sorry", lab.ToneWAV(fallbackTone, 2*time.Second))
	c.loginAll("a1")
	for i, q := range p.Queues {
		begin := time.Now()
		leg := c.call(q.Number, lab.CallOptions{Number: "01011112222", Audio: true})
		if err := leg.WaitTone(c.step(), fallbackTone); err != nil {
			t.Errorf("%s: the fallback: %v", names[q.Number], err)
		}
		rung, err := c.phone("a1").WaitRinging(c.step())
		c.must(err)
		if took := time.Since(begin); took > 6*time.Second { // 2 s time-out, 0.5 s answer, 2 s of fallback
			t.Errorf("%s: the agent was rung after %v", names[q.Number], took)
		}
		c.must(rung.Answer(c.step()))
		c.must(leg.WaitAnswered(c.step()))
		c.must(leg.Hangup(c.step()))
		_, err = rung.WaitEnded(c.step())
		c.must(err)
		c.waitHistory(i + 1)
		c.wantMetric(fmt.Sprintf("calld_announcement_fallbacks_total{reason=%q} 1", faults[names[q.Number]].reason))
	}
}

// writeSound puts a sound where Asterisk finds it, in calld's folder.
func (c *centre) writeSound(name string, wav []byte) {
	c.t.Helper()
	c.must(os.WriteFile(c.pbx.InRoot(c.pbx.Sounds+"/"+name+".wav"), wav, 0o644))
}

// wantMetric checks that a line is in what calld tells Prometheus.
func (c *centre) wantMetric(line string) {
	c.t.Helper()
	resp, err := http.Get(c.url("/metrics"))
	c.must(err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	c.must(err)
	if !slices.Contains(strings.Split(string(body), "\n"), line) {
		c.t.Errorf("/metrics lacks %s", line)
	}
}

type zeroes struct{}

func (zeroes) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
