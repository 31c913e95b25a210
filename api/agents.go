package api

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"calld/config"
	"calld/queue"
	"calld/store"
)

// ManagedBy tells where an agent is kept.
type ManagedBy string

// Where agents are kept.
const (
	ByFile    ManagedBy = "file"
	ByAPI     ManagedBy = "api"
	ByNothing ManagedBy = "removed" // finishes the call in hand
)

// AgentNow is an agent with its live state.
type AgentNow struct {
	queue.AgentStatus
	Role      config.Role `json:"role" doc:"Empty for one who is removed."`
	WebPhone  bool        `json:"web_phone"`
	ManagedBy ManagedBy   `json:"managed_by" enum:"file,api,removed" doc:"file: read-only here. removed: finishes the call in hand."`
}

// AgentSettings are what can be set of an agent, as in [agents.ID] of the
// configuration.
type AgentSettings struct {
	Password    string      `json:"password,omitempty" minLength:"1" maxLength:"256" doc:"Kept as an argon2id hash. Left out: it stays."`
	Name        string      `json:"name,omitempty" maxLength:"1000" doc:"Shown to others; by default the id."`
	Role        config.Role `json:"role,omitempty" enum:"agent,supervisor,admin" default:"agent"`
	Queues      []string    `json:"queues,omitempty" maxItems:"1000" doc:"Ids of the queues served."`
	Phone       string      `json:"phone,omitempty" maxLength:"64" doc:"Internal number; no other agent's."`
	WebPhone    bool        `json:"web_phone,omitempty" doc:"The page itself is the phone."`
	PhoneSecret *string     `json:"phone_secret,omitempty" maxLength:"256" doc:"The phone's SIP password. Left out: it stays."`
}

// EditAgent makes of an agent, as it is kept, what it shall be: see
// Options.EditAgent.
type EditAgent func(cfg *config.Config, before *config.Agent) (after *config.Agent, err error)

// AgentRef names an agent that is to be changed. (It has a public name because
// huma reads no parameters from embedded types that have none.)
type AgentRef struct {
	IfMatch
	ID string `path:"id" maxLength:"128"`
}

type agentOutput struct {
	ETag string `header:"ETag"`
	Body AgentNow
}

type agentsOutput struct {
	Body struct {
		Agents []AgentNow `json:"agents"`
	}
}

func (a *API) registerAgents(h huma.API) {
	agents := []string{"agents"}
	huma.Register(h, huma.Operation{
		OperationID: "list-agents", Method: http.MethodGet, Path: "/api/v1/agents", Tags: agents,
		Summary: "Agents and their states",
	}, a.listAgents)
	huma.Register(h, huma.Operation{
		OperationID: "get-agent", Method: http.MethodGet, Path: "/api/v1/agents/{id}", Tags: agents,
		Summary: "One agent and its state", Description: "The ETag is that of the settings: it stays while the state changes.",
	}, func(ctx context.Context, in *idInput) (*agentOutput, error) { return a.agentNow(ctx, in.ID) })
	huma.Register(h, huma.Operation{
		OperationID: "create-agent", Method: http.MethodPost, Path: "/api/v1/agents", Tags: agents,
		Summary: "Make an agent", DefaultStatus: http.StatusCreated, MaxBodyBytes: MaxBody,
		Description: "It is in force at once and kept in the store, beside those of the configuration file. The same rules hold for " +
			"both. An endpoint for its phone is Asterisk's matter: make Asterisk's files anew with calld asterisk-config.",
	}, a.createAgent)
	huma.Register(h, huma.Operation{
		OperationID: "replace-agent", Method: http.MethodPut, Path: "/api/v1/agents/{id}", Tags: agents,
		Summary: "Change an agent that was made here", MaxBodyBytes: MaxBody,
		Description: "What is left out gets its default, except password and phone_secret, which stay. A new password ends the " +
			"agent's sessions. Agents of the configuration file are changed there: 409, managed_by_file.",
	}, a.replaceAgent)
	huma.Register(h, huma.Operation{
		OperationID: "delete-agent", Method: http.MethodDelete, Path: "/api/v1/agents/{id}", Tags: agents,
		Summary: "Remove an agent that was made here", DefaultStatus: http.StatusNoContent,
		Description: "The agent is logged out, and finishes a call in hand.",
	}, a.deleteAgent)
}

