//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"slices"

	"calld/queue"
	"calld/test/lab"
)

// outcome is what a test expects of an ended call.
type outcome struct {
	Outcome queue.Outcome
	Agent   string
	Rings   []string // "agent result", in the order of ringing
}

// check compares an ended call with what is expected, and looks at what must
// hold for every ended call.
func (c *centre) check(got queue.Call, want outcome) {
	c.t.Helper()
	if got.Outcome != want.Outcome || got.Agent != want.Agent || !slices.Equal(rings(got), want.Rings) {
		c.t.Errorf("call ended %s by %q with rings %q, want %s by %q with rings %q\n%+v",
			got.Outcome, got.Agent, rings(got), want.Outcome, want.Agent, want.Rings, got)
	}
	nobody := got.Agent == "" && (got.Start == nil || len(got.Transfers) == 0) // a number outside may have answered
	if got.Phase != queue.Ended || got.End == nil || got.End.Before(got.Begin) || (got.Start == nil) != nobody {
		c.t.Errorf("an ended call with impossible times: %+v", got)
	}
}

func rings(c queue.Call) []string {
	rings := make([]string, len(c.Rings))
	for i, r := range c.Rings {
		rings[i] = r.Agent + " " + string(r.Result)
	}
	return rings
}

// alertOf matches the frame that alerts an agent of a call from a number.
func alertOf(number string) func(lab.Message) bool {
	return func(m lab.Message) bool {
		var f struct {
			Call  struct{ Caller string }
			Alert *struct{}
		}
		return m.Type == "call.ringing" && m.Decode(&f) == nil && f.Alert != nil && f.Call.Caller == number
	}
}

// waitRecorded waits until the recording of a call that is going on has the
// given tones.
func (c *centre) waitRecorded(call queue.Call, tones ...float64) {
	c.t.Helper()
	path := c.pbx.InRoot(c.pbx.Recordings + "/" + call.Record)
	c.eventually("both voices in "+path, func() error {
		file, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		samples, err := lab.ParseWAV(file)
		if err != nil {
			return err
		}
		for _, hz := range tones {
			if level := lab.ToneLevel(samples, hz); level < 0.2 {
				return errQuiet(hz, level, len(samples))
			}
		}
		return nil
	})
}

func errQuiet(hz, level float64, samples int) error {
	return fmt.Errorf("%v Hz at %.2f in %d samples", hz, level, samples)
}
