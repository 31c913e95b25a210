package notify_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"calld/ami/amitest"
	"calld/queue"
)

// item is a channel as CoreShowChannels tells of it.
func item(name, id, linked, state, application, context, bridge string) []string {
	return []string{
		"Channel", name, "Uniqueid", id, "Linkedid", linked, "ChannelStateDesc", state,
		"Application", application, "Context", context, "BridgeId", bridge,
	}
}

// left is a phone that has answered the caller "gone", alone in the bridge b1.
func left() []string {
	return item("PJSIP/8002-2", "8002-2", "gone", "Up", "AppDial", "from-agents", "b1")
}

// scene is what Asterisk has when a channel may be alone.
type scene struct {
	channels [][]string
	// bridges are the types of those of one channel; b1 is basic unless told.
	bridges map[string]string
	// call is the CALLD_ID of every channel.
	call string
	// before is what happened first.
	before func(x *exchange)
	// meanwhile is what happens after the first look, and after the second.
	meanwhile [2]func(x *exchange)
}

// alone plays a scene for three looks, and tells which channels were hung up.
func (s scene) alone(t *testing.T) (hungUp []string) {
	t.Helper()
	x := newExchange(t, "PJSIP/{phone}")
	bridges := s.bridges
	if bridges == nil {
		bridges = map[string]string{"b1": "basic"}
	}
	x.srv.Answer("BridgeList", func(r *amitest.Request) {
		r.StartList("Bridge listing will follow")
		for id, kind := range bridges {
			r.Item("BridgeListItem", "BridgeUniqueid", id, "BridgeType", kind, "BridgeTechnology", "simple_bridge", "BridgeNumChannels", "1")
		}
		r.EndList("BridgeListComplete")
	})
	x.srv.Answer("Getvar", func(r *amitest.Request) {
		value := ""
		if r.Get("Variable") == "ID" {
			value = s.call
		}
		r.Success("Variable", r.Get("Variable"), "Value", value)
	})
	x.srv.Answer("Hangup", func(r *amitest.Request) {
		x.mu.Lock()
		defer x.mu.Unlock()
		hungUp = append(hungUp, r.Get("Channel")+" "+r.Get("Cause"))
		x.channels = nil
		r.Success()
	})
	if s.before != nil {
		s.before(x)
	}
	x.list(s.channels...)
	for _, then := range append(s.meanwhile[:], nil) {
		time.Sleep(15 * time.Second)
		synctest.Wait()
		if then != nil {
			then(x)
		}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if got := int(x.watcher.Stats().Orphans); got != len(hungUp) {
		t.Errorf("%d orphans are counted, and %d hung up", got, len(hungUp))
	}
	return hungUp
}

// list has Asterisk list these channels from now on.
func (x *exchange) list(channels ...[]string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.channels = channels
}

func TestPhonesThatAsteriskLeftAloneAreHungUp(t *testing.T) {
	for name, s := range map[string]scene{
		"alone in its bridge":     {channels: [][]string{left()}, call: "c9"},
		"in no bridge":            {channels: [][]string{item("PJSIP/8002-2", "8002-2", "gone", "Up", "AppDial", "from-agents", "")}, call: "c9"},
		"taken back from hold":    {channels: [][]string{item("PJSIP/8002-2", "8002-2", "gone", "Up", "", "hold", "b1")}, call: "c9"},
		"among others who talk":   {channels: [][]string{left(), channel("PJSIP/trunk-5", "x", "b2"), channel("PJSIP/8003-5", "y", "b2")}, call: "c9"},
		"of a call that was seen": {channels: [][]string{item("PJSIP/8001-1", "8001-1", "in", "Up", "AppDial", "from-agents", "b1")}, call: "c1", before: served},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				want := []string{s.channels[0][1] + " 16"}
				if d := cmp.Diff(want, s.alone(t)); d != "" {
					t.Errorf("hung up (-want +got):\n%s", d)
				}
			})
		})
	}
}

// served has the call c1 be answered, and ended by its caller: of the phone's end
// nothing is heard.
func served(x *exchange) {
	ticket := x.ring()
	x.dial("8001-1", "begin")
	x.dial("8001-1", "ANSWER")
	x.hangup("in", "16")
	ticket.Dialled(queue.DialReport{Offer: 1, Result: queue.RingAnswer, CallerGone: true, Cause: 16})
	synctest.Wait()
	if got := x.results(); got != "ended" {
		x.t.Fatalf("the call is %s", got)
	}
}

