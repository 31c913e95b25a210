package lab

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Callers is a stream of calls by callers as they are: most wait to be
// answered, some give up (sipp/callers.xml says how many).
type Callers struct {
	From   Trunk
	To     string        // Asterisk's address and port
	Number string        // the number to call
	Prefix string        // three digits, of the callers' numbers; then comes the number of the call, from 1 on
	Rate   int           // calls a second
	Calls  int           // calls in all, unless stopped before
	Talk   time.Duration // length of most talks; one in five is twice as long
}

// CallEnd is how a caller's call ended, as the caller saw it.
type CallEnd string

// The ends.
const (
	CallEnded   CallEnd = "ended"    // the line was answered, by whomever, and the caller hung up
	CallWasLeft CallEnd = "was_left" // the line was answered, and the other side hung up
	CallGaveUp  CallEnd = "gave_up"  // the caller hung up before the line was answered
	CallRefused CallEnd = "refused"  // by a SIP status of 400 or more
	CallCrossed CallEnd = "crossed"  // the line was answered while the caller was giving up
)

// CallersResult is what became of all calls.
type CallersResult struct {
	Ends   map[string]CallEnd // by the caller's number
	Calls  int                // that were made
	Failed int                // that went otherwise than calls do: no answer at all, an answer out of turn
}

// SIPpCallers is a running sipp that makes [Callers].
type SIPpCallers struct{ *sippProcess }

const (
	callersLog  = "callers.log"
	callersStat = "stat.csv"
	// callersStatEvery is how often sipp writes its counts, in seconds.
	callersStatEvery = "5"
)

// StartSIPpCallers begins to make the calls.
func StartSIPpCallers(ctx context.Context, c Callers, log *slog.Logger) (*SIPpCallers, error) {
	media, err := FreePort()
	if err != nil {
		return nil, err
	}
	dir, err := sippFolder(ctx, log)
	if err != nil {
		return nil, err
	}
	// The length of a recv's time-out can't be given on the command line.
	file := filepath.Join(dir, "callers.xml")
	text, err := os.ReadFile(file)
	if err == nil {
		talk := strconv.FormatInt(c.Talk.Milliseconds(), 10)
		err = os.WriteFile(file, bytes.ReplaceAll(text, []byte("[talk]"), []byte(talk)), 0o644)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %w", ErrSIPp, err), os.RemoveAll(dir))
	}
	p, err := startSIPp(ctx, dir, c.To, "-sf", file, "-i", c.From.Host, "-p", strconv.Itoa(c.From.Port),
		"-mi", SIPpMedia(media), "-mp", strconv.Itoa(media), "-s", c.Number, "-key", "prefix", c.Prefix,
		"-r", strconv.Itoa(c.Rate), "-m", strconv.Itoa(c.Calls), "-l", strconv.Itoa(c.Calls),
		"-trace_stat", "-stf", callersStat, "-fd", callersStatEvery, "-trace_logs", "-log_file", callersLog)
	if err != nil {
		return nil, err
	}
	return &SIPpCallers{p}, nil
}

// Done is closed when the last call has ended.
func (s *SIPpCallers) Done() <-chan struct{} { return s.done }

// Enough has no further calls made; those that there are go on to their end.
func (s *SIPpCallers) Enough() error {
	// sipp quits when its calls have ended after SIGUSR1.
	if err := s.cmd.Process.Signal(syscall.SIGUSR1); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("%w: %w", ErrSIPp, err)
	}
	return nil
}

// Wait waits until the last call has ended, and tells what became of them.
func (s *SIPpCallers) Wait(ctx context.Context) (CallersResult, error) {
	select {
	case <-s.done:
	case <-ctx.Done():
		return CallersResult{}, fmt.Errorf("%w: waiting for the callers: %w", ErrSIPp, ctx.Err())
	}
	// Exit status 1: a call has failed; 97: ended by us, and all calls were well.
	const failed, ended = 1, 97
	if exit := (*exec.ExitError)(nil); s.err != nil &&
		(!errors.As(s.err, &exit) || exit.ExitCode() != failed && exit.ExitCode() != ended) {
		return CallersResult{}, fmt.Errorf("%w: %w: %s", ErrSIPp, s.err, lastLines(s.out.Bytes()))
	}
	r := CallersResult{}
	stat, err := readCSV(filepath.Join(s.dir, callersStat))
	if err != nil {
		return r, err
	}
	for column, to := range map[string]*int{"TotalCallCreated": &r.Calls, "FailedCall(C)": &r.Failed} {
		if *to, err = statColumn(stat, column); err != nil {
			return r, err
		}
	}
	text, err := os.ReadFile(filepath.Join(s.dir, callersLog))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return r, fmt.Errorf("%w: %w", ErrSIPp, err)
	}
	r.Ends, err = readCallersLog(text)
	return r, err
}

// Made is how many calls were begun and how many have failed, some seconds
// ago.
func (s *SIPpCallers) Made() (calls, failed int, err error) {
	stat, err := readCSV(filepath.Join(s.dir, callersStat))
	if err != nil {
		return 0, 0, err
	}
	if calls, err = statColumn(stat, "TotalCallCreated"); err == nil {
		failed, err = statColumn(stat, "FailedCall(C)")
	}
	return calls, failed, err
}

// readCallersLog reads the lines that callers.xml has sipp write.
func readCallersLog(text []byte) (map[string]CallEnd, error) {
	ends := map[string]CallEnd{}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		number, end, ok := strings.Cut(strings.TrimSpace(lines.Text()), " ")
		if !ok {
			return nil, fmt.Errorf("%w: its log has the line %q", ErrSIPp, lines.Text())
		}
		if before, twice := ends[number]; twice {
			return nil, fmt.Errorf("%w: the call of %s ended twice: %s, %s", ErrSIPp, number, before, end)
		}
		ends[number] = CallEnd(end)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSIPp, err)
	}
	return ends, nil
}
