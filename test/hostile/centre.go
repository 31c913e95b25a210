package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/template"
	"time"

	"calld/config"
	"calld/dialplan"
	"calld/test/centre"
	"calld/test/lab"
)

// The queues: desk takes the honest calls, billing has what kim of desk must not
// see.
const (
	deskNumber    = "0215881234"
	billingNumber = "0215885678"
)

// The addresses that attackers and proxies come from.
const (
	stranger = "127.0.0.66"
	proxy    = "127.0.0.77" // trusted, see configuration
)

// token is that of a program with the rights of an agent of desk.
const token = "calld_the_token_of_a_narrow_program"

// office is a call centre at work.
type office struct {
	dir      string
	log      *slog.Logger
	httpPort int
	agiPort  int
	roots    *x509.CertPool // of TLS; nil without

	pbx    *lab.Asterisk
	ami    *manager // between calld and the manager interface
	caller *lab.Caller
	phones []*lab.Phone
	pages  []*lab.Agent
	server *server
}

// people are the agents by their ids; each has the password pw-ID.
var people = []struct{ ID, Role, Queue, Phone string }{
	{"kim", "agent", "desk", "8001"},
	{"lee", "agent", "desk", "8002"},
	{"choi", "agent", "desk", "8003"},
	{"park", "agent", "billing", "8004"},
	{"sup", "supervisor", "", "8005"},
	{"root", "admin", "", "8006"},
	{"victim", "agent", "desk", ""}, // whose password is guessed
}

var configuration = template.Must(template.New("calld.toml").Funcs(template.FuncMap{"hash": config.HashToken}).Parse(`
[server]
http = "127.0.0.1:{{.HTTP}}"
agi = "0.0.0.0:{{.AGI}}"
agi_allow = ["127.0.0.1/32"]
data = "{{.Dir}}/calld.db"
admin_socket = "{{.Dir}}/s"
trusted_proxies = ["` + proxy + `"]
{{if .TLS}}
[server.tls]
certificate = "cert.pem"
key = "key.pem"
{{end}}
[asterisk]
ami = "{{.AMI}}"
username = "calld"
secret = "calld"
recordings = "{{.Recordings}}"
recordings_here = "{{.RecordingsHere}}"
[tokens.narrow]
hash = "{{hash "` + token + `"}}"
queues = ["desk"]
[queues.desk]
number = "` + deskNumber + `"
announcement = false
order = "round-robin"
[queues.billing]
number = "` + billingNumber + `"
announcement = false
{{range .People}}
[agents.{{.ID}}]
password = "pw-{{.ID}}"
role = "{{.Role}}"
queues = [{{with .Queue}}"{{.}}"{{end}}]
phone = "{{.Phone}}"
{{- if .Phone}}
phone_secret = "secret-{{.Phone}}"
{{- end}}
{{end}}`))

// newCentre makes a call centre whose agents wait for calls, with its pages over
// TLS if told.
func newCentre(ctx context.Context, secure bool, log *slog.Logger) (c *office, err error) {
	c = &office{log: log}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.close())
		}
	}()
	if c.dir, err = os.MkdirTemp("", "calld-hostile-"); err != nil {
		return c, err
	}
	if secure {
		if c.roots, err = lab.Certify(c.dir); err != nil {
			return c, err
		}
	}
	var ports [3]int
	for i := range ports {
		if ports[i], err = lab.FreePort(); err != nil {
			return c, err
		}
	}
	c.httpPort, c.agiPort = ports[0], ports[1]
	if c.ami, err = newManager(ctx, "127.0.0.1:"+strconv.Itoa(ports[2])); err != nil {
		return c, err
	}
	// The generated files need Asterisk's folders, and Asterisk the generated files:
	// its folders are the same for each instance but for their top.
	files, err := c.writeConfig("/nowhere", "/nowhere")
	if err != nil {
		return c, err
	}
	if c.pbx, err = lab.Start(ctx, lab.Options{Files: files, AMIPort: ports[2], Log: log}); err != nil {
		return c, err
	}
	if _, err = c.writeConfig(c.pbx.Recordings, c.pbx.InRoot(c.pbx.Recordings)); err != nil {
		return c, err
	}
	if c.caller, err = lab.NewCaller(c.pbx, lab.CallerOptions{Log: log}); err != nil {
		return c, err
	}
	if err := c.startPhones(ctx); err != nil {
		return c, err
	}
	if c.server, err = startServer(ctx, c.dir, c.url(""), c.roots); err != nil {
		return c, err
	}
	return c, c.openPages(ctx)
}

