package notify_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"calld/ami"
	"calld/ami/amitest"
	"calld/config"
	"calld/notify"
	"calld/queue"
)

// exchange is a fake Asterisk, a watcher and a board with one queue whose
// agents 8001 to 8003 are all rung at once. It lives in a synctest bubble.
type exchange struct {
	t       *testing.T
	srv     *amitest.Server
	board   *queue.Board
	watcher *notify.Watcher
	tries   triesHeard

	mu       sync.Mutex
	states   []string // of the connection, as told
	channels [][]string
	devices  map[string]string
	logins   int
	ended    []string // outcome and cause
}

func exchangeConfig() *config.Config {
	c := &config.Config{}
	c.Server.Timezone = time.UTC
	c.Queues = []config.Queue{{ID: "q1", Name: "q1", Number: "1", Queueing: config.All, RingTimeout: 20 * time.Second, RetryPause: time.Minute}}
	for _, phone := range []string{"8001", "8002", "8003"} {
		c.Agents = append(c.Agents, config.Agent{ID: "a" + phone, Role: config.RoleAgent, Queues: []string{"q1"}, Phone: phone})
	}
	return c
}

func newExchange(t *testing.T, agentDial string, more ...[]string) *exchange {
	t.Helper()
	x := &exchange{t: t, devices: map[string]string{"PJSIP/8001": "NOT_INUSE", "PJSIP/8002": "NOT_INUSE", "PJSIP/8003": "NOT_INUSE"}}
	x.channels = append([][]string{channel("PJSIP/trunk-1", "in", "")}, more...)
	x.srv = amitest.New(t, amitest.Options{NotBooted: true})
	x.srv.Answer("CoreShowChannels", func(r *amitest.Request) {
		r.StartList("Channels will follow")
		x.mu.Lock()
		defer x.mu.Unlock()
		for _, c := range x.channels {
			r.Item("CoreShowChannel", c...)
		}
		r.EndList("CoreShowChannelsComplete")
	})
	x.srv.Answer("DeviceStateList", func(r *amitest.Request) {
		r.StartList("Device State Changes will follow")
		x.mu.Lock()
		defer x.mu.Unlock()
		for device, state := range x.devices {
			r.Item("DeviceStateChange", "Device", device, "State", state)
		}
		r.EndList("DeviceStateListComplete")
	})
	x.board = queue.New(queue.Options{Config: exchangeConfig(), Observers: []queue.Observer{queue.ObserverFunc(func(e *queue.Event) {
		if e.Kind == queue.CallEnded {
			x.mu.Lock()
			defer x.mu.Unlock()
			x.ended = append(x.ended, string(e.Call.Outcome)+" "+e.Call.Cause)
		}
	})}})
	x.watcher = notify.NewWatcher(notify.WatcherOptions{
		AMI:     ami.Options{Addr: "asterisk.test:5038", Username: x.srv.Username, Secret: x.srv.Secret, Dial: x.srv.Dial, FilterEvents: true},
		Board:   x.board,
		Context: "waiting", HoldContext: "hold", HeldVariable: "HELD", CallVariable: "ID", EnteredVariable: "ENTERED",
		Record:    func(c *queue.Call) string { return c.ID + ".wav" },
		AgentDial: agentDial, Tries: &x.tries,
		OnState: func(s notify.AsteriskState) {
			x.mu.Lock()
			defer x.mu.Unlock()
			x.states = append(x.states, s.State)
		},
	})
	for _, id := range []string{"a8001", "a8002", "a8003"} {
		if err := x.board.Connect(id); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { x.watcher.Run(ctx) })
	running.Go(func() { x.board.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		running.Wait()
	})
	x.boot(time.Hour)
	return x
}

// boot lets the next connection know that Asterisk runs for so long.
func (x *exchange) boot(up time.Duration) {
	x.logins++
	x.srv.AwaitLogins(x.logins)
	x.emit("FullyBooted", "Uptime", fmt.Sprint(int(up.Seconds())), "Status", "Fully Booted")
}

