package announce

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// folderOf makes a folder of sounds with a clock.
func folderOf(t *testing.T) (*sounds, *clock) {
	t.Helper()
	now := &clock{now: time.Now()}
	return &sounds{
		asterisk:   soundsAsAsterisk,
		here:       filepath.Join(t.TempDir(), folder),
		max:        1 << 20,
		keepUnused: 24 * time.Hour,
		now:        now.Now,
	}, now
}

// put writes a sound of so many bytes of samples.
func (s *sounds) put(t *testing.T, name string, size int) {
	t.Helper()
	if err := s.tryPut(t, name, size); err != nil {
		t.Fatal(err)
	}
}

func (s *sounds) tryPut(t *testing.T, name string, size int) error {
	t.Helper()
	return s.write(t.Context(), name, func(f *os.File) error {
		h := header(int64(size))
		_, err := f.Write(append(h[:], make([]byte, size)...))
		return err
	})
}

func numbered(i int) string { return fmt.Sprintf("%032x", i) }

func (s *sounds) listed(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir(s.here)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), extension))
	}
	return names
}

func TestSweepByAge(t *testing.T) {
	s, now := folderOf(t)
	old, used, once, recent := numbered(1), numbered(2), numbered(3)+onceSuffix, numbered(4)
	for _, name := range []string{old, used, once} {
		s.put(t, name, 100)
	}
	for _, foreign := range []string{"hello.wav", numbered(9) + ".gsm", "tmp.wav"} {
		if err := os.WriteFile(filepath.Join(s.here, foreign), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	steps := []struct {
		after time.Duration
		want  []string
	}{
		{mayPlay, []string{old, used, once, "hello", numbered(9) + ".gsm", "tmp"}},
		{time.Second, []string{old, used, "hello", numbered(9) + ".gsm", "tmp"}}, // no-store goes first
		{23 * time.Hour, []string{used, recent, "hello", numbered(9) + ".gsm", "tmp"}},
	}
	for i, step := range steps {
		now.add(step.after)
		if i == 2 {
			s.put(t, recent, 100)
			if !s.use(used) {
				t.Fatal("the sound in use is gone")
			}
		}
		if _, err := s.sweep(); err != nil {
			t.Fatal(err)
		}
		want := map[string]bool{}
		for _, n := range step.want {
			want[n] = true
		}
		got := map[string]bool{}
		for _, n := range s.listed(t) {
			got[n] = true
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("step %d (-want +got):\n%s", i, diff)
		}
	}
	if files, bytes := s.size(); files != 2 || bytes != 2*(100+headerSize) {
		t.Errorf("counted %d files of %d bytes", files, bytes)
	}
}

func TestSweepRemovesWhatAKilledProcessLeft(t *testing.T) {
	s, now := folderOf(t)
	if err := os.MkdirAll(s.here, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.here, tempPrefix+"123"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{1, 0} {
		if _, err := s.sweep(); err != nil {
			t.Fatal(err)
		}
		if got := s.listed(t); len(got) != want {
			t.Errorf("files = %v, want %d", got, want)
		}
		now.add(mayPlay + time.Second)
	}
}

func TestFullFolder(t *testing.T) {
	s, now := folderOf(t)
	const half = 500 << 10
	s.put(t, numbered(1), half)
	now.add(time.Minute)
	s.put(t, numbered(2), half)
	// Both may be playing: the third has to wait.
	if err := s.tryPut(t, numbered(3), half); reasonOf(err) != ReasonDisk {
		t.Errorf("error = %v, want %s", err, ReasonDisk)
	}
	now.add(mayPlay)
	s.put(t, numbered(3), half) // instead of the first, which alone is idle long enough
	if diff := cmp.Diff([]string{numbered(2), numbered(3)}, s.listed(t)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestUseKeepsAFileOverARestart(t *testing.T) {
	s, now := folderOf(t)
	s.put(t, numbered(1), 100)
	now.add(23 * time.Hour)
	if !s.use(numbered(1)) {
		t.Fatal("not there")
	}
	next := &sounds{here: s.here, max: s.max, keepUnused: s.keepUnused, now: now.Now}
	now.add(2 * time.Hour)
	if removed, err := next.sweep(); removed != 0 || err != nil {
		t.Errorf("removed %d, %v", removed, err)
	}
}

func TestAsteriskMayReadTheFiles(t *testing.T) {
	s, _ := folderOf(t)
	s.put(t, numbered(1), 100)
	for file, want := range map[string]os.FileMode{s.here: 0o755, s.file(numbered(1)): 0o644} {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has %o, want %o", file, got, want)
		}
	}
}

// TestDiskFails: a folder that can't be made gives the fallback.
func TestDiskFails(t *testing.T) {
	here := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(here, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	url := serve(t, func(w http.ResponseWriter, r *http.Request) { answer("audio/wav", beep(t, 500))(w, r) })
	s := start(t, announcing(url), Options{SoundsHere: here})
	if got := s.Fetch(t.Context(), Request{}, ""); got.Reason != ReasonDisk || got.Sound != "calld-sorry" {
		t.Errorf("result = %+v, want %s", got, ReasonDisk)
	}
}
