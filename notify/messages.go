package notify

import (
	"time"

	"calld/config"
	"calld/queue"
)

// Type names what a frame is.
type Type string

// The types of frames from the server.
const (
	TypeWelcome    Type = "welcome"
	TypeWaiting    Type = "call.waiting"
	TypeRinging    Type = "call.ringing"
	TypeEarlier    Type = "call.earlier"
	TypeAnswered   Type = "call.answered"
	TypeChanged    Type = "call.changed"
	TypeEnded      Type = "call.ended"
	TypeMissed     Type = "call.missed"
	TypeAgentState Type = "agent.state"
	TypeQueueStats Type = "queue.stats"
	TypeQueueDay   Type = "queue.day"
	TypeMissedList Type = "missed.changed"
	TypeReloaded   Type = "config.reloaded"
	TypeForgotten  Type = "person.forgotten"
	TypeAsterisk   Type = "asterisk.state"
	TypeCampaign   Type = "campaign.stats"
	TypeAck        Type = "ack"
	TypeError      Type = "error"
)

// The types of frames from the client.
const (
	TypeLogin      Type = "login"
	TypeLogout     Type = "logout"
	TypeState      Type = "state"
	TypeWrapupDone Type = "wrapup.done"
	TypeMemo       Type = "memo"
	TypePing       Type = "ping"
)

// What AsteriskState.State may be.
const (
	AsteriskUp   = "up"
	AsteriskDown = "down"
)

// Frames from the server. All but ack and error also have "seq", which rises
// by one with each of them on a connection.

// Welcome is everything live that its reader may see. It is the first frame
// after login, and comes again whenever the reader's picture has to be made
// anew: after a reload, or when changes had to be left out.
type Welcome struct {
	Type     Type                `json:"type"`
	At       time.Time           `json:"at"`
	Agent    queue.AgentStatus   `json:"agent"` // who is logged in here
	Role     config.Role         `json:"role"`
	WebPhone bool                `json:"web_phone"` // the page itself is the phone
	Queues   []queue.QueueStatus `json:"queues"`
	Agents   []queue.AgentStatus `json:"agents"`
	Calls    []queue.Call        `json:"calls"`
	Asterisk AsteriskState       `json:"asterisk"`
	Offers   Offers              `json:"offers"`
}

// Offers are what the configuration lets people choose from.
type Offers struct {
	// AwayReasons are why an agent may be away; absent: the page has its own.
	AwayReasons []string `json:"away_reasons,omitempty"`
	// Queues are all, by id: a call may be handed over from any.
	Queues map[string]QueueOffers `json:"queues,omitempty"`
}

// QueueOffers are what a queue offers for its calls.
type QueueOffers struct {
	Name string `json:"name"`
	// CRMURL is a customer's address in the CRM; {number}, {call}, {queue} and
	// {agent} are to be filled in, percent-encoded.
	CRMURL string `json:"crm_url,omitempty"`
	// Dispositions are how a call may be settled; absent: by any text.
	Dispositions []string `json:"dispositions,omitempty"`
}

// CallChange is a change of a call: call.waiting, call.ringing,
// call.answered, call.changed, call.ended or call.missed.
type CallChange struct {
	Type Type       `json:"type"`
	At   time.Time  `json:"at"`
	Call queue.Call `json:"call"`
	// Rings are those whose ringing this change is about: newly rung ones
	// have an empty result, for the others ringing is over.
	Rings []queue.Ring `json:"rings"`
	// By is who answered, in call.answered.
	By *Person `json:"by,omitempty"`
	// Alert is there in call.ringing for the agents newly rung, and for
	// nobody else.
	Alert *Alert `json:"alert,omitempty"`
}

// Person is an agent by id and name.
type Person struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Alert is what a rung agent is told beyond the call itself.
type Alert struct {
	WaitedMS int64 `json:"waited_ms"`
	// Earlier lists earlier calls of this customer, newest first; null when
	// they are not known yet: call.earlier follows.
	Earlier []EarlierCall `json:"earlier"`
}

