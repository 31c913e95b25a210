package queue

// DialResult says what became of dialling a customer.
type DialResult string

// The results of dialling a customer.
const (
	DialAnswered    DialResult = "answered"
	DialBusy        DialResult = "busy"
	DialNoAnswer    DialResult = "no_answer"
	DialCongestion  DialResult = "congestion"  // no line, or the network is overloaded
	DialUnallocated DialResult = "unallocated" // there is no such number
	DialRejected    DialResult = "rejected"
	DialFailed      DialResult = "failed" // it could not be dialled at all
)

// DialResults lists every result of dialling a customer.
func DialResults() []DialResult {
	return []DialResult{DialAnswered, DialBusy, DialNoAnswer, DialCongestion, DialUnallocated, DialRejected, DialFailed}
}

// DialResultOf reads Asterisk's DIALSTATUS, and the hang-up cause (Q.850), which
// tells more of why a customer was not reached.
func DialResultOf(status string, cause int) DialResult {
	switch status {
	case "ANSWER":
		return DialAnswered
	case "BUSY":
		return DialBusy
	}
	switch cause {
	case 1, 22, 28: // unallocated, number changed, invalid format
		return DialUnallocated
	case 17:
		return DialBusy
	case 18, 19: // no response, no answer
		return DialNoAnswer
	case 21:
		return DialRejected
	case 34, 38, 41, 42: // no circuit, out of order, temporary failure, congestion
		return DialCongestion
	}
	switch status {
	case "NOANSWER", "CANCEL":
		return DialNoAnswer
	case "CONGESTION":
		return DialCongestion
	}
	return DialFailed // CHANUNAVAIL, INVALIDARGS
}
