//go:build e2e

package lab_test

import (
	"log/slog"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

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
	// The web phone's way in: SIP over WebSocket (RFC 7118).
	dialer := websocket.Dialer{Subprotocols: []string{"sip"}}
	ws, res, err := dialer.DialContext(t.Context(), "ws://127.0.0.1:"+strconv.Itoa(a.HTTPPort)+"/ws", nil)
	if err != nil {
		t.Fatalf("SIP over WebSocket: %v", err)
	}
	res.Body.Close()
	ws.Close()
	if cpu, err := lab.CPU(a.PID()); err != nil || cpu <= 0 {
		t.Errorf("processor time %v, %v; want some", cpu, err)
	}
}