// EarlierCall is one earlier call with the same customer.
type EarlierCall struct {
	ID          string          `json:"id"`
	Queue       string          `json:"queue"`
	Direction   queue.Direction `json:"direction"`
	Begin       time.Time       `json:"begin"`
	Outcome     queue.Outcome   `json:"outcome"`
	Agent       string          `json:"agent"`
	TalkMS      int64           `json:"talk_ms"`
	Memo        string          `json:"memo"`
	Disposition string          `json:"disposition"`
}

// Earlier (call.earlier) brings the earlier calls that were not known yet
// when an agent was alerted.
type Earlier struct {
	Type    Type          `json:"type"`
	At      time.Time     `json:"at"`
	Call    string        `json:"call"`
	Earlier []EarlierCall `json:"earlier"`
}

// AgentChange (agent.state) is the status of an agent after a change.
type AgentChange struct {
	Type  Type              `json:"type"`
	At    time.Time         `json:"at"`
	Agent queue.AgentStatus `json:"agent"`
}

// QueueChange (queue.stats) is the figures of a queue after a change.
type QueueChange struct {
	Type  Type              `json:"type"`
	At    time.Time         `json:"at"`
	Queue queue.QueueStatus `json:"queue"`
}

// AsteriskChange (asterisk.state) tells whether events come from Asterisk.
// While it is down calls go on, but ringing and answers may be shown late.
type AsteriskChange struct {
	Type     Type          `json:"type"`
	At       time.Time     `json:"at"`
	Asterisk AsteriskState `json:"asterisk"`
}

// AsteriskState is the state of the connection to Asterisk.
type AsteriskState struct {
	State string    `json:"state"` // up or down
	Since time.Time `json:"since"`
	// LagMS is how late events have come of late.
	LagMS int64 `json:"lag_ms"`
}

// Notice is queue.day, missed.changed, config.reloaded or campaign.stats, with what
// [Hub.Push] was given as Data.
type Notice struct {
	Type  Type      `json:"type"`
	At    time.Time `json:"at"`
	Queue string    `json:"queue,omitempty"`
	Data  any       `json:"data"`
}

// Forgotten (person.forgotten) tells that what there was of somebody has been
// removed, but not of whom: what a page has of ended calls is to be asked for
// anew.
type Forgotten struct {
	Type Type      `json:"type"`
	At   time.Time `json:"at"`
}

// Ack says that the client's frame with this ref was carried out.
type Ack struct {
	Type Type   `json:"type"`
	Ref  string `json:"ref,omitempty"`
}

// Error says that the client's frame with this ref was not carried out.
type Error struct {
	Type    Type   `json:"type"`
	Ref     string `json:"ref,omitempty"`
	Code    Code   `json:"code"`
	Message string `json:"message"` // for developers, in English
}

// Frames from the client. Each may have a "ref", which its ack or error
// repeats.

// Login logs in a socket that came without a session cookie.
type Login struct {
	Type     Type   `json:"type"`
	Ref      string `json:"ref,omitempty"`
	ID       string `json:"id"`
	Password string `json:"password"`
}

// Logout makes the agent offline and closes all its sockets.
type Logout struct {
	Type Type   `json:"type"`
	Ref  string `json:"ref,omitempty"`
}

// SetState makes the agent available or away.
type SetState struct {
	Type   Type   `json:"type"`
	Ref    string `json:"ref,omitempty"`
	State  string `json:"state"` // available or away
	Reason string `json:"reason,omitempty"`
}

// WrapupDone ends after-call work early.
type WrapupDone struct {
	Type Type   `json:"type"`
	Ref  string `json:"ref,omitempty"`
}

// Memo writes what the agent notes about a call; a field left out keeps what
// is there. Its ack comes when it is on disk. With Was nothing is written over
// what somebody else has written since: that is refused as stale.
type Memo struct {
	Type        Type    `json:"type"`
	Ref         string  `json:"ref,omitempty"`
	Call        string  `json:"call"`
	Memo        *string `json:"memo,omitempty"`
	Disposition *string `json:"disposition,omitempty"`
	Was         *Note   `json:"was,omitempty"` // what the agent saw of it before
}

// Note is what there is to be noted about a call; nil is nothing said of it.
type Note struct {
	Memo        *string `json:"memo,omitempty"`
	Disposition *string `json:"disposition,omitempty"`
}

// Ping asks for an ack.
type Ping struct {
	Type Type   `json:"type"`
	Ref  string `json:"ref,omitempty"`
}
