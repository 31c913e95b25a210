package config

import (
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Webhook is one [webhooks.NAME] table: a server that is told what happens.
type Webhook struct {
	Name   string
	URL    string
	Secret Secret   // of the signatures; see [Webhook.Key]
	Events []string // of [WebhookEvents]
	Queues []string // whose calls and agents it is told of; empty: all
	// Timeout bounds one delivery, from the connection to the answer.
	Timeout time.Duration
}

// WebhookEvents lists what a webhook may be told of, as the WebSocket names it.
func WebhookEvents() []string {
	return []string{"call.waiting", "call.ringing", "call.answered", "call.changed", "call.ended", "call.missed", "agent.state"}
}

const (
	// secretPrefix marks a secret in the form of Standard Webhooks: the rest
	// is the key in base64.
	secretPrefix = "whsec_"
	// leastSecret is below what a guess at a secret can be left out of account.
	leastSecret = 16
	maxWebhooks = 50
)

// Key is the key of the signatures: of a secret that begins with whsec_ what the
// rest is the base64 of, of any other its bytes.
func (w *Webhook) Key() []byte {
	key, err := webhookKey(string(w.Secret))
	if err != nil {
		return []byte(w.Secret) // not of a configuration that was loaded
	}
	return key
}

func webhookKey(secret string) ([]byte, error) {
	key := []byte(secret)
	if text, ok := strings.CutPrefix(secret, secretPrefix); ok {
		var err error
		if key, err = base64.StdEncoding.DecodeString(text); err != nil {
			return nil, errors.New("is no base64 after whsec_; make one by: echo whsec_$(openssl rand -base64 32)")
		}
	}
	if len(key) < leastSecret {
		return nil, fmt.Errorf("is shorter than %d bytes and could be guessed; make one by: echo whsec_$(openssl rand -base64 32)", leastSecret)
	}
	return key, nil
}

func (l *loader) readWebhooks(top *section, c *Config) {
	ids := queueIDs(c)
	if l.partial { // a queue may stand in the file that can't be read
		ids = nil
	}
	top.each("webhooks", func(name string, s *section) {
		if err := identifier(name); err != nil {
			l.faults = append(l.faults, Fault{File: s.node.file, Line: s.node.line(), Key: s.path.String(), Text: err.Error()})
		}
		w := Webhook{
			Name:    name,
			URL:     s.str("url", "", notEmpty, line, link("http", "https")),
			Secret:  s.secret("secret"),
			Events:  s.events(),
			Queues:  s.list("queues", nil),
			Timeout: s.duration("timeout", 10*time.Second, span{time.Second, 30 * time.Second, ""}),
		}
		for _, text := range queueFlaws(w.Queues, ids) {
			s.fault("queues", "%s", text)
		}
		if !s.has("url") {
			s.missing("url", `set the address that events are posted to, for example url = "https://crm.example.com/calld"`)
		}
		if u, err := url.Parse(w.URL); err == nil && u.Scheme == "http" && !Loopback(u.Hostname()) {
			s.warn("url", "what is sent to it can be read on the way: use https://")
		}
		if !s.has("secret") {
			s.missing("secret", "set a secret that the receiver knows too; make one by: echo whsec_$(openssl rand -base64 32)")
		} else if _, err := webhookKey(string(w.Secret)); err != nil && s.resolved("secret", w.Secret) {
			s.fault("secret", "%v", err)
		}
		s.done()
		c.Webhooks = append(c.Webhooks, w)
	})
	if len(c.Webhooks) > maxWebhooks {
		top.fault("webhooks", "there are %d, more than the %d that can be served; remove some", len(c.Webhooks), maxWebhooks)
	}
}

// Loopback reports whether what is sent to a host stays on this machine.
func Loopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}

// resolved reports whether a secret could be read: otherwise its fault has been
// told already.
func (s *section) resolved(key string, v Secret) bool {
	text, ok := s.node.table[key].value.(string)
	return ok && (v != "" || text == "")
}

// events reads which events a webhook is told of; all when not set.
func (s *section) events() []string {
	const key = "events"
	known := WebhookEvents()
	if !s.has(key) {
		s.get(key)
		return known
	}
	var list []string
	for _, e := range s.list(key, nil) {
		switch {
		case !slices.Contains(known, e):
			s.fault(key, "there is no event %q%s", e, cmp.Or(didYouMean(e, known), "; there are "+strings.Join(known, ", ")))
		case slices.Contains(list, e):
			s.fault(key, "%q is listed twice; remove one", e)
		default:
			list = append(list, e)
		}
	}
	if len(list) == 0 && s.has(key) {
		s.fault(key, "is empty, so nothing would be sent; name some or remove the key")
	}
	return list
}

func (w *Webhook) settings() []setting {
	return []setting{
		text("url", w.URL),
		secret("secret", w.Secret),
		texts("events", w.Events),
		texts("queues", w.Queues),
		lasting("timeout", w.Timeout),
	}
}

// webhookEntries lists the webhooks for a comparison.
func webhookEntries(c *Config) (names []string, entries map[string]entry) {
	entries = map[string]entry{}
	for i := range c.Webhooks {
		w := &c.Webhooks[i]
		names = append(names, w.Name)
		entries[w.Name] = entry{w.URL, w.settings()}
	}
	return names, entries
}
