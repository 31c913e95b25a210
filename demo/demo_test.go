//go:build e2e

package demo_test

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience is how long the whole demonstration may take.
const patience = 2 * time.Minute

// output is what a program printed so far.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// TestDemo: in a pipe too calls are shown, it ends by itself, and no process
// and no file is left.
func TestDemo(t *testing.T) {
	program := filepath.Join(t.TempDir(), "calld")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "calld/cmd/calld").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	page := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	temp := t.TempDir()
	var out output
	cmd := exec.CommandContext(t.Context(), program, "demo", "--for", "10s", "--http", page)
	cmd.Env = append(os.Environ(), "TMPDIR="+temp)
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()

	// What it starts is noted while it runs.
	asterisk := regexp.MustCompile(`/tmp/calld-lab-\d+`)
	folders := map[string]bool{} // of Asterisks, as we see them
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	limit := time.NewTimer(patience)
	defer limit.Stop()
	for running := true; running; {
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("it ended with %v:\n%s", err, &out)
			}
			running = false
		case <-limit.C:
			t.Fatalf("it does not end:\n%s", &out)
		case <-look.C:
			for _, child := range children(cmd.Process.Pid) {
				root, err := os.Readlink(child + "/root")
				line, err2 := os.ReadFile(child + "/cmdline")
				if dir := asterisk.Find(line); err == nil && err2 == nil && dir != nil {
					folders[filepath.Join(root, string(dir))] = true
				}
			}
		}
	}

	text := out.String()
	if !strings.Contains(text, "The page:      http://"+page) || !strings.Contains(text, "register a softphone") {
		t.Errorf("the head is missing:\n%s", text)
	}
	if !regexp.MustCompile(`(?m)^010\d{8} .*(greeting|waiting|ringing|talking)`).MatchString(text) {
		t.Errorf("no call was shown:\n%s", text)
	}
	if strings.Contains(text, "\x1b") {
		t.Error("a pipe got control characters")
	}
	if len(folders) != 1 {
		t.Errorf("Asterisks seen: %v", folders)
	}
	for dir := range folders {
		if _, err := os.Stat(dir); !os.IsNotExist(err) {
			t.Errorf("%s is left: %v", dir, err)
		}
		if pids := using(t, dir); len(pids) > 0 {
			t.Errorf("processes of %s are left: %v", dir, pids)
		}
	}
	left, err := os.ReadDir(temp)
	if err != nil || len(left) > 0 {
		t.Errorf("files left: %v, %v", left, err)
	}
}

// children are the /proc folders of a process's children.
func children(pid int) []string {
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid)) // the pattern is good
	var dirs []string
	for _, list := range lists {
		text, err := os.ReadFile(list)
		if err != nil {
			continue // the thread has ended
		}
		for child := range strings.FieldsSeq(string(text)) {
			dirs = append(dirs, "/proc/"+child)
		}
	}
	return dirs
}

// using lists the processes that name a folder in their command line.
func using(t *testing.T, dir string) []string {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	var pids []string
	for _, file := range all {
		line, err := os.ReadFile(file)
		if err == nil && bytes.Contains(line, []byte("/tmp/"+filepath.Base(dir)+"/")) {
			pids = append(pids, file)
		}
	}
	return pids
}
