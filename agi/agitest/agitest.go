package agitest

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"calld/agi"
)

// Patience is how long Expect and Wait wait.
const Patience = 10 * time.Second

// backlog bounds the commands that Expect has not taken yet, unsent the messages
// that the session has not read yet: answers one at a time, and HANGUP.
const (
	backlog = 4096
	unsent  = 16
)

// Caller is one channel of a played Asterisk.
type Caller struct {
	t    testing.TB
	env  agi.Env
	conn net.Conn

	out   chan string // messages to the session, one goroutine writes them
	seen  chan *Command
	lines chan string   // from the session, one goroutine reads them
	stop  chan struct{} // closed at the test's end
	dead  chan struct{} // closed by Hangup and Redirect
	begun chan struct{} // closed when the environment is sent
	ended chan struct{} // closed when the session's socket has ended

	mu       sync.Mutex
	split    int
	rules    []rule // the newest first
	vars     map[string]string
	database map[string]string
	place    place
	busy     bool // a command is under way
	leaving  bool // HANGUP is owed, after its answer
	moved    bool // dead because it was redirected
	isDead   bool
	failed   bool // the session said "failure"
	asked    int  // the session's own questions
	all      []*Command
}

type rule struct {
	words  []string
	answer func(*Command) string
	hold   bool
}

type place struct {
	context, extension string
	priority           int
	cause              string
}

// New prepares a caller. Fields of env that are empty get the values of some
// call to extension s of a recent Asterisk. Dial or Connect begins the session.
func New(tb testing.TB, env agi.Env) *Caller {
	tb.Helper()
	set := func(field *string, value string) {
		if *field == "" {
			*field = value
		}
	}
	set(&env.Request, "agi://127.0.0.1/"+env.NetworkScript)
	set(&env.Channel, "PJSIP/caller-00000001")
	set(&env.Type, "PJSIP")
	set(&env.UniqueID, "1700000000.1")
	set(&env.Version, "22.10.1")
	set(&env.Language, "en")
	set(&env.Context, "from-test")
	set(&env.Extension, "s")
	if env.Priority == 0 {
		env.Priority = 1
	}
	return &Caller{
		t:     tb,
		env:   env,
		out:   make(chan string, unsent),
		seen:  make(chan *Command, backlog),
		lines: make(chan string),
		stop:  make(chan struct{}),
		dead:  make(chan struct{}),
		begun: make(chan struct{}),
		ended: make(chan struct{}),
		vars: map[string]string{
			"CHANNEL": env.Channel, "UNIQUEID": env.UniqueID, "CHANNEL(linkedid)": env.UniqueID,
			"CHANNEL(language)": env.Language, "CALLERID(num)": env.CallerID, "CALLERID(name)": env.CallerIDName,
		},
		database: make(map[string]string),
		place:    place{env.Context, env.Extension, env.Priority, "0"},
	}
}

// Dial is New and Dial in one, for callers that need no preparation.
func Dial(tb testing.TB, h agi.Handler, env agi.Env) *Caller {
	tb.Helper()
	c := New(tb, env)
	c.Dial(h)
	return c
}

// Dial begins the session with a handler, on a server of its own.
func (c *Caller) Dial(h agi.Handler) {
	c.t.Helper()
	here, there := net.Pipe()
	ln := newOnce(there)
	srv := &agi.Server{Handler: h}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = srv.Serve(ln)
	}()
	c.t.Cleanup(func() {
		_ = srv.Close()
		<-served
		ctx, cancel := context.WithTimeout(context.Background(), Patience)
		defer cancel()
		if err := srv.Shutdown(ctx); err != nil {
			c.t.Errorf("agitest: the handler does not return: %v", err)
		}
	})
	c.Connect(here)
}

// Connect begins the session on a connection to a FastAGI server.
func (c *Caller) Connect(conn net.Conn) {
	c.t.Helper()
	text, err := c.env.AppendText(nil)
	if err != nil {
		c.t.Fatalf("agitest: %v", err)
	}
	c.conn = conn
	c.t.Cleanup(func() {
		close(c.stop)
		_ = conn.Close()
		<-c.ended
	})
	c.out <- string(text)
	go func() {
		defer close(c.ended)
		c.run()
	}()
	go c.write()
}

