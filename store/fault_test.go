package store_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"calld/queue"
	"calld/store"
	"calld/store/storetest"
)

// TestKilled kills a process that writes, again and again, and looks for
// everything that was acknowledged before.
func TestKilled(t *testing.T) {
	if os.Getenv(childEnv) != "" {
		writeForEver(t, childArg(0), childArg(1))
		return
	}
	path := filepath.Join(t.TempDir(), "calld.db")
	for round := range 4 {
		cmd := child(t, "writer", path, fmt.Sprint(round))
		stdout, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		acknowledged := map[string][]string{} // by kind: ids
		lines := bufio.NewScanner(stdout)
		for n := 0; lines.Scan(); n++ {
			if kind, id, ok := strings.Cut(lines.Text(), " "); ok {
				acknowledged[kind] = append(acknowledged[kind], id)
			}
			if n == 300 {
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := cmd.Wait(); err == nil || cmd.ProcessState.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
			t.Fatalf("writer ended by itself: %v", err)
		}
		t.Run(fmt.Sprint(round), func(t *testing.T) {
			lookFor(t, storetest.OpenFile(t, path, store.Options{}), acknowledged)
		})
	}
}

// writeForEver tells on standard output what is durable.
func writeForEver(t *testing.T, path, round string) {
	t.Helper()
	s, err := store.Open(path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := 0; ; i++ {
				c := waiting(fmt.Sprintf("%s-%d-%d", round, w, i), i, "0101234567"+fmt.Sprint(i%10))
				outcome := queue.Abandoned
				acknowledge := func(kind string, err error) {
					if err != nil {
						t.Error(err)
						return
					}
					fmt.Println(kind, c.ID)
				}
				_, err := s.PutLive(t.Context(), c)
				acknowledge("live", err)
				if i%2 == 0 {
					c, outcome = answered(c, "홍길동"), queue.Answered
					_, err = s.SetMemo(t.Context(), c.ID, store.MemoChange{Text: new("memo of " + c.ID)})
					acknowledge("memo", err)
				}
				missed, err := s.Finish(t.Context(), ended(c, outcome))
				acknowledge("ended", err)
				if len(missed) > 0 && outcome == queue.Abandoned {
					fmt.Println("missed", missed[0].ID)
				}
			}
		})
	}
	wg.Wait()
}

func lookFor(t *testing.T, s *store.Store, acknowledged map[string][]string) {
	t.Helper()
	for _, kind := range []string{"live", "memo", "ended", "missed"} {
		if len(acknowledged[kind]) == 0 {
			t.Fatalf("nothing acknowledged of kind %s", kind)
		}
		for _, id := range acknowledged[kind] {
			if kind == "missed" {
				if _, err := s.MissedByID(id); err != nil {
					t.Error(err)
				}
				continue
			}
			c, err := s.Call(id)
			if err != nil {
				t.Error(err)
			}
			if kind == "ended" && c.Phase != queue.Ended {
				t.Errorf("call %s is %s", id, c.Phase)
			}
			if kind == "memo" && c.Memo != "memo of "+id {
				t.Errorf("call %s has the memo %q", id, c.Memo)
			}
		}
	}
}

// TestDiskFull lets the file reach a size limit, the fault that needs no disk
// of its own, while a board goes on; then there is room again.
func TestDiskFull(t *testing.T) {
	if os.Getenv(childEnv) == "" {
		if out, err := child(t, "writer").CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	signal.Ignore(syscall.SIGXFSZ)
	s := storetest.Open(t)
	var log logBuffer
	durable := map[string]bool{}
	r := store.NewRecorder(s, store.RecorderOptions{
		Log:       log.Logger(),
		OnDurable: func(c *queue.Call, _ []store.Missed) { durable[c.ID] = c.Phase == queue.Ended },
	})
	stop := run(t, r)
	observe := func(from, to int) {
		for i := from; i < to; i++ {
			c := waiting(fmt.Sprintf("c%05d", i), i, "01012345678")
			r.Observe(event(queue.CallWaiting, c))
			r.Observe(event(queue.CallEnded, ended(c, queue.Abandoned)))
		}
	}
	observe(0, 100)
	until(t, "the first calls are on disk", func() bool { return r.Stats().Waiting == 0 })

	fill := limitFileSize(t, 1<<20)
	observe(100, 5000)
	until(t, "the recorder is unhealthy", func() bool { return r.Healthy() != nil })
	big := waiting("big", 0, "")
	big.CallerName = strings.Repeat("가", 300_000)
	if _, err := s.PutLive(t.Context(), big); err == nil {
		t.Error("a record was acknowledged on a full disk")
	}
	if page, err := s.History(store.Query{}); err != nil || len(page.Calls) != store.DefaultLimit {
		t.Errorf("history on a full disk: %d calls, %v", len(page.Calls), err)
	}
	if waiting := r.Stats().Waiting; waiting == 0 {
		t.Error("nothing waits on a full disk")
	}
	fill()
	until(t, "there is room and all is on disk", func() bool { return r.Stats().Waiting == 0 && r.Healthy() == nil })
	stop()

	if len(durable) != 5000 {
		t.Errorf("%d calls reported durable", len(durable))
	}
	for id := range durable {
		if c, err := s.Call(id); err != nil || c.Phase != queue.Ended {
			t.Errorf("call %s: %s, %v", id, c.Phase, err)
		}
	}
	page, err := s.Missed(store.MissedQuery{})
	if err != nil || len(page.Missed) != 1 || page.Missed[0].Tries != 5000 {
		t.Errorf("missed: %+v, %v: every call is one try, however often its write was repeated", page.Missed, err)
	}
	if n := strings.Count(log.String(), "can't be written"); n != 1 {
		t.Errorf("%d log lines of one failure:\n%s", n, log.String())
	}
	if !strings.Contains(log.String(), "written again") {
		t.Error("the log does not tell that writing goes on")
	}
}

// limitFileSize makes files end at size; the function it returns lifts that.
func limitFileSize(t *testing.T, size uint64) (lift func()) {
	t.Helper()
	var was syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
		t.Fatal(err)
	}
	set := func(r syscall.Rlimit) {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &r); err != nil {
			t.Fatal(err)
		}
	}
	set(syscall.Rlimit{Cur: size, Max: was.Max})
	return func() { set(was) }
}

// run runs a recorder until stop is called or the test ends.
func run(t *testing.T, r *store.Recorder) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return stop
}
