package campaign

import "calld/pacing"

// Reason is why a campaign does not dial now. It is one of a closed list.
type Reason string

// The reasons. Dialling, the empty one, says that it does.
const (
	Dialling       Reason = ""
	NotRunning     Reason = "not_running"
	NoAgents       Reason = "no_agents"       // nobody of the queue is logged in and available, or soon will be
	AgentsBusy     Reason = "agents_busy"     // nobody is free, or about to be
	AgentsShared   Reason = "agents_shared"   // the agents are given to other campaigns now
	EnoughRinging  Reason = "enough_ringing"  // what rings is enough for the agents
	OutsideHours   Reason = "hours"           // it is not the calling hours of any customer
	AllResting     Reason = "resting"         // every number rests from its last try
	ListAtEnd      Reason = "list_end"        // nobody is left to dial
	LinesFull      Reason = "lines_full"      // as many channels as the plan or the configuration allows
	RateReached    Reason = "rate"            // as many calls a second as they allow
	TrunkFailing   Reason = "trunk_failing"   // calls fail at once: only a probe now and then
	AsteriskAway   Reason = "asterisk_away"   // Asterisk can't be asked, or what it does is not known yet
	StoreFailing   Reason = "store_failing"   // what is dialled could not be written down
	WaitingPreview Reason = "waiting_preview" // agents decide whom to call
	LoadingEntries Reason = "loading"         // the list is being read
	QueueGone      Reason = "queue_gone"      // the queue is no longer in the configuration
)

// Reasons lists every reason, for metrics and documentation.
func Reasons() []Reason {
	return []Reason{
		Dialling, NotRunning, NoAgents, AgentsBusy, AgentsShared, EnoughRinging, OutsideHours, AllResting, ListAtEnd,
		LinesFull, RateReached, TrunkFailing, AsteriskAway, StoreFailing, WaitingPreview, LoadingEntries, QueueGone,
	}
}

// paced translates a pacer's reason.
func paced(r pacing.Reason) Reason {
	switch r {
	case pacing.NoAgents:
		return NoAgents
	case pacing.AgentsBusy:
		return AgentsBusy
	case pacing.EnoughRinging:
		return EnoughRinging
	case pacing.LinesFull:
		return LinesFull
	case pacing.TrunkFailing:
		return TrunkFailing
	case pacing.Dialling:
	}
	return Dialling
}
