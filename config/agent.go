package config

import (
	"fmt"
	"slices"

	"github.com/BurntSushi/toml"
)

func (l *loader) readAgents(top *section, c *Config) {
	phones := map[string]*section{}
	ids := queueIDs(c)
	top.each("agents", func(id string, s *section) {
		a := Agent{
			ID:          id,
			Password:    s.password(),
			Name:        s.str("name", id),
			Role:        Role(s.str("role", string(RoleAgent))),
			Queues:      s.list("queues", nil),
			Phone:       s.str("phone", ""),
			WebPhone:    s.boolean("web_phone", false),
			PhoneSecret: s.secret("phone_secret"),
		}
		known := ids
		if l.partial { // a queue may stand in the file that can't be read
			known = nil
		}
		for _, f := range a.flaws(known) {
			if f.key == "id" {
				l.faults = append(l.faults, Fault{File: s.node.file, Line: s.node.line(), Key: s.path.String(), Text: f.text})
			} else {
				s.fault(f.key, "%s", f.text)
			}
		}
		if first := phones[a.Phone]; first != nil && a.Phone != "" {
			s.fault("phone", "%s is already the phone of agent %q at %s; each agent needs its own", a.Phone, first.path[1], first.where("phone"))
		}
		phones[a.Phone] = s
		switch {
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

func queueIDs(c *Config) []string {
	ids := make([]string, len(c.Queues))
	for i, q := range c.Queues {
		ids[i] = q.ID
	}
	return ids
}

// flaw is one thing wrong with a value: its key, and what is wrong and the mend.
type flaw struct{ key, text string }

// flaws lists what is wrong with an agent by itself. queues are the known
// ones; nil: they are not looked at.
func (a *Agent) flaws(queues []string) (list []flaw) {
	add := func(key, text string) { list = append(list, flaw{key, text}) }
	check := func(key string, err error) {
		if err != nil {
			add(key, err.Error())
		}
	}
	check("id", identifier(a.ID))
	check("name", line(a.Name))
	check("role", oneOf([]string{string(RoleAgent), string(RoleSupervisor), string(RoleAdmin)})(string(a.Role)))
	for _, text := range queueFlaws(a.Queues, queues) {
		add("queues", text)
	}
	check("phone", optional(number)(a.Phone))
	if a.Phone == "" && a.WebPhone {
		add("web_phone", "needs a phone too; set phone to the number of the page's own phone")
	} else if a.Phone == "" && a.PhoneSecret != "" {
		add("phone_secret", "needs a phone too; set phone")
	}
	return list
}

// queueFlaws tells what is wrong with a list of queues. known are all that
// there are; nil: they are not looked at.
func queueFlaws(ids, known []string) (list []string) {
	for i, id := range ids {
		switch {
		case slices.Contains(ids[:i], id):
			list = append(list, fmt.Sprintf("queue %q is listed twice; remove one", id))
		case known != nil && !slices.Contains(known, id):
			mend := didYouMean(id, known)
			if mend == "" {
				mend = "; add [queues." + toml.Key{id}.String() + "] or remove it here"
			}
			list = append(list, fmt.Sprintf("there is no queue %q%s", id, mend))
		}
	}
	return list
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
