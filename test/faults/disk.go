package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"

	"calld/test/centre"
)

const (
	// diskSize is that of the disk that calld's store is on.
	diskSize = "size=256m"
	// spareHandles is how many file handles more than it has a process is
	// left when it is to run out of them.
	spareHandles = 3
)

// disk is a small disk that can be full or read-only. Mounting it takes
// root's rights, as the laboratory's Asterisk does.
type disk struct{ dir string }

func mountDisk(dir string) (*disk, error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, diskSize); err != nil {
		return nil, fmt.Errorf("mounting a small disk: %w", err)
	}
	return &disk{dir}, nil
}

func (d *disk) unmount() error {
	// Lazily: a calld that was killed this moment may still hold it.
	return syscall.Unmount(d.dir, syscall.MNT_DETACH)
}

func (d *disk) store() string { return filepath.Join(d.dir, "calld.db") }

// fill takes all the room that there is.
func (d *disk) fill() error {
	f, err := os.Create(d.filler())
	if err != nil {
		return err
	}
	for page := make([]byte, 4096); err == nil; {
		_, err = f.Write(page)
	}
	if closed := f.Close(); closed != nil || !errors.Is(err, syscall.ENOSPC) {
		return errors.Join(fmt.Errorf("filling the disk: %w", err), closed)
	}
	return nil
}

func (d *disk) empty() error { return os.Remove(d.filler()) }

func (d *disk) filler() string { return filepath.Join(d.dir, "filler") }

// protect makes the disk read-only, which takes that nobody has a file of it
// open for writing.
func (d *disk) protect(yes bool) error {
	flags := uintptr(syscall.MS_REMOUNT)
	if yes {
		flags |= syscall.MS_RDONLY
	}
	if err := syscall.Mount("tmpfs", d.dir, "tmpfs", flags, diskSize); err != nil {
		return fmt.Errorf("making the disk read-only (%v): %w", yes, err)
	}
	return nil
}

// damages are the ways in which a store is damaged that uses so many bytes of its
// file, which is larger: it grows in great steps.
func damages() []func(path string, used int64) error {
	return []func(string, int64) error{cutOff, overwritten}
}

// cutOff is what a disk that was full, or a copy that was broken off, leaves.
func cutOff(path string, used int64) error { return os.Truncate(path, used/2) }

// overwritten has other bytes where the file begins.
func overwritten(path string, _ int64) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	rubbish := make([]byte, 12<<10)
	for i := range rubbish {
		rubbish[i] = 0xa5
	}
	_, err = f.WriteAt(rubbish, 64) // it leaves what tells that the file was a store
	return errors.Join(err, f.Close())
}

// handles limits the file handles of a process to few more than it has.
func handles(pid int) (restore func() error, err error) {
	n, err := centre.OpenFiles(pid)
	if err != nil {
		return nil, err
	}
	var before unix.Rlimit
	if err := unix.Prlimit(pid, unix.RLIMIT_NOFILE, nil, &before); err != nil {
		return nil, fmt.Errorf("limit of file handles of %d: %w", pid, err)
	}
	few := unix.Rlimit{Cur: uint64(n + spareHandles), Max: before.Max}
	if err := unix.Prlimit(pid, unix.RLIMIT_NOFILE, &few, nil); err != nil {
		return nil, fmt.Errorf("limiting file handles of %d: %w", pid, err)
	}
	return func() error { return unix.Prlimit(pid, unix.RLIMIT_NOFILE, &before, nil) }, nil
}
