package app

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"calld/queue"
)

// TestPurge: old calls go with their recordings, the others stay, and nothing
// outside the recordings folder is touched, whatever a record says.
func TestPurge(t *testing.T) {
	s := newSite(t)
	file := func(name string) string {
		path := s.path(name)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	outside, target := file("precious.wav"), file("elsewhere/precious.wav")
	old, young := file("recordings/2020/01/02/old.wav"), file("recordings/2026/11/01/young.wav")
	if err := os.Symlink(s.path("elsewhere"), s.path("recordings/link")); err != nil {
		t.Fatal(err)
	}
	a := s.app()
	for record, age := range map[string]time.Duration{
		"2020/01/02/old.wav": 4 * 365 * 24 * time.Hour, "2026/11/01/young.wav": time.Hour,
		"../precious.wav": 4 * 365 * 24 * time.Hour, outside: 4 * 365 * 24 * time.Hour,
		"link/precious.wav": 4 * 365 * 24 * time.Hour, "2020/01/02/gone already.wav": 4 * 365 * 24 * time.Hour,
	} {
		begin := time.Now().Add(-age)
		_, err := a.store.Finish(t.Context(), &queue.Call{
			ID: record, Queue: "상담", Direction: queue.In, Phase: queue.Ended, Begin: begin, Start: &begin, End: &begin,
			Outcome: queue.Answered, Record: record,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := a.purge(t.Context()); err == nil {
		t.Error("nobody is told of the paths that lead out of the folder")
	}
	for path, want := range map[string]bool{old: false, s.path("recordings/2020"): false, young: true, outside: true, target: true} {
		if _, err := os.Stat(path); (err == nil) != want {
			t.Errorf("%s: %v, want it there: %t", path, err, want)
		}
	}
	ended, _, err := a.Recent(10)
	if err != nil || len(ended) != 1 || ended[0].ID != "2026/11/01/young.wav" {
		t.Errorf("history = %+v, %v", ended, err)
	}
	if err := a.purge(t.Context()); err != nil {
		t.Errorf("nothing is old any more: %v", err)
	}
}

// TestPurgeWithoutFolder: recordings never outlive their record unseen.
func TestPurgeWithoutFolder(t *testing.T) {
	for name, tt := range map[string]struct {
		recording, file bool // queues record; a file stands in the folder's place
		purged          bool
	}{
		"recorded without folder":            {true, false, false},
		"recorded without folder but a file": {true, true, false},
		"nothing recorded":                   {false, false, true},
		"not recorded and a file":            {false, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			recording := fmt.Sprintf("\nrecording = %t", tt.recording)
			s.write(centreConfig, `number = "1000"`, `number = "1000"`+recording, `number = "2000"`, `number = "2000"`+recording)
			a := s.app()
			if tt.file {
				if err := os.WriteFile(s.path("recordings"), nil, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			begin := time.Now().Add(-10 * 365 * 24 * time.Hour)
			_, err := a.store.Finish(t.Context(), &queue.Call{
				ID: "c", Queue: "상담", Direction: queue.In, Phase: queue.Ended, Begin: begin, Start: &begin, End: &begin,
				Outcome: queue.Answered, Record: "2020/01/02/c.wav",
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := a.purge(t.Context()); err == nil {
				t.Error("nobody is told of the recording that is not removed")
			}
			if ended, _, err := a.Recent(1); err != nil || (len(ended) == 0) != tt.purged {
				t.Errorf("history = %+v, %v", ended, err)
			}
		})
	}
}
