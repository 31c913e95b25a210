//go:build e2e

package lab_test

import (
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"calld/test/lab"
)

func testLog(t *testing.T) *slog.Logger {
	t.Helper()
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func TestBoot(t *testing.T) {
	begin := time.Now()
	a := lab.StartT(t, lab.Options{Log: testLog(t)})
	t.Logf("booted in %v", time.Since(begin))
	out, err := a.CLI(t.Context(), "core show version")
	if err != nil || !strings.Contains(out, a.Root.Version) {
		t.Errorf("CLI: %q, %v; want the version %s", out, err, a.Root.Version)
	}
	for _, f := range a.Faults() {
		t.Errorf("log: %s", f)
	}
	out, err = a.CLI(t.Context(), "pjsip show endpoints")
	t.Log(out, err)
	t.Log(a.LogText())
	if _, err := os.Stat(a.InRoot(a.Recordings)); err != nil {
		t.Error(err)
	}
}