// emit sends an event and waits until it has had all its effects.
func (x *exchange) emit(name string, pairs ...string) {
	x.srv.Emit(name, pairs...)
	synctest.Wait()
}

// ring has a call come in on the channel with unique id "in" and offers it.
func (x *exchange) ring() *queue.Ticket {
	x.t.Helper()
	ticket, err := x.board.Enter(queue.Entry{ID: "c1", Queue: "q1", UniqueID: "in", Caller: "010"})
	if err != nil {
		x.t.Fatal(err)
	}
	ticket.Ready()
	if offer, ended, err := ticket.Next(x.t.Context()); offer == nil || len(offer.Agents) != 3 {
		x.t.Fatalf("Next = %v, %q, %v; want an offer to three", offer, ended, err)
	}
	return ticket
}

// dial emits the events of Dial for a destination channel, "8001-1" say: the
// begin, or a status.
func (x *exchange) dial(channel, status string) {
	phone, _, _ := strings.Cut(channel, "-")
	pairs := []string{"Channel", "PJSIP/trunk-1", "Uniqueid", "in", "Linkedid", "in", "DestChannel", "PJSIP/" + channel, "DestUniqueid", channel, "DestLinkedid", "in"}
	switch status {
	case "begin":
		x.emit("DialBegin", append(pairs, "DialString", phone)...)
	case "begin contact":
		x.emit("DialBegin", append(pairs, "DialString", phone+"/sip:"+phone+"@192.0.2.7:5060;transport=udp")...)
	case "RINGING", "PROGRESS", "PROCEEDING":
		x.emit("DialState", append(pairs, "DialStatus", status)...)
	default:
		x.emit("DialEnd", append(pairs, "DialStatus", status)...)
	}
}

func (x *exchange) hangup(id, cause string) {
	x.emit("Hangup", "Channel", "PJSIP/"+id, "Uniqueid", id, "Linkedid", "in", "Cause", cause, "Cause-txt", "x")
}

// results tells what the board knows of the call: who answered, and the rings.
func (x *exchange) results() string {
	c, ok := x.board.Call("c1")
	if !ok {
		return "ended"
	}
	text := string(c.Phase)
	for _, r := range c.Rings {
		text += fmt.Sprintf(" %s:%s", r.Agent[1:], r.Result)
		if r.Rang != nil {
			text += "(rang)"
		}
	}
	return text
}

