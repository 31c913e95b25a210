package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"calld/campaign"
	"calld/queue"
	"calld/store"

	"github.com/mattn/go-runewidth"
	"github.com/rogpeppe/go-internal/testscript"
)

// patience is how long a script waits for a fact before it fails.
const patience = 20 * time.Second

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"calld": main})
}

// TestScripts runs the real program. Each script is in a folder of its own;
// HTTP is a free address.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				return err
			}
			e.Setenv("HTTP", l.Addr().String())
			e.Setenv("TZ", "Asia/Seoul")
			e.Setenv("GORACE", "atexit_sleep_ms=0") // else each command takes a second to end
			return l.Close()
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "fill": fill, "ready": ready, "signal": signalAll, "calls": writeCalls, "login": login, "api": askAPI,
			"aligned": aligned, "mode": mode, "opens": opens, "until": until,
		},
	})
}

// exits CODE COMMAND...: the command exits with this code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	code := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		failed, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("%v", err)
		}
		code = failed.ExitCode()
	}
	if code != want || neg {
		ts.Fatalf("exit code %d, want %d", code, want)
	}
}

// fill FILE NAME VALUE: replaces NAME in a file; a VALUE of @OTHER is what
// stands in the file OTHER.
func fill(ts *testscript.TestScript, _ bool, args []string) {
	value := args[2]
	if file, ok := strings.CutPrefix(value, "@"); ok {
		value = strings.TrimSpace(ts.ReadFile(file))
	}
	text := ts.ReadFile(args[0])
	if !strings.Contains(text, args[1]) {
		ts.Fatalf("no %s in %s", args[1], args[0])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.ReplaceAll(text, args[1], value)), 0o600))
}

// ready SOCKET: waits until a server answers there.
func ready(ts *testscript.TestScript, _ bool, args []string) {
	end := time.Now().Add(patience)
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for {
		conn, err := net.Dial("unix", ts.MkAbs(args[0]))
		if err == nil {
			ts.Check(conn.Close())
			return
		}
		if time.Now().After(end) {
			ts.Fatalf("no server: %v", err)
		}
		<-look.C
	}
}

// until TEXT COMMAND...: runs a command again and again until it prints TEXT.
func until(ts *testscript.TestScript, _ bool, args []string) {
	end := time.Now().Add(patience)
	for time.Now().Before(end) {
		ts.Check(ts.Exec(args[1], args[2:]...))
		if strings.Contains(ts.ReadFile("stdout"), args[0]) {
			return
		}
	}
	ts.Fatalf("never: %s", args[0])
}

// signal NAME: sends TERM, HUP or INT to what runs in the background.
func signalAll(ts *testscript.TestScript, _ bool, args []string) {
	signals := map[string]os.Signal{"TERM": syscall.SIGTERM, "HUP": syscall.SIGHUP, "INT": syscall.SIGINT}
	for _, cmd := range ts.BackgroundCmds() {
		ts.Check(cmd.Process.Signal(signals[args[0]]))
	}
}

// calls DB: writes a history with everything that a terminal dislikes.
func writeCalls(ts *testscript.TestScript, _ bool, args []string) {
	s, err := store.Open(ts.MkAbs(args[0]), store.Options{})
	ts.Check(err)
	begin := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	start, end := begin.Add(3*time.Second), begin.Add(63*time.Second)
	calls := []queue.Call{
		{ID: "answered-1", Queue: "상담전화", Agent: "홍길동", Caller: "01012345678", Start: &start, Outcome: queue.Answered, Cause: "16 agent", WaitMS: 3000, TalkMS: 60_000},
		{ID: "missed-1", Queue: "billing", Caller: "\x1b[2J\u202e0101", Outcome: queue.Abandoned, WaitMS: 63_000},
	}
	for i, c := range calls {
		c.Direction, c.Phase, c.Begin, c.End, c.Rings = queue.In, queue.Ended, begin.Add(time.Duration(i)*time.Second), &end, []queue.Ring{}
		_, err := s.Finish(context.Background(), &c)
		ts.Check(err)
	}
	memo := "첫 줄\n둘째 줄"
	_, err = s.SetMemo(context.Background(), "answered-1", store.MemoChange{Text: &memo, By: "홍길동", At: end})
	ts.Check(err)
	_, err = s.CreatePlan(context.Background(), campaign.Plan{Name: "power", Mode: campaign.Power}, begin)
	ts.Check(err)
	_, err = s.CreateList(context.Background(), campaign.DialList{Name: "고객"}, begin)
	ts.Check(err)
	_, err = s.AddEntries(context.Background(), "1", []campaign.Entry{
		{Numbers: []campaign.Number{{Number: "0101"}}}, {Numbers: []campaign.Number{{Number: "0102"}}},
	})
	ts.Check(err)
	_, err = s.CreateCampaign(context.Background(), campaign.Campaign{Name: "봄 설문", Plan: "1", DialList: "1", Queue: "billing"}, begin)
	ts.Check(err)
	ts.Check(s.Close())
}

