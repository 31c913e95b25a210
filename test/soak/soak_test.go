package main

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSlope(t *testing.T) {
	t.Parallel()
	at := func(minutes int, heap float64) sample {
		return sample{at: time.Duration(minutes) * time.Minute, heap: heap}
	}
	for _, tt := range []struct {
		name    string
		samples []sample
		up      float64
		error   float64
	}{
		{"none", nil, 0, 0},
		{"two", []sample{at(5, 7), at(10, 9)}, 0, 0},
		{"all at once", []sample{at(5, 7), at(5, 8), at(5, 9)}, 0, 0},
		{"flat", []sample{at(0, 7), at(30, 7), at(60, 7)}, 0, 0},
		{"grows", []sample{at(10, 100), at(20, 110), at(40, 130)}, 60, 0},
		{"shrinks", []sample{at(0, 100), at(15, 75), at(30, 50)}, -100, 0},
		// By hand: the squares of what is left are 81, over two degrees of freedom, over 5/9 h².
		{"up and down again", []sample{at(0, 0), at(20, 9), at(40, 9), at(60, 0)}, 0, math.Sqrt(81. / 2 / (5. / 9))},
	} {
		up, deviation := slope(tt.samples, func(x sample) float64 { return x.heap })
		if math.Abs(up-tt.up) > 1e-6 || math.Abs(deviation-tt.error) > 1e-6 {
			t.Errorf("%s: slope %v ± %v, want %v ± %v", tt.name, up, deviation, tt.up, tt.error)
		}
	}
}

func TestGroupAsterisk(t *testing.T) {
	t.Parallel()
	lines := []string{
		"[20:22:12.794] WARNING[640][C-000000c4] taskprocessor.c: Taskprocessor 'stasis/m:manager:core-0000000c' queue reached 3000 scheduled tasks (high water mark: 3000).",
		"[20:23:08.157] WARNING[5152][C-00000154] taskprocessor.c: Taskprocessor 'stasis/m:manager:core-0000000c' queue reached 500 scheduled tasks (high water mark: 3000) again.",
		"[20:25:53.302] ERROR[13047] chan_pjsip.c: Session already DISCONNECTED [reason=487 (Request Terminated)]",
		"no line of a log",
	}
	got := map[string]int{}
	for _, g := range groupAsterisk(lines) {
		got[g.Level+" "+g.Message] = g.Count
	}
	want := map[string]int{
		"WARNING taskprocessor.c: Taskprocessor '…' queue reached … scheduled tasks": 2,
		"ERROR chan_pjsip.c: Session already DISCONNECTED":                           1,
		"? no line of a log": 1,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