func TestDialEventsBecomeFacts(t *testing.T) {
	type steps [][2]string // channel, what happens
	for _, test := range []struct {
		name  string
		steps steps
		want  string
	}{
		{"nothing yet", steps{{"8001-1", "begin"}, {"8001-1", "PROCEEDING"}}, "ringing 8001: 8002: 8003:"},
		{"180", steps{{"8001-1", "begin"}, {"8001-1", "RINGING"}}, "ringing 8001:(rang) 8002: 8003:"},
		{"183 alone", steps{{"8001-1", "begin"}, {"8001-1", "PROGRESS"}}, "ringing 8001:(rang) 8002: 8003:"},
		{"a contact of the endpoint", steps{{"8001-1", "begin contact"}, {"8001-1", "RINGING"}}, "ringing 8001:(rang) 8002: 8003:"},
		{"begin missed", steps{{"8001-1", "RINGING"}}, "ringing 8001:(rang) 8002: 8003:"},
		{"a phone of nobody", steps{{"9999-1", "begin"}, {"9999-1", "RINGING"}, {"9999-1", "ANSWER"}}, "ringing 8001: 8002: 8003:"},
		{"busy", steps{{"8001-1", "begin"}, {"8001-1", "BUSY"}}, "ringing 8001:refused 8002: 8003:"},
		{"congestion", steps{{"8001-1", "begin"}, {"8001-1", "CONGESTION"}}, "ringing 8001:refused 8002: 8003:"},
		{"declined, as Asterisk tells it", steps{{"8001-1", "begin"}, {"8001-1", "RINGING"}, {"8001-1", "NOANSWER"}}, "ringing 8001:refused(rang) 8002: 8003:"},
		{"time-out", steps{{"8001-1", "begin"}, {"", "20s"}, {"8001-1", "NOANSWER"}}, "ringing 8001:no_answer 8002: 8003:"},
		{"unavailable", steps{{"8001-1", "begin"}, {"8001-1", "CHANUNAVAIL"}}, "ringing 8001:unreachable 8002: 8003:"},
		{
			"losers cancelled before the winner answers", // app_dial.c
			steps{{"8001-1", "begin"}, {"8002-2", "begin"}, {"8001-1", "RINGING"}, {"8002-2", "RINGING"}, {"8001-1", "CANCEL"}, {"8001-1", "hangup"}, {"8002-2", "ANSWER"}},
			"talking 8001:answered_elsewhere(rang) 8002:answered(rang) 8003:answered_elsewhere",
		},
		{
			"cancelled again after the answer", // app_queue.c
			steps{{"8001-1", "begin"}, {"8002-2", "begin"}, {"8002-2", "ANSWER"}, {"8001-1", "CANCEL"}, {"8001-1", "CANCEL"}, {"8002-2", "ANSWER"}, {"8002-2", "CANCEL"}},
			"talking 8001:answered_elsewhere 8002:answered 8003:answered_elsewhere",
		},
		{"answer without ringing", steps{{"8001-1", "begin"}, {"8001-1", "ANSWER"}}, "talking 8001:answered 8002:answered_elsewhere 8003:answered_elsewhere"},
		{"answer before the ringing is told", steps{{"8001-1", "begin"}, {"8001-1", "ANSWER"}, {"8001-1", "RINGING"}}, "talking 8001:answered 8002:answered_elsewhere 8003:answered_elsewhere"},
		{"one of two contacts busy", steps{{"8001-1", "begin contact"}, {"8001-2", "begin contact"}, {"8001-1", "BUSY"}}, "ringing 8001: 8002: 8003:"},
		{"both contacts busy", steps{{"8001-1", "begin contact"}, {"8001-2", "begin contact"}, {"8001-1", "BUSY"}, {"8001-2", "BUSY"}}, "ringing 8001:refused 8002: 8003:"},
		{
			"one of two contacts answers, the other ends",
			steps{{"8001-1", "begin contact"}, {"8001-2", "begin contact"}, {"8001-1", "CANCEL"}, {"8001-2", "ANSWER"}, {"8001-1", "hangup"}},
			"talking 8001:answered 8002:answered_elsewhere 8003:answered_elsewhere",
		},
		{"agent hangs up", steps{{"8001-1", "begin"}, {"8001-1", "ANSWER"}, {"8001-1", "hangup"}, {"", "5s"}}, "ended"},
		{"caller hangs up in the talk", steps{{"8001-1", "begin"}, {"8001-1", "ANSWER"}, {"in", "hangup"}, {"", "5s"}}, "ended"},
		{"hang-up of a ringing leg", steps{{"8001-1", "begin"}, {"8001-1", "RINGING"}, {"8001-1", "hangup"}}, "ringing 8001:(rang) 8002: 8003:"},
		{"hang-up of another channel", steps{{"8001-1", "begin"}, {"8001-1", "ANSWER"}, {"other", "hangup"}}, "talking 8001:answered 8002:answered_elsewhere 8003:answered_elsewhere"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := newExchange(t, "PJSIP/{phone}")
				x.ring()
				for _, s := range test.steps {
					switch s[1] {
					case "5s", "20s":
						d, _ := time.ParseDuration(s[1])
						time.Sleep(d)
						synctest.Wait()
					case "hangup":
						x.hangup(s[0], "16")
					default:
						x.dial(s[0], s[1])
					}
				}
				if got := x.results(); got != test.want {
					t.Errorf("the board has %q, want %q", got, test.want)
				}
				for _, s := range test.steps {
					x.hangup(s[0], "16")
				}
				if n := x.watcher.Stats().Legs; n != 0 {
					t.Errorf("%d legs are left", n)
				}
			})
		})
	}
}