// login ID PASSWORD: logs in over HTTP; it must fail when negated.
func login(ts *testscript.TestScript, neg bool, args []string) {
	body, err := json.Marshal(map[string]string{"id": args[0], "password": args[1]})
	ts.Check(err)
	r, err := http.Post("http://"+ts.Getenv("HTTP")+"/api/v1/session", "application/json", strings.NewReader(string(body)))
	ts.Check(err)
	ts.Check(r.Body.Close())
	if (r.StatusCode == http.StatusOK) == neg {
		ts.Fatalf("login of %s: %s", args[0], r.Status)
	}
}

// aligned HEADING...: in the last output each column begins below its heading.
func aligned(ts *testscript.TestScript, _ bool, args []string) {
	lines := strings.Split(strings.TrimRight(ts.ReadFile("stdout"), "\n"), "\n")
	for _, heading := range args {
		before, _, ok := strings.Cut(lines[0], heading)
		if !ok {
			ts.Fatalf("no column %s in %q", heading, lines[0])
		}
		column := runewidth.StringWidth(before)
		for _, line := range lines[1:] {
			width := 0
			for _, r := range line {
				if width == column-1 && r != ' ' || width > column-1 && width < column {
					ts.Fatalf("column %s is out of line in %q", heading, line)
				}
				width += runewidth.RuneWidth(r)
			}
		}
	}
}

// mode FILE MODE: checks a file's permissions, written octal.
func mode(ts *testscript.TestScript, _ bool, args []string) {
	info, err := os.Stat(ts.MkAbs(args[0]))
	ts.Check(err)
	if got := fmt.Sprintf("%o", info.Mode().Perm()); got != args[1] {
		ts.Fatalf("mode %s, want %s", got, args[1])
	}
}

// opens DB: a store opens and has the calls of writeCalls.
func opens(ts *testscript.TestScript, _ bool, args []string) {
	s, err := store.Open(ts.MkAbs(args[0]), store.Options{})
	ts.Check(err)
	defer s.Close()
	_, err = s.Call("answered-1")
	ts.Check(err)
}

// TestReference: docs/cli.md has each command with each of its flags.
func TestReference(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "cli.md"))
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string]string{}
	for part := range strings.SplitSeq(string(text), "\n## calld ") {
		name, rest, _ := strings.Cut(part, "\n")
		sections[strings.Fields(name)[0]] = rest
	}
	delete(sections, "#") // what stands before
	var c cli
	parser, err := newParser(&c, nil)
	if err != nil {
		t.Fatal(err)
	}
	common := []string{"help", "config", "socket", "json"} // told once, at the top
	told := map[string]bool{}
	for _, cmd := range parser.Model.Leaves(true) {
		top := cmd
		for top.Parent.Parent != nil {
			top = top.Parent
		}
		section, ok := sections[top.Name]
		if !ok {
			t.Errorf("no section for calld %s", top.Name)
		}
		told[top.Name] = true
		if cmd != top && cmd != top.DefaultCmd && !strings.Contains(section, "`calld "+top.Name+" "+cmd.Name+" ") {
			t.Errorf("calld %s: no %s", top.Name, cmd.Name)
		}
		for _, flag := range cmd.Flags {
			if !slices.Contains(common, flag.Name) && !strings.Contains(section, "`--"+flag.Name) {
				t.Errorf("calld %s: no --%s", cmd.Name, flag.Name)
			}
		}
	}
	for name := range sections {
		if !told[name] {
			t.Errorf("there is no calld %s", name)
		}
	}
}
