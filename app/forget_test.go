package app

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"calld/queue"
	"calld/store"
)

// TestForget: a person's recordings go with the calls; where the folder is
// gone the calls stay.
func TestForget(t *testing.T) {
	s := newSite(t)
	a := s.app()
	begin := time.Now()
	_, err := a.store.Finish(t.Context(), &queue.Call{
		ID: "c", Queue: "상담", Direction: queue.In, Phase: queue.Ended, Caller: "01012345678", Begin: begin, Start: &begin, End: &begin,
		Outcome: queue.Answered, Record: "2026/11/22/c.wav",
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.forget(t.Context(), "01012345678"); err == nil {
		t.Error("a recording whose folder is missing counts as removed")
	}
	path := s.path("recordings/2026/11/22/c.wav")
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	found, err := a.forget(t.Context(), "01012345678")
	if err != nil || found != (store.Forgotten{Calls: 1, Recordings: 1}) {
		t.Errorf("removed %+v, %v", found, err)
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("the recording is there: %v", err)
	}
}
