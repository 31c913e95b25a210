package notify

import (
	"fmt"
	"testing"
	"time"
)

// TestLengthsOutliveAClockThatIsSet: Asterisk's stamps are times of day, but what
// is reckoned from them is not.
func TestLengthsOutliveAClockThatIsSet(t *testing.T) {
	now := time.Now()
	stamp := func(ahead time.Duration) string { return fmt.Sprintf("%.6f", float64(now.Add(ahead).UnixMicro())/1e6) }
	for _, tt := range []struct {
		name          string
		ahead, offset time.Duration // of Asterisk's clock: now, and when it was last compared
		late          time.Duration
	}{
		{"two clocks that agree", -3 * time.Second, 0, 3 * time.Second},
		{"set since", time.Hour, 0, 0},
		{"set back since", -time.Hour, 0, 0},
		{"set, and compared again", time.Hour - 3*time.Second, time.Hour, 3 * time.Second},
		{"set back, and compared again", -time.Hour - 3*time.Second, -time.Hour, 3 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			at := occurred(stamp(tt.ahead), tt.offset, now)
			if at == at.Round(0) { //nolint:staticcheck // that is how a monotonic reading is seen
				t.Errorf("%v has no monotonic reading", at)
			}
			if late := now.Sub(at).Round(time.Millisecond); late != tt.late {
				t.Errorf("it was %v ago, want %v", late, tt.late)
			}
		})
	}
}
