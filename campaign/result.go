package campaign

import (
	"time"

	"calld/queue"
)

// AgentResult says what became of giving an answered customer to an agent.
type AgentResult string

// The results of giving a customer to an agent. Empty: it never came to that.
const (
	AgentAnswered  AgentResult = "answered"
	AgentNoAnswer  AgentResult = "no_answer" // agents were rung and none answered
	AgentBusy      AgentResult = "busy"      // agents refused
	AgentAbandoned AgentResult = "abandoned" // no agent within the grace
	CustomerLeft   AgentResult = "customer_left"
)

// Result is what became of one try of one number. Times are nil when it did
// not come to that.
type Result struct {
	ID       string `json:"id"`       // of the try; its channel's unique id has it
	Campaign string `json:"campaign"` // ids, as they were then
	Plan     string `json:"plan"`
	PlanRev  uint64 `json:"plan_revision"`
	List     string `json:"dial_list"`
	Entry    string `json:"entry"`
	Key      string `json:"key,omitempty"`
	Queue    string `json:"queue"`
	Number   string `json:"number"`
	Index    int    `json:"index"` // of the number in its entry, from 0
	Try      int    `json:"try"`   // of this number, from 1
	Mode     Mode   `json:"mode"`

	DialResult  queue.DialResult `json:"dial_result"` // empty while the try is under way
	HangupCause int              `json:"hangup_cause,omitempty"`
	HangupText  string           `json:"hangup_text,omitempty"`
	AMD         string           `json:"amd,omitempty"` // HUMAN, MACHINE, NOTSURE, HANGUP
	AMDCause    string           `json:"amd_cause,omitempty"`
	Agent       string           `json:"agent,omitempty"`
	AgentResult AgentResult      `json:"agent_result,omitempty"`
	Heard       bool             `json:"heard,omitempty"` // a message was played to its end, or its key pressed
	Call        string           `json:"call,omitempty"`  // the call in the history, once a customer has answered
	Why         string           `json:"why,omitempty"`   // what else is to be told: see WhyRestart and those after it

	Dialled   *time.Time `json:"dialled,omitempty"`
	Rang      *time.Time `json:"rang,omitempty"`
	Answered  *time.Time `json:"answered,omitempty"`
	AgentDial *time.Time `json:"agent_dialled,omitempty"`
	Bridged   *time.Time `json:"bridged,omitempty"`
	End       *time.Time `json:"end,omitempty"`
}

// Kind sums the result up in one word: a dial result, or of an answered
// customer machine, abandoned (no agent took the call) or customer_left. Of a
// try that an agent declined in preview it is skipped, of one that calld itself
// ended before the time given_up, of one that was not dialled do_not_call.
func (r *Result) Kind() string {
	switch {
	case r.Why == WhySkipped:
		return WhySkipped
	case r.Why == WhyDoNotCall:
		return WhyDoNotCall
	case r.Why == WhyGivenUp, r.Why == WhyForceStop && r.Answered == nil:
		return WhyGivenUp
	case r.DialResult != queue.DialAnswered:
		return string(r.DialResult)
	case r.AgentResult == CustomerLeft:
		return string(CustomerLeft)
	case r.AgentResult == AgentAbandoned, r.AgentResult == AgentNoAnswer, r.AgentResult == AgentBusy:
		return KindAbandoned
	case r.Machine():
		return KindMachine
	}
	return string(queue.DialAnswered)
}

// What a result is told by besides dial and agent results.
const (
	KindMachine   = "machine"
	KindAbandoned = "abandoned"
)

// What AMD may find: AMDSTATUS of app_amd.c.
const (
	AMDHuman   = "HUMAN"
	AMDMachine = "MACHINE"
	AMDUnsure  = "NOTSURE"
	AMDHangup  = "HANGUP"
)

// Kinds lists every kind of a result.
func Kinds() []string {
	return []string{
		string(queue.DialAnswered), string(queue.DialBusy), string(queue.DialNoAnswer), string(queue.DialCongestion),
		string(queue.DialUnallocated), string(queue.DialRejected), string(queue.DialFailed),
		KindMachine, KindAbandoned, string(CustomerLeft), WhySkipped, WhyGivenUp, WhyDoNotCall,
	}
}
