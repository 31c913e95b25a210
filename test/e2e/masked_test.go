//go:build e2e

package e2e

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"calld/queue"
	"calld/test/lab"
)

// An agent who is to see no customer's number works all day without one: on the
// phone, on the page and over the REST API. A supervisor sees it, and the
// customer who is called back is the right one.
func TestMaskedNumbers(t *testing.T) {
	t.Parallel()
	const number, shown, onPhone = "01012345678", "010-****-5678", "010****5678"
	p := onePlan(1)
	p.Customers = patientCustomers
	p.TOML = "[privacy]\nmask_numbers_for = [\"agent\"]"
	p.Agents = append(p.Agents, agentPlan{ID: "boss", Role: "supervisor"})
	c := start(t, p)
	page := c.loginAll("a1")[0]
	boss := c.login("boss")
	leak := func(what string, text []byte) {
		t.Helper()
		if plain := strings.ReplaceAll(string(text), "-", ""); strings.Contains(plain, number) {
			t.Errorf("%s: %s", what, text)
		}
	}

	caller := c.call(number1, lab.CallOptions{Number: number, Name: "+82 10-1234-5678", Audio: true})
	rung, err := c.phone("a1").WaitRinging(c.step())
	c.must(err)
	if rung.Number != onPhone || strings.Contains(rung.Name, "1234") {
		t.Errorf("the phone shows %q <%s>", rung.Name, rung.Number)
	}
	c.must(rung.Answer(c.step()))
	live := c.waitPhase(queue.Talking)
	c.must(page.Memo(c.step(), live.ID, "다시 "+number, ""))
	c.must(caller.Hangup(c.step()))
	c.waitHistory(1)
	_, err = page.WaitType(c.step(), "call.ended")
	c.must(err)

	c.must(c.awayAll("a1"))
	missed := c.call(number1, lab.CallOptions{Number: number, Audio: true})
	c.waitPhase(queue.Waiting)
	c.must(missed.Hangup(c.step()))
	change, err := page.WaitType(c.step(), "missed.changed")
	c.must(err)
	if !strings.Contains(string(change.Raw), shown) {
		t.Errorf("a missed call is told as %s", change.Raw)
	}
	c.must(page.State(c.step(), "available", ""))
	var answer json.RawMessage
	for _, path := range []string{
		"/calls", "/calls/" + live.ID, "/history", "/history?caller_of=" + live.ID, "/history?caller=" + number, "/missed", "/agents",
	} {
		if status := c.as("a1", http.MethodGet, "/api/v1"+path, &answer); status != http.StatusOK {
			t.Errorf("%s: status %d, %s", path, status, answer)
		}
		leak(path, answer)
	}
	if !strings.Contains(string(answer), "a1") {
		t.Errorf("agents: %s", answer)
	}
	if status := c.as("a1", http.MethodPost, "/api/v1/missed/"+c.missed()[0].ID+"/callback", &answer); status != http.StatusAccepted {
		t.Fatalf("call back: status %d, %s", status, answer)
	}
	leak("call back", answer)
	if rung, err = c.phone("a1").WaitRinging(c.step()); err != nil || rung.Number != onPhone {
		t.Fatalf("the phone shows %q: %v", rung.Number, err)
	}
	c.must(rung.Answer(c.step()))
	customer := c.customer()
	if customer.Dialled != number {
		t.Errorf("%s is called back", customer.Dialled)
	}
	c.must(customer.WaitRinging(c.step()))
	c.must(customer.Answer(c.step()))
	c.waitPhase(queue.Talking)
	c.must(customer.Hangup(c.step()))
	c.waitHistory(3)
	for _, m := range page.Messages() {
		leak("frame", m.Raw)
	}
	_, err = boss.WaitFor(c.step(), func(m lab.Message) bool { return m.Type == "call.missed" })
	c.must(err)
	seen := false
	for _, m := range boss.Messages() {
		seen = seen || strings.Contains(string(m.Raw), `"caller":"`+number+`"`)
	}
	if !seen {
		t.Error("the supervisor does not see the number")
	}
}
