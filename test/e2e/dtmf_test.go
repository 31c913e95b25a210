//go:build e2e

package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"testing"

	"calld/queue"
)

// plainly asks the DTMF server and returns what it answers.
func (c *centre) plainly(path string, query ...string) (status int, text string, err error) {
	values := url.Values{}
	for i := 0; i < len(query); i += 2 {
		values.Set(query[i], query[i+1])
	}
	r, err := http.NewRequestWithContext(c.ctx, http.MethodGet, c.url(path+"?"+values.Encode()), http.NoBody)
	if err != nil {
		return 0, "", err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(body), err
}

// A program has digits played into both sides of a talk, two requests one after
// the other, and the customer handed to another agent.
func TestDTMFServer(t *testing.T) {
	t.Parallel()
	c := start(t, onePlan(2))
	c.loginAll("a1", "a2")
	k := c.talk(1, "a1")
	c.waitCall(k.number, queue.Talking)
	played := make(chan error, 2)
	for _, digits := range []string{"11,1", "2w22"} {
		go func() {
			status, text, err := c.plainly("/dtmf", "caller", "010-000-00001", "dir", "caller", "dtmf", digits)
			if err == nil && (status != http.StatusOK || text != "OK") {
				err = fmt.Errorf("%s: %d %s", digits, status, text)
			}
			played <- err
		}()
	}
	c.must(<-played)
	c.must(<-played)
	if status, text, err := c.plainly("/dtmf", "caller", k.number, "dir", "callee", "dtmf", "9#"); err != nil || status != http.StatusOK {
		t.Errorf("to the agent: %d %s %v", status, text, err)
	}
	c.eventually("the digits", func() error {
		got := [2]string{k.caller.Digits(), k.phone.Digits()}
		if got != [2]string{"111222", "9#"} && got != [2]string{"222111", "9#"} {
			return fmt.Errorf("customer and agent got %q", got)
		}
		return nil
	})
	if status, text, err := c.plainly("/dtmf", "caller", "010999", "dir", "caller", "dtmf", "1"); err != nil || status != http.StatusNotFound {
		t.Errorf("nobody's number: %d %s %v", status, text, err)
	}

	var status int
	var text string
	var err error
	transferred := later(func() {
		status, text, err = c.plainly("/transfer", "caller", k.number, "callee", "8002", "header", "X-Ticket: 7")
	})
	k.phone = c.answer("a2", k.number)
	transferred()
	if err != nil || status != http.StatusOK || text != "OK" {
		t.Errorf("transfer: %d %s %v", status, text, err)
	}
	if got := k.phone.Header("X-Ticket"); got != "7" {
		t.Errorf("the header is %q", got)
	}
	c.hangUp(k)
	c.ended(k.number, outcome{queue.Answered, "a2", []string{"a1 answered", "a2 answered"}})
}
