//go:build e2e

package lab_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"calld/test/lab"
)

// talk proves that a phone can be called.
func talk(t *testing.T, b bench) {
	t.Helper()
	leg, err := b.caller.Call(limit(t), "8001", lab.CallOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.phones[0].Answer(limit(t)); err != nil {
		t.Fatal(err)
	}
	if err := leg.WaitAnswered(limit(t)); err != nil {
		t.Fatal(err)
	}
	if err := leg.Hangup(limit(t)); err != nil {
		t.Fatal(err)
	}
}

func TestRestart(t *testing.T) {
	b := setUp(t, lab.CallerOptions{})
	talk(t, b)
	sip, before := b.pbx.SIPPort, b.pbx.PID()
	if err := b.pbx.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := b.pbx.Restart(limit(t)); err != nil {
		t.Fatal(err)
	}
	if b.pbx.SIPPort != sip || b.pbx.PID() == before || b.pbx.PID() == 0 {
		t.Errorf("port %d, process %d; want the port of before, %d, and another process than %d", b.pbx.SIPPort, b.pbx.PID(), sip, before)
	}
	// Asterisk writes what it knows of phones to disk once a second: a crash
	// may lose it, up to the next registration.
	if err := b.phones[0].Register(limit(t)); err != nil {
		t.Fatal(err)
	}
	talk(t, b)
}

func TestRegisterAgain(t *testing.T) {
	log := testLog(t)
	pbx := lab.StartT(t, lab.Options{Phones: []lab.Account{{User: "8001", Password: "one"}}, Log: log})
	p, err := lab.NewPhone(pbx, lab.PhoneOptions{User: "8001", Password: "one", Refresh: 100 * time.Millisecond, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if err := p.Register(limit(t)); err != nil {
		t.Fatal(err)
	}
	if out, err := pbx.CLI(limit(t), "database deltree registrar/contact"); err != nil {
		t.Fatal(out, err)
	}
	if err := pbx.Restart(limit(t)); err != nil {
		t.Fatal(err)
	}
	registered := func(want bool) {
		t.Helper()
		ctx := limit(t)
		for {
			out, err := pbx.CLI(ctx, "pjsip show contacts")
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(out, "8001/sip:8001@") == want {
				return
			}
		}
	}
	registered(true)
	if err := p.Unregister(limit(t)); err != nil {
		t.Fatal(err)
	}
	registered(false)
}

func TestWrongPassword(t *testing.T) {
	log := testLog(t)
	pbx := lab.StartT(t, lab.Options{Phones: []lab.Account{{User: "8001", Password: "one"}}, Log: log})
	p, err := lab.NewPhone(pbx, lab.PhoneOptions{User: "8001", Password: "two", Log: log})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if err := p.Register(limit(t)); !errors.Is(err, lab.ErrRegister) {
		t.Errorf("registered with a wrong password: %v", err)
	}
}

func TestFreeze(t *testing.T) {
	b := setUp(t, lab.CallerOptions{})
	if err := b.pbx.Freeze(); err != nil {
		t.Fatal(err)
	}
	leg, err := b.caller.Call(limit(t), "700", lab.CallOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if s := leg.State(); s != lab.Calling {
		t.Errorf("a frozen Asterisk let the call be %s", s)
	}
	if err := b.pbx.Thaw(); err != nil {
		t.Fatal(err)
	}
	if err := leg.WaitAnswered(limit(t)); err != nil {
		t.Error(err)
	}
}

func TestReload(t *testing.T) {
	b := setUp(t, lab.CallerOptions{})
	if err := b.pbx.WriteConf("extensions_calld.conf", "[calld-inbound]\nexten => 55,1,Answer()\n same => n,Wait(9)\n"); err != nil {
		t.Fatal(err)
	}
	if err := b.pbx.Reload(limit(t), "pbx_config"); err != nil {
		t.Fatal(err)
	}
	ctx := limit(t)
	out, err := b.pbx.CLI(ctx, "dialplan show 55@calld-inbound")
	if err != nil || !strings.Contains(out, "Answer()") {
		t.Errorf("dialplan after reload: %s, %v", out, err)
	}
}

func TestSideBySide(t *testing.T) {
	var wg sync.WaitGroup
	first, second := setUp(t, lab.CallerOptions{}), setUp(t, lab.CallerOptions{})
	for _, b := range []bench{first, second} {
		wg.Go(func() { talk(t, b) })
	}
	wg.Wait()
	if len(second.phones[0].Legs()) != 1 {
		t.Errorf("phone of the second instance had %d calls, want 1", len(second.phones[0].Legs()))
	}
}

func TestNothingLeft(t *testing.T) {
	mounts, err := os.ReadFile("/proc/mounts")
	if err != nil {
		t.Fatal(err)
	}
	a, err := lab.Start(t.Context(), lab.Options{Log: testLog(t)})
	if err != nil {
		t.Fatal(err)
	}
	pid, folder := a.PID(), a.InRoot(strings.TrimSuffix(a.Sounds, "/sounds/calld"))
	if _, err := os.Stat(folder); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second does nothing
		if err := a.Stop(); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("process %d: %v, want none", pid, err)
	}
	if _, err := os.Stat(folder); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("folder %s: %v, want none", folder, err)
	}
	if conn, err := net.Dial("tcp", a.AMI()); err == nil {
		conn.Close()
		t.Errorf("somebody answers at %s", a.AMI())
	}
	if after, err := os.ReadFile("/proc/mounts"); err != nil || string(after) != string(mounts) {
		t.Errorf("mounts changed: %v\n%s", err, after)
	}
	if err := a.Restart(limit(t)); err == nil {
		t.Error("a stopped instance was started again")
	}
}

// Hundreds of callers at once are cheap enough for any test.
func TestCrowd(t *testing.T) {
	const callers = 200
	b := setUp(t, lab.CallerOptions{})
	legs := make([]*lab.Leg, callers)
	for i := range legs {
		var err error
		if legs[i], err = b.caller.Call(limit(t), "700", lab.CallOptions{Number: fmt.Sprintf("0101%07d", i)}); err != nil {
			t.Fatal(err)
		}
	}
	for i, l := range legs {
		if err := l.WaitAnswered(limit(t)); err != nil {
			t.Errorf("caller %d: %v", i, err)
		}
	}
	var wg sync.WaitGroup
	for _, l := range legs {
		wg.Go(func() {
			if err := l.Hangup(limit(t)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestSIPp(t *testing.T) {
	log := testLog(t)
	phones, err := lab.StartSIPpPhones(t.Context(), log)
	if err != nil {
		t.Fatal(err)
	}
	defer phones.Stop()
	pbx := lab.StartT(t, lab.Options{
		Files: map[string]string{
			"extensions_calld.conf": plain,
			"pjsip_calld.conf":      lab.StaticPhones(phones.Addr, "8100"),
		},
		Phones: []lab.Account{{User: "8001", Password: "one"}},
		Log:    log,
	})
	p, err := lab.NewPhone(pbx, lab.PhoneOptions{User: "8001", Password: "one", Contact: phones.Addr, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if err := p.Register(limit(t)); err != nil {
		t.Fatal(err)
	}
	for _, number := range []string{"8100", "8001"} {
		r, err := lab.SIPp(t.Context(), lab.Load{
			From: pbx.Trunks[0].Host, To: pbx.SIP(), Number: number, Rate: 20, Calls: 20, Talk: 200 * time.Millisecond,
		}, log)
		if err != nil {
			t.Fatal(err)
		}
		if r.Answered != 20 || r.Failed != 0 || r.P50 > r.P99 || r.P99 > r.Max || r.Max == 0 || r.Ring50 > r.P50 || r.Ring99 == 0 {
			t.Errorf("load on %s: %+v; want 20 answered calls with their times", number, r)
		}
		t.Logf("load on %s: %+v", number, r)
	}
	r, err := lab.SIPp(t.Context(), lab.Load{
		From: pbx.Trunks[0].Host, To: pbx.SIP(), Number: "8999", Rate: 20, Calls: 3, Talk: 0,
	}, log)
	if err != nil || r.Answered != 0 || r.Failed != 3 {
		t.Errorf("load on nobody: %+v, %v; want 3 failed calls", r, err)
	}
}

func TestAsterisk16(t *testing.T) {
	pbx := lab.StartT(t, lab.Options{Version: lab.Asterisk16, Log: testLog(t), Files: map[string]string{"extensions_calld.conf": plain}})
	if pbx.Root.Major != lab.Asterisk16 {
		t.Errorf("got version %s", pbx.Root.Version)
	}
	c, err := lab.NewCaller(pbx, lab.CallerOptions{Log: testLog(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	leg, err := c.Call(limit(t), "700", lab.CallOptions{Audio: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := leg.WaitTone(limit(t), lab.MusicTone); err != nil {
		t.Error(err)
	}
	for _, f := range pbx.Faults() {
		t.Errorf("log: %s", f)
	}
}