func TestEndsHaveTheirCause(t *testing.T) {
	for _, test := range []struct{ name, channel, cause, want string }{
		{"agent", "8001-1", "16", "16 agent"},
		{"caller", "in", "31", "31 caller"},
		{"agent, no cause", "8001-1", "", "agent"},
		{"agent, odd cause", "8001-1", "-5", "agent"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := newExchange(t, "PJSIP/{phone}")
				x.ring()
				x.dial("8001-1", "begin")
				x.dial("8001-1", "ANSWER")
				x.hangup(test.channel, test.cause)
				time.Sleep(5 * time.Second) // the script is given a moment to report
				synctest.Wait()
				x.mu.Lock()
				defer x.mu.Unlock()
				if d := cmp.Diff([]string{"answered " + test.want}, x.ended); d != "" {
					t.Errorf("ended calls (-want +got):\n%s", d)
				}
			})
		})
	}
}

func TestEventsTellWhenItWas(t *testing.T) {
	for _, test := range []struct {
		name string
		late time.Duration
		want time.Duration // how long ago the board has it
	}{
		{"late", 3 * time.Second, 3 * time.Second},
		{"from the future", -time.Minute, 0},
		{"too old to be believed", time.Hour, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := newExchange(t, "PJSIP/{phone}")
				x.ring()
				time.Sleep(10 * time.Second)
				x.dial("8001-1", "begin")
				x.emit("DialEnd", "Timestamp", amitest.Timestamp(time.Now().Add(-test.late)), "Uniqueid", "in", "DestUniqueid", "8001-1", "DialStatus", "ANSWER")
				c, _ := x.board.Call("c1")
				if c.Start == nil {
					t.Fatalf("not answered: %s", x.results())
				}
				if ago := time.Since(*c.Start).Round(time.Millisecond); ago != test.want {
					t.Errorf("answered %v ago, want %v", ago, test.want)
				}
			})
		})
	}
}

func TestMalformedEventsDoNoHarm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newExchange(t, "PJSIP/{phone}")
		x.ring()
		for _, name := range []string{"DialBegin", "DialState", "DialEnd", "Hangup", "DeviceStateChange", "FullyBooted"} {
			x.emit(name)
			x.emit(name, "Uniqueid", "", "DestUniqueid", "", "DestChannel", "", "DialString", "", "DialStatus", "", "Cause", "x", "Device", "", "Uptime", "-1")
			x.emit(name, "Uniqueid", "in", "DestUniqueid", "8001-1", "DestChannel", "no-slash", "DialString", "8001", "DialStatus", "RINGING", "Device", "PJSIP/", "Timestamp", "NaN")
			x.emit(name, "DestUniqueid", "8001-1", "DestChannel", "PJSIP/8001-1", "DialString", "8001", "DialStatus", "ANSWER") // as of an Originate
			if name == "Hangup" {
				continue
			}
			if got := x.results(); got != "ringing 8001: 8002: 8003:" {
				t.Errorf("after odd %s events: %s", name, got)
			}
		}
	})
}

func (x *exchange) phones() map[string]queue.PhoneState {
	m := map[string]queue.PhoneState{}
	for _, a := range x.board.Snapshot().Agents {
		m[a.Phone] = a.Device
	}
	return m
}

func TestDeviceStates(t *testing.T) {
	for state, want := range map[string]queue.PhoneState{
		"NOT_INUSE": queue.PhoneIdle, "INUSE": queue.PhoneBusy, "BUSY": queue.PhoneBusy, "RINGING": queue.PhoneBusy,
		"RINGINUSE": queue.PhoneBusy, "ONHOLD": queue.PhoneBusy, "UNAVAILABLE": queue.PhoneUnreachable,
		"INVALID": queue.PhoneUnreachable, "UNKNOWN": queue.PhoneUnknown, "": queue.PhoneUnknown,
	} {
		t.Run(state, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := newExchange(t, "PJSIP/{phone}")
				x.emit("DeviceStateChange", "Device", "PJSIP/8001", "State", state)
				x.mu.Lock()
				x.devices["PJSIP/8002"] = state
				delete(x.devices, "PJSIP/8003") // no such endpoint
				x.mu.Unlock()
				if got := x.phones()["8001"]; got != want {
					t.Errorf("after the event the phone is %q, want %q", got, want)
				}
				x.watcher.Refresh()
				synctest.Wait()
				want := map[string]queue.PhoneState{"8001": queue.PhoneIdle, "8002": want, "8003": queue.PhoneUnreachable}
				if d := cmp.Diff(want, x.phones()); d != "" {
					t.Errorf("after the listing (-want +got):\n%s", d)
				}
			})
		})
	}
}

