package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// clockVariable names the file with the step of calld's clock, in the
// environment of a calld that build has made.
const clockVariable = "CALLD_TEST_CLOCK"

// errClock means that the Go release in use has another package time than the
// one that is known here.
var errClock = errors.New("time.Now does not begin as expected: see clock.go")

// stepSource goes into the package time of the calld that is tested. The file
// is mapped, so that a step costs nothing and needs no word to the process.
const stepSource = `package time

import (
	"sync/atomic"
	"syscall"
	"unsafe"
)

var calldStep = func() *int64 {
	path, ok := syscall.Getenv("` + clockVariable + `")
	if !ok {
		return new(int64)
	}
	fd, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		panic("clock: " + err.Error())
	}
	page, err := syscall.Mmap(fd, 0, 8, syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		panic("clock: " + err.Error())
	}
	_ = syscall.Close(fd)
	return (*int64)(unsafe.Pointer(&page[0]))
}()

func calldStepped() int64 { return atomic.LoadInt64(calldStep) }
`

// build makes calld with a clock that can be stepped. Go reads the clock
// without the C library and mostly without a system call, so nothing outside
// of the process can change what it sees, short of the machine's clock: the
// package time is built with an overlay. Its monotonic clock goes on as ever, as
// it does when a machine's clock is set.
func build(ctx context.Context, dir string) (binary string, err error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return "", fmt.Errorf("go env GOROOT: %w", err)
	}
	original := filepath.Join(strings.TrimSpace(string(out)), "src", "time", "time.go")
	text, err := os.ReadFile(original)
	if err != nil {
		return "", err
	}
	const begin = "func Now() Time {\n\tsec, nsec, mono := runtimeNow()\n"
	stepped := bytes.Replace(text, []byte(begin), []byte(begin+"\tsec += calldStepped()\n"), 1)
	if bytes.Equal(stepped, text) {
		return "", errClock
	}
	now, step := filepath.Join(dir, "time.go"), filepath.Join(dir, "step.go")
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {
		original: now, filepath.Join(filepath.Dir(original), "calldstep.go"): step,
	}})
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, "overlay.json")
	err = errors.Join(os.WriteFile(now, stepped, 0o600), os.WriteFile(step, []byte(stepSource), 0o600), os.WriteFile(file, overlay, 0o600))
	if err != nil {
		return "", err
	}
	binary = filepath.Join(dir, "calld")
	if out, err := exec.CommandContext(ctx, "go", "build", "-overlay", file, "-o", binary, "calld/cmd/calld").CombinedOutput(); err != nil {
		return "", fmt.Errorf("building calld: %w: %s", err, out)
	}
	return binary, nil
}

// clock is the step of calld's clock.
type clock struct{ path string }

func newClock(dir string) (clock, error) {
	c := clock{filepath.Join(dir, "clock")}
	return c, c.step(0)
}

// step sets by how many seconds calld's clock differs from the machine's.
func (c clock) step(seconds int64) error {
	f, err := os.OpenFile(c.path, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	var b [8]byte
	binary.NativeEndian.PutUint64(b[:], uint64(seconds)) //nolint:gosec // two's complement is meant
	_, err = f.WriteAt(b[:], 0)                          // in the page that calld has mapped
	return errors.Join(err, f.Close())
}
