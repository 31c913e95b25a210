package pacing

import "time"

// Method is a way of pacing.
type Method string

// The methods.
const (
	Progressive Method = "progressive" // one call for each free agent
	Power       Method = "power"       // Options.Ratio calls for each free agent
	Lite        Method = "lite"        // expected answers under a multiple of the free agents
	Risk        Method = "risk"        // chance of an abandoned call under a price
)

// View is the campaign at one moment. A call stays in Ringing until the fact
// of its end is learnt: silence is evidence too.
type View struct {
	Free    int         // agents who can take a call now
	Busy    []Busy      // agents who will be free later: talks of every kind, and wrap-up
	Ringing []time.Time // calls not answered yet: when each was dialled
	Waiting int         // answered customers who have no agent yet
	Room    int         // how many more calls trunk and line limits allow
}

// Busy is an agent in a talk or in wrap-up. One who is away is not part of
// the view.
type Busy struct {
	Since  time.Time // begin of the talk, or of the wrap-up
	WrapUp bool
}

// Kind is what a fact says.
type Kind string

// The facts. Of one answered customer both Answered and, when it is known,
// Served or Abandoned are told; one who hangs up within the grace is neither.
const (
	Answered    Kind = "answered"      // a human answered; Took is the ringing
	Served      Kind = "served"        // an answered customer got an agent
	Abandoned   Kind = "abandoned"     // an answered customer got none within the grace
	Unanswered  Kind = "unanswered"    // no answer, busy, refused, no such number; Took is the ringing
	GivenUp     Kind = "given_up"      // we hung up before the ring limit; Took is the ringing
	Failed      Kind = "failed"        // trunk away or congested: says nothing about people
	TalkEnded   Kind = "talk_ended"    // Took is the talk
	WrapUpEnded Kind = "wrap_up_ended" // Took is the wrap-up; zero when there is none
)

// Fact is something that happened.
type Fact struct {
	Kind Kind
	At   time.Time
	Took time.Duration
}

// Reason is why nothing is dialled.
type Reason string

// The reasons.
const (
	Dialling      Reason = ""               // it does dial
	NoAgents      Reason = "no_agents"      // nobody is logged in and available, or soon will be
	AgentsBusy    Reason = "agents_busy"    // nobody is free, or about to be
	EnoughRinging Reason = "enough_ringing" // what rings is enough for the agents
	LinesFull     Reason = "lines_full"     // trunk or line limit reached
	TrunkFailing  Reason = "trunk_failing"  // calls fail at once: only a probe now and then
)

// Decision is what to do now.
type Decision struct {
	Dial   int   // so many calls more
	HangUp []int // these of View.Ringing; only with Options.HangUp
	Reason Reason
}

// Pace is what a supervisor may see.
type Pace struct {
	Method    Method  `json:"method"`
	Limit     float64 `json:"limit"`     // largest share of answered calls that may be abandoned
	Answered  int     `json:"answered"`  // since the day began: served or abandoned
	Abandoned int     `json:"abandoned"` // since the day began
	Window    float64 `json:"window"`    // abandoned share of about the last 100 answers
	Price     float64 `json:"price"`     // risk: largest chance of an abandon; lite: expected answers for each free agent
	Level     float64 `json:"level"`     // share of dialled customers who answer, as believed now
	Risk      float64 `json:"risk"`      // chance that one more call would find no agent; risk alone tells it
}
