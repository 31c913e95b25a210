package config

import (
	"log/slog"
	"net/netip"
	"slices"
	"time"

	"calld/hours"
)

// Config is one whole, valid configuration.
type Config struct {
	Server       Server
	Asterisk     Asterisk
	Outbound     Outbound
	Announcement Announcement
	TTS          TTS
	Callers      Callers
	QueueLog     QueueLog
	Privacy      Privacy
	Queues       []Queue    // in the order of the file
	Agents       []Agent    // in the order of the file, then those of [Config.With]
	Tokens       []Token    // in the order of the file
	Webhooks     []Webhook  // in the order of the file
	Calendars    []Calendar // in the order of the file
	// Warnings are things that work but should be changed, such as a
	// password in plain text. They never stop a load.
	Warnings []Fault
	// Files lists the absolute paths of every file read, the main one first.
	Files []string
}

// Server is the [server] table: where calld listens and what it keeps.
type Server struct {
	HTTP        string         // listen address of page, REST API, WebSocket and metrics
	AGI         string         // listen address of FastAGI
	AGIAllow    []netip.Prefix // who may open FastAGI sessions
	Data        string         // the bbolt file
	AdminSocket string         // unix socket between command line and server
	Timezone    *time.Location
	Language    string        // "ko" or "en": the page's default
	KeepHistory time.Duration // 0 keeps all; "3y", "90d" and Go durations are accepted
	// AwayReasons are offered to an agent who goes away; empty: those that
	// the page knows in each language.
	AwayReasons []string
	// TrustedProxies are whose X-Forwarded-For and X-Forwarded-Proto are believed.
	TrustedProxies []netip.Prefix
	TLS            TLS
}

// TLS names the certificate and key files (PEM) of the HTTP listener; both
// empty means plain HTTP.
type TLS struct{ Certificate, Key string }

// DefaultAgentDial is the agent_dial that fits the endpoints of the generated
// Asterisk configuration.
const DefaultAgentDial = "PJSIP/{phone}"

// Asterisk is the [asterisk] table.
type Asterisk struct {
	AMI            string // host:port
	Username       string
	Secret         Secret
	AgentDial      string // dial string with {phone}
	TrunkDial      string // dial string with {number}
	Recordings     string // folder as Asterisk sees it
	RecordingsHere string // the same folder as calld sees it; Recordings when not set
	Sounds         string
	SoundsHere     string // as RecordingsHere
	WebSocket      string // Asterisk's SIP WebSocket URL
	// FallbackContext, FallbackExtension: where the generated dialplan sends
	// a caller when calld stays away. An empty extension hangs up politely.
	FallbackContext   string
	FallbackExtension string
	// OnlyOurEvents: Asterisk is to make no manager events of calls that calld
	// does not read, for any of its manager's users.
	OnlyOurEvents bool
}

// Outbound is the [outbound] table: what all campaigns together may take of the
// trunk.
type Outbound struct {
	MaxLines int     // channels to customers at once
	MaxRate  float64 // new calls a second
	// Numbering tells which numbers of lists and of the do-not-call list are one.
	Numbering Numbering
}

// Announcement is the [announcement] table.
type Announcement struct {
	URL      string        // empty: no announcement server
	Timeout  time.Duration // for the whole of asking, downloading and converting
	Fallback string        // Asterisk sound name to play when the server fails; "" plays nothing
}

// TTS is the [tts] table.
type TTS struct {
	Engine  string // "off", "command" or "http"
	Command string // for "command": program and arguments; {text}, {language} and {out} are filled in
	URL     string // for "http"
	Model   string
	Voice   string
	Token   Secret
	Timeout time.Duration
}

// QueueLog is the [queue_log] table.
type QueueLog struct {
	// File is written as app_queue writes its queue_log; empty: none is.
	File string
}

// Privacy is the [privacy] table.
type Privacy struct {
	// MaskNumbersFor are the roles whose users see no customer's number.
	MaskNumbersFor []Role
}

// Masks reports whether users of a role see no customer's number.
func (c *Config) Masks(role Role) bool { return slices.Contains(c.Privacy.MaskNumbersFor, role) }

// Queueing says how many agents one offer rings.
type Queueing string

// The ways of queueing.
const (
	Inline Queueing = "inline" // one agent after another
	All    Queueing = "all"    // every free agent at once
)

// Order says who of several free agents is rung first by an inline queue.
type Order string

// The orders of an inline queue.
const (
	Listed      Order = "listed"       // as the agents stand in the file
	LongestIdle Order = "longest-idle" // the one free for the longest time
	FewestCalls Order = "fewest-calls" // the one who answered the fewest calls
	RoundRobin  Order = "round-robin"  // the next after the last one rung, as listed
	Random      Order = "random"
)

