//go:build e2e

package lab_test

import (
	"log/slog"
	"os"
	"strings"
	"testing"

	"calld/test/lab"
)

func testLog(t *testing.T) *slog.Logger {
	t.Helper()
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func TestBoot(t *testing.T) {
	a := lab.StartT(t, lab.Options{Log: testLog(t)})
	out, err := a.CLI(t.Context(), "core show version")
	if err != nil || !strings.Contains(out, a.Root.Version) {
		t.Errorf("CLI: %q, %v; want the version %s", out, err, a.Root.Version)
	}
	for _, f := range a.Faults() {
		t.Errorf("log: %s", f)
	}
	if _, err := os.Stat(a.InRoot(a.Recordings)); err != nil {
		t.Error(err)
	}
	if cpu, err := lab.CPU(a.PID()); err != nil || cpu <= 0 {
		t.Errorf("processor time %v, %v; want some", cpu, err)
	}
}