func TestPhonesBehindOtherDialStringsAreTried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newExchange(t, "Local/{phone}@phones/n")
		want := map[string]queue.PhoneState{"8001": queue.PhoneUnknown, "8002": queue.PhoneUnknown, "8003": queue.PhoneUnknown}
		if d := cmp.Diff(want, x.phones()); d != "" {
			t.Errorf("phones (-want +got):\n%s", d)
		}
	})
}

func TestRefusedDeviceListLeavesPhonesUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newExchange(t, "PJSIP/{phone}")
		x.srv.Answer("DeviceStateList", func(r *amitest.Request) { r.Error("Permission denied") })
		x.srv.Cut()
		x.boot(time.Hour)
		if got := x.phones()["8001"]; got != queue.PhoneUnknown {
			t.Errorf("the phone is %q, want unknown", got)
		}
		if !x.watcher.Client().Stats().Up {
			t.Error("the connection is not up")
		}
	})
}

// channel is an item of CoreShowChannels.
func channel(name, id, bridge string) []string {
	return []string{"Channel", name, "Uniqueid", id, "Linkedid", "in", "BridgeId", bridge}
}

// A caller whom the board does not know, because calld was down, is found at
// the place in the dialplan where callers wait for it.
func TestWaitingStrangersKeepTheirPlaces(t *testing.T) {
	for _, test := range []struct {
		name, context, duration string
		held                    bool
	}{
		{"waiting", "waiting", "00:00:30", true},
		{"no longer waiting", "elsewhere", "00:00:30", false},
		{"of unknown age", "waiting", "?", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				stranger := append(channel("PJSIP/trunk-2", "stranger", ""), "Context", test.context, "Exten", "1", "Duration", test.duration)
				x := newExchange(t, "PJSIP/{phone}", stranger)
				ticket, err := x.board.Enter(queue.Entry{ID: "c1", Queue: "q1", UniqueID: "in", Begin: time.Now().Add(-time.Second)})
				if err != nil {
					t.Fatal(err)
				}
				ticket.Ready()
				if got := !ticket.Pending(); got != test.held {
					t.Errorf("the younger caller is held up: %v, want %v", got, test.held)
				}
			})
		})
	}
}

func TestWhatWasMissedIsRepairedAfterReconnecting(t *testing.T) {
	for _, test := range []struct {
		name     string
		channels [][]string
		up       time.Duration // of Asterisk
		want     string
		then     func(x *exchange)
		at       string
	}{
		{
			"answered meanwhile",
			[][]string{channel("PJSIP/trunk-1", "in", "b1"), channel("PJSIP/8002-2", "8002-2", "b1"), channel("PJSIP/8003-9", "x", "")},
			time.Hour, "talking 8001:answered_elsewhere(rang) 8002:answered 8003:answered_elsewhere",
			func(x *exchange) {
				x.hangup("8002-2", "16")
				time.Sleep(5 * time.Second) // a script is given a moment to report
				synctest.Wait()
			}, "ended",
		},
		{
			"still ringing",
			[][]string{channel("PJSIP/trunk-1", "in", ""), channel("PJSIP/8002-2", "8002-2", "")},
			time.Hour, "ringing 8001:(rang) 8002: 8003:",
			func(x *exchange) {
				x.emit("DialEnd", "Uniqueid", "in", "DestUniqueid", "8002-2", "DialStatus", "ANSWER")
			}, "talking 8001:answered_elsewhere(rang) 8002:answered 8003:answered_elsewhere",
		},
		{
			"caller gone meanwhile", // its script is given a moment to report
			nil, time.Hour, "ringing 8001:(rang) 8002: 8003:",
			func(*exchange) { time.Sleep(time.Minute) }, "ended",
		},
		{"asterisk restarted", nil, time.Second, "ended", nil, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := newExchange(t, "PJSIP/{phone}")
				x.ring()
				x.dial("8001-1", "begin")
				x.dial("8001-1", "RINGING")
				x.mu.Lock()
				x.channels = test.channels
				x.mu.Unlock()
				time.Sleep(5 * time.Second)
				x.srv.Cut()
				time.Sleep(5 * time.Second)
				x.boot(test.up)
				if got := x.results(); got != test.want {
					t.Errorf("after the resync: %q, want %q", got, test.want)
				}
				if test.then != nil {
					test.then(x)
					if got := x.results(); got != test.at {
						t.Errorf("and then: %q, want %q", got, test.at)
					}
				}
				x.mu.Lock()
				defer x.mu.Unlock()
				if d := cmp.Diff([]string{"up", "down", "up"}, x.states); d != "" {
					t.Errorf("states told (-want +got):\n%s", d)
				}
			})
		})
	}
}

