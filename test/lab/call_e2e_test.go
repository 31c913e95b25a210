//go:build e2e

package lab_test

import (
	"context"
	"testing"
	"time"

	"calld/test/lab"
)

// plain is a dialplan that dials a phone by its number.
const plain = `
[calld-inbound]
exten => _8XXX,1,Dial(PJSIP/${EXTEN},30)
 same => n,Hangup()
exten => _99.,1,Dial(PJSIP/8001&PJSIP/8002,30)
 same => n,Hangup()
exten => 700,1,Answer()
 same => n,MusicOnHold(default,20)
exten => 701,1,Answer()
 same => n,Read(DIGITS,,4,,1,10)
 same => n,SendDTMF(${DIGITS})
 same => n,Wait(10)
exten => 702,1,Dial(PJSIP/01099998888@trunk,30)
`

type bench struct {
	pbx    *lab.Asterisk
	caller *lab.Caller
	phones []*lab.Phone
}

func limit(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// setUp starts an Asterisk with the dialplan above, a caller and two phones.
func setUp(t *testing.T, opts lab.CallerOptions) bench {
	t.Helper()
	log := testLog(t)
	accounts := []lab.Account{{User: "8001", Password: "one"}, {User: "8002", Password: "two"}}
	b := bench{pbx: lab.StartT(t, lab.Options{
		Files:  map[string]string{"extensions_calld.conf": plain},
		Phones: accounts, Log: log,
	})}
	for _, a := range accounts {
		p, err := lab.NewPhone(b.pbx, lab.PhoneOptions{User: a.User, Password: a.Password, Log: log})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { p.Close() })
		if err := p.Register(limit(t)); err != nil {
			t.Fatal(err)
		}
		b.phones = append(b.phones, p)
	}
	opts.Log = log
	var err error
	if b.caller, err = lab.NewCaller(b.pbx, opts); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.caller.Close() })
	return b
}

