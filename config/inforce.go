package config

import (
	"net/url"
	"slices"
	"strconv"

	"github.com/BurntSushi/toml"
)

// Setting is one key of a configuration with its value, whether the file has
// it or it is the default.
type Setting struct {
	Key   string `json:"key" doc:"Dotted, as in the file: queues.123456.ring_timeout"`
	Value string `json:"value" doc:"As the file has it, or would; empty for a secret."`
	// Secret is for what nobody is shown: Set tells whether it has a value.
	Secret bool `json:"secret,omitempty"`
	Set    bool `json:"set,omitempty" doc:"Of a secret: it has a value."`
	// Restart marks what a running server can't change.
	Restart bool `json:"restart,omitempty"`
}

// Settings lists every key with its value, in the order of the documentation.
// It holds no secrets.
func (c *Config) Settings() []Setting {
	var list []Setting
	add := func(at toml.Key, settings []setting) {
		for _, s := range settings {
			key := s.key
			if len(at) > 0 {
				key = at.String() + "." + key
			}
			shown := Setting{Key: key, Value: withoutPassword(s.value), Restart: s.restart}
			if s.hidden {
				shown.Value, shown.Secret, shown.Set = "", true, s.value != ""
			}
			list = append(list, shown)
		}
	}
	add(nil, slices.Concat(serverSettings(c), tableSettings(c)))
	for _, calendar := range c.Calendars {
		add(toml.Key{"calendars", calendar.ID}, calendar.settings())
	}
	for _, q := range c.Queues {
		add(toml.Key{"queues", q.ID}, q.settings())
	}
	for _, a := range c.Agents {
		add(toml.Key{"agents", a.ID}, a.settings())
	}
	for _, t := range c.Tokens {
		add(toml.Key{"tokens", t.ID}, t.settings())
	}
	for i := range c.Webhooks {
		add(toml.Key{"webhooks", c.Webhooks[i].Name}, c.Webhooks[i].settings())
	}
	return list
}

// withoutPassword hides the password in a URL.
func withoutPassword(value string) string {
	text, err := strconv.Unquote(value)
	if err != nil {
		return value // no text
	}
	u, err := url.Parse(text)
	if err != nil || u.User == nil {
		return value
	}
	return strconv.Quote(u.Redacted())
}
