package agi_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"calld/agi"
)

// The short session of the benchmarks: what Asterisk 22.10 sends for a call
// with one argument, then five commands.
const benchEnv = `agi_network: yes
agi_network_script: inbound
agi_request: agi://127.0.0.1:4573/inbound
agi_channel: PJSIP/trunk-00000a41
agi_language: ko
agi_type: PJSIP
agi_uniqueid: 1795345754.5211
agi_version: 22.10.1+dfsg+~cs6.17.60671434-1
agi_callerid: 01012345678
agi_calleridname: unknown
agi_callingpres: 0
agi_callingani2: 0
agi_callington: 0
agi_callingtns: 0
agi_dnid: 0215881234
agi_rdnis: unknown
agi_context: calld-inbound
agi_extension: 0215881234
agi_priority: 3
agi_enhanced: 0.0
agi_accountcode: 
agi_threadid: 140310769497792
agi_arg_1: one

`

// clientVar makes the test binary the client of a benchmark: the address to
// call, the number of sessions, how many at one time, and whether to hold them.
const clientVar = "CALLD_AGI_BENCH_CLIENT"

func TestMain(m *testing.M) {
	if spec := os.Getenv(clientVar); spec != "" {
		if err := benchClient(strings.Fields(spec)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func benchClient(spec []string) error {
	addr := spec[0]
	n, _ := strconv.Atoi(spec[1])
	width, _ := strconv.Atoi(spec[2])
	hold := spec[3] == "hold"
	work := make(chan int)
	errs := make(chan error, width)
	var wg sync.WaitGroup
	var mu sync.Mutex
	var held []net.Conn
	for range width {
		wg.Go(func() {
			for range work {
				conn, err := net.Dial("tcp", addr)
				if err == nil {
					err = playShort(conn, hold)
				}
				if err != nil {
					errs <- err
					return
				}
				if hold {
					mu.Lock()
					held = append(held, conn)
					mu.Unlock()
				}
			}
		})
	}
	for i := range n {
		select {
		case work <- i:
		case err := <-errs:
			return err
		}
	}
	close(work)
	wg.Wait()
	if hold {
		fmt.Println("held")
		_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
	}
	return nil
}

// playShort plays Asterisk for one session; a held one stays open after the
// environment and one command.
func playShort(conn net.Conn, hold bool) error {
	if _, err := conn.Write([]byte(benchEnv)); err != nil {
		return err
	}
	in := bufio.NewReaderSize(conn, 256)
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return conn.Close()
		}
		answer := "200 result=0\n"
		switch {
		case strings.HasPrefix(string(line), "GET"):
			answer = "200 result=1 (1795345754.5211)\n"
		case strings.HasPrefix(string(line), "STREAM"):
			answer = "200 result=0 endpos=35200\n"
		}
		if _, err = conn.Write([]byte(answer)); err != nil {
			return err
		}
		if hold {
			return nil
		}
	}
}

func startClient(b *testing.B, addr string, n, width int, mode string) (wait, held func()) {
	b.Helper()
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.CommandContext(b.Context(), self)
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s %d %d %s", clientVar, addr, n, width, mode))
	cmd.Stderr = os.Stderr
	stdin, _ := cmd.StdinPipe()
	stdout, _ := cmd.StdoutPipe()
	if err = cmd.Start(); err != nil {
		b.Fatal(err)
	}
	wait = func() {
		stdin.Close()
		if err := cmd.Wait(); err != nil {
			b.Fatal(err)
		}
	}
	return wait, func() {
		if _, err := bufio.NewReader(stdout).ReadString('\n'); err != nil {
			b.Fatal(err)
		}
	}
}

func cpu(b *testing.B) time.Duration {
	b.Helper()
	var ru syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &ru); err != nil {
		b.Fatal(err)
	}
	return time.Duration(ru.Utime.Nano() + ru.Stime.Nano())
}

func listen(tb testing.TB) net.Listener {
	tb.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	return ln
}