// writeConfig writes calld.toml and returns what calld makes for Asterisk of it.
func (c *office) writeConfig(recordings, here string) (map[string]string, error) {
	var b strings.Builder
	err := configuration.Execute(&b, map[string]any{
		"HTTP": c.httpPort, "AGI": c.agiPort, "Dir": c.dir, "AMI": c.ami.addr(), "TLS": c.roots != nil,
		"Recordings": recordings, "RecordingsHere": here, "People": people,
	})
	path := filepath.Join(c.dir, "calld.toml")
	if err := errors.Join(err, os.WriteFile(path, []byte(b.String()), 0o600)); err != nil {
		return nil, err
	}
	cfg, err := config.Load(path)
	if err != nil {
		return nil, err
	}
	made, err := dialplan.AsteriskConfig(cfg)
	files := map[string]string{}
	for _, f := range made {
		files[f.Name] = f.Text
	}
	return files, err
}

func (c *office) startPhones(ctx context.Context) error {
	for _, p := range people {
		if p.Phone == "" {
			continue
		}
		phone, err := lab.NewPhone(c.pbx, lab.PhoneOptions{
			User: p.Phone, Password: "secret-" + p.Phone, Log: c.log,
			Behaviour: lab.Behaviour{Answer: true, Talk: talk, Audio: p.Queue == "billing"},
		})
		if err != nil {
			return err
		}
		c.phones = append(c.phones, phone)
		if err := phone.Register(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (c *office) openPages(ctx context.Context) error {
	for _, p := range people {
		if p.Role != "agent" || p.Phone == "" {
			continue
		}
		page, err := lab.DialAgent(ctx, c.ws("/ws"), lab.AgentOptions{ID: p.ID, Password: "pw-" + p.ID, Roots: c.roots})
		if err != nil {
			return err
		}
		c.pages = append(c.pages, page)
	}
	return c.server.await(ctx, "all agents available", func(m centre.Metrics) bool {
		return int(m.Sum("calld_agents", `state="available"`)) == len(c.pages)
	})
}

// page is that of an agent.
func (c *office) page(id string) *lab.Agent {
	for _, p := range c.pages {
		if p.ID() == id {
			return p
		}
	}
	return nil
}

func (c *office) url(path string) string {
	scheme := "http"
	if c.roots != nil {
		scheme = "https"
	}
	return scheme + "://127.0.0.1:" + strconv.Itoa(c.httpPort) + path
}
func (c *office) ws(path string) string { return "ws" + strings.TrimPrefix(c.url(path), "http") }
func (c *office) http() string          { return "127.0.0.1:" + strconv.Itoa(c.httpPort) }
func (c *office) agi() string           { return "127.0.0.1:" + strconv.Itoa(c.agiPort) }

// healthy waits until calld is ready, with all agents' pages.
func (c *office) healthy(ctx context.Context) error {
	err := c.server.await(ctx, "calld ready", isUp)
	for _, p := range c.pages {
		if p.Err() != nil {
			err = errors.Join(err, fmt.Errorf("the page of %s was lost: %w", p.ID(), p.Err()))
		}
	}
	answer := c.as(stranger).get(ctx, "/readyz")
	if answer.status != http.StatusOK {
		err = errors.Join(err, fmt.Errorf("readyz: %v", answer))
	}
	return err
}

// Bounds of what calld may need under attack, and hold back afterwards.
const (
	mostMemory = 400 << 20 // bytes, at the worst moment
	// slack is how many more handles and goroutines there may be than before:
	// kept connections and calls of the moment.
	slack = 40
)

// settled waits until the attackers have left no trace but the memory that Go
// keeps for later.
func (c *office) settled(ctx context.Context, before usage) (string, error) {
	var after usage
	err := eventually(ctx, "calld to have let go of all", func(ctx context.Context) (err error) {
		after, err = c.server.usage(ctx)
		if err == nil && (after.handles > before.handles+slack || after.goroutines > before.goroutines+slack) {
			err = fmt.Errorf("%v, before %v", after, before)
		}
		return err
	})
	if after.peak > mostMemory {
		err = errors.Join(err, fmt.Errorf("%d MiB at the worst moment, more than %d", after.peak>>20, mostMemory>>20))
	}
	return fmt.Sprintf("calld: before %v; afterwards %v", before, after), err
}

// close ends all of it.
func (c *office) close() error {
	var errs []error
	for _, p := range c.pages {
		_ = p.Drop() // the server may have ended it
	}
	if c.server != nil {
		errs = append(errs, c.server.stop())
	}
	if c.ami != nil {
		errs = append(errs, c.ami.close())
	}
	for _, p := range c.phones {
		errs = append(errs, p.Close())
	}
	if c.caller != nil {
		errs = append(errs, c.caller.Close())
	}
	if c.pbx != nil {
		errs = append(errs, c.pbx.Stop())
	}
	return errors.Join(append(errs, os.RemoveAll(c.dir))...)
}

// step bounds one step of an attack.
func step(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, 20*time.Second)
}
