package simulate

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"calld/pacing"
)

func pacer(tb testing.TB, o pacing.Options) Pacer {
	tb.Helper()
	p, err := pacing.New(o)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

func TestTheSameSeedGivesTheSameDay(t *testing.T) {
	s := Standard("", 5, 0.4)
	s.Length = hour
	ignore := cmpopts.IgnoreFields(Result{}, "Deciding")
	first := Run(s, pacer(t, pacing.Options{Method: pacing.Risk}), 1)
	if diff := cmp.Diff(first, Run(s, pacer(t, pacing.Options{Method: pacing.Risk}), 1), ignore); diff != "" {
		t.Errorf("runs (-first +second):\n%s", diff)
	}
	if cmp.Equal(first, Run(s, pacer(t, pacing.Options{Method: pacing.Risk}), 2), ignore) {
		t.Error("another seed gives the same day")
	}
}

// One line for each free agent: occupancy and dials follow from the means.
func TestProgressiveMatchesTheFormula(t *testing.T) {
	for _, p := range []float64{0.2, 0.6} {
		s := Standard("", 20, p)
		s.Length = 2 * hour
		r := Run(s, pacer(t, pacing.Options{Method: pacing.Progressive}), 1)
		// A quarter of the unanswered fails after 1.5 s, the others after 25 s.
		idle := 8 + (1-p)/p*(0.75*25+0.25*1.5)
		if want := 135 / (135 + idle); math.Abs(r.Occupancy()-want) > 0.01 {
			t.Errorf("answer rate %v: occupancy %v, want %v", p, r.Occupancy(), want)
		}
		if want := hour / (135 + idle) / p; math.Abs(r.DialsPerHour()-want) > 0.04*want {
			t.Errorf("answer rate %v: %v dials an hour, want %v", p, r.DialsPerHour(), want)
		}
		if r.Abandoned != 0 {
			t.Errorf("answer rate %v: %d abandoned", p, r.Abandoned)
		}
	}
}

func TestResultAddsUp(t *testing.T) {
	for _, s := range []Scenario{Lunch(5), Outage(5)} {
		s.Length = 5.5 * hour
		r := Run(s, pacer(t, pacing.Options{Method: pacing.Risk, HangUp: true}), 1)
		if got := r.Between(0, s.Length); got != r.Window {
			t.Errorf("%s: windows sum to %+v, the run has %+v", s.Name, got, r.Window)
		}
		if waiting := r.Answered - r.Abandoned - r.Served; waiting < 0 || waiting > 1 {
			t.Errorf("%s: %d answered, %d abandoned, %d served", s.Name, r.Answered, r.Abandoned, r.Served)
		}
		there := float64(s.Agents) * s.Length
		if s.BreakShare > 0 {
			there -= hour * math.Round(s.BreakShare*float64(s.Agents))
		}
		if math.Abs(r.LoggedIn-there) > 0.01*there {
			t.Errorf("%s: agents were there for %v s, want about %v", s.Name, r.LoggedIn, there)
		}
	}
}

// The customers of a scenario are those it says.
func TestCustomersAreThoseOfTheScenario(t *testing.T) {
	for _, s := range []Scenario{Standard("plain", 20, 0.4), Spread(20, 2), Bimodal(20), Cold(20)} {
		s.Length = 2 * hour
		r := Run(s, pacer(t, pacing.Options{Method: pacing.Power, Ratio: 1}), 1)
		if talk := r.Talk / float64(r.Served); math.Abs(talk-120) > 18 {
			t.Errorf("%s: mean talk %v s", s.Name, talk)
		}
		want := s.AnswerRate(0)
		if rate := float64(r.Answered) / float64(r.Dials); math.Abs(rate-want) > 0.1*want {
			t.Errorf("%s: answer rate %v, want %v", s.Name, rate, want)
		}
	}
}

// What is promised of lite and risk, on a few short days. docs/pacing.md has
// the whole table.
func TestMarks(t *testing.T) {
	up := Up(20)
	up.AnswerRate = func(at float64) float64 {
		if at < hour/2 {
			return 0.2
		}
		return 0.6
	}
	tests := []struct {
		scenario  Scenario
		method    pacing.Method
		limit     float64
		occupancy float64 // at least
		worst     float64 // abandoned in the worst ten minutes, at most
	}{
		{Standard("steady", 5, 0.4), pacing.Risk, 0.03, 0.8, 0.2},
		{Standard("steady", 20, 0.4), pacing.Risk, 0.03, 0.88, 0.12},
		{Standard("steady", 20, 0.4), pacing.Risk, 0.01, 0.85, 0.08},
		{Standard("steady", 20, 0.4), pacing.Lite, 0.03, 0.87, 0.12},
		{up, pacing.Risk, 0.03, 0.88, 0.14},
		{Block(20), pacing.Lite, 0.03, 0.78, 0.16},
	}
	for _, tt := range tests {
		tt.scenario.Length = 1.5 * hour
		r := Run(tt.scenario, pacer(t, pacing.Options{Method: tt.method, Limit: tt.limit}), 3)
		if over := float64(r.Abandoned) - tt.limit*float64(r.Answered); over > 3 {
			t.Errorf("%s, %s: %d of %d abandoned, %.1f above %v", tt.scenario.Name, tt.method, r.Abandoned, r.Answered, over, tt.limit)
		}
		if got := r.Occupancy(); got < tt.occupancy {
			t.Errorf("%s, %s: occupancy %.4f, want %v", tt.scenario.Name, tt.method, got, tt.occupancy)
		}
		if got := r.Worst(); got > tt.worst {
			t.Errorf("%s, %s: %.4f abandoned in the worst ten minutes, want %v", tt.scenario.Name, tt.method, got, tt.worst)
		}
	}
}

// While the trunk is away only probes are dialled.
func TestOutageIsProbed(t *testing.T) {
	s := Outage(20)
	s.Length, s.Outage = hour, Span{}
	before := Run(s, pacer(t, pacing.Options{Method: pacing.Risk}), 1).Dials
	s.Length, s.Outage = hour+600, Span{hour, hour + 600}
	dials := Run(s, pacer(t, pacing.Options{Method: pacing.Risk}), 1).Dials - before
	if dials > 600/2+60 {
		t.Errorf("%d calls dialled while the trunk was away for ten minutes", dials)
	}
}

func TestAdaptiveIsHeldByTheLimit(t *testing.T) {
	s := Standard("", 20, 0.4)
	s.Length = 3 * hour
	r := Run(s, NewAdaptive(0.03), 1)
	if r.Rate() < 0.02 || r.Rate() > 0.04 {
		t.Errorf("%v abandoned", r.Rate())
	}
}

func TestHeapGivesTheSoonest(t *testing.T) {
	var h heap
	for i := range 1000 {
		h.push(event{at: float64(i * 7919 % 1000)})
	}
	for i := range 1000 {
		if got := h.pop(); got.at != float64(i) {
			t.Fatalf("event %d is of %v", i, got.at)
		}
	}
}

func BenchmarkRun(b *testing.B) {
	for b.Loop() {
		s := Standard("", 20, 0.4)
		s.Length = time.Hour.Seconds()
		Run(s, pacer(b, pacing.Options{Method: pacing.Risk}), 1)
	}
}
