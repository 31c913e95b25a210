//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"text/template"

	"calld/config"
	"calld/test/lab"
)

// plan is what a test's call centre looks like; it is rendered to TOML.
type plan struct {
	Announcement string // URL of the announcement server
	Fallback     string // a sound in the folder of the announcements
	Callers      string // lines of TOML for [callers]
	Queues       []queuePlan
	Agents       []agentPlan
	Version      int      // of Asterisk
	NoPhones     []string // agents whose phones are not registered
	// Customers says what a customer does who is called; nil: nobody is there.
	Customers func(number string) lab.Behaviour
	Data      string // folder of the data file, by default the test's own
	// What Asterisk knows from the start, and calld by a reload.
	LaterQueues []queuePlan
	LaterAgents []agentPlan
	TrunkDial   string            // by default calld's
	TOML        string            // further tables
	SIPp        bool              // customers are sipp's, who do as their numbers say: lab.SIPpCustomers
	Prepare     func(*centre)     // done before calld starts, which has its data file
	Files       map[string]string // of Asterisk, besides those that calld makes
	Modules     []string          // of Asterisk, besides the usual ones
}

type queuePlan struct {
	ID, Name, Number string
	Keys             string // further lines of TOML; {sounds} is the folder of the sounds
}

type agentPlan struct {
	ID     string
	Queues []string
	Phone  string
	Role   string
}

// onePlan is one queue with agents a1 … an, whose phones are 8001 ….
func onePlan(n int, keys ...string) plan {
	p := plan{Queues: []queuePlan{{ID: "123456", Name: "상담전화_1", Number: number1, Keys: strings.Join(keys, "\n")}}}
	for i := range n {
		p.Agents = append(p.Agents, agentPlan{ID: fmt.Sprintf("a%d", i+1), Queues: []string{"123456"}, Phone: fmt.Sprintf("800%d", i+1)})
	}
	return p
}

// token is that of a program with a supervisor's rights.
const token = "calld_the_token_of_a_program_for_tests"

var configuration = template.Must(template.New("calld.toml").Funcs(template.FuncMap{"hash": config.HashToken}).Parse(`
[tokens.program]
hash = "{{hash "` + token + `"}}"
role = "supervisor"
[server]
http = "127.0.0.1:{{.HTTP}}"
agi = "127.0.0.1:{{.AGI}}"
data = "{{or .Data .Dir}}/calld.db"
admin_socket = "{{.Dir}}/s"
[asterisk]
ami = "{{.AMI}}"
username = "calld"
secret = "calld-secret"
{{- with .TrunkDial}}
trunk_dial = "{{.}}"
{{- end}}
recordings = "{{.Recordings}}"
recordings_here = "{{.RecordingsHere}}"
sounds = "{{.Sounds}}"
sounds_here = "{{.SoundsHere}}"
fallback_context = "from-internal"
fallback_extension = "601"
[announcement]
url = "{{.Announcement}}"
fallback = "{{with .Fallback}}{{$.Sounds}}/{{.}}{{end}}"
[callers]
{{.Callers}}
{{range .Queues}}
[queues."{{.ID}}"]
name = "{{.Name}}"
number = "{{.Number}}"
{{- if not $.Announcement}}
announcement = false
{{- end}}
{{.Keys}}
{{end}}
{{- range .Agents}}
[agents."{{.ID}}"]
password = "pw-{{.ID}}"
name = "상담자 {{.ID}}"
role = "{{or .Role "agent"}}"
queues = [{{range $i, $q := .Queues}}{{if $i}}, {{end}}"{{$q}}"{{end}}]
phone = "{{.Phone}}"
{{- if .Phone}}
phone_secret = "secret-{{.Phone}}"
{{- end}}
{{end}}
{{.TOML}}`))
