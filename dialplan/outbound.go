package dialplan

import (
	"context"
	"log/slog"
	"path"
	"strconv"
	"strings"
	"time"

	"calld/agi"
	"calld/config"
	"calld/queue"
)

// OutboundContext is where the generated dialplan takes the phone that an
// outbound call has rung first, at extension s.
const OutboundContext = "calld-outbound"

// customerContext is where a customer's channel goes before it is dialled, to
// have its recording started.
const customerContext = "calld-customer"

// What is told to the customer's channel: the file of its recording, and the
// customer's number, should it be turned over.
const (
	varRecord = "CALLD_RECORD"
	varNumber = "CALLD_NUMBER"
)

// OutBoard is what the outbound script needs of the queue's board.
type OutBoard interface {
	Board
	PickUp(callID, channel string) (*queue.Ticket, queue.Call, error)
}

// Outbound is the script of a call that calld makes: agi://HOST/outbound. It
// serves the agent's phone, which was rung first and has answered, and dials
// the customer; or the customer whom a campaign has dialled, who is given to an
// agent. It is an [agi.Handler].
type Outbound struct {
	Board OutBoard
	// Campaigns and Announcer are for the customers of campaigns.
	Campaigns Campaigns
	Announcer Announcer
	// Config gives the configuration in force.
	Config func() *config.Config
	Log    *slog.Logger
}

// ServeAGI serves one call until it is over or the connection is lost.
func (out *Outbound) ServeAGI(ctx context.Context, s *agi.Session) {
	if try, ok := queue.TryOf(s.Env.UniqueID); ok {
		out.serveCustomer(ctx, s, try)
		return
	}
	log := out.Log.With("channel", s.Env.Channel)
	v, err := expand(context.WithoutCancel(ctx), s, "${"+VarID+"}", "${DIALSTATUS}")
	if err != nil {
		log.Warn("a phone does not tell its call", "err", err)
		return
	}
	log = log.With("call_id", v[0])
	ticket, call, err := out.Board.PickUp(v[0], s.Env.Channel)
	if err != nil {
		result := ResultUnknown
		if o, ok := out.Board.OutcomeOf(v[0]); ok {
			result = strings.ToUpper(string(o))
		}
		log.Warn("the call of a phone that answered is gone", "err", err)
		leaveResult(ctx, s, log, result)
		return
	}
	defer ticket.Detach() // does nothing to a call that is over
	log = log.With("agent", call.Agent, "queue", call.Queue)
	if v[1] == "" { // else an earlier script was lost while it dialled or they talked
		log.Info("dialling", "number", call.Callee)
		err = out.dial(ctx, s, &call)
	}
	if err != nil && !gone(err) && context.Cause(ctx) == nil {
		log.Error("customer can't be dialled", "err", err)
		ticket.Fail("script")
	} else if r, err := reachReport(ctx, s, ticket); err != nil {
		log.Warn("script lost", "err", err)
		return
	} else {
		log.Info("dialling over", "result", r.Result, "talked_ms", r.Talked.Milliseconds(), "agent_gone", r.AgentGone, "cause", r.Cause)
		if ticket.Reached(r) {
			log.Info("turned over")
			leaveResult(ctx, s, log, strings.ToUpper(string(queue.Answered)))
			return
		}
	}
	if o, ok := out.Board.OutcomeOf(call.ID); ok {
		leaveResult(ctx, s, log, strings.ToUpper(string(o)))
	}
}

// dial shows the customer the queue's number, and no name: the channel's own
// caller id is what the agent's phone has shown.
func (out *Outbound) dial(ctx context.Context, s *agi.Session, call *queue.Call) error {
	cfg := out.Config()
	set := []string{"CALLERID(num)=" + call.Caller, "CALLERID(name)=", "_" + varNumber + "=" + call.Callee}
	if call.Record != "" {
		set = append(set, "_"+varRecord+"="+path.Join(cfg.Asterisk.Recordings, call.Record))
	}
	if _, err := s.Exec(ctx, "MSet", set...); err != nil {
		return err
	}
	_, err := s.Exec(ctx, "Dial", customerDial(cfg, call)...)
	return err
}

// customerDial are the arguments of Dial(): whom, for how many seconds, and
// options. app_dial.c: g goes on in the dialplan when the customer hangs up, i
// ignores that a phone wishes to forward the call, b sends the new channel to
// the context that starts its recording. It is recorded there, so that the
// recording goes on when the agent changes.
func customerDial(cfg *config.Config, call *queue.Call) []string {
	options := "gi"
	if call.Record != "" {
		options += "b(" + customerContext + "^s^1)"
	}
	return []string{
		strings.ReplaceAll(cfg.Asterisk.TrunkDial, "{number}", call.Callee),
		strconv.Itoa(int(queue.CustomerRing / time.Second)), options,
	}
}

// reachReport asks the agent's channel, alive or dead, how Dial ended.
func reachReport(ctx context.Context, s *agi.Session, ticket *queue.Ticket) (queue.ReachReport, error) {
	last, cancel := lastly(ctx)
	defer cancel()
	v, err := expand(last, s, "${DIALSTATUS}", "${ANSWEREDTIME_MS}", "${ANSWEREDTIME}", "${HANGUPCAUSE}", hangupSource)
	if err != nil {
		return queue.ReachReport{}, err
	}
	r := queue.ReachReport{Talked: answeredTime(v[1], v[2])}
	r.Cause, _ = strconv.Atoi(v[3]) // 0 when it is none
	r.Result = queue.DialResultOf(v[0], r.Cause)
	byAsterisk := v[4] == "" && !ticket.Ordered()
	if byAsterisk && r.Result == queue.DialAnswered {
		awaitHangup(ctx)
	}
	r.AgentGone = hungUp(ctx) || v[0] == "CANCEL"
	r.Dropped = r.AgentGone && byAsterisk
	return r, nil
}

// RecordPath is where below the recordings folder a call is recorded: in a
// folder for each day, in the time zone of begin.
func RecordPath(begin time.Time, callID string) string {
	return path.Join(begin.Format("2006/01/02"), callID+".wav")
}

// leaveResult leaves on the channel, alive or dead, how its call ended.
func leaveResult(ctx context.Context, s *agi.Session, log *slog.Logger, result string) {
	ctx, cancel := lastly(ctx)
	defer cancel()
	if err := s.SetVariable(ctx, VarResult, result); err != nil && !gone(err) {
		log.Warn("result not set", "result", result, "err", err)
	}
}
