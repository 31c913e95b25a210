package config

import (
	"fmt"
	"slices"

	"github.com/BurntSushi/toml"
)

// With is the configuration with the agents that were made over the REST API
// in place of those that it has of that kind: the file's come first. source
// names where they are kept, for the faults.
//
// An agent who has a file's id or phone, or is wrong otherwise, is a fault; so
// With refuses a file that has taken what a stored agent uses. A queue
// that the file has no more is no fault: its stored agents serve the others,
// and serve it again when it comes back.
func (c *Config) With(stored []Agent, source string) (*Config, error) {
	merged := *c
	merged.Agents = slices.DeleteFunc(slices.Clone(c.Agents), func(a Agent) bool { return a.Stored })
	queues := queueIDs(c)
	var faults Faults
	for _, a := range stored {
		a.Stored = true
		a.Queues = slices.DeleteFunc(slices.Clone(a.Queues), func(id string) bool { return !slices.Contains(queues, id) })
		for _, f := range merged.agentFlaws(&a) {
			faults = append(faults, Fault{File: source, Key: toml.Key{"agents", a.ID, f.key}.String(), Text: f.text})
		}
		merged.Agents = append(merged.Agents, a)
	}
	if len(faults) > 0 {
		return nil, faults
	}
	fillPhoneSecrets(&merged)
	return &merged, nil
}

// CheckAgent says what is wrong with an agent who is to be stored, by the same
// rules as for those of the file. The Key of each fault is the key alone, such
// as phone.
func (c *Config) CheckAgent(a *Agent) Faults {
	others := *c
	others.Agents = slices.DeleteFunc(slices.Clone(c.Agents), func(x Agent) bool { return x.Stored && x.ID == a.ID })
	var faults Faults
	for _, f := range others.agentFlaws(a) {
		faults = append(faults, Fault{Key: f.key, Text: f.text})
	}
	return faults
}

// agentFlaws lists what is wrong with an agent beside those of c.
func (c *Config) agentFlaws(a *Agent) []flaw {
	list := a.flaws(queueIDs(c))
	if err := secretText(string(a.PhoneSecret)); err != nil {
		list = append(list, flaw{"phone_secret", err.Error()})
	}
	for _, other := range c.Agents {
		where := "in the file"
		if other.Stored {
			where = "made over the API"
		}
		if other.ID == a.ID {
			list = append(list, flaw{"id", fmt.Sprintf("there is already an agent %q, %s; each id is one agent's", a.ID, where)})
		}
		if other.Phone == a.Phone && a.Phone != "" {
			list = append(list, flaw{"phone", fmt.Sprintf("%s is already the phone of agent %q, %s; each agent needs its own", a.Phone, other.ID, where)})
		}
	}
	return list
}