// account adds to the state of an agent what the configuration has of it.
func account(cfg *config.Config, s queue.AgentStatus) AgentNow {
	now := AgentNow{AgentStatus: s, ManagedBy: ByNothing}
	if ag, ok := cfg.Agent(s.ID); ok {
		now.Role, now.WebPhone, now.ManagedBy = ag.Role, ag.WebPhone, ByFile
		if ag.Stored {
			now.ManagedBy = ByAPI
		}
	}
	return now
}

func (a *API) listAgents(ctx context.Context, in *struct {
	Queue string `query:"queue" doc:"Only the agents of this queue."`
},
) (*agentsOutput, error) {
	cfg := a.config()
	var out agentsOutput
	out.Body.Agents = []AgentNow{}
	for _, s := range a.snapshot(ctx).Agents {
		if in.Queue == "" || slices.Contains(s.Queues, in.Queue) {
			out.Body.Agents = append(out.Body.Agents, account(cfg, s))
		}
	}
	return &out, nil
}

func (a *API) agentNow(ctx context.Context, id string) (*agentOutput, error) {
	cfg := a.config()
	for _, s := range a.snapshot(ctx).Agents {
		if s.ID == id {
			ag, _ := cfg.Agent(id)
			return &agentOutput{agentTag(&ag), account(cfg, s)}, nil
		}
	}
	return nil, notFound("agent", id)
}

// agentTag is the ETag of an agent's settings, secrets included.
func agentTag(a *config.Agent) string {
	return etag(a.ID, string(a.Password), a.Name, a.Role, a.Queues, a.Phone, a.WebPhone, string(a.PhoneSecret), a.Stored)
}

func (a *API) createAgent(ctx context.Context, in *struct {
	Body struct {
		ID string `json:"id" minLength:"1" maxLength:"64" doc:"Login id; any language."`
		AgentSettings
	}
},
) (*agentOutput, error) {
	if err := need(ctx, config.RoleAdmin); err != nil {
		return nil, err
	}
	if in.Body.Password == "" {
		return nil, invalid("body.password", "a new agent needs a password")
	}
	ag := in.Body.agent(in.Body.ID)
	return a.changeAgent(ctx, "agent_create", &ag, func(cfg *config.Config, before *config.Agent) error {
		if before != nil {
			return invalid("body.id", "there is already an agent "+before.ID)
		}
		return nil
	})
}

func (a *API) replaceAgent(ctx context.Context, in *struct {
	AgentRef
	Body AgentSettings
},
) (*agentOutput, error) {
	if err := need(ctx, config.RoleAdmin); err != nil {
		return nil, err
	}
	ag := in.Body.agent(in.ID)
	return a.changeAgent(ctx, "agent_change", &ag, func(cfg *config.Config, before *config.Agent) error {
		if err := in.editable(cfg); err != nil {
			return err
		}
		if in.Body.Password == "" {
			ag.Password = before.Password
		}
		if in.Body.PhoneSecret == nil {
			ag.PhoneSecret = before.PhoneSecret
		}
		return nil
	})
}

func (a *API) deleteAgent(ctx context.Context, in *AgentRef) (*struct{}, error) {
	if err := need(ctx, config.RoleAdmin); err != nil {
		return nil, err
	}
	if err := in.editable(a.config()); err != nil {
		return nil, err
	}
	return nil, a.audited(ctx, store.Audit{Action: "agent_remove", Target: in.ID}, func() error {
		return a.agentError(a.editAgent(ctx, in.ID, func(cfg *config.Config, _ *config.Agent) (*config.Agent, error) {
			return nil, in.editable(cfg)
		}))
	})
}

