//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"calld/queue"
	"calld/report"
	"calld/store"
	"calld/test/lab"
)

// browser is somebody logged in to the REST interface.
type browser struct {
	c      *centre
	client http.Client
}

func (c *centre) browse(id string) *browser {
	c.t.Helper()
	jar, err := cookiejar.New(nil)
	c.must(err)
	b := &browser{c: c, client: http.Client{Jar: jar}}
	b.want(http.StatusOK, http.MethodPost, "/api/v1/session", fmt.Sprintf(`{"id":%q,"password":"pw-%s"}`, id, id))
	return b
}

// want asks, and returns the code of the problem or the body.
func (b *browser) want(status int, method, path, body string) (code string) {
	b.c.t.Helper()
	req, err := http.NewRequestWithContext(b.c.step(), method, b.c.url(path), strings.NewReader(body))
	b.c.must(err)
	req.Header.Set("Content-Type", "application/json")
	resp, err := b.client.Do(req)
	b.c.must(err)
	defer resp.Body.Close()
	var problem struct{ Code, Detail string }
	_ = json.NewDecoder(resp.Body).Decode(&problem) // an answer that is no problem has none
	if resp.StatusCode != status {
		b.c.t.Fatalf("%s %s: %s %s %s, want %d", method, path, resp.Status, problem.Code, problem.Detail, status)
	}
	return problem.Code
}

func (b *browser) spy(call, mode string) {
	b.c.t.Helper()
	b.want(http.StatusNoContent, http.MethodPost, "/api/v1/calls/"+call+"/spy", fmt.Sprintf(`{"mode":%q}`, mode))
}

// superviseTone is the voice of the supervisor, in Hz.
const superviseTone = 1700

func TestSupervisorListensWhispersAndBarges(t *testing.T) {
	t.Parallel()
	for _, version := range []int{0, lab.Asterisk16} {
		t.Run(fmt.Sprintf("asterisk %d", version), func(t *testing.T) {
			t.Parallel()
			p := onePlan(1)
			p.Version = version
			p.Agents = append(p.Agents,
				agentPlan{ID: "sup", Phone: "8009", Role: "supervisor"}, agentPlan{ID: "mute", Role: "supervisor"},
				agentPlan{ID: "boss", Role: "admin"})
			c := start(t, p)
			c.loginAll("a1")
			board := c.login("boss")
			talk := c.talk(1, "a1")
			call := c.waitPhase(queue.Talking)
			sup, phone := c.browse("sup"), c.phone("sup")
			c.waitDay(board, report.Figures{Offered: 1, Answered: 1, InTime: 1})

			sup.spy(call.ID, "listen")
			ear, err := phone.WaitRinging(c.step())
			c.must(err)
			if ear.Name != "상담자 a1" || ear.Number != "8001" {
				t.Errorf("the supervisor's phone shows %q %q, want who is listened to", ear.Name, ear.Number)
			}
			c.must(ear.SetTone(superviseTone))
			c.must(ear.Answer(c.step()))
			c.must(ear.WaitTone(c.step(), callerTone(1)))
			c.must(ear.WaitTone(c.step(), agentTone(1)))
			wantHeard(t, "listening", talk, false, false)

			// Without hanging up, in any order.
			sup.spy(call.ID, "whisper")
			c.must(talk.phone.WaitTone(c.step(), superviseTone))
			wantHeard(t, "whispering", talk, false, true)
			sup.spy(call.ID, "barge")
			c.must(talk.caller.WaitTone(c.step(), superviseTone))
			c.must(talk.phone.WaitTone(c.step(), superviseTone))
			c.must(ear.WaitTone(c.step(), callerTone(1)))
			sup.spy(call.ID, "listen")
			c.must(talk.caller.WaitNoTone(c.step(), superviseTone))
			c.must(talk.phone.WaitNoTone(c.step(), superviseTone))
			c.hearEachOther(1, talk)

			if code := c.browse("mute").want(http.StatusConflict, http.MethodPost, "/api/v1/calls/"+call.ID+"/spy", `{"mode":"listen"}`); code != "no_phone" {
				t.Errorf("a supervisor without a phone is told %s", code)
			}
			c.browse("a1").want(http.StatusForbidden, http.MethodPost, "/api/v1/calls/"+call.ID+"/spy", `{"mode":"listen"}`)

			// It ends with the talk, of which it is no part.
			c.hangUp(talk)
			_, err = ear.WaitEnded(c.step())
			c.must(err)
			ended := c.ended(talk.number, outcome{queue.Answered, "a1", []string{"a1 answered"}})
			c.waitDay(board, report.Figures{Offered: 1, Answered: 1, InTime: 1, TalkMS: ended.TalkMS})
			sup.want(http.StatusNotFound, http.MethodPost, "/api/v1/calls/"+call.ID+"/spy", `{"mode":"listen"}`)

			var trail store.AuditPage
			c.ask("/api/v1/audit", &trail)
			var got []string
			for _, a := range trail.Entries {
				got = append(got, a.By+" "+a.Action+" "+a.Target+" "+a.Result)
			}
			want := "mute listen a1 no_phone, sup listen a1 ok, sup barge a1 ok, sup whisper a1 ok, sup listen a1 ok"
			if s := strings.Join(got, ", "); s != want {
				t.Errorf("the audit trail is %s", s)
			}
		})
	}
}

