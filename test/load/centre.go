package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/template"

	"calld/config"
	"calld/dialplan"
	"calld/test/lab"
)

// way is how a call finds its agent.
type way int

const (
	dial  way = iota // Dial() of the agent whose turn it is
	queue            // Queue() of app_queue
	calld
)

// Numbers: the trunk calls entrance, and each next call goes on to the next
// agent, queue or consultation number. SIPp numbers the callers from 1 on,
// behind a prefix of three digits.
const (
	entrance    = "load"
	firstPhone  = 800000
	firstNumber = 2158800000
)

func phone(agent int) string  { return strconv.Itoa(firstPhone + agent) }
func number(queue int) string { return "0" + strconv.Itoa(firstNumber+queue) }

// centre is a call centre under load: one Asterisk, its phones, and calld if
// that is the way.
type centre struct {
	plan   plan
	dir    string
	phones *lab.SIPpPhones
	pbx    *lab.Asterisk
	tap    *tap
	server *server
	pages  []*page
}

// newCentre makes a call centre whose agents all wait for calls.
func newCentre(ctx context.Context, p plan, binary string, log *slog.Logger) (c *centre, err error) {
	c = &centre{plan: p}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.close())
		}
	}()
	if c.dir, err = os.MkdirTemp("", "calld-load-"); err != nil {
		return c, err
	}
	if c.phones, err = lab.StartSIPpPhones(ctx, log); err != nil {
		return c, err
	}
	users := make([]string, p.agents)
	for i := range users {
		users[i] = phone(i)
	}
	o := lab.Options{Log: log, Files: map[string]string{
		"extensions_load.conf": entranceOf(p),
		"pjsip_phones.conf":    lab.StaticPhones(c.phones.Addr, users...),
	}}
	switch p.way {
	case dial:
	case queue:
		o.Files["queues_load.conf"] = appQueues(p.agents)
	case calld:
		return c, c.startCalld(ctx, o, binary, log)
	}
	c.pbx, err = lab.Start(ctx, o)
	return c, err
}

// entranceOf is the extension that all calls come in by.
func entranceOf(p plan) string {
	turn := func(n int) string { return "${CALLERID(num):3} % " + strconv.Itoa(n) }
	line := "[from-trunk](+)\nexten => " + entrance + ",1,"
	switch p.way {
	case dial:
		line += fmt.Sprintf("Dial(PJSIP/$[%d + %s],20)", firstPhone, turn(p.agents))
	case queue:
		line += fmt.Sprintf("Queue(q$[%s],r)", turn(queues))
	case calld:
		line += fmt.Sprintf("Goto(calld-inbound,0$[%d + %s],1)", firstNumber, turn(queues))
	}
	return line + "\n"
}

// appQueues is the configuration of app_queue: each agent in one queue.
func appQueues(agents int) string {
	var b strings.Builder
	for q := range queues {
		fmt.Fprintf(&b, "[q%d]\nstrategy = rrmemory\nringinuse = no\ntimeout = 20\n", q)
		for a := q; a < agents; a += queues {
			fmt.Fprintf(&b, "member => PJSIP/%s\n", phone(a))
		}
	}
	return b.String()
}

var configuration = template.Must(template.New("calld.toml").Parse(`
[server]
http = "127.0.0.1:{{.HTTP}}"
agi = "127.0.0.1:{{.AGI}}"
data = "{{.Dir}}/calld.db"
admin_socket = "{{.Dir}}/s"
[asterisk]
ami = "{{.AMI}}"
username = "calld"
secret = "calld"
only_our_events = {{.Lean}}
{{range $i, $number := .Numbers}}
[queues.q{{$i}}]
name = "상담전화_{{$i}}"
number = "{{$number}}"
order = "round-robin"
announcement = false
recording = false
{{end}}
{{- range .Agents}}
[agents.{{.ID}}]
password = "{{.ID}}"
name = "상담자 {{.ID}}"
queues = ["{{.Queue}}"]
phone = "{{.Phone}}"
{{end}}`))

// agent is one in calld's configuration; the phones are SIPp's, not calld's.
type agent struct{ ID, Queue, Phone string }

// writeConfig writes calld.toml.
func (c *centre) writeConfig(path, amiAddr string, http, agi int) error {
	v := struct {
		HTTP, AGI int
		AMI, Dir  string
		Numbers   []string
		Agents    []agent
		Lean      bool
	}{HTTP: http, AGI: agi, AMI: amiAddr, Dir: c.dir, Lean: c.plan.lean}
	for q := range queues {
		v.Numbers = append(v.Numbers, number(q))
	}
	for a := range c.plan.agents {
		v.Agents = append(v.Agents, agent{ID: agentID(a), Queue: "q" + strconv.Itoa(a%queues), Phone: phone(a)})
	}
	var b strings.Builder
	if err := configuration.Execute(&b, v); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(b.String()), 0o600)
}

func agentID(i int) string { return "a" + strconv.Itoa(i) }

// startCalld starts Asterisk with the files that calld makes for it, calld,
// and the page of each agent.
func (c *centre) startCalld(ctx context.Context, o lab.Options, binary string, log *slog.Logger) error {
	var ports [3]int
	for i := range ports {
		var err error
		if ports[i], err = lab.FreePort(); err != nil {
			return err
		}
	}
	amiAddr := "127.0.0.1:" + strconv.Itoa(ports[2])
	o.AMIPort = ports[2]
	if c.plan.tapped {
		var err error
		if c.tap, err = newTap(ctx, amiAddr); err != nil {
			return err
		}
		amiAddr = c.tap.addr()
	}
	path := filepath.Join(c.dir, "calld.toml")
	if err := c.writeConfig(path, amiAddr, ports[0], ports[1]); err != nil {
		return err
	}
	cfg, err := config.Load(path)
	if err != nil {
		return err
	}
	files, err := dialplan.AsteriskConfig(cfg)
	if err != nil {
		return err
	}
	for _, f := range files {
		o.Files[f.Name] = f.Text
	}
	if c.pbx, err = lab.Start(ctx, o); err != nil {
		return err
	}
	if c.server, err = startServer(ctx, binary, path, c.dir, ports[0]); err != nil {
		return err
	}
	c.pages, err = openPages(ctx, ports[0], c.plan.agents)
	if err != nil {
		return err
	}
	return c.server.await(ctx, "all agents available", func(m metrics) bool {
		return int(m.sum("calld_agents", `state="available"`)) == c.plan.agents
	})
}

// close ends all of it.
func (c *centre) close() error {
	var errs []error
	for _, p := range c.pages {
		p.close()
	}
	if c.server != nil {
		errs = append(errs, c.server.stop())
	}
	if c.tap != nil {
		errs = append(errs, c.tap.close())
	}
	if c.pbx != nil {
		errs = append(errs, c.pbx.Stop())
	}
	if c.phones != nil {
		errs = append(errs, c.phones.Stop())
	}
	return errors.Join(append(errs, os.RemoveAll(c.dir))...)
}
