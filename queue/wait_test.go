package queue

import (
	"testing"
	"time"
)

func TestExpectedWait(t *testing.T) {
	for name, tc := range map[string]struct {
		position, working int
		handling, want    time.Duration
	}{
		"the next of one agent":     {1, 1, 3 * time.Minute, 3 * time.Minute},
		"the third of one agent":    {3, 1, 3 * time.Minute, 9 * time.Minute},
		"the third of six agents":   {3, 6, 3 * time.Minute, 90 * time.Second},
		"nobody works":              {3, 0, 3 * time.Minute, 0},
		"no call has been over yet": {3, 2, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			if got := expectedWait(tc.position, tc.working, tc.handling); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}
