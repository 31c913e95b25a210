package config

import (
	"slices"

	"github.com/BurntSushi/toml"
)

func (l *loader) readAgents(top *section, c *Config) {
	phones := map[string]*section{}
	ids := make([]string, len(c.Queues))
	for i, q := range c.Queues {
		ids[i] = q.ID
	}
	top.each("agents", func(id string, s *section) {
		if err := identifier(id); err != nil {
			l.faults = append(l.faults, Fault{File: s.node.file, Line: s.node.line(), Key: s.path.String(), Text: err.Error()})
		}
		a := Agent{
			ID:          id,
			Password:    s.password(),
			Name:        s.str("name", id, line),
			Role:        enum(s, "role", RoleAgent, RoleAgent, RoleSupervisor, RoleAdmin),
			Queues:      s.queues(ids),
			Phone:       s.str("phone", "", optional(number)),
			WebPhone:    s.boolean("web_phone", false),
			PhoneSecret: s.secret("phone_secret"),
		}
		if first := phones[a.Phone]; first != nil && a.Phone != "" {
			s.fault("phone", "%s is already the phone of agent %q at %s; each agent needs its own", a.Phone, first.path[1], first.where("phone"))
		}
		phones[a.Phone] = s
		switch {
		case a.Phone == "" && a.WebPhone:
			s.fault("web_phone", "needs a phone too; set phone to the number of the page's own phone")
		case a.Phone == "" && a.PhoneSecret != "":
			s.fault("phone_secret", "needs a phone too; set phone")
		case a.Phone == "" && len(a.Queues) > 0 && !s.has("phone"):
			s.warn("queues", "this agent gets no calls without a phone; set phone")
		case a.Role == RoleAgent && len(a.Queues) == 0:
			s.warn("queues", "this agent gets no calls without a queue")
		case a.WebPhone && !s.has("phone_secret") && c.Asterisk.AgentDial != DefaultAgentDial:
			s.warn("web_phone", "with an agent_dial of your own set phone_secret too: the password of the endpoint that you have made")
		}
		s.done()
		c.Agents = append(c.Agents, a)
	})
}

// password reads an agent's password, which has to be there.
func (s *section) password() Secret {
	const key = "password"
	p := s.secret(key)
	mend := "set a password or, better, a hash made by: calld passwd"
	switch {
	case !s.has(key):
		s.missing(key, mend)
	case s.node.table[key].value == "":
		s.fault(key, "can't be empty; %s", mend)
	case IsHashed(p):
		if _, err := parseHash(string(p)); err != nil {
			s.fault(key, "is no argon2id hash that can be checked; make a new one by: calld passwd")
		}
	case p != "" && s.node.table[key].value == string(p):
		s.warn(key, "the password stands in the file as it is; replace it by a hash made by: calld passwd")
	}
	return p
}

// queues reads the ids of an agent's queues, all of which must be known.
func (s *section) queues(known []string) []string {
	const key = "queues"
	var ids []string
	for _, id := range s.list(key, nil) {
		switch {
		case slices.Contains(ids, id):
			s.fault(key, "queue %q is listed twice; remove one", id)
			continue
		case !slices.Contains(known, id) && !s.l.partial:
			mend := didYouMean(id, known)
			if mend == "" {
				mend = "; add [queues." + toml.Key{id}.String() + "] or remove it here"
			}
			s.fault(key, "there is no queue %q%s", id, mend)
			continue
		}
		ids = append(ids, id)
	}
	return ids
}