// editable refuses to change an agent who is unknown, stands in the file, or
// has been changed since.
func (in *AgentRef) editable(cfg *config.Config) error {
	ag, ok := cfg.Agent(in.ID)
	switch {
	case !ok:
		return notFound("agent", in.ID)
	case !ag.Stored:
		return problem(http.StatusConflict, CodeManagedByFile, in.ID+" stands in the configuration file; change that, and reload")
	}
	return in.check(agentTag(&ag))
}

// agent is what is set, as the configuration has it; the password is plain.
func (s *AgentSettings) agent(id string) config.Agent {
	ag := config.Agent{
		ID: id, Password: config.Secret(s.Password), Name: s.Name, Role: s.Role, Queues: append([]string{}, s.Queues...), Phone: s.Phone,
		WebPhone: s.WebPhone, Stored: true,
	}
	if ag.Name == "" {
		ag.Name = id
	}
	if s.PhoneSecret != nil {
		ag.PhoneSecret = config.Secret(*s.PhoneSecret)
	}
	return ag
}

// changeAgent puts an agent in force as it is after check.
func (a *API) changeAgent(
	ctx context.Context, action string, ag *config.Agent, check func(cfg *config.Config, before *config.Agent) error,
) (*agentOutput, error) {
	if ag.Password != "" {
		if err := a.hashPassword(ctx, ag); err != nil {
			return nil, err
		}
	}
	before, _ := a.config().Agent(ag.ID)
	entry := store.Audit{Action: action, Target: ag.ID, Detail: agentDetail(&before, ag)}
	err := a.audited(ctx, entry, func() error {
		return a.agentError(a.editAgent(ctx, ag.ID, func(cfg *config.Config, before *config.Agent) (*config.Agent, error) {
			if err := check(cfg, before); err != nil {
				return nil, err
			}
			if faults := cfg.CheckAgent(ag); len(faults) > 0 {
				return nil, agentProblem(faults)
			}
			return ag, nil
		}))
	})
	if err != nil {
		return nil, err
	}
	return a.agentNow(ctx, ag.ID)
}

// hashPassword hashes a plain password. It costs as much as a log-in, of which
// only some are taken at once.
func (a *API) hashPassword(ctx context.Context, ag *config.Agent) error {
	select {
	case a.checks <- struct{}{}:
		defer func() { <-a.checks }()
	case <-ctx.Done():
		return problem(http.StatusServiceUnavailable, CodeOther, "the request was given up")
	}
	ag.Password = config.Secret(a.hash(string(ag.Password)))
	a.giveBack()
	return nil
}

// agentDetail tells what is changed, for the audit trail; secrets stay hidden.
// A password or phone secret that is left out is none that changes.
func agentDetail(before, after *config.Agent) string {
	to := *after
	if to.Password == "" {
		to.Password = before.Password
	}
	if to.PhoneSecret == "" {
		to.PhoneSecret = before.PhoneSecret
	}
	var texts []string
	for _, c := range before.Changes(&to) {
		texts = append(texts, c.String())
	}
	return strings.Join(texts, ", ")
}

// agentProblem tells what is wrong with an agent, by field.
func agentProblem(faults config.Faults) *Problem {
	p := problem(http.StatusUnprocessableEntity, CodeInvalid, faults[0].Key+": "+faults[0].Text)
	for _, f := range faults {
		p.Errors = append(p.Errors, &FieldError{Location: "body." + f.Key, Message: f.Text})
	}
	return p
}

func (a *API) agentError(err error) error {
	if err == nil {
		return nil
	}
	if faults, ok := errors.AsType[config.Faults](err); ok {
		return agentProblem(faults)
	}
	return a.storeError(err)
}
