package app

import (
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// systemd stands in for the service manager: what it is told comes out of the
// channel.
func systemd(t *testing.T) <-chan string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	t.Setenv("NOTIFY_SOCKET", path)
	t.Setenv("WATCHDOG_USEC", "50000")
	t.Setenv("WATCHDOG_PID", "")
	told := make(chan string, 64)
	go func() {
		defer close(told)
		b := make([]byte, 4096)
		for {
			n, err := conn.Read(b)
			if err != nil {
				return
			}
			told <- string(b[:n])
		}
	}()
	return told
}

func TestSystemd(t *testing.T) {
	told := systemd(t)
	await := func(want string) {
		t.Helper()
		late := time.NewTimer(patience)
		defer late.Stop()
		for {
			select {
			case got := <-told:
				if strings.HasPrefix(got, want) {
					return
				}
			case <-late.C:
				t.Fatalf("systemd is not told %s", want)
			}
		}
	}
	r := newSite(t).run()
	await("READY=1\nSTATUS=0 live calls, 0 pages, Asterisk away since ")
	await("WATCHDOG=1\nSTATUS=0 live calls")
	r.stop()
	await("STOPPING=1")
	if err := r.ended(); err != nil {
		t.Error(err)
	}
}
