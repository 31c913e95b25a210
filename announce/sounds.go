package announce

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	// mayPlay is how long after its last use a sound may still be playing, or
	// be about to: it is not removed before.
	mayPlay = time.Hour
	// touchEvery spares the disk: a use is written down no oftener than this.
	touchEvery = time.Minute

	nameSize   = 32 // hexadecimal digits
	extension  = ".wav"
	tempPrefix = "tmp-"
	onceSuffix = "-once"
)

// retention says how long a sound is kept when nobody plays it.
type retention string

const (
	lasting retention = ""         // until it is too old or room is needed
	passing retention = onceSuffix // no longer than it may be playing (Cache-Control: no-store)
)

// sounds is the folder of finished sounds. A sound's name is its file's
// without extension; the time of its last use is the file's modification
// time, so that it outlives the process.
type sounds struct {
	asterisk, here string // the folder as Asterisk and as this process sees it
	max            int64  // bytes
	keepUnused     time.Duration
	now            func() time.Time

	mu    sync.Mutex // no I/O under it
	files map[string]sound
	bytes int64

	// disk keeps the removal of a file apart from the writing of a new one of
	// the same name, and from its being taken into use again.
	disk    sync.Mutex
	scanned bool
}

type sound struct {
	size    int64
	used    time.Time
	checked bool // seen to be a whole file by this process
}

// isName reports whether a file is called as sounds are; others are never
// touched.
func isName(name string) bool {
	hash := strings.TrimSuffix(name, onceSuffix)
	return len(hash) == nameSize && strings.Trim(hash, "0123456789abcdef") == ""
}

// path is what Asterisk plays for a name.
func (s *sounds) path(name string) string { return path.Join(s.asterisk, name) }

func (s *sounds) file(name string) string { return filepath.Join(s.here, name+extension) }

func (s *sounds) size() (files int, bytes int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.files), s.bytes
}

// use reports whether a sound is there, whole, and marks it as used now.
func (s *sounds) use(name string) bool {
	file := s.file(name)
	s.mu.Lock()
	known := s.files[name]
	s.mu.Unlock()
	if s.now().Sub(known.used) > mayPlay/2 {
		// It may be about to be removed: between the look and the mark
		// nobody must.
		s.disk.Lock()
		defer s.disk.Unlock()
	}
	info, err := os.Stat(file)
	if err != nil {
		s.forget(name)
		return false
	}
	// A power cut can leave a file that has its name but not its content.
	if (!known.checked || known.size != info.Size()) && !isWhole(file, info.Size()) {
		return false
	}
	now := s.now()
	s.set(name, sound{size: info.Size(), used: now, checked: true})
	if now.Sub(info.ModTime()) >= touchEvery {
		// Without the mark the file is only forgotten sooner after a restart.
		_ = os.Chtimes(file, now, now)
	}
	return true
}

func (s *sounds) set(name string, f sound) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.files == nil {
		s.files = make(map[string]sound)
	}
	s.bytes += f.size - s.files[name].size
	s.files[name] = f
}

func (s *sounds) forget(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bytes -= s.files[name].size
	delete(s.files, name)
}

// isWhole reports whether a file is as [writeSound] left it.
func isWhole(file string, size int64) bool {
	f, err := os.Open(file)
	if err != nil {
		return false
	}
	defer f.Close() //nolint:errcheck // only read
	var h [headerSize]byte
	if _, err := f.Read(h[:]); err != nil {
		return false
	}
	return size > headerSize && h == header(size-headerSize)
}

// write makes a sound: fill writes the temporary file that then takes the
// name, so Asterisk never sees half a sound. A sound of that name is replaced.
func (s *sounds) write(ctx context.Context, name string, fill func(*os.File) error) error {
	if err := s.scanOnce(); err != nil {
		return err
	}
	if err := s.makeFolder(); err != nil {
		return err
	}
	temp, err := os.CreateTemp(s.here, tempPrefix+"*")
	if err != nil {
		return diskError(err)
	}
	defer os.Remove(temp.Name()) //nolint:errcheck // gone already when all went well
	defer temp.Close()           //nolint:errcheck // closed below when all went well
	if err := fill(temp); err != nil {
		return err
	}
	// CreateTemp makes 0600; Asterisk usually runs as another user.
	if err := temp.Chmod(0o644); err != nil {
		return diskError(err)
	}
	info, err := temp.Stat()
	if err != nil {
		return diskError(err)
	}
	if err := temp.Close(); err != nil {
		return diskError(err)
	}
	if err := s.makeRoom(info.Size()); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	s.disk.Lock()
	defer s.disk.Unlock()
	if err := os.Rename(temp.Name(), s.file(name)); err != nil {
		return diskError(err)
	}
	s.set(name, sound{size: info.Size(), used: s.now(), checked: true})
	return nil
}

