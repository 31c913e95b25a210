package config

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
)

// ChangeKind says what became of a key.
type ChangeKind string

// The kinds of change.
const (
	Added     ChangeKind = "added"     // a queue, agent, token or webhook is new; New is its name, or a webhook's URL
	Removed   ChangeKind = "removed"   // a queue, agent, token or webhook is gone; Old is as New
	Changed   ChangeKind = "changed"   // a key has another value
	Reordered ChangeKind = "reordered" // queues, agents or tokens stand in another order
)

// Change is one difference between two configurations.
type Change struct {
	Key  string     `json:"key"` // dotted, as in the file: queues.123456.ring_timeout
	Kind ChangeKind `json:"kind"`
	Old  string     `json:"old,omitempty"` // as in the file; secrets are hidden
	New  string     `json:"new,omitempty"`
	// Restart is set when a running server can't apply the change.
	Restart bool `json:"restart,omitempty"`
}

// String prints the change on one line.
func (c Change) String() string {
	var s string
	switch c.Kind {
	case Added:
		s = fmt.Sprintf("%s: added %s", c.Key, c.New)
	case Removed:
		s = fmt.Sprintf("%s: removed %s", c.Key, c.Old)
	case Reordered:
		s = c.Key + ": order changed"
	default:
		s = fmt.Sprintf("%s: %s → %s", c.Key, c.Old, c.New)
	}
	if c.Restart {
		s += " (needs a restart)"
	}
	return s
}

// Compare lists what differs between two configurations: the tables in the
// order of the documentation, calendars, queues and agents in the order of the new
// file, those removed after them.
//
// What a running server has opened or promised needs a restart: everything of
// [server] but the page's language, the reasons for being away, how long history
// is kept, who may open FastAGI sessions and the trusted proxies; the login at Asterisk; how agents are dialled, because their
// channels are known by it; and the folders of sounds. Everything else is
// applied to the next call.
func Compare(before, after *Config) []Change {
	var list []Change
	list = append(list, changes(nil, serverSettings(before), serverSettings(after))...)
	list = append(list, changes(nil, tableSettings(before), tableSettings(after))...)
	queues := func(c *Config) (ids []string, entries map[string]entry) {
		entries = map[string]entry{}
		for _, q := range c.Queues {
			ids = append(ids, q.ID)
			entries[q.ID] = entry{q.Name, q.settings()}
		}
		return ids, entries
	}
	agents := func(c *Config) (ids []string, entries map[string]entry) {
		entries = map[string]entry{}
		for _, a := range c.Agents {
			ids = append(ids, a.ID)
			entries[a.ID] = entry{a.Name, a.settings()}
		}
		return ids, entries
	}
	tokens := func(c *Config) (ids []string, entries map[string]entry) {
		entries = map[string]entry{}
		for _, t := range c.Tokens {
			ids = append(ids, t.ID)
			entries[t.ID] = entry{t.ID, t.settings()}
		}
		return ids, entries
	}
	calendars := func(c *Config) (ids []string, entries map[string]entry) {
		entries = map[string]entry{}
		for _, calendar := range c.Calendars {
			ids = append(ids, calendar.ID)
			entries[calendar.ID] = entry{calendar.ID, calendar.settings()}
		}
		return ids, entries
	}
	list = append(list, compareEntries("calendars", before, after, calendars)...)
	list = append(list, compareEntries("queues", before, after, queues)...)
	list = append(list, compareEntries("agents", before, after, agents)...)
	list = append(list, compareEntries("tokens", before, after, tokens)...)
	return append(list, compareEntries("webhooks", before, after, webhookEntries)...)
}

// Apply is the configuration that a running server follows once its file has
// become another one: the new one, except that what needs a restart stays as
// it is.
func Apply(running, file *Config) *Config {
	c := *file
	c.Server = running.Server
	c.Server.AGIAllow, c.Server.Language, c.Server.KeepHistory = file.Server.AGIAllow, file.Server.Language, file.Server.KeepHistory
	c.Server.AwayReasons, c.Server.TrustedProxies = file.Server.AwayReasons, file.Server.TrustedProxies
	a, was := &c.Asterisk, running.Asterisk
	a.AMI, a.Username, a.Secret = was.AMI, was.Username, was.Secret
	a.AgentDial, a.Sounds, a.SoundsHere = was.AgentDial, was.Sounds, was.SoundsHere
	return &c
}

