package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path"
	"regexp"
	"strings"
	"time"

	"calld/queue"
	"calld/test/lab"
)

// unanswered is how long a call that nobody takes is waited for.
const unanswered = 6 * time.Second

// pwned is the file that callers try to have made.
const pwned = "/tmp/calld-pwned"

// caller is one who gives a name and number to do harm. The number is as it
// stands in the SIP address, percent-encoded.
type caller struct {
	what, name, number string
	// mangled: Asterisk itself or the dialplan changes the text, or refuses the call.
	mangled bool
}

func hostileCallers() []caller {
	run := "${SHELL(touch " + pwned + ")}"
	return []caller{
		// Asterisk leaves the backslashes that quote others in a name.
		{what: "quotes and backslashes", name: `'; %s %n ' \`, number: "01022220001"},
		{what: "dialplan functions", name: run + "${FILE(/etc/passwd)}${EVAL(" + run + ")}", number: url.PathEscape(run)},
		{what: "shell", name: "`touch " + pwned + "`;touch " + pwned + "|$(touch " + pwned + ")", number: "0102%3Btouch%20" + url.PathEscape(pwned)},
		{what: "another dial string", name: "x&PJSIP/8001,1,g^y", number: "0102%26PJSIP%2F8001%2C60%2Cg"},
		{what: "script", name: `<script>alert(1)</script><img src=x onerror=alert(1)>`, number: "%3Cscript%3Ealert(1)%3C%2Fscript%3E"},
		{what: "spreadsheet formula", name: `=cmd|' /C calc'!A0`, number: "=1+1"},
		{what: "a formula in a second cell", name: `x;=1+1; @SUM(1)`, number: "0102%3B=1+1"},
		{what: "path", name: "../../../../etc/passwd", number: "..%2F..%2F..%2Fetc%2Fpasswd"},
		{what: "Hangul", name: "홍길동 고객님", number: "%ED%99%8D%EA%B8%B8%EB%8F%99"},
		{what: "half a kB of name", name: strings.Repeat("긴A", 120), number: strings.Repeat("7", 250)},
		{what: "broken UTF-8", name: "\xff\xfe\xc0\xaf", number: "%FF%FE%C0%AF", mangled: true},
		{what: "a manager action in a number", number: "0102%0D%0A%0D%0AEvent%3A%20FullyBooted%0D%0AStatus%3A%20calld-forged%0D%0A%0D%0A", mangled: true},
		{what: "an AGI answer in a number", number: "0102%0Aagi_extension%3A%20" + deskNumber + "%0A%0A200%20result%3D1%20(1)%0A", mangled: true},
		{what: "an AGI answer in a name", name: "x\nagi_arg_1: " + deskNumber + "\n\n200 result=1 (1)\n", number: "01022220002", mangled: true},
		{what: "NUL in a number", number: "0102%00.wav", mangled: true},
	}
}

// callerAttacks: what a caller says of himself reaches scripts, manager, file
// names, pages and exports as mere text.
func callerAttacks() []attack {
	var list []attack
	for _, who := range hostileCallers() {
		list = append(list, attack{"sip", who.what, func(ctx context.Context, c *office) (string, error) {
			return c.hear(ctx, who)
		}})
	}
	return append(list, attack{"sip", "formulas in the exports", exported})
}

// ours is how calld names recordings.
var ours = regexp.MustCompile(`^[0-9A-Za-z_-]+\.wav$`)

// hear lets one call come in at billing, whose only calls these are.
func (c *office) hear(ctx context.Context, who caller) (string, error) {
	root, err := c.login(ctx, "root")
	if err != nil {
		return "", err
	}
	before := c.server.count(ctx, "calld_ami_ended_total", "")
	began := time.Now()
	ending, err := c.callBilling(ctx, who)
	if err != nil {
		if !who.mangled {
			return "", err
		}
		return "the call was not answered: " + ending, c.unharmed(ctx, before)
	}
	call, err := c.ended(ctx, root, began)
	if err != nil {
		return "", err
	}
	number, err := url.PathUnescape(who.number)
	if err != nil {
		return "", err
	}
	seen := fmt.Sprintf("answered; caller %.40q, name %.40q, recording %s", call.Caller, call.CallerName, path.Base(call.Record))
	switch {
	case !ours.MatchString(path.Base(call.Record)):
		err = errors.New("the recording's name holds what the caller said")
	case strings.ContainsAny(call.Caller+call.CallerName, "\r\n\x00"):
		err = errors.New("control characters have come through")
	case !who.mangled && !strings.HasPrefix(number, call.Caller):
		err = fmt.Errorf("the number is not the text %.60q", number)
	case !who.mangled && (call.CallerName == "" || !strings.HasPrefix(who.name, strings.ReplaceAll(call.CallerName, `\\`, `\`))):
		err = fmt.Errorf("the name is not the text %.60q", who.name)
	}
	return seen, errors.Join(err, c.recorded(ctx, root, call), c.unharmed(ctx, before))
}

// callBilling calls and waits for the end of the talk.
func (c *office) callBilling(ctx context.Context, who caller) (ending string, err error) {
	ctx, cancel := step(ctx)
	defer cancel()
	leg, err := c.caller.Call(ctx, billingNumber, lab.CallOptions{Number: who.number, Name: who.name, Audio: true})
	if err != nil {
		return "", err
	}
	short, stop := context.WithTimeout(ctx, unanswered)
	defer stop()
	if err := leg.WaitTalking(short); err != nil {
		end, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		_ = leg.Hangup(end) // it may never have begun
		return err.Error(), err
	}
	if _, err := leg.WaitEnded(short); err != nil {
		return "", errors.Join(err, leg.Hangup(ctx))
	}
	return "", nil
}

// ended finds the call of billing that began after a time.
func (c *office) ended(ctx context.Context, as asker, began time.Time) (call queue.Call, err error) {
	err = eventually(ctx, "the call in the history", func(ctx context.Context) error {
		var page struct {
			Calls []queue.Call `json:"calls"`
		}
		got := as.get(ctx, "/api/v1/history?limit=1&queue=billing")
		if err := json.Unmarshal([]byte(got.body), &page); err != nil {
			return fmt.Errorf("%w in %v", err, got)
		}
		if len(page.Calls) == 0 || page.Calls[0].Begin.Before(began.Add(-time.Millisecond)) {
			return errors.New("it is not there")
		}
		call = page.Calls[0]
		if h := got.header; !strings.HasPrefix(h.Get("Content-Type"), "application/json") || h.Get("X-Content-Type-Options") != "nosniff" {
			return fmt.Errorf("a browser might take the answer for a page: %v", h)
		}
		return nil
	})
	return call, err
}

// recorded: the recording can be had, under a harmless name.
func (c *office) recorded(ctx context.Context, as asker, call queue.Call) error {
	return eventually(ctx, "the recording", func(ctx context.Context) error {
		got := as.get(ctx, "/api/v1/calls/"+call.ID+"/recording")
		name := got.header.Get("Content-Disposition")
		switch {
		case got.status == http.StatusNotFound && strings.Contains(got.body, "nothing was to be heard"): // it was a mute call
		case got.status != http.StatusOK:
			return fmt.Errorf("%v", got)
		case strings.ContainsAny(name, "\r\n/\\<>|"):
			return fmt.Errorf("it is called %q", name)
		}
		return nil
	})
}

// unharmed: nothing was run, and the manager's stream is whole.
func (c *office) unharmed(ctx context.Context, amiEnded float64) error {
	for _, file := range []string{pwned, c.pbx.InRoot(pwned)} {
		if _, err := os.Lstat(file); err == nil {
			return errors.Join(fmt.Errorf("%s was made: a command of the caller ran", file), os.Remove(file))
		}
	}
	if c.ami.forged() {
		return errors.New("the caller's line stands in the manager's events")
	}
	if n := c.server.count(ctx, "calld_ami_ended_total", ""); n != amiEnded {
		return fmt.Errorf("the manager's connection broke: %.0f ended, before %.0f", n, amiEnded)
	}
	return nil
}