func diskError(err error) error { return fail(ReasonDisk, "sounds folder: %w", err) }

// makeFolder makes the folder; it may also have been removed by hand.
func (s *sounds) makeFolder() error {
	if err := os.MkdirAll(s.here, 0o755); err != nil {
		return diskError(err)
	}
	return nil
}

// scanOnce makes the folder and learns what an earlier process left in it.
func (s *sounds) scanOnce() error {
	s.disk.Lock()
	defer s.disk.Unlock()
	if s.scanned {
		return nil
	}
	if err := s.makeFolder(); err != nil {
		return err
	}
	if err := s.scan(); err != nil {
		return diskError(err)
	}
	s.scanned = true
	return nil
}

// scan reads the folder; disk is held.
func (s *sounds) scan() error {
	entries, err := os.ReadDir(s.here)
	if err != nil {
		return err
	}
	there := make(map[string]bool, len(entries))
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() {
			continue // removed meanwhile, or not a file of ours
		}
		if strings.HasPrefix(e.Name(), tempPrefix) {
			if s.now().Sub(info.ModTime()) > mayPlay {
				_ = os.Remove(filepath.Join(s.here, e.Name())) // of a process that was killed
			}
			continue
		}
		name, isWav := strings.CutSuffix(e.Name(), extension)
		if !isWav || !isName(name) {
			continue
		}
		there[name] = true
		s.mu.Lock()
		_, known := s.files[name]
		s.mu.Unlock()
		if !known {
			s.set(name, sound{size: info.Size(), used: info.ModTime()})
		}
	}
	for _, name := range s.names() {
		if !there[name] {
			s.forget(name)
		}
	}
	return nil
}

func (s *sounds) names() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	names := make([]string, 0, len(s.files))
	for n := range s.files {
		names = append(names, n)
	}
	return names
}

// sweep removes what nobody has used for long, and more when there is too
// much. It returns how many files it removed.
func (s *sounds) sweep() (int, error) {
	if err := s.scanOnce(); err != nil {
		return 0, err
	}
	s.disk.Lock()
	err := s.scan()
	s.disk.Unlock()
	if err != nil {
		return 0, diskError(err)
	}
	return s.remove(0)
}

// makeRoom removes what it may until size more bytes fit.
func (s *sounds) makeRoom(size int64) error {
	if _, have := s.size(); have+size <= s.max {
		return nil
	}
	if _, err := s.remove(size); err != nil {
		return err
	}
	if _, have := s.size(); have+size > s.max {
		return fail(ReasonDisk, "sounds folder: the %d bytes allowed are all in use", s.max)
	}
	return nil
}

// remove removes sounds, the longest unused first: those that are too old,
// and as many more as it takes to have room for size bytes.
func (s *sounds) remove(size int64) (removed int, err error) {
	s.mu.Lock()
	type named struct {
		name string
		sound
	}
	var idle []named
	now := s.now()
	for name, f := range s.files {
		if now.Sub(f.used) > mayPlay {
			idle = append(idle, named{name, f})
		}
	}
	s.mu.Unlock()
	slices.SortFunc(idle, func(a, b named) int {
		return cmp.Or(a.used.Compare(b.used), strings.Compare(a.name, b.name))
	})
	var errs []error
	for _, f := range idle {
		_, have := s.size()
		tooOld := now.Sub(f.used) > s.keepUnused || strings.HasSuffix(f.name, onceSuffix)
		if !tooOld && have+size <= s.max {
			continue
		}
		ok, err := s.removeOne(f.name, f.used)
		if err != nil {
			errs = append(errs, err)
		} else if ok {
			removed++
		}
	}
	return removed, errors.Join(errs...)
}

// removeOne removes a sound unless it was used after the given time.
func (s *sounds) removeOne(name string, used time.Time) (bool, error) {
	s.disk.Lock()
	defer s.disk.Unlock()
	s.mu.Lock()
	f, ok := s.files[name]
	if !ok || f.used.After(used) {
		s.mu.Unlock()
		return false, nil
	}
	s.bytes -= f.size
	delete(s.files, name)
	s.mu.Unlock()
	if err := os.Remove(s.file(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.set(name, f)
		return false, diskError(fmt.Errorf("removing an old sound: %w", err))
	}
	return true, nil
}
