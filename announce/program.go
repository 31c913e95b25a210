package announce

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

const (
	// maxComplaint bounds what is kept of a program's standard error.
	maxComplaint = 1 << 10
	// killDelay is how long a killed program's pipes are waited for.
	killDelay = time.Second
	// lookEvery is how often the size of a growing file is looked at.
	lookEvery = 50 * time.Millisecond
)

// program is one run of another program, without a shell between.
type program struct {
	argv  []string
	stdin io.Reader
	// file is what the program writes, if not its standard output. Neither
	// may become larger than limit bytes.
	file  string
	limit int64
}

// errTooMuch ends a program that writes more than its limit.
var errTooMuch = errors.New("announce: the program wrote too much")

// run returns the standard output. The program and its children are killed
// when ctx ends or the limit is passed.
func (p program) run(ctx context.Context) ([]byte, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	cmd := exec.CommandContext(ctx, p.argv[0], p.argv[1:]...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = killDelay
	out := &limitedBuffer{limit: p.limit, full: func() { cancel(errTooMuch) }}
	complaint := &limitedBuffer{limit: maxComplaint, full: func() {}}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = p.stdin, out, complaint
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	err := p.watch(done, cancel)
	if cause := context.Cause(ctx); cause != nil {
		return nil, fmt.Errorf("%s: %w", p.argv[0], cause)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %s", p.argv[0], err, strings.ToValidUTF8(strings.TrimSpace(string(complaint.kept)), "?"))
	}
	return out.kept, nil
}

// watch waits for the program's end and bounds its file meanwhile.
func (p program) watch(done <-chan error, cancel context.CancelCauseFunc) error {
	if p.file == "" {
		return <-done
	}
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		select {
		case err := <-done:
			return err
		case <-ticker.C:
			if info, err := os.Stat(p.file); err == nil && info.Size() > p.limit {
				cancel(errTooMuch)
			}
		}
	}
}

// limitedBuffer keeps the first limit bytes, swallows the rest and calls full.
type limitedBuffer struct {
	kept  []byte
	limit int64
	full  func()
}

func (b *limitedBuffer) Write(p []byte) (int, error) {
	room := b.limit - int64(len(b.kept))
	b.kept = append(b.kept, p[:min(int64(len(p)), room)]...)
	if int64(len(p)) > room {
		b.full()
	}
	return len(p), nil
}