// BenchmarkShortSession tells what one session costs the server's process, the
// kernel's part included: environment, five commands, close. The client is a
// process of its own. "calls" sessions come at the same time; 1 is the dearest
// way, for then each wait is a sleep of the whole process.
func BenchmarkShortSession(b *testing.B) {
	handler := agi.HandlerFunc(func(ctx context.Context, s *agi.Session) {
		if _, _, err := s.GetVariable(ctx, "UNIQUEID"); err != nil {
			return
		}
		_ = s.SetVariable(ctx, "CALLD_ID", "01J9Z")
		_ = s.Answer(ctx)
		_, _ = s.StreamFile(ctx, "welcome", "", 0)
		_, _ = s.Exec(ctx, "StartMusicOnHold", "default")
	})
	for _, width := range []int{1, 16, 64, 256} {
		b.Run(fmt.Sprintf("agi/calls=%d", width), func(b *testing.B) {
			ln := listen(b)
			srv := &agi.Server{Handler: handler}
			go srv.Serve(ln)
			measureShort(b, ln.Addr().String(), width)
			srv.Close()
		})
		b.Run(fmt.Sprintf("plain/calls=%d", width), func(b *testing.B) {
			ln := listen(b)
			go serveEach(ln, plainSession)
			measureShort(b, ln.Addr().String(), width)
			ln.Close()
		})
		b.Run(fmt.Sprintf("bare/calls=%d", width), func(b *testing.B) {
			ln := listen(b)
			go serveEach(ln, bareSession)
			measureShort(b, ln.Addr().String(), width)
			ln.Close()
		})
	}
}

func measureShort(b *testing.B, addr string, width int) {
	b.Helper()
	b.ReportAllocs()
	before := cpu(b)
	wait, _ := startClient(b, addr, b.N, width, "go")
	wait()
	b.ReportMetric(float64(cpu(b)-before)/float64(b.N), "cpu-ns/session")
}

// BenchmarkIdleSessions tells what 10,000 sessions weigh whose handlers wait for
// something else than Asterisk: heap and stacks, after a collection.
func BenchmarkIdleSessions(b *testing.B) {
	const sessions = 10_000
	for b.Loop() {
		ln := listen(b)
		var began sync.WaitGroup
		began.Add(sessions)
		srv := &agi.Server{MaxSessions: sessions, Handler: agi.HandlerFunc(func(ctx context.Context, s *agi.Session) {
			_, _, _ = s.GetVariable(ctx, "UNIQUEID")
			began.Done()
			<-ctx.Done()
		})}
		before := memory()
		go srv.Serve(ln)
		wait, held := startClient(b, ln.Addr().String(), sessions, 64, "hold")
		held()
		began.Wait()
		b.ReportMetric(float64(memory()-before)/sessions, "B/session")
		srv.Close()
		wait()
		if err := srv.Shutdown(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

func memory() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}

func serveEach(ln net.Listener, session func(net.Conn)) {
	for {
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		go session(conn)
	}
}

// bareSession is what the kernel and Go's net package alone cost: the same
// reads and writes with nothing read out of them.
func bareSession(conn net.Conn) {
	defer conn.Close()
	buf := make([]byte, 2048)
	for n, end := 0, false; !end; {
		m, err := conn.Read(buf[n:])
		if err != nil {
			return
		}
		n += m
		end = strings.HasSuffix(string(buf[:n]), "\n\n")
	}
	for _, command := range []string{
		"GET VARIABLE UNIQUEID\n", "SET VARIABLE CALLD_ID 01J9Z\n", "ANSWER\n", "STREAM FILE welcome \"\" 0\n",
		"EXEC StartMusicOnHold default\n",
	} {
		if _, err := conn.Write([]byte(command)); err != nil {
			return
		}
		if _, err := conn.Read(buf); err != nil {
			return
		}
	}
}

// plainSession is the peer of the benchmark: FastAGI as it is commonly written
// in Go. One goroutine a session, a bufio.Reader, the environment in a map, each
// command by fmt, each answer by a regular expression. It notices a hang-up
// only when it sends the next command, has no time limits, and quotes nothing.
var plainAnswer = regexp.MustCompile(`^(\d{3}) result=(-?[0-9*#]*)(?: \((.*)\))?(?: endpos=(\d+))?`)

func plainSession(conn net.Conn) {
	defer conn.Close()
	rw := bufio.NewReadWriter(bufio.NewReader(conn), bufio.NewWriter(conn))
	env := make(map[string]string)
	for {
		line, err := rw.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimSpace(line)
		if line == "" {
			break
		}
		if parts := strings.SplitN(line, ":", 2); len(parts) == 2 {
			env[strings.TrimSpace(parts[0])] = strings.TrimSpace(parts[1])
		}
	}
	for _, command := range []string{
		fmt.Sprintf("GET VARIABLE %s", "UNIQUEID"),
		fmt.Sprintf("SET VARIABLE %s \"%s\"", "CALLD_ID", "01J9Z"),
		"ANSWER",
		fmt.Sprintf("STREAM FILE %s \"%s\" %d", "welcome", "", 0),
		fmt.Sprintf("EXEC %s \"%s\"", "StartMusicOnHold", "default"),
	} {
		fmt.Fprintf(rw, "%s\n", command)
		if err := rw.Flush(); err != nil {
			return
		}
		line, err := rw.ReadString('\n')
		if err != nil || plainAnswer.FindStringSubmatch(line) == nil {
			return
		}
	}
}