func TestTalk(t *testing.T) {
	b := setUp(t, lab.CallerOptions{})
	ctx := limit(t)
	b.phones[0].Behave(lab.Behaviour{Tone: 1000})
	leg, err := b.caller.Call(ctx, "8001", lab.CallOptions{Number: "01012345678", Name: "홍길동", Tone: 440})
	if err != nil {
		t.Fatal(err)
	}
	rung, err := b.phones[0].WaitRinging(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if rung.Number != "01012345678" || rung.Name != "홍길동" {
		t.Errorf("phone shows %q %q", rung.Number, rung.Name)
	}
	if err := leg.WaitRinging(ctx); err != nil {
		t.Error(err)
	}
	if err := rung.Answer(ctx); err != nil {
		t.Fatal(err)
	}
	if err := leg.WaitAnswered(ctx); err != nil {
		t.Fatal(err)
	}
	if err := leg.WaitTone(ctx, 1000); err != nil {
		t.Error(err)
	}
	if err := rung.WaitTone(ctx, 440); err != nil {
		t.Error(err)
	}
	t.Logf("levels: phone hears %.3f of 440, %.3f of 1000; caller hears %.3f of 1000 and %.3f of 440",
		rung.Level(440), rung.Level(1000), leg.Level(1000), leg.Level(440))
	if err := leg.Hangup(ctx); err != nil {
		t.Error(err)
	}
	if e, err := b.phones[0].WaitEnded(ctx); err != nil || e.Local || e.Cause != 16 {
		t.Errorf("phone: %v, %v; want a hang-up by the caller, cause 16", e, err)
	}
	for _, f := range b.pbx.Faults() {
		t.Errorf("log: %s", f)
	}
}

func TestRefusals(t *testing.T) {
	b := setUp(t, lab.CallerOptions{})
	// What the caller is told is Asterisk's translation of the phone's word.
	for _, test := range []struct{ refuse, status, cause int }{
		{486, 486, 17},
		{480, 480, 19},
		{603, 403, 21},
	} {
		b.phones[0].Behave(lab.Behaviour{Refuse: test.refuse})
		leg, err := b.caller.Call(limit(t), "8001", lab.CallOptions{})
		if err != nil {
			t.Fatal(err)
		}
		e, err := leg.WaitEnded(limit(t))
		if err != nil || e.Status != test.status || e.Cause != test.cause || e.Local {
			t.Errorf("phone refuses with %d: %v cause %d, %v; want %d, cause %d", test.refuse, e, e.Cause, err, test.status, test.cause)
		}
	}
	b.phones[0].Behave(lab.Behaviour{})
	leg, err := b.caller.Call(limit(t), "8001", lab.CallOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.phones[0].Reject(limit(t), 486); err != nil {
		t.Error(err)
	}
	if e, err := leg.WaitEnded(limit(t)); err != nil || e.Status != 486 {
		t.Errorf("refused by hand: %v, %v; want 486", e, err)
	}
}

func TestCancel(t *testing.T) {
	b := setUp(t, lab.CallerOptions{})
	leg, err := b.caller.Call(limit(t), "8001", lab.CallOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.phones[0].WaitRinging(limit(t)); err != nil {
		t.Fatal(err)
	}
	if err := leg.Cancel(limit(t)); err != nil {
		t.Fatal(err)
	}
	if e, err := leg.WaitEnded(limit(t)); err != nil || e.Status != 487 || !e.Cancelled || !e.Local {
		t.Errorf("caller: %+v, %v; want 487, cancelled here", e, err)
	}
	if e, err := b.phones[0].WaitEnded(limit(t)); err != nil || !e.Cancelled || e.Local || e.Elsewhere() {
		t.Errorf("phone: %+v, %v; want a CANCEL without an answer elsewhere", e, err)
	}
}

func TestElsewhere(t *testing.T) {
	b := setUp(t, lab.CallerOptions{})
	leg, err := b.caller.Call(limit(t), "9901", lab.CallOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.phones[1].WaitRinging(limit(t)); err != nil {
		t.Fatal(err)
	}
	if _, err := b.phones[0].Answer(limit(t)); err != nil {
		t.Fatal(err)
	}
	if err := leg.WaitAnswered(limit(t)); err != nil {
		t.Error(err)
	}
	if e, err := b.phones[1].WaitEnded(limit(t)); err != nil || !e.Elsewhere() {
		t.Errorf("second phone: %+v, %v; want answered elsewhere", e, err)
	}
	if err := b.phones[0].Hangup(limit(t)); err != nil {
		t.Error(err)
	}
	if e, err := leg.WaitEnded(limit(t)); err != nil || e.Local || e.Status != 200 {
		t.Errorf("caller: %+v, %v; want a hang-up by the phone", e, err)
	}
}

func TestSounds(t *testing.T) {
	b := setUp(t, lab.CallerOptions{})
	for number, hz := range map[string]float64{"700": lab.MusicTone, "12345": lab.UnknownTone} {
		leg, err := b.caller.Call(limit(t), number, lab.CallOptions{Audio: true})
		if err != nil {
			t.Fatal(err)
		}
		if err := leg.WaitTone(limit(t), hz); err != nil {
			t.Errorf("%s: %v", number, err)
		}
		if err := leg.Hangup(limit(t)); err != nil {
			t.Error(err)
		}
	}
}

func TestDigits(t *testing.T) {
	b := setUp(t, lab.CallerOptions{})
	leg, err := b.caller.Call(limit(t), "701", lab.CallOptions{Audio: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := leg.WaitAnswered(limit(t)); err != nil {
		t.Fatal(err)
	}
	if err := leg.SendDTMF("19*1"); err != nil {
		t.Fatal(err)
	}
	// The dialplan sends back what it has read.
	if err := leg.WaitDigits(limit(t), "19*1"); err != nil {
		t.Errorf("%v; got %q", err, leg.Digits())
	}
}

func TestCustomer(t *testing.T) {
	b := setUp(t, lab.CallerOptions{Customers: func(number string) lab.Behaviour {
		if number == "01099998888" {
			return lab.Behaviour{Answer: true, Tone: 620, Talk: time.Second}
		}
		return lab.Behaviour{Refuse: 404}
	}})
	leg, err := b.caller.Call(limit(t), "702", lab.CallOptions{Audio: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := leg.WaitTone(limit(t), 620); err != nil {
		t.Error(err)
	}
	if e, err := leg.WaitEnded(limit(t)); err != nil || e.Local {
		t.Errorf("%v, %v; want a hang-up by the customer", e, err)
	}
}