// ShortestRing is the shortest ringing worth an agent's attention: nobody is rung
// for a caller with less than that left of the queue's max_wait.
const ShortestRing = 2 * time.Second

// Queue is one [queues.ID] table.
type Queue struct {
	ID              string
	Name            string
	Number          string // the consultation number, unique
	Queueing        Queueing
	Order           Order
	Announcement    bool
	AnnouncementURL string // for this queue alone; empty: Config.Announcement.URL
	Recording       bool
	RingTimeout     time.Duration
	MaxWait         time.Duration // 0: for ever; else longer than ShortestRing
	MaxWaiting      int           // 0: no limit
	Wrapup          time.Duration
	Music           string // music-on-hold class
	// RetryPause is how long an agent who let a call ring, or refused it, is
	// left alone by that same call.
	RetryPause time.Duration
	// AwayAfter is how many unanswered offers in a row set an agent away;
	// 0: never.
	AwayAfter int
	// NoAgentWait ends a call as no_agent when nobody at all has been logged
	// in to its queue for this long; 0: such a call waits like any other.
	NoAgentWait time.Duration
	// Dispositions are how a call may be settled; empty: any text.
	Dispositions []string
	// CRMURL is the address of a customer in the CRM with [CRMPlaceholders];
	// empty: no link.
	CRMURL string
	// AutoAnswer: the agents' phones are asked to answer by themselves for a
	// customer whom a campaign has reached.
	AutoAnswer bool
	// ServiceLevel is how soon a call is to be answered: the threshold of the
	// service level in figures.
	ServiceLevel time.Duration
	// Weight counts minutes: of the callers that one agent could serve, those of
	// this queue are served as if they had come so much earlier.
	Weight int
	// Levels are those of the agents who have another than 1, by id. Agents of
	// a lower level are rung first.
	Levels map[string]int
	// LevelAfter is how long a caller waits for the agents of one level before
	// those of the next may be rung too; 0: whoever is free at once.
	LevelAfter time.Duration
	// Sticky is for how long a customer comes to the agent who talked with them
	// last; 0: to any.
	Sticky time.Duration
	// StickyWait is how long the customer waits for that agent when others are
	// free; 0: not at all.
	StickyWait time.Duration
	// When the queue takes calls; see [Config.Schedule].
	Hours     []hours.Span
	Holidays  []hours.Date
	Calendars []string
	Timezone  *time.Location // nil: the server's
	// What becomes of calls that the queue does not serve. OnHoliday is
	// OnClosed unless the file has it.
	OnClosed, OnHoliday, OnFull, OnNoAgent, OnMaxWait Overflow
	// RecordingNotice is told before the first agent is rung, if the queue
	// records; Waiting while none is free.
	RecordingNotice Notice
	Waiting         Waiting
	// What keys those who wait may press, and how a message is left.
	Callback Callback
	Message  Message
}

// Role says what a user may do.
type Role string

// The roles.
const (
	RoleAgent      Role = "agent"
	RoleSupervisor Role = "supervisor"
	RoleAdmin      Role = "admin"
)

// Agent is one [agents.ID] table: a user who may log in and, with a phone and
// at least one queue, takes calls.
type Agent struct {
	ID       string
	Password Secret // plain, or a hash made by HashPassword
	Name     string
	Role     Role
	Queues   []string // queue ids
	Phone    string   // internal number, unique; empty for users who take no calls
	WebPhone bool     // the page itself is the phone
	// PhoneSecret is the SIP password of the phone, for the generated
	// Asterisk configuration and the page's own phone. Empty: the admin
	// makes the endpoint. A web phone without one in the file gets one made
	// of asterisk.secret and its number.
	PhoneSecret Secret
	// Stored: made over the REST API and kept in the store; else the file has it.
	Stored bool
}

// Secret is a resolved secret (password, token). It hides itself from logs
// and from fmt; convert it to string to use it.
type Secret string

// LogValue hides the secret from slog.
func (Secret) LogValue() slog.Value { return slog.StringValue("[hidden]") }

// String hides the secret from fmt.
func (Secret) String() string { return "[hidden]" }

// GoString hides the secret from %#v.
func (Secret) GoString() string { return "[hidden]" }

// Queue returns the queue of that id.
func (c *Config) Queue(id string) (Queue, bool) {
	for _, q := range c.Queues {
		if q.ID == id {
			return q, true
		}
	}
	return Queue{}, false
}

// Agent returns the agent of that login id.
func (c *Config) Agent(id string) (Agent, bool) {
	for _, a := range c.Agents {
		if a.ID == id {
			return a, true
		}
	}
	return Agent{}, false
}
