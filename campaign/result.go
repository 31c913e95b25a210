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
	Call        string           `json:"call,omitempty"` // the call in the history, once a customer has answered
	Why         string           `json:"why,omitempty"`  // what else is to be told: "restart", "force_stop", "given_up", "skipped"

	Dialled   *time.Time `json:"dialled,omitempty"`
	Rang      *time.Time `json:"rang,omitempty"`
	Answered  *time.Time `json:"answered,omitempty"`
	AgentDial *time.Time `json:"agent_dialled,omitempty"`
	Bridged   *time.Time `json:"bridged,omitempty"`
	End       *time.Time `json:"end,omitempty"`
}
