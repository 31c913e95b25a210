//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"calld/queue"
	"calld/test/lab"
)

// smallDisk mounts a disk of its own with room for little more than an empty
// store. That takes root's rights, as the laboratory's Asterisk does.
func smallDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Fatalf("mounting a small disk: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Errorf("unmounting the small disk: %v", err)
		}
	})
	return dir
}

// fill takes all the room that a disk has.
func fill(t *testing.T, dir string) (release func()) {
	t.Helper()
	path := filepath.Join(dir, "filler")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	for page := make([]byte, 4096); err == nil; {
		_, err = f.Write(page)
	}
	if closed := f.Close(); closed != nil || !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("filling the disk: %v, %v", err, closed)
	}
	return func() {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}

// The disk is full: calls go on and health checks say why not all is well.
// When there is room again everything is written.
func TestDiskIsFull(t *testing.T) {
	t.Parallel()
	p := onePlan(1)
	p.Data = smallDisk(t)
	c := start(t, p)
	c.out.expected = []string{"call records can't be written", "changes of agents' states can't be written", "a client's frame could not be carried out"}
	page := c.loginAll("a1")[0]
	release := fill(t, p.Data)

	// Pages that were free already still take some records.
	n := 0
	c.eventually("readyz red", func() error {
		n++
		c.shortCall(n)
		status, text := c.readyz()
		if status != http.StatusServiceUnavailable || !strings.HasPrefix(text, "store: ") || !strings.Contains(text, "no space left") {
			return fmt.Errorf("after %d calls it is %d %s", n, status, text)
		}
		return nil
	})
	n++
	k := c.talk(n, "a1")
	call := c.waitCall(k.number, queue.Talking)
	// A memo is acked when it is on disk, which so little may still be, or
	// refused: then the page has to send it again.
	memo := page.Memo(c.step(), call.ID, "디스크", "")
	if memo != nil && !errors.Is(memo, lab.ErrRefused) {
		t.Errorf("a memo that can't be kept is answered by %v", memo)
	}
	c.hangUp(k)
	c.waitCalls(0)
	if got := c.status("records"); !strings.HasPrefix(got, "NOT WRITTEN") || strings.HasSuffix(got, " 0 waiting") {
		t.Errorf("calld status: records %s", got)
	}

	release()
	c.waitReady()
	for i := range n {
		c.record(callerNumber(i + 1))
	}
	c.ended(k.number, outcome{queue.Answered, "a1", []string{"a1 answered"}})
	if memo != nil {
		c.must(page.Memo(c.step(), call.ID, "디스크", ""))
	}
	c.kill()
	c.serve()
	if calls := c.waitHistory(n); calls[n-1].Memo != "디스크" {
		t.Errorf("the last call has the memo %q", calls[n-1].Memo)
	}
	c.waitCalls(0)
}

// shortCall has the n-th customer call and leave while it rings.
func (c *centre) shortCall(n int) {
	c.t.Helper()
	leg := c.call(number1, lab.CallOptions{Number: callerNumber(n)})
	_, err := c.phone("a1").WaitRinging(c.step())
	c.must(err)
	c.must(leg.Cancel(c.step()))
	c.waitCalls(0)
	c.waitAgent("a1", queue.Available)
}
