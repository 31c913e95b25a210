package dialplan

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"calld/agi"
	"calld/mask"
	"calld/queue"
)

// ring rings the agents of an offer, stays with the call while they talk, and
// reports what became of it. The error says that the caller or the connection
// is gone before that could be told.
func (c *caller) ring(ctx context.Context, o *queue.Offer) error {
	c.cfg = c.in.Config()                       // a reload may have brought the agents, or have had numbers hidden from them
	if err := c.tellRecorded(ctx); err != nil { // a call that was led to a number outside
		return err
	}
	if err := c.startRecording(ctx); err != nil {
		return err
	}
	dialled := time.Now()
	err := c.connect(ctx, o)
	c.music = false // Dial has ended it
	if err != nil && !gone(err) && context.Cause(ctx) == nil {
		return fmt.Errorf("dial: %w", err)
	}
	r, err := c.report(ctx, o)
	if err != nil {
		return err
	}
	if cause := context.Cause(ctx); errors.Is(cause, agi.ErrRedirected) && r.Result != queue.RingAnswer {
		return cause // Dial takes it for a hang-up
	}
	// app_dial.c: the answered time is that since the caller's channel was
	// answered, which may have been for music long before.
	r.Talked = min(r.Talked, time.Since(dialled))
	c.log.Info("ringing over", "result", r.Result, "talked_ms", r.Talked.Milliseconds(), "caller_gone", r.CallerGone, "cause", r.Cause)
	if r.Result == queue.RingAnswer {
		c.answered = true
		if c.ticket.Ordered() && !r.CallerGone {
			// The call may go on: DIALSTATUS must not tell the next script that a
			// talk has just ended.
			if err := c.s.SetVariable(ctx, "DIALSTATUS", ""); err != nil && !gone(err) {
				return err
			}
		}
	}
	c.ticket.Dialled(r)
	return nil
}

// connect does what an offer asks for. The error says that it could not be
// tried, or that the channel is gone.
func (c *caller) connect(ctx context.Context, o *queue.Offer) error {
	switch {
	case o.Bridge != "":
		c.log.Info("taken back", "with", o.Bridge)
		if err := c.exec(ctx, "StopMusicOnHold"); err != nil {
			return err
		}
		_, err := c.s.Exec(ctx, "Bridge", o.Bridge)
		return err
	case o.Outside != nil:
		c.log.Info("calling outside", "number", o.Outside.Number)
	default:
		c.log.Info("ringing", "agents", agentIDs(o))
	}
	if err := c.setHeaders(ctx, o.Headers); err != nil {
		return err
	}
	_, err := c.s.Exec(ctx, "Dial", c.dialArgs(o)...)
	return err
}

// setHeaders leaves SIP headers where the generated dialplan takes them from.
// They are inherited by the channels dialled.
func (c *caller) setHeaders(ctx context.Context, headers map[string]string) error {
	if len(headers) == 0 {
		return nil
	}
	n := 0
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		n++
		if err := c.s.SetVariable(ctx, fmt.Sprintf("_%s_%d", varHeader, n), name); err != nil {
			return err
		}
		if err := c.s.SetVariable(ctx, fmt.Sprintf("_%s_VALUE_%d", varHeader, n), headers[name]); err != nil {
			return err
		}
	}
	return c.s.SetVariable(ctx, fmt.Sprintf("_%s_%d", varHeader, n+1), "")
}

// dialArgs are those of Dial(): whom, for how many seconds, and options.
// app_dial.c: g goes on in the dialplan when the agent hangs up, i ignores a
// phone's wish to forward the call, m plays music instead of ringing, f sets
// the number shown, b runs a subroutine on each channel before it is dialled.
func (c *caller) dialArgs(o *queue.Offer) []string {
	dial := make([]string, len(o.Agents))
	for i, a := range o.Agents {
		dial[i] = strings.ReplaceAll(c.cfg.Asterisk.AgentDial, "{phone}", a.Phone)
	}
	options := "gi"
	if o.Outside != nil {
		dial = []string{strings.ReplaceAll(c.cfg.Asterisk.TrunkDial, "{number}", o.Outside.Number)}
		options += "f(" + o.Outside.CallerID + ")"
	} else if c.number != "" && c.masks(o.Agents) {
		options += "f(" + shown(c.number) + ")"
	}
	if len(o.Headers) > 0 {
		options += "b(" + HeadersContext + "^s^1)"
	}
	if c.answered {
		// The caller has heard music or the announcement: no ringing tone
		// after that.
		options += "m(" + o.Music + ")"
	}
	seconds := int64((o.RingFor + time.Second - 1) / time.Second)
	return []string{strings.Join(dial, "&"), strconv.FormatInt(max(1, seconds), 10), options}
}

// masks reports whether one of the agents is to see no customer's number. Then
// none of those who are rung together does: they are dialled as one.
func (c *caller) masks(agents []queue.OfferedAgent) bool {
	return slices.ContainsFunc(agents, func(o queue.OfferedAgent) bool {
		a, ok := c.cfg.Agent(o.ID)
		return ok && c.cfg.Masks(a.Role)
	})
}