// TestATalkGoesOnOnAnotherChannel: a page that was loaded again has a channel of
// its own, and the end of the old one ends nothing.
func TestATalkGoesOnOnAnotherChannel(t *testing.T) {
	for name, tt := range map[string]struct {
		resuming bool
		want     string
	}{
		"taken up":  {true, "talking 8001:answered_elsewhere 8002:answered 8003:answered_elsewhere"},
		"not asked": {false, "ended"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := newExchange(t, "PJSIP/{phone}")
				x.ring()
				x.dial("8002-1", "begin")
				x.dial("8002-1", "ANSWER")
				synctest.Wait()
				if tt.resuming {
					x.watcher.Resuming("8002")
				}
				x.mu.Lock()
				x.channels = [][]string{channel("PJSIP/trunk-1", "in", "b1"), channel("PJSIP/8002-2", "8002-2", "b1")}
				x.mu.Unlock()
				x.hangup("8002-1", "16")
				time.Sleep(time.Minute)
				synctest.Wait()
				if got := x.results(); got != tt.want {
					t.Errorf("%q, want %q", got, tt.want)
				}
				if id, ok := x.watcher.AgentChannel("in", "8002"); !ok || id != "8002-2" {
					t.Errorf("the agent's channel is %q, %t", id, ok)
				}
			})
		})
	}
}

func TestSweeperFindsWhatEventsDidNotTell(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newExchange(t, "PJSIP/{phone}")
		x.ring()
		x.dial("8001-1", "begin") // its end is never told
		x.mu.Lock()
		x.channels = [][]string{channel("PJSIP/trunk-1", "in", "b1"), channel("PJSIP/8002-2", "8002-2", "b1")}
		x.devices["PJSIP/8003"] = "UNAVAILABLE"
		x.mu.Unlock()
		time.Sleep(16 * time.Second)
		synctest.Wait()
		if got := x.results(); got != "talking 8001:answered_elsewhere 8002:answered 8003:answered_elsewhere" {
			t.Errorf("after a sweep: %q", got)
		}
		if s := x.watcher.Stats(); s.Legs != 1 || s.LegsSwept != 1 {
			t.Errorf("legs: %+v; want one, and one swept", s)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := x.phones()["8003"]; got != queue.PhoneUnreachable {
			t.Errorf("a minute later the phone is %q", got)
		}
		x.mu.Lock()
		x.channels = [][]string{channel("PJSIP/trunk-1", "i\x03\xffn", "b1")}
		x.mu.Unlock()
		time.Sleep(16 * time.Second)
		x.srv.Answer("CoreShowChannels", func(r *amitest.Request) { r.Error("no") })
		time.Sleep(15 * time.Second)
		synctest.Wait()
		if s := x.watcher.Stats(); s.SweepsFailed != 2 {
			t.Errorf("%d sweeps failed, want 2", s.SweepsFailed)
		}
		if got := x.results(); got != "talking 8001:answered_elsewhere 8002:answered 8003:answered_elsewhere" {
			t.Errorf("a damaged list has ended the call: %q", got)
		}
	})
}
