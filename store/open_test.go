package store_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"calld/queue"
	"calld/store"
	"calld/store/storetest"
)

// filled makes a file with some history and returns its path.
func filled(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "calld.db")
	s, err := store.Open(path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 200 {
		c := waiting(string(rune('A'+i%26))+string(rune('a'+i/26)), i, "01012345678")
		c.CallerName = strings.Repeat("김", 500)
		wg.Go(func() {
			if _, err := s.Finish(t.Context(), ended(c, queue.Abandoned)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func overwrite(path string, at int64, b []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(b, at)
	return errors.Join(err, f.Close())
}

func update(path string, change func(*bbolt.Tx) error) error {
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		return err
	}
	return errors.Join(db.Update(change), db.Close())
}

func TestOpenFaults(t *testing.T) {
	page := os.Getpagesize()
	for _, tt := range []struct {
		name  string
		spoil func(path string) error
		want  error
		mend  string
	}{
		{"a text file", func(path string) error {
			return os.WriteFile(path, bytes.Repeat([]byte("not a database\n"), 2000), 0o600)
		}, store.ErrNotStore, "another program's file"},
		{"a few bytes", func(path string) error {
			return os.WriteFile(path, []byte("hello"), 0o600)
		}, store.ErrNotStore, "another program's file"},
		{"another program's bbolt file", func(path string) error {
			return errors.Join(os.Remove(path), update(path, func(tx *bbolt.Tx) error {
				_, err := tx.CreateBucket([]byte("theirs"))
				return err
			}))
		}, store.ErrNotStore, "another program's file"},
		{"a newer version", func(path string) error {
			return update(path, func(tx *bbolt.Tx) error {
				return tx.Bucket([]byte("meta")).Put([]byte("version"), binary.BigEndian.AppendUint64(nil, 1000))
			})
		}, store.ErrNewer, "newer calld"},
		{"a broken version", func(path string) error {
			return update(path, func(tx *bbolt.Tx) error {
				return tx.Bucket([]byte("meta")).Put([]byte("version"), []byte("x"))
			})
		}, store.ErrDamaged, "calld backup"},
		{"a table gone", func(path string) error {
			return update(path, func(tx *bbolt.Tx) error { return tx.DeleteBucket([]byte("memos")) })
		}, store.ErrDamaged, "calld backup"},
		{"a record that is no call", func(path string) error {
			return update(path, func(tx *bbolt.Tx) error {
				k, _ := tx.Bucket([]byte("calls")).Cursor().Last()
				return tx.Bucket([]byte("calls")).Put(bytes.Clone(k), []byte("{"))
			})
		}, store.ErrDamaged, "calld backup"},
		{"both heads overwritten", func(path string) error {
			return errors.Join(overwrite(path, 40, make([]byte, 60)), overwrite(path, int64(page)+40, make([]byte, 60)))
		}, store.ErrDamaged, "calld backup"},
		{"all but the heads overwritten", func(path string) error {
			return overwrite(path, int64(2*page), bytes.Repeat([]byte{0xa5}, 200*page))
		}, store.ErrDamaged, "calld backup"},
		{"cut off after the heads", func(path string) error {
			return os.Truncate(path, int64(2*page))
		}, store.ErrDamaged, "calld backup"},
		{"cut off in the middle", func(path string) error {
			return os.Truncate(path, int64(40*page))
		}, store.ErrDamaged, "calld backup"},
		{"a folder", func(path string) error {
			return errors.Join(os.Remove(path), os.Mkdir(path, 0o700))
		}, syscall.EISDIR, "[server] data"},
		{"no folder", func(path string) error {
			return os.RemoveAll(filepath.Dir(path))
		}, os.ErrNotExist, "make the folder"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			path := filled(t)
			if err := tt.spoil(path); err != nil {
				t.Fatal(err)
			}
			before, readErr := os.ReadFile(path)
			for range 2 { // the first try must not leave the file locked
				s, err := store.Open(path, store.Options{LockTimeout: 100 * time.Millisecond})
				if err == nil {
					t.Fatal(errors.Join(errors.New("opened"), s.Close()))
				}
				var open *store.OpenError
				if !errors.Is(err, tt.want) || !errors.As(err, &open) {
					t.Fatalf("error %v, want %v", err, tt.want)
				}
				if !strings.Contains(err.Error(), tt.mend) || !strings.Contains(err.Error(), path) {
					t.Errorf("%q does not tell the file and the mend %q", err, tt.mend)
				}
			}
			after, _ := os.ReadFile(path)
			if readErr == nil && !bytes.Equal(before, after) {
				t.Error("the file was changed")
			}
		})
	}
}

func TestDamageFoundLater(t *testing.T) {
	path := filled(t)
	var leaf int64
	err := update(path, func(tx *bbolt.Tx) error {
		for id := range 1 << 20 {
			if p, err := tx.Page(id); err != nil || p == nil {
				return err
			} else if p.Type == "leaf" && p.Count > 2 && p.OverflowCount == 0 {
				leaf = int64(id) // the last one is as good as any
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Check(); err != nil {
		t.Fatal("before the damage:", err)
	}
	if err := overwrite(path, leaf*int64(os.Getpagesize()), bytes.Repeat([]byte{0xa5}, os.Getpagesize())); err != nil {
		t.Fatal(err)
	}
	if err := s.Check(); !errors.Is(err, store.ErrDamaged) {
		t.Errorf("Check: %v", err)
	}
}

// A file that shrinks under a running store makes the kernel send SIGBUS for
// a read: that is the reader's error, and not the end of the process.
func TestFileShrinks(t *testing.T) {
	path := filled(t)
	s, err := store.Open(path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := os.Truncate(path, int64(2*os.Getpagesize())); err != nil {
		t.Fatal(err)
	}
	if _, err := s.History(store.Query{}); !errors.Is(err, store.ErrDamaged) {
		t.Errorf("History: %v", err)
	}
	if _, err := s.PutLive(t.Context(), waiting("x", 0, "1")); !errors.Is(err, store.ErrDamaged) {
		t.Errorf("PutLive: %v", err)
	}
}

func TestOpenWithoutPermission(t *testing.T) {
	path := filled(t)
	if err := os.Chmod(path, 0); err != nil {
		t.Fatal(err)
	}
	failed := make(chan error)
	go func() {
		// Root may open anything: as far as files are concerned, this thread
		// becomes nobody. It is not unlocked, and so ends with the goroutine.
		runtime.LockOSThread()
		if _, _, errno := syscall.RawSyscall(syscall.SYS_SETFSUID, 65534, 0, 0); os.Geteuid() == 0 && errno != 0 {
			failed <- errno
			return
		}
		s, err := store.Open(path, store.Options{})
		if err == nil {
			err = errors.Join(errors.New("opened"), s.Close())
		}
		failed <- err
	}()
	if err := <-failed; !errors.Is(err, store.ErrPermission) || !strings.Contains(err.Error(), "read and write permission") {
		t.Errorf("error %v", err)
	}
}

func TestOpenTwice(t *testing.T) {
	if os.Getenv(childEnv) != "" {
		s, err := store.Open(childArg(0), store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		os.Stdout.WriteString("opened\n")
		io.Copy(io.Discard, os.Stdin) // until the parent closes it
		return
	}
	path := filled(t)
	cmd := child(t, "holder", path)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	for lines.Scan() && lines.Text() != "opened" {
	}
	_, err = store.Open(path, store.Options{LockTimeout: 100 * time.Millisecond})
	if !errors.Is(err, store.ErrLocked) || !strings.Contains(err.Error(), "another calld") {
		t.Errorf("while another process has it: %v", err)
	}
	// A file that is let go while Open waits is opened.
	if err := stdin.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(path, store.Options{LockTimeout: 30 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	io.Copy(io.Discard, stdout)
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

func TestClosed(t *testing.T) {
	s, err := store.Open(filled(t), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	_, historyErr := s.History(store.Query{})
	_, putErr := s.PutLive(t.Context(), waiting("x", 0, "1"))
	_, backupErr := s.Backup(t.Context(), io.Discard)
	for _, err := range []error{historyErr, putErr, backupErr, s.Check()} {
		if !errors.Is(err, store.ErrClosed) {
			t.Errorf("error %v", err)
		}
	}
}

func TestNewFileIsPrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "calld.db")
	storetest.OpenFile(t, path, store.Options{})
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
}