// shown is a masked number as phones show it: Asterisk takes dashes out
// (callerid.c, ast_shrink_phone_number).
func shown(number string) string { return strings.ReplaceAll(mask.Number(number), "-", "") }

// startRecording starts the recording on the caller's channel, so that it goes on
// when the agent changes; b: only what is said in a conversation. A call that
// can't be recorded goes on without.
func (c *caller) startRecording(ctx context.Context) error {
	if c.recording || c.record == "" {
		return nil
	}
	c.recording = true
	err := c.exec(ctx, "MixMonitor", path.Join(c.cfg.Asterisk.Recordings, c.record), "b")
	if err == nil || context.Cause(ctx) != nil {
		return err
	}
	c.log.Error("call is not recorded", "err", err)
	c.record = ""
	c.ticket.Records("")
	return nil
}

// bridged is what Bridge() leaves in BRIDGERESULT of a channel that was there to
// be joined (features.c).
const bridged = "SUCCESS"

// report asks the channel, alive or dead, how Dial ended.
func (c *caller) report(ctx context.Context, o *queue.Offer) (queue.DialReport, error) {
	r := queue.DialReport{Offer: o.ID}
	last, cancel := lastly(ctx)
	defer cancel()
	v, err := c.full(last, "${DIALSTATUS}", "${DIALEDPEERNAME}", "${ANSWEREDTIME_MS}", "${ANSWEREDTIME}",
		"${HANGUPCAUSE}", "${BRIDGERESULT}", hangupSource)
	if err != nil {
		return r, err
	}
	r.Cause, _ = strconv.Atoi(v[4]) // 0 when it is none
	r.Result = dialResult(v[0], r.Cause)
	r.Phone = c.phoneOf(v[1])
	r.Talked = answeredTime(v[2], v[3])
	if o.Bridge != "" { // what Dial said is old; a Bridge that can't be made is the end of the talk too
		v[0], r.Result, r.Phone, r.Talked = "", queue.RingAnswer, "", 0
		r.Unjoined = v[5] != "" && v[5] != bridged
	}
	byAsterisk := v[6] == ""
	if byAsterisk && r.Result == queue.RingAnswer && !c.ticket.Ordered() {
		awaitHangup(ctx)
	}
	r.CallerGone = hungUp(ctx) || v[0] == "CANCEL"
	r.Dropped = r.CallerGone && byAsterisk
	return r, nil
}

// bothSides is how far apart Asterisk may end the two channels of a talk when
// it ends every channel (ast_begin_shutdown): the agent's may be the first.
const bothSides = 500 * time.Millisecond

// awaitHangup waits for a hang-up that may follow the end of a talk that
// neither side has ended.
func awaitHangup(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, bothSides)
	defer cancel()
	<-ctx.Done()
}

func hungUp(ctx context.Context) bool {
	cause := context.Cause(ctx)
	return errors.Is(cause, agi.ErrHangup) || errors.Is(cause, agi.ErrDead)
}

// dialResult reads DIALSTATUS. A phone that declines with 603 or 480 gives
// NOANSWER or CHANUNAVAIL, with a hang-up cause (Q.850) that only a phone can
// give: the board tells a NOANSWER from a time-out by the time it took.
func dialResult(status string, cause int) queue.RingResult {
	const (
		userBusy     = 17
		noAnswer     = 19
		callRejected = 21
	)
	switch status {
	case "ANSWER":
		return queue.RingAnswer
	case "NOANSWER":
		return queue.NoAnswer
	case "CANCEL":
		return queue.CallerLeft
	case "BUSY", "CONGESTION", "DONTCALL", "TORTURE":
		return queue.Refused
	}
	if cause == userBusy || cause == noAnswer || cause == callRejected {
		return queue.Refused
	}
	return queue.Unreachable // CHANUNAVAIL, INVALIDARGS
}

// answeredTime reads what Dial says of how long the talk was; old Asterisks
// know no milliseconds.
func answeredTime(ms, seconds string) time.Duration {
	if n, err := strconv.ParseInt(ms, 10, 64); err == nil {
		return time.Duration(n) * time.Millisecond
	}
	n, _ := strconv.ParseInt(seconds, 10, 64) // 0 when it is none
	return time.Duration(n) * time.Second
}

// phoneOf finds whose phone a channel such as PJSIP/8001-0000002a is; "" when
// the dial string does not tell.
func (c *caller) phoneOf(channel string) string {
	i := strings.LastIndexByte(channel, '-')
	if i < 0 {
		return ""
	}
	for _, a := range c.cfg.Agents {
		if channel[:i] == strings.ReplaceAll(c.cfg.Asterisk.AgentDial, "{phone}", a.Phone) {
			return a.Phone
		}
	}
	return ""
}

func agentIDs(o *queue.Offer) []string {
	ids := make([]string, len(o.Agents))
	for i, a := range o.Agents {
		ids[i] = a.ID
	}
	return ids
}