// setting is one key with its value as the file would have it.
type setting struct {
	key     string
	value   string
	hidden  bool // a secret: value is compared but not shown
	restart bool
}

// entry is one queue, agent, token or webhook.
type entry struct {
	name     string
	settings []setting
}

// changes compares two lists of the same keys.
func changes(at toml.Key, before, after []setting) []Change {
	var list []Change
	for i, a := range after {
		b := before[i]
		if a.value == b.value {
			continue
		}
		if a.hidden {
			a.value, b.value = Secret(a.value).String(), Secret(b.value).String()
		}
		key := a.key
		if len(at) > 0 {
			key = at.String() + "." + a.key
		}
		list = append(list, Change{Key: key, Kind: Changed, Old: b.value, New: a.value, Restart: a.restart})
	}
	return list
}

func compareEntries(table string, before, after *Config, of func(*Config) ([]string, map[string]entry)) []Change {
	oldIDs, old := of(before)
	newIDs, now := of(after)
	var list []Change
	for _, id := range newIDs {
		key := toml.Key{table, id}
		if was, ok := old[id]; ok {
			list = append(list, changes(key, was.settings, now[id].settings)...)
		} else {
			list = append(list, Change{Key: key.String(), Kind: Added, New: strconv.Quote(now[id].name)})
		}
	}
	for _, id := range oldIDs {
		if _, ok := now[id]; !ok {
			list = append(list, Change{Key: toml.Key{table, id}.String(), Kind: Removed, Old: strconv.Quote(old[id].name)})
		}
	}
	stayedOld := slices.DeleteFunc(oldIDs, func(id string) bool { _, ok := now[id]; return !ok })
	stayedNew := slices.DeleteFunc(newIDs, func(id string) bool { _, ok := old[id]; return !ok })
	if !slices.Equal(stayedOld, stayedNew) {
		list = append(list, Change{Key: table, Kind: Reordered})
	}
	return list
}

func text(key, v string) setting { return setting{key: key, value: strconv.Quote(v)} }

func yes(key string, v bool) setting { return setting{key: key, value: strconv.FormatBool(v)} }

func decimal(key string, v float64) setting {
	return setting{key: key, value: strconv.FormatFloat(v, 'g', -1, 64)}
}

func whole(key string, v int) setting             { return setting{key: key, value: strconv.Itoa(v)} }
func lasting(key string, v time.Duration) setting { return text(key, formatDuration(v)) }
func secret(key string, v Secret) setting         { return setting{key: key, value: string(v), hidden: true} }

func texts(key string, v []string) setting {
	quoted := make([]string, len(v))
	for i, s := range v {
		quoted[i] = strconv.Quote(s)
	}
	return setting{key: key, value: "[" + strings.Join(quoted, ", ") + "]"}
}

func roles(list []Role) []string {
	out := make([]string, len(list))
	for i, r := range list {
		out[i] = string(r)
	}
	return out
}

func networks(key string, v []netip.Prefix) setting {
	list := make([]string, len(v))
	for i, p := range v {
		list[i] = p.String()
	}
	return texts(key, list)
}

// restart marks settings that a running server can't apply.
func restart(list ...setting) []setting {
	for i := range list {
		list[i].restart = true
	}
	return list
}

func serverSettings(c *Config) []setting {
	s := c.Server
	keep := text("server.keep_history", "")
	if s.KeepHistory > 0 {
		keep = lasting("server.keep_history", s.KeepHistory)
	}
	return append(restart(
		text("server.http", s.HTTP),
		text("server.agi", s.AGI),
		text("server.data", s.Data),
		text("server.admin_socket", s.AdminSocket),
		text("server.timezone", s.Timezone.String()),
		text("server.tls.certificate", s.TLS.Certificate),
		text("server.tls.key", s.TLS.Key),
		text("asterisk.ami", c.Asterisk.AMI),
		text("asterisk.username", c.Asterisk.Username),
		secret("asterisk.secret", c.Asterisk.Secret),
		text("asterisk.agent_dial", c.Asterisk.AgentDial),
		text("asterisk.sounds", c.Asterisk.Sounds),
		text("asterisk.sounds_here", c.Asterisk.SoundsHere),
	), networks("server.agi_allow", s.AGIAllow), text("server.language", s.Language), keep,
		texts("server.away_reasons", s.AwayReasons), networks("server.trusted_proxies", s.TrustedProxies))
}