// Split makes every write go out in pieces of n bytes. Call it before the
// session begins.
func (c *Caller) Split(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.split = n
}

// On answers commands of a kind by a function, which returns the answer without
// its line feed. The kind is any first words, such as "EXEC Dial" or "GET".
// Later rules go before earlier ones; an answer of "" lets the earlier ones, and
// in the end the usual answer, speak.
func (c *Caller) On(kind string, answer func(*Command) string) { c.rule(kind, answer, false) }

// Reply answers commands of a kind by fixed answers, one after the other; the
// last one stays.
func (c *Caller) Reply(kind string, answers ...string) {
	next := 0
	c.On(kind, func(*Command) string {
		a := answers[min(next, len(answers)-1)]
		next++
		return a
	})
}

// Hold leaves commands of a kind unanswered until the test calls Reply of the
// [Command] that Expect returned. Hangup and Redirect answer it by result=-1.
func (c *Caller) Hold(kind string) { c.rule(kind, nil, true) }

func (c *Caller) rule(kind string, answer func(*Command) string, hold bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rules = slices.Insert(c.rules, 0, rule{strings.Fields(kind), answer, hold})
}

// Var returns a channel variable as the session set it, "" when it is not set.
// Leading underscores are dropped, as Asterisk does.
func (c *Caller) Var(name string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lookup(name)
}

// SetVar sets a channel variable, or what a function such as
// "CHANNEL(linkedid)" gives.
func (c *Caller) SetVar(name, value string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.setVar(name, value)
}

// Expect waits for the next command that it has not returned yet, and ends the
// test unless its first words are these: Expect("EXEC", "Dial", "PJSIP/a,20"),
// or Expect("GET VARIABLE", "X"). The case of the words counts.
func (c *Caller) Expect(words ...string) *Command {
	c.t.Helper()
	want := append(strings.Fields(words[0]), words[1:]...)
	select {
	case cmd := <-c.seen:
		return c.match(cmd, want)
	default:
	}
	timer := time.NewTimer(Patience)
	defer timer.Stop()
	select {
	case cmd := <-c.seen:
		return c.match(cmd, want)
	case <-c.ended:
	case <-timer.C:
		c.t.Fatalf("agitest: no command within %v, expected %q", Patience, want)
	}
	select {
	case cmd := <-c.seen: // the last one before the end
		return c.match(cmd, want)
	default:
		c.t.Fatalf("agitest: the session ended, expected %q", want)
		return nil
	}
}

func (c *Caller) match(cmd *Command, want []string) *Command {
	c.t.Helper()
	if !cmd.begins(want, false) {
		c.t.Fatalf("agitest: got %q, expected %q", cmd.Words, want)
	}
	return cmd
}

// Commands returns all commands so far, whether Expect took them or not.
func (c *Caller) Commands() []*Command {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.all)
}

// Asked returns how many questions of its own the session has asked.
func (c *Caller) Asked() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.asked
}

// Hangup has the caller hang up with a cause, 0 for none: at once when the
// session is idle, else after the answer to the command under way.
func (c *Caller) Hangup(cause int) {
	c.die(func() {
		c.vars["CHANNEL(hangupsource)"] = c.env.Channel
		if cause != 0 {
			c.place.cause = fmt.Sprint(cause)
		}
	})
}

// Redirect sends the channel elsewhere in the dialplan, as AMI's Redirect does.
func (c *Caller) Redirect(dialContext, extension string, priority int) {
	c.die(func() {
		c.place.context, c.place.extension, c.place.priority = dialContext, extension, priority
		c.moved = true
	})
}

func (c *Caller) die(how func()) {
	<-c.begun // nothing goes before the environment
	c.mu.Lock()
	if c.isDead {
		c.mu.Unlock()
		return
	}
	c.isDead = true
	how()
	close(c.dead)
	busy := c.busy
	c.leaving = busy
	c.mu.Unlock()
	if !busy {
		c.send("HANGUP\n")
	}
}

// Drop ends the connection without a word, as an Asterisk does that is killed.
func (c *Caller) Drop() {
	<-c.begun
	_ = c.conn.Close()
}