func TestNobodyElseIsHungUp(t *testing.T) {
	one := func(name, id, linked, state, application, context, bridge string) [][]string {
		return [][]string{item(name, id, linked, state, application, context, bridge)}
	}
	caller := item("PJSIP/trunk-1", "gone", "gone", "Up", "AGI", "waiting", "")
	talker := item("PJSIP/trunk-7", "other", "other", "Up", "Dial", "elsewhere", "b1")
	phone := left()
	together := func(x *exchange) { x.list(left(), talker) }
	apart := func(x *exchange) { x.list(left()) }
	for name, s := range map[string]scene{
		"whose caller is there":                    {channels: [][]string{phone, caller}, call: "c9"},
		"who talks with somebody else by now":      {channels: [][]string{phone, talker}, call: "c9"},
		"whose call is on the board":               {channels: [][]string{phone, channel("PJSIP/trunk-1", "in", "")}, call: "c1", before: func(x *exchange) { x.ring() }},
		"of another program":                       {channels: [][]string{phone}, call: ""},
		"parked":                                   {channels: [][]string{phone}, call: "c9", bridges: map[string]string{"b1": "parking"}},
		"the first in a conference":                {channels: [][]string{phone}, call: "c9", bridges: map[string]string{"b1": "base"}},
		"in a bridge with somebody who is hidden":  {channels: [][]string{phone}, call: "c9", bridges: map[string]string{}},
		"in a program's hands":                     {channels: one("PJSIP/8002-2", "8002-2", "gone", "Up", "Stasis", "from-agents", ""), call: "c9"},
		"led elsewhere in the dialplan":            {channels: one("PJSIP/8002-2", "8002-2", "gone", "Up", "Dial", "from-agents", ""), call: "c9"},
		"ringing":                                  {channels: one("PJSIP/8002-2", "8002-2", "gone", "Ringing", "AppDial", "from-agents", ""), call: "c9"},
		"who holds":                                {channels: one("PJSIP/8002-2", "8002-2", "gone", "Up", "Wait", "hold", ""), call: "c9"},
		"who consults":                             {channels: one("PJSIP/8002-2", "8002-2", "gone", "Up", "AGI", "consult", ""), call: "c9"},
		"consulted, to be given the customer":      {channels: one("PJSIP/8002-2", "8002-2", "gone", "Up", "Wait", "consulted", ""), call: "c9"},
		"who calls by the phone":                   {channels: one("PJSIP/8002-2", "8002-2", "8002-2", "Up", "Echo", "from-agents", ""), call: "c9"},
		"who calls by the page":                    {channels: one("PJSIP/8002-2", queue.OutChannel("c9"), "gone", "Up", "AGI", "outbound", ""), call: "c9"},
		"who has called by the page, and is alone": {channels: one("PJSIP/8002-2", queue.OutChannel("c9"), "gone", "Up", "Bridge", "hold", "b1"), call: "c9"},
		"who listens to a talk":                    {channels: one("PJSIP/8002-2", "8002-2", "8002-2", "Up", "ChanSpy", "spy", ""), call: "c9"},
		"a customer whom a campaign dials":         {channels: one("PJSIP/trunk-2", queue.TryChannel("t1"), queue.TryChannel("t1"), "Up", "AGI", "campaign", ""), call: "c9"},
		"a number outside":                         {channels: one("PJSIP/trunk-2", "x", "gone", "Up", "AppDial", "trunk", "b1"), call: "c9"},
		"not alone in the second look":             {channels: [][]string{phone}, call: "c9", meanwhile: [2]func(*exchange){together, apart}},
		"not alone in the third look":              {channels: [][]string{phone}, call: "c9", meanwhile: [2]func(*exchange){nil, together}},
		"alone in another place": {channels: [][]string{phone}, call: "c9", meanwhile: [2]func(*exchange){func(x *exchange) {
			x.list(item("PJSIP/8002-2", "8002-2", "gone", "Up", "AppDial", "from-agents", ""))
		}}},
		"of looks that are not in a row": {channels: [][]string{phone}, call: "c9", meanwhile: [2]func(*exchange){func(x *exchange) {
			x.srv.Answer("CoreShowChannels", func(r *amitest.Request) { r.Error("no") })
		}, func(x *exchange) {
			x.srv.Answer("CoreShowChannels", func(r *amitest.Request) {
				r.StartList("Channels will follow")
				r.Item("CoreShowChannel", left()...)
				r.EndList("CoreShowChannelsComplete")
			})
		}}},
		"however often it is looked": {channels: [][]string{phone}, call: "c9", meanwhile: [2]func(*exchange){func(x *exchange) {
			for range 10 {
				x.watcher.Refresh()
				synctest.Wait()
			}
			together(x)
		}}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if got := s.alone(t); len(got) > 0 {
					t.Errorf("hung up: %s", strings.Join(got, ", "))
				}
			})
		})
	}
}