// waitDay waits until a page is told these figures of the day, which must be
// those of the report.
func (c *centre) waitDay(page *lab.Agent, want report.Figures) {
	c.t.Helper()
	var data report.Today
	_, err := page.WaitFor(c.step(), func(m lab.Message) bool {
		var f struct{ Data report.Today }
		if m.Type != "queue.day" || m.Decode(&f) != nil {
			return false
		}
		data = f.Data
		got := data.Total
		return got.Offered == want.Offered && got.Answered == want.Answered && got.InTime == want.InTime && got.TalkMS == want.TalkMS
	})
	c.must(err)
	if data.Total.ServiceLevel == nil || *data.Total.ServiceLevel != 1 || len(data.Hours) != 1 || data.ThresholdMS != 20_000 {
		c.t.Errorf("the day is %+v", data)
	}
	var today struct{ Queues []report.Today }
	c.ask("/api/v1/reports/today", &today)
	if diff := cmp.Diff([]report.Today{data}, today.Queues); diff != "" {
		c.t.Errorf("the report (-page +report):\n%s", diff)
	}
}

// wantHeard checks who hears the supervisor.
func wantHeard(t *testing.T, when string, k talk, caller, agent bool) {
	t.Helper()
	if got := k.caller.Level(superviseTone) > 0.1; got != caller {
		t.Errorf("%s: the caller hears the supervisor: %v", when, got)
	}
	if got := k.phone.Level(superviseTone) > 0.1; got != agent {
		t.Errorf("%s: the agent hears the supervisor: %v", when, got)
	}
}

// A supervisor who does not answer the phone, or answers when the talk is
// over, is left in peace.
func TestSupervisorIsLate(t *testing.T) {
	t.Parallel()
	p := onePlan(1)
	p.Agents = append(p.Agents, agentPlan{ID: "sup", Phone: "8009", Role: "supervisor"})
	c := start(t, p)
	c.loginAll("a1")
	first := c.talk(1, "a1")
	call := c.waitPhase(queue.Talking)
	sup, phone := c.browse("sup"), c.phone("sup")
	sup.spy(call.ID, "listen")
	ear, err := phone.WaitRinging(c.step())
	c.must(err)
	sup.spy(call.ID, "barge") // it rings anew
	_, err = ear.WaitEnded(c.step())
	c.must(err)
	ear, err = phone.WaitRinging(c.step())
	c.must(err)
	c.hangUp(first)
	c.ended(first.number, outcome{queue.Answered, "a1", []string{"a1 answered"}})
	c.must(ear.Answer(c.step()))
	_, err = ear.WaitEnded(c.step())
	c.must(err)
}

func TestSupervisorFreesAndLogsOutAnAgent(t *testing.T) {
	t.Parallel()
	p := onePlan(1)
	p.Agents = append(p.Agents, agentPlan{ID: "sup", Role: "supervisor"})
	c := start(t, p)
	page := c.loginAll("a1")[0]
	talk := c.talk(1, "a1")
	sup := c.browse("sup")
	sup.want(http.StatusNoContent, http.MethodPost, "/api/v1/agents/a1/free", "")
	_, err := talk.caller.WaitEnded(c.step())
	c.must(err)
	c.ended(talk.number, outcome{queue.Answered, "a1", []string{"a1 answered"}})
	c.waitAgent("a1", queue.Available)

	sup.want(http.StatusNoContent, http.MethodPost, "/api/v1/agents/a1/logout", "")
	c.waitAgent("a1", queue.Offline)
	c.eventually("the page closed", func() error {
		if page.Err() == nil {
			return fmt.Errorf("it is open")
		}
		return nil
	})
	sup.want(http.StatusNotFound, http.MethodPost, "/api/v1/agents/nobody/free", "")
}