// Wait waits until the server has ended the session.
func (c *Caller) Wait() {
	c.t.Helper()
	timer := time.NewTimer(Patience)
	defer timer.Stop()
	select {
	case <-c.ended:
	case <-timer.C:
		c.t.Fatalf("agitest: the session has not ended within %v", Patience)
	}
}

// Status waits until the session has ended and returns what the dialplan then
// finds in AGISTATUS: SUCCESS, FAILURE or HANGUP.
func (c *Caller) Status() string {
	c.t.Helper()
	c.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.failed:
		return "FAILURE"
	case c.isDead:
		return "HANGUP"
	}
	return "SUCCESS"
}

// run answers commands until the connection ends.
func (c *Caller) run() {
	defer func() { _ = c.conn.Close() }()
	go c.read()
	cut := "" // the line that cut a sound
	for {
		line := cut
		if cut = ""; line == "" {
			var ok bool
			if line, ok = <-c.lines; !ok {
				return
			}
		}
		if line == "failure\n" { // by this run_agi ends the session
			c.mu.Lock()
			c.failed = true
			c.mu.Unlock()
			return
		}
		cmd := &Command{Line: strings.TrimSuffix(line, "\n"), reply: make(chan string, 1)}
		cmd.parse()
		c.mu.Lock()
		c.busy = true
		dead := c.isDead
		own := c.ownQuestion(cmd)
		if own {
			c.asked++
		} else {
			c.all = append(c.all, cmd)
		}
		c.mu.Unlock()
		if !own {
			select {
			case c.seen <- cmd:
			default:
				c.t.Errorf("agitest: more than %d commands that no Expect took", backlog)
			}
		}
		answer := c.answer(cmd, dead, own, &cut)
		if answer != "" {
			answer += "\n"
		}
		c.mu.Lock()
		c.busy = false
		if c.leaving {
			c.leaving = false
			answer += "HANGUP\n"
		}
		c.mu.Unlock()
		if answer != "" {
			c.send(answer)
		}
	}
}

// read reads lines until the connection ends.
func (c *Caller) read() {
	defer close(c.lines)
	in := bufio.NewReader(c.conn)
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		select {
		case c.lines <- line:
		case <-c.stop:
			return
		}
	}
}

func (c *Caller) answer(cmd *Command, dead, own bool, cut *string) string {
	if dead && !cmd.permitted() {
		return "511 Command Not Permitted on a dead channel or intercept routine"
	}
	if !own {
		c.mu.Lock()
		rules := slices.Clone(c.rules)
		c.mu.Unlock()
		for _, r := range rules {
			switch {
			case !cmd.begins(r.words, true):
			case r.hold:
				return c.held(cmd, cut)
			default:
				if a := r.answer(cmd); a != "" {
					return a
				}
			}
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.usual(cmd)
}

// held waits for the test to answer, or for the channel's death. A sound also
// ends when a further line comes, without an answer, and so does a wait for a
// key, with one.
func (c *Caller) held(cmd *Command, cut *string) string {
	select {
	case a := <-cmd.reply:
		return a
	default:
	}
	var lines chan string
	if cmd.Verb == "STREAM FILE" || cmd.Verb == "WAIT FOR DIGIT" {
		lines = c.lines
	}
	select {
	case a := <-cmd.reply:
		return a
	case line, ok := <-lines:
		if *cut = line; ok && cmd.Verb == "WAIT FOR DIGIT" {
			return "200 result=1" // channel.c, ast_waitfordigit_full
		} else if ok {
			return ""
		}
	case <-c.dead:
	case <-c.stop:
	}
	return "200 result=-1"
}

// send hands one message to the writer.
func (c *Caller) send(text string) {
	select {
	case c.out <- text:
	case <-c.ended:
	}
}

// write writes until the session has ended. A session that is between two
// commands may leave HANGUP unread for a while, and nobody is to wait for that.
func (c *Caller) write() {
	c.mu.Lock()
	split := c.split
	c.mu.Unlock()
	for first := true; ; first = false {
		select {
		case text := <-c.out:
			n := split
			if n <= 0 {
				n = len(text)
			}
			for piece := range slices.Chunk([]byte(text), n) {
				if _, err := c.conn.Write(piece); err != nil {
					break
				}
			}
		case <-c.ended:
			return
		}
		if first {
			close(c.begun)
		}
	}
}
