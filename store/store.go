package store

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"syscall"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

const (
	// DefaultLockTimeout is how long Open waits for another process to let go
	// of the file: long enough for a restart, short enough for a person.
	DefaultLockTimeout = time.Second

	// mapSize is the address space reserved for the file, 16 GiB (1 GiB on
	// 32-bit machines). A file that outgrows its mapping is mapped anew, and
	// that waits for every reader: a long backup would stop all writers. It
	// costs no memory.
	mapSize = 1 << (30 + ^uint(0)>>63<<2)

	// magic is what bbolt writes 16 bytes into each of the first two pages.
	magic = "\xed\xda\x0c\xed"
)

// Options sets how a store is opened. The zero value is fine.
type Options struct {
	LockTimeout time.Duration // 0: DefaultLockTimeout
	// Spellings lists the ways in which a number may be written, as of now: they
	// are one number to everything that is kept. The first of them is the same for
	// all. Nil: there are none but punctuation and +.
	Spellings func(number string) []string
}

// Store is an open file. Its methods may be called concurrently.
type Store struct {
	db     *bbolt.DB
	writes committer
	spell  func(string) []string
}

// Open opens the store at path and makes it when there is none (mode 0600:
// it holds people's numbers). Every fault is an [*OpenError].
func Open(path string, o Options) (*Store, error) {
	_, statErr := os.Stat(path)
	s, err := open(path, cmp.Or(o.LockTimeout, DefaultLockTimeout))
	if err == nil {
		s.spell = o.Spellings
	}
	if err == nil && errors.Is(statErr, fs.ErrNotExist) {
		if err = syncFolder(path); err != nil {
			err = errors.Join(err, s.Close())
		}
	}
	if err != nil {
		return nil, &OpenError{Path: path, Err: err, Mend: mend(err)}
	}
	return s, nil
}

func open(path string, lock time.Duration) (*Store, error) {
	var file *os.File
	var db *bbolt.DB
	err := guard(func() (err error) {
		db, err = bbolt.Open(path, 0o600, &bbolt.Options{
			Timeout:         lock,
			FreelistType:    bbolt.FreelistMapType,
			InitialMmapSize: mapSize,
			OpenFile: func(name string, flag int, mode os.FileMode) (_ *os.File, err error) {
				file, err = os.OpenFile(name, flag, mode)
				return file, err
			},
		})
		return err
	})
	if err != nil {
		err = classify(path, err)
		if file != nil {
			// When bbolt panics it leaves the file open and mapped, and a
			// mapping keeps the lock even of a closed file. Otherwise both
			// calls are refused.
			_ = syscall.Flock(int(file.Fd()), syscall.LOCK_UN)
			_ = file.Close()
		}
		return nil, err
	}
	s := &Store{db: db, writes: newCommitter()}
	if err := s.prepare(); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
}

// prepare looks at what can be seen quickly, however large the file is, and
// brings an older schema up to date. Check looks at everything.
func (s *Store) prepare() error {
	info, err := os.Stat(s.db.Path())
	if err != nil {
		return err
	}
	var version int
	err = guard(func() error {
		return s.db.View(func(tx *bbolt.Tx) (err error) {
			if info.Size() < tx.Size() {
				return fmt.Errorf("%w: it is cut off at %d of %d bytes", ErrDamaged, info.Size(), tx.Size())
			}
			version, err = schemaVersion(tx)
			return err
		})
	})
	if err != nil {
		return err
	}
	if err := s.migrate(version); err != nil {
		return err
	}
	return s.view((*tables).peek)
}

// Close waits for transactions under way and closes the file.
func (s *Store) Close() error { return s.db.Close() }

// view runs a read-only transaction.
func (s *Store) view(read func(*tables) error) error {
	return s.translate(guard(func() error {
		return s.db.View(func(tx *bbolt.Tx) error {
			t, err := openTables(tx)
			if err != nil {
				return err
			}
			return read(t)
		})
	}))
}

func (s *Store) translate(err error) error {
	if errors.Is(err, berrors.ErrDatabaseNotOpen) {
		return ErrClosed
	}
	return err
}

// guard turns what a damaged or unreadable file makes of bbolt, a panic or a
// fault in the mapped memory, into ErrDamaged.
func guard(run func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", ErrDamaged, p)
		}
	}()
	return run()
}

func classify(path string, err error) error {
	switch {
	case errors.Is(err, berrors.ErrTimeout):
		return ErrLocked
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: %w", ErrPermission, err)
	case errors.Is(err, berrors.ErrInvalid), errors.Is(err, berrors.ErrVersionMismatch), errors.Is(err, berrors.ErrChecksum):
		if bboltWroteIt(path) {
			return fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		return ErrNotStore
	}
	return err
}

// bboltWroteIt tells a bbolt file with broken head pages from a file that
// never was one. The second page starts at the page size, which is unknown.
func bboltWroteIt(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close() //nolint:errcheck // only read
	word := make([]byte, len(magic))
	for at := int64(0); at <= 64<<10; at = max(at*2, 1<<10) {
		if _, err := f.ReadAt(word, at+16); err == nil && bytes.Equal(word, []byte(magic)) {
			return true
		}
	}
	return false
}

func mend(err error) string {
	const restore = "stop calld, move this file away and put the latest file made by `calld backup` in its place"
	switch {
	case errors.Is(err, ErrLocked):
		return "another calld is running with the same data file: stop it, or give this one its own [server] data"
	case errors.Is(err, ErrPermission):
		return "give the user that runs calld read and write permission on the file and its folder"
	case errors.Is(err, syscall.EROFS):
		// Linux does that by itself to a file system with errors.
		return "the disk is mounted read-only, perhaps because it fails: see the kernel's log; mount it for writing, " +
			"or put the file, or the latest one made by `calld backup`, on a sound disk and name it in [server] data"
	case errors.Is(err, ErrNotStore):
		return "check [server] data in the configuration: it names another program's file, which is left untouched"
	case errors.Is(err, ErrNewer):
		return "run the newer calld again, or " + restore + ", one that was made by this version"
	case errors.Is(err, ErrDamaged):
		return restore + "; keep the damaged file, parts of it may still be readable"
	case errors.Is(err, fs.ErrNotExist):
		return "make the folder, or check [server] data in the configuration"
	}
	return "check the disk and [server] data in the configuration"
}

// syncFolder makes the name of a new file as durable as its content.
func syncFolder(path string) error {
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
