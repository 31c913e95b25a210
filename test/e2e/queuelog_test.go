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

const (
	// appNumber leads to a queue of app_queue's.
	appNumber = "0219990000"
	// targetNumber is to whom callers are handed over, targetTone what is heard there.
	targetNumber = "07011112222"
	targetTone   = 1400
)

// appQueue is a queue with the keys that are calld's in TestQueueLog. The target
// of a transfer is in the context that calld's lines name.
var appQueue = map[string]string{
	"queues_test.conf": "[general](+)\nlog_membername_as_agent = yes\n[123456]\nstrategy = linear\ntimeout = 2\nmaxlen = 2\nretry = 5\n" +
		"ringinuse = no\nleavewhenempty = invalid\ncontext = keys\n",
	"extensions_test.conf": "[calld-inbound](+)\nexten => " + appNumber + ",1,Answer()\n same => n,Set(__TRANSFER_CONTEXT=calld)\n" +
		" same => n,Queue(123456,t,,,6)\n same => n,Hangup()\n" +
		"[keys]\nexten => 2,1,Wait(60)\n" +
		fmt.Sprintf("[calld]\nexten => %s,1,Answer()\n same => n,Playtones(%d)\n same => n,Wait(60)\n", targetNumber, targetTone),
	"features.conf": "[general]\n[featuremap]\nblindxfer => #1\natxfer => *2\n",
}

// members is how an agent is told to log in, go away and so on.
type members struct {
	login, logout func()
	pause, resume func()
	// handOver hands the caller to the target, consult when the agent has heard it.
	handOver, consult func(agent *lab.Leg)
	// settled waits until no call is left.
	settled func()
}

// TestQueueLog: the same story through app_queue and through calld leaves the
// same lines.
func TestQueueLog(t *testing.T) {
	t.Parallel()
	p := onePlan(1, `ring_timeout = "2s"`, `max_wait = "6s"`, `max_waiting = 2`, `away_after = 0`, `no_agent_wait = "1s"`,
		`message = { key = "2", prompt = false, offer = false }`)
	p.Modules = []string{"bridge_builtin_features"}
	p.Customers = patientCustomers
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
		handOver: func(*lab.Leg) {
			id := c.waitPhase(queue.Talking).ID
			told := later(func() { c.rest("a1").transfer(id, map[string]string{"number": targetNumber}, nil) })
			c.target()
			told()
		},
		consult: func(agent *lab.Leg) {
			id := c.waitPhase(queue.Talking).ID
			told := later(func() { c.rest("a1").consult(id, map[string]string{"number": targetNumber}) })
			c.target()
			told()
			c.must(agent.WaitTone(c.step(), targetTone))
			c.waitConsult(id, isAnswered)
			c.must(agent.Hangup(c.step()))
		},
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

// target has the target of a transfer answer.
func (c *centre) target() {
	c.t.Helper()
	far := c.customer()
	c.must(far.WaitRinging(c.step()))
	c.must(far.SetTone(targetTone))
	c.must(far.Answer(c.step()))
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

	for _, hand := range []func(*lab.Leg){m.handOver, m.consult} {
		leg, rung = talk()
		hand(rung)
		c.must(leg.WaitTone(c.step(), targetTone))
		ended(rung)
		c.must(leg.Hangup(c.step()))
		m.settled()
	}

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
	leg = c.call(number, lab.CallOptions{Number: "01000000004", Audio: true})
	c.must(leg.WaitTone(c.step(), lab.MusicTone))
	c.must(leg.SendDTMF("2"))
	c.must(leg.WaitNoTone(c.step(), lab.MusicTone))
	leave(leg)
	m.resume()
	m.logout()
	ended(c.call(number, lab.CallOptions{Number: "01000000005", Audio: true})) // nobody is there
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
		login:    do("QueueAdd", "Queue", "123456", "MemberName", "a1"),
		logout:   do("QueueRemove", "Queue", "123456"),
		pause:    do("QueuePause", "Paused", "true", "Reason", "점심"),
		resume:   do("QueuePause", "Paused", "false"),
		handOver: func(agent *lab.Leg) { c.must(agent.SendDTMF("#1" + targetNumber)) },
		consult: func(agent *lab.Leg) {
			c.must(agent.SendDTMF("*2" + targetNumber))
			c.must(agent.WaitTone(c.step(), targetTone))
			c.must(agent.Hangup(c.step()))
		},
	}
}

// queueLog is what a queue_log has, without what differs from call to call:
// times are checked to be some, and left out.
func (c *centre) queueLog(text string) []string {
	c.t.Helper()
	// Which fields after the event are seconds, milliseconds or ids.
	loose := map[string][]int{
		"CONNECT": {0, 1, 2}, "COMPLETECALLER": {0, 1}, "COMPLETEAGENT": {0, 1}, "ABANDON": {2}, "EXITWITHTIMEOUT": {2},
		"RINGNOANSWER": {0}, "RINGCANCELED": {0}, "EXITEMPTY": {2}, "EXITWITHKEY": {3},
		"BLINDTRANSFER": {2, 3}, "ATTENDEDTRANSFER": {1, 2, 3},
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
			if _, err := strconv.ParseFloat(f[5+i], 64); err != nil && f[4] != "CONNECT" && (f[4] != "ATTENDEDTRANSFER" || i != 1) {
				c.t.Errorf("field %d is no number: %s", 5+i, line)
			}
			f[5+i] = "~"
		}
		lines = append(lines, strings.Join(f, "|"))
	}
	return lines
}
