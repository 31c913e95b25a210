package pacing

import (
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func newPacer(tb testing.TB, o Options) *Pacer {
	tb.Helper()
	p, err := New(o)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// trained has heard of calls enough to be past the cold start.
func trained(tb testing.TB, o Options, rate float64) (*Pacer, time.Time) {
	tb.Helper()
	p := newPacer(tb, o)
	now := epoch
	random := rand.New(rand.NewPCG(5, 1))
	for range 1000 {
		now = now.Add(time.Second)
		if random.Float64() < rate {
			p.Learn(Fact{Kind: Answered, At: now, Took: seconds(2 + 10*random.Float64())})
			p.Learn(Fact{Kind: Served, At: now})
			p.Learn(Fact{Kind: TalkEnded, At: now, Took: seconds(random.ExpFloat64() * 120)})
			p.Learn(Fact{Kind: WrapUpEnded, At: now, Took: seconds(random.ExpFloat64() * 15)})
		} else {
			p.Learn(Fact{Kind: Unanswered, At: now, Took: 25 * time.Second})
		}
	}
	p.Decide(View{}, now)
	return p, now
}

func TestNewRefuses(t *testing.T) {
	tests := []struct {
		name string
		o    Options
		want error
	}{
		{"no method", Options{}, ErrMethod},
		{"unknown method", Options{Method: "magic"}, ErrMethod},
		{"power without a ratio", Options{Method: Power}, ErrRatio},
		{"ratio not a number", Options{Method: Power, Ratio: math.NaN()}, ErrRatio},
		{"limit of a half", Options{Method: Risk, Limit: 0.5}, ErrLimit},
		{"limit not a number", Options{Method: Risk, Limit: math.NaN()}, ErrLimit},
		{"negative ring limit", Options{Method: Risk, RingLimit: -1}, ErrRingLimit},
		{"ring limit in nanoseconds", Options{Method: Risk, RingLimit: 30}, ErrRingLimit},
		{"grace of a minute", Options{Method: Risk, Grace: time.Minute}, ErrGrace},
		{"foreign state", Options{Method: Risk, State: &State{}}, ErrState},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := New(tt.o); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func TestDecide(t *testing.T) {
	ring := func(ages ...float64) []time.Time {
		var out []time.Time
		for _, a := range ages {
			out = append(out, epoch.Add(1000*time.Second).Add(-seconds(a)))
		}
		return out
	}
	now := epoch.Add(1000 * time.Second)
	talk := Busy{Since: now.Add(-10 * time.Second)}
	tests := []struct {
		name string
		o    Options
		v    View
		want Decision
	}{
		{"nobody there", Options{Method: Progressive}, View{Room: 9}, Decision{Reason: NoAgents}},
		{"all talk", Options{Method: Progressive}, View{Busy: []Busy{talk}, Room: 9}, Decision{Reason: AgentsBusy}},
		{"one each", Options{Method: Progressive}, View{Free: 3, Ringing: ring(5), Room: 9}, Decision{Dial: 2}},
		{"one each rings", Options{Method: Progressive}, View{Free: 1, Ringing: ring(5), Room: 9}, Decision{Reason: EnoughRinging}},
		{"a customer waits for the free agent", Options{Method: Progressive}, View{Free: 1, Waiting: 1, Room: 9}, Decision{Reason: AgentsBusy}},
		{"no room", Options{Method: Progressive}, View{Free: 3}, Decision{Reason: LinesFull}},
		{"room for one", Options{Method: Progressive}, View{Free: 3, Room: 1}, Decision{Dial: 1}},
		{"room below nought", Options{Method: Progressive}, View{Free: 3, Room: -4}, Decision{Reason: LinesFull}},
		{"half a call is none", Options{Method: Power, Ratio: 1.5}, View{Free: 3, Room: 9}, Decision{Dial: 4}},
		{"power", Options{Method: Power, Ratio: 3}, View{Free: 2, Ringing: ring(1, 2), Room: 9}, Decision{Dial: 4}},
		{"risk starts with one each", Options{Method: Risk}, View{Free: 4, Ringing: ring(1), Room: 99}, Decision{Dial: 3}},
		{"lite starts with one each", Options{Method: Lite}, View{Free: 4, Ringing: ring(1), Room: 99}, Decision{Dial: 3}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := newPacer(t, tt.o).Decide(tt.v, now)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("decision (-want +got):\n%s", diff)
			}
		})
	}
}

// A failing trunk is probed every two seconds, until a call rings on or ends by people.
func TestProbe(t *testing.T) {
	tests := []struct {
		name string
		over func(p *Pacer, now time.Time) View
	}{
		{"answered", func(p *Pacer, now time.Time) View {
			p.Learn(Fact{Kind: Answered, At: now, Took: time.Second})
			return View{Free: 5, Room: 99}
		}},
		{"busy", func(p *Pacer, now time.Time) View {
			p.Learn(Fact{Kind: Unanswered, At: now, Took: time.Second})
			return View{Free: 5, Room: 99}
		}},
		{"rings on", func(_ *Pacer, now time.Time) View {
			return View{Free: 5, Room: 99, Ringing: []time.Time{now.Add(-progressAfter)}}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newPacer(t, Options{Method: Progressive})
			v := View{Free: 5, Room: 99}
			for range failuresToProbe - 1 {
				p.Learn(Fact{Kind: Failed, At: epoch})
			}
			if got := p.Decide(v, epoch); got.Dial != 5 {
				t.Fatalf("after %d failures: %+v", failuresToProbe-1, got)
			}
			p.Learn(Fact{Kind: Failed, At: epoch})
			dialled := 0
			for s := range 20 {
				d := p.Decide(v, after(float64(s)))
				dialled += d.Dial
				if d.Dial == 0 && d.Reason != TrunkFailing {
					t.Errorf("reason %q", d.Reason)
				}
				if d.Dial > 0 {
					p.Learn(Fact{Kind: Failed, At: after(float64(s) + 0.2)})
				}
			}
			if dialled != 9 {
				t.Errorf("%d probes within 20 s, want one each 2 s", dialled)
			}
			now := after(25)
			if got := p.Decide(tt.over(p, now), now); got.Dial < 4 {
				t.Errorf("after the outage: %+v", got)
			}
			if level := p.Pace().Level; tt.name == "rings on" && math.Abs(level-coldLevel()) > 0.02 {
				t.Errorf("failures moved the answer rate to %v", level)
			}
		})
	}
}

func coldLevel() float64 {
	r := newRings(defaultRingLimit)
	return r.level()
}

// Random views: what must hold whatever the state of the campaign.
func TestDecideProperties(t *testing.T) {
	options := []Options{
		{Method: Progressive},
		{Method: Power, Ratio: 2},
		{Method: Lite},
		{Method: Risk},
		{Method: Risk, HangUp: true, Limit: 0.01},
	}
	for _, o := range options {
		t.Run(string(o.Method), func(t *testing.T) {
			random := rand.New(rand.NewPCG(6, 1))
			p, now := trained(t, o, 0.3)
			for range 800 {
				now = now.Add(seconds(random.ExpFloat64() * 3))
				v := View{Free: random.IntN(6), Waiting: random.IntN(2), Room: random.IntN(60)}
				for range random.IntN(30) {
					v.Busy = append(v.Busy, Busy{Since: now.Add(-seconds(random.ExpFloat64() * 200)), WrapUp: random.IntN(5) == 0})
				}
				for range random.IntN(60) {
					v.Ringing = append(v.Ringing, now.Add(-seconds(random.Float64()*30)))
				}
				kinds := []Kind{Answered, Served, Abandoned, Unanswered, GivenUp, TalkEnded, WrapUpEnded}
				p.Learn(Fact{Kind: kinds[random.IntN(len(kinds))], At: now, Took: seconds(random.Float64() * 40)})
				d := p.Decide(v, now)
				check(t, o, v, d, now)
				f := p.Pace()
				for name, x := range map[string]float64{"level": f.Level, "risk": f.Risk, "window": f.Window} {
					if !(x >= 0 && x <= 1+1e-9) {
						t.Fatalf("%s is %v", name, x)
					}
				}
			}
		})
	}
}

func check(t *testing.T, o Options, v View, d Decision, now time.Time) {
	t.Helper()
	switch {
	case d.Dial < 0 || d.Dial > v.Room:
		t.Fatalf("dials %d with room for %d", d.Dial, v.Room)
	case d.Dial > mostDials:
		t.Fatalf("dials %d at once", d.Dial)
	case (d.Dial > 0) != (d.Reason == Dialling):
		t.Fatalf("dials %d and says %q", d.Dial, d.Reason)
	case v.Free == 0 && len(v.Busy) == 0 && d.Dial > 0:
		t.Fatalf("dials %d with no agent", d.Dial)
	case v.Free-v.Waiting > len(v.Ringing) && v.Room > 0 && d.Dial == 0:
		t.Fatalf("free agents without a call each: %+v", d)
	case len(d.HangUp) > 0 && (!o.HangUp || d.Dial > 0):
		t.Fatalf("hangs up %v and dials %d", d.HangUp, d.Dial)
	}
	seen := map[int]bool{}
	for _, i := range d.HangUp {
		if seen[i] || i < 0 || i >= len(v.Ringing) || now.Sub(v.Ringing[i]) < lateRing {
			t.Fatalf("hangs up call %d, %v old", i, now.Sub(v.Ringing[i]))
		}
		seen[i] = true
	}
}

func TestRiskGivesUpLateRings(t *testing.T) {
	p, now := trained(t, Options{Method: Risk, HangUp: true}, 0.5)
	for range 20 {
		p.Learn(Fact{Kind: Abandoned, At: now})
	}
	v := View{Busy: []Busy{{Since: now}}, Room: 99}
	for _, age := range []float64{16, 3, 18, 9, 17} {
		v.Ringing = append(v.Ringing, now.Add(-seconds(age)))
	}
	got := p.Decide(v, now)
	if diff := cmp.Diff(Decision{HangUp: []int{2, 4, 0}, Reason: EnoughRinging}, got); diff != "" {
		t.Errorf("decision (-want +got):\n%s", diff)
	}
}

// A fact or view from the past is taken as of the latest time.
func TestTimeGoesForward(t *testing.T) {
	p, now := trained(t, Options{Method: Risk}, 0.4)
	v := View{Free: 2, Ringing: []time.Time{now.Add(-3 * time.Second)}, Room: 50}
	p.Decide(v, now)
	p.Learn(Fact{Kind: Answered, At: now.Add(-time.Hour), Took: time.Second})
	p.Decide(v, now.Add(-time.Hour))
	if f := p.Pace(); math.IsNaN(f.Level) || f.Level <= 0 || f.Level > 1 {
		t.Errorf("level %v", f.Level)
	}
}

// Saved and restored, a pacer goes on as if nothing had happened.
func TestState(t *testing.T) {
	for _, m := range []Method{Lite, Risk} {
		p, now := trained(t, Options{Method: m}, 0.4)
		for range 5 {
			p.Learn(Fact{Kind: Abandoned, At: now})
		}
		text, err := json.Marshal(p.State())
		if err != nil {
			t.Fatal(err)
		}
		var s State
		if err := json.Unmarshal(text, &s); err != nil {
			t.Fatal(err)
		}
		again := newPacer(t, Options{Method: m, State: &s})
		if diff := cmp.Diff(p.State(), again.State(), cmpopts.EquateApprox(1e-9, 0)); diff != "" {
			t.Errorf("%s: state (-saved +restored):\n%s", m, diff)
		}
		v := View{Free: 2, Busy: []Busy{{Since: now.Add(-time.Minute)}}, Room: 50}
		if got, want := again.Decide(v, now), p.Decide(v, now); got.Dial != want.Dial {
			t.Errorf("%s: dials %d after a restart, %d without", m, got.Dial, want.Dial)
		}
		again.NewDay()
		if f := again.Pace(); f.Answered != 0 || f.Abandoned != 0 || math.Abs(f.Price-p.price.value(0)) > 1e-9 {
			t.Errorf("%s: figures of a new day: %+v", m, f)
		}
	}
}

func TestStateRefuses(t *testing.T) {
	p, _ := trained(t, Options{Method: Risk}, 0.4)
	tests := []struct {
		name string
		harm func(s *State)
	}{
		{"short list", func(s *State) { s.Rate = s.Rate[1:] }},
		{"negative weight", func(s *State) { s.Answers[3] = -1 }},
		{"not a number", func(s *State) { s.Talks.Ends[0] = math.NaN() }},
		{"more abandoned than answered", func(s *State) { s.Abandoned = s.Answered + 1 }},
		{"no price", func(s *State) { s.Price = 0 }},
		{"slow rate above 1", func(s *State) { s.Slow = 1.5 }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := p.State()
			tt.harm(&s)
			if _, err := New(Options{Method: Risk, State: &s}); !errors.Is(err, ErrState) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// A new ring limit keeps what does not depend on it.
func TestStateOfAnotherRingLimit(t *testing.T) {
	p, _ := trained(t, Options{Method: Risk}, 0.4)
	s := p.State()
	again := newPacer(t, Options{Method: Risk, RingLimit: 40 * time.Second, State: &s})
	if got, want := again.Pace().Price, p.Pace().Price; math.Abs(got-want) > 1e-9 {
		t.Errorf("price %v, was %v", got, want)
	}
}
