package centre

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"text/template"
)

// Numbers: the trunk calls Entrance, and each next call goes on to the next
// queue's consultation number. Callers' numbers have a prefix of three digits
// and then the number of the call, from 1 on.
const (
	Entrance    = "load"
	FirstPhone  = 800000
	FirstNumber = 2158800000
)

// Phone is the phone of an agent, numbered from 0 on.
func Phone(agent int) string { return strconv.Itoa(FirstPhone + agent) }

// Number is the consultation number of a queue, numbered from 0 on.
func Number(queue int) string { return "0" + strconv.Itoa(FirstNumber+queue) }

// Plan is what calld's configuration says. The keys are lines of TOML.
type Plan struct {
	Asterisk string // further keys of [asterisk]
	Tables   string // further tables
	Queues   []Queue
	Agents   []Agent
}

// Queue is a queue of the plan.
type Queue struct{ ID, Number, Keys string }

// Agent is an agent of the plan.
type Agent struct {
	ID, Phone string
	Password  string // as calld's configuration has it; by default the id
	Queues    []string
}

// NewPlan is a plan in which the agents are shared out among the queues, each
// in one, and take turns.
func NewPlan(agents, queues int) Plan {
	var p Plan
	for q := range queues {
		p.Queues = append(p.Queues, Queue{
			ID: "q" + strconv.Itoa(q), Number: Number(q),
			Keys: "order = \"round-robin\"\nannouncement = false\nrecording = false",
		})
	}
	for a := range agents {
		p.Agents = append(p.Agents, Agent{ID: "a" + strconv.Itoa(a), Phone: Phone(a), Queues: []string{"q" + strconv.Itoa(a%queues)}})
	}
	return p
}

// Clone is a copy that shares nothing.
func (p Plan) Clone() Plan {
	p.Queues = slices.Clone(p.Queues)
	p.Agents = slices.Clone(p.Agents)
	for i := range p.Agents {
		p.Agents[i].Queues = slices.Clone(p.Agents[i].Queues)
	}
	return p
}

// phones is the phones of all agents.
func (p Plan) phones() []string {
	users := make([]string, len(p.Agents))
	for i, a := range p.Agents {
		users[i] = a.Phone
	}
	return users
}

// agentOf is the agents by their phones.
func (p Plan) agentOf() map[string]string {
	m := make(map[string]string, len(p.Agents))
	for _, a := range p.Agents {
		m[a.Phone] = a.ID
	}
	return m
}

// place is where the parts of a centre are.
type place struct {
	HTTP, AGI                  int
	AMI, Dir, Data             string
	Recordings, Sounds         string // as Asterisk sees them
	RecordingsHere, SoundsHere string // as calld does
}

var configuration = template.Must(template.New("calld.toml").Funcs(template.FuncMap{
	"quoted": func(list []string) string { return `"` + strings.Join(list, `", "`) + `"` },
}).Parse(`
[server]
http = "127.0.0.1:{{.HTTP}}"
agi = "127.0.0.1:{{.AGI}}"
data = "{{.Data}}"
admin_socket = "{{.Dir}}/s"
[asterisk]
ami = "{{.AMI}}"
username = "calld"
secret = "calld"
recordings = "{{.Recordings}}"
recordings_here = "{{.RecordingsHere}}"
sounds = "{{.Sounds}}"
sounds_here = "{{.SoundsHere}}"
{{.Asterisk}}
{{.Tables}}
{{range .Queues}}
[queues.{{.ID}}]
name = "상담전화 {{.ID}}"
number = "{{.Number}}"
{{.Keys}}
{{end}}
{{- range .Agents}}
[agents.{{.ID}}]
password = "{{or .Password .ID}}"
name = "상담자 {{.ID}}"
queues = [{{quoted .Queues}}]
phone = "{{.Phone}}"
{{end}}`))

// write writes calld.toml.
func (p Plan) write(path string, at place) error {
	var b strings.Builder
	if err := configuration.Execute(&b, struct {
		Plan
		place
	}{p, at}); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(b.String()), 0o600)
}