func tableSettings(c *Config) []setting {
	a, n, t := c.Asterisk, c.Announcement, c.TTS
	return []setting{
		text("asterisk.trunk_dial", a.TrunkDial),
		text("asterisk.recordings", a.Recordings),
		text("asterisk.recordings_here", a.RecordingsHere),
		text("asterisk.websocket", a.WebSocket),
		text("asterisk.fallback_context", a.FallbackContext),
		text("asterisk.fallback_extension", a.FallbackExtension),
		yes("asterisk.only_our_events", a.OnlyOurEvents),
		whole("outbound.max_lines", c.Outbound.MaxLines),
		decimal("outbound.max_rate", c.Outbound.MaxRate),
		text("outbound.country_code", c.Outbound.Numbering.Country),
		text("outbound.national_prefix", c.Outbound.Numbering.National),
		texts("outbound.international_prefixes", c.Outbound.Numbering.International),
		text("announcement.url", n.URL),
		lasting("announcement.timeout", n.Timeout),
		text("announcement.fallback", n.Fallback),
		text("tts.engine", t.Engine),
		text("tts.command", t.Command),
		text("tts.url", t.URL),
		text("tts.model", t.Model),
		text("tts.voice", t.Voice),
		secret("tts.token", t.Token),
		lasting("tts.timeout", t.Timeout),
		texts("callers.vip", c.Callers.VIP),
		texts("callers.blocked", c.Callers.Blocked),
		text("queue_log.file", c.QueueLog.File),
		texts("privacy.mask_numbers_for", roles(c.Privacy.MaskNumbersFor)),
	}
}

func (q Queue) settings() []setting {
	announcement := yes("announcement", q.Announcement)
	if q.AnnouncementURL != "" {
		announcement = text("announcement", q.AnnouncementURL)
	}
	zone := text("timezone", "")
	if q.Timezone != nil {
		zone = text("timezone", q.Timezone.String())
	}
	settings := []setting{
		text("name", q.Name),
		text("number", q.Number),
		text("queueing", string(q.Queueing)),
		text("order", string(q.Order)),
		announcement,
		yes("recording", q.Recording),
		lasting("ring_timeout", q.RingTimeout),
		lasting("max_wait", q.MaxWait),
		whole("max_waiting", q.MaxWaiting),
		lasting("wrapup", q.Wrapup),
		text("music", q.Music),
		lasting("retry_pause", q.RetryPause),
		whole("away_after", q.AwayAfter),
		lasting("no_agent_wait", q.NoAgentWait),
		texts("dispositions", q.Dispositions),
		text("crm_url", q.CRMURL),
		yes("auto_answer", q.AutoAnswer),
		lasting("service_level", q.ServiceLevel),
		whole("weight", q.Weight),
		shownLevels(q.Levels),
		lasting("level_after", q.LevelAfter),
		lasting("sticky", q.Sticky),
		lasting("sticky_wait", q.StickyWait),
		texts("hours", stringsOf(q.Hours)),
		texts("holidays", stringsOf(q.Holidays)),
		texts("calendars", q.Calendars),
		zone,
		{key: "recording_notice", value: q.RecordingNotice.String()},
		{key: "waiting_announcement", value: q.Waiting.String()},
		{key: "callback", value: q.Callback.String()},
		{key: "message", value: q.Message.String()},
	}
	for _, o := range q.overflows() {
		settings = append(settings, setting{key: o.key, value: o.to.String()})
	}
	return settings
}

func (a Agent) settings() []setting {
	return []setting{
		secret("password", a.Password),
		text("name", a.Name),
		text("role", string(a.Role)),
		texts("queues", a.Queues),
		text("phone", a.Phone),
		yes("web_phone", a.WebPhone),
		secret("phone_secret", a.PhoneSecret),
	}
}

// Changes lists what differs between two agents. The keys are those of a table
// of [agents], such as phone.
func (a Agent) Changes(after *Agent) []Change { return changes(nil, a.settings(), after.settings()) }
