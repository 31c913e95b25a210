package tally_test

import (
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"calld/tally"
)

func TestTally(t *testing.T) {
	counts := tally.New([]string{"gone", "silent", "too_big"})
	var adding sync.WaitGroup
	for range 100 {
		adding.Go(func() { counts.Add("gone") })
	}
	counts.Add("silent")
	adding.Wait()
	want := map[string]uint64{"gone": 100, "silent": 1, "too_big": 0}
	if diff := cmp.Diff(want, counts.Counts()); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}
