//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"calld/ami"
	"calld/queue"
	"calld/test/lab"

	"github.com/google/go-cmp/cmp"
)

// appNumber leads to a queue of app_queue's.
const appNumber = "0219990000"

// appQueue is a queue with the keys that are calld's in TestQueueLog.
var appQueue = map[string]string{
	"queues_test.conf": "[general](+)\nlog_membername_as_agent = yes\n[123456]\nstrategy = linear\ntimeout = 2\nmaxlen = 2\nretry = 5\nringinuse = no\n",
	"extensions_test.conf": "[calld-inbound](+)\nexten => " + appNumber + ",1,Answer()\n" +
		" same => n,Queue(123456,,,,6)\n same => n,Hangup()\n",
}

// members is how an agent is told to log in, go away and so on.
type members struct {
	login, logout func()
	pause, resume func()
	// settled waits until no call is left.
	settled func()
}

// TestQueueLog: the same story through app_queue and through calld leaves the
// same lines.
func TestQueueLog(t *testing.T) {
	t.Parallel()
	p := onePlan(1, `ring_timeout = "2s"`, `max_wait = "6s"`, `max_waiting = 2`, `away_after = 0`)
	dir := t.TempDir()
	p.TOML = fmt.Sprintf("[queue_log]\nfile = %q\n", filepath.Join(dir, "queue_log"))
	p.Files = appQueue
	c := start(t, p)
	c.queueStory(appNumber, c.appMembers())
	var page *lab.Agent
	c.queueStory(number1, members{
		login:   func() { page = c.loginAll("a1")[0] },
		pause:   func() { c.must(page.State(c.step(), "away", "점심")); c.waitAgent("a1", queue.Away) },
		resume:  func() { c.must(page.State(c.step(), "available", "")); c.waitAgent("a1", queue.Available) },
		logout:  func() { _, err := page.Send(c.step(), map[string]any{"type": "logout"}); c.must(err) },
		settled: func() { c.waitCalls(0); c.waitAgent("a1", queue.Available) },
	})

	want := c.queueLog(c.pbx.QueueLogText())
	c.eventually("the same lines", func() error {
		text, err := os.ReadFile(filepath.Join(dir, "queue_log"))
		c.must(err)
		if diff := cmp.Diff(want, c.queueLog(string(text))); diff != "" {
			return fmt.Errorf("(-app_queue +calld):\n%s", diff)
		}
		return nil
	})
	if len(want) < 20 {
		t.Errorf("app_queue wrote %d lines: %q", len(want), want)
	}
}

// queueStory is what may happen to calls and members.
func (c *centre) queueStory(number string, m members) {
	c.t.Helper()
	phone := c.phone("a1")
	ring := func() (leg, rung *lab.Leg) {
		leg = c.call(number, lab.CallOptions{Number: "01012345678", Audio: true})
		rung, err := phone.WaitRinging(c.step())
		c.must(err)
		return leg, rung
	}
	ended := func(leg *lab.Leg) {
		_, err := leg.WaitEnded(c.step())
		c.must(err)
	}
	leave := func(leg *lab.Leg) {
		if leg.State() == lab.Talking { // it was answered for the music
			c.must(leg.Hangup(c.step()))
		} else {
			c.must(leg.Cancel(c.step()))
		}
		ended(leg)
	}
	talk := func() (leg, rung *lab.Leg) {
		leg, rung = ring()
		c.must(rung.Answer(c.step()))
		c.must(rung.SetTone(1000))
		c.must(leg.WaitTone(c.step(), 1000))
		return leg, rung
	}
	m.login()
	leg, rung := talk()
	c.must(leg.Hangup(c.step()))
	ended(rung)
	m.settled()

	leg, rung = talk()
	c.must(rung.Hangup(c.step()))
	ended(leg)
	m.settled()

	leg, rung = ring() // the caller gives up
	leave(leg)
	ended(rung)
	m.settled()

	leg, rung = ring() // the agent does not answer
	ended(rung)
	leave(leg)
	m.settled()

	m.pause()
	leg = c.call(number, lab.CallOptions{Number: "01000000001", Audio: true})
	c.must(leg.WaitTone(c.step(), lab.MusicTone))
	second := c.call(number, lab.CallOptions{Number: "01000000002", Audio: true})
	c.must(second.WaitTone(c.step(), lab.MusicTone))
	ended(c.call(number, lab.CallOptions{Number: "01000000003", Audio: true})) // no third one is taken
	leave(second)                                                              // from the second place
	ended(leg)                                                                 // after six seconds
	m.resume()
	m.logout()
}

// appMembers has the manager interface do it, as tools do.
func (c *centre) appMembers() members {
	c.t.Helper()
	ctx, cancel := context.WithCancel(c.ctx)
	client := ami.New(ami.Options{Addr: c.pbx.AMI(), Username: lab.AMIUser, Secret: lab.AMISecret, Log: c.log})
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = client.Run(ctx) // ends with ctx
	}()
	c.t.Cleanup(func() { cancel(); <-done })
	do := func(name string, fields ...string) func() {
		return func() {
			c.t.Helper()
			c.eventually(name, func() error {
				a := ami.NewAction(name).With("Interface", "PJSIP/8001")
				for i := 0; i < len(fields); i += 2 {
					a = a.With(fields[i], fields[i+1])
				}
				_, err := client.Do(c.step(), a)
				return err
			})
		}
	}
	return members{
		settled: func() {
			c.t.Helper()
			c.eventually("app_queue idle", func() error {
				out, err := c.pbx.CLI(c.step(), "core show channels count")
				if err == nil && !strings.Contains(out, "0 active channels") {
					err = errors.New(out)
				}
				return err
			})
		},
		login:  do("QueueAdd", "Queue", "123456", "MemberName", "a1"),
		logout: do("QueueRemove", "Queue", "123456"),
		pause:  do("QueuePause", "Paused", "true", "Reason", "점심"),
		resume: do("QueuePause", "Paused", "false"),
	}
}

// queueLog is what a queue_log has, without what differs from call to call:
// times are checked to be some, and left out.
func (c *centre) queueLog(text string) []string {
	c.t.Helper()
	// Which fields after the event are seconds, milliseconds or ids.
	loose := map[string][]int{
		"CONNECT": {0, 1, 2}, "COMPLETECALLER": {0, 1}, "COMPLETEAGENT": {0, 1}, "ABANDON": {2}, "EXITWITHTIMEOUT": {2},
		"RINGNOANSWER": {0}, "RINGCANCELED": {0},
	}
	var lines []string
	for line := range strings.Lines(text) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "|")
		if len(f) < 5 || f[4] == "CONFIGRELOAD" {
			continue
		}
		if at, err := strconv.ParseInt(f[0], 10, 64); err != nil || time.Since(time.Unix(at, 0)).Abs() > time.Hour {
			c.t.Errorf("no time: %s", line)
		}
		f[0] = "time"
		if strings.Contains(f[1], ".") {
			f[1] = "id"
		}
		for _, i := range loose[f[4]] {
			if _, err := strconv.ParseFloat(f[5+i], 64); err != nil && f[4] != "CONNECT" {
				c.t.Errorf("field %d is no number: %s", 5+i, line)
			}
			f[5+i] = "~"
		}
		lines = append(lines, strings.Join(f, "|"))
	}
	return lines
}
