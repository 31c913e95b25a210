// Command setup makes ready all that the tests need: the tools, and the root folders of
// the versions of Asterisk to test with. It prints what it found or did.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"syscall"

	"calld/test/lab"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	if err := setup(ctx, log, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// setup takes the versions of Asterisk to make ready, 22 and 16 when none is
// named. The race detector needs gcc.
func setup(ctx context.Context, log *slog.Logger, versions []string) error {
	if len(versions) == 0 {
		versions = []string{strconv.Itoa(lab.Asterisk22), strconv.Itoa(lab.Asterisk16)}
	}
	var errs []error
	for _, tool := range []string{"sipp", "espeak-ng", "sox", "chromium", "gcc"} {
		if err := lab.Need(ctx, log, tool); err != nil {
			errs = append(errs, err)
			continue
		}
		path, err := exec.LookPath(tool)
		errs = append(errs, err)
		fmt.Printf("%-10s %s\n", tool, path)
	}
	for _, v := range versions {
		version, err := strconv.Atoi(v)
		if err != nil {
			errs = append(errs, fmt.Errorf("version of Asterisk: %w", err))
			continue
		}
		root, err := lab.MakeRoot(ctx, version, log)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		fmt.Printf("%-10s %s in %s\n", "asterisk", root.Version, root.Path)
	}
	return errors.Join(errs...)
}
