package lab

import (
	"bytes"
	"context"
	"embed"
	"encoding/csv"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

//go:embed sipp/*.xml
var sippScenarios embed.FS

// ErrSIPp is wrapped by errors about the load generator.
var ErrSIPp = errors.New("lab: sipp")

// Load is a load of calls.
type Load struct {
	From   string        // our address, that of a trunk
	Port   int           // our port, a free one by default
	To     string        // Asterisk's address and port
	Number string        // the number to call
	Rate   int           // calls a second
	Calls  int           // calls in all
	Talk   time.Duration // length of each talk
}

// LoadResult is what became of a load. The times are in whole milliseconds: from
// INVITE to 200 of the calls that were answered, and to 180 of those that were
// told so.
type LoadResult struct {
	Answered, Failed    int
	P50, P99, Max, Mean time.Duration
	Ring50, Ring99      time.Duration
	Took                time.Duration
}

// SIPp makes calls at a steady rate with the program sipp, and returns when
// the last has ended. Calls that fail are counted and no error.
func SIPp(ctx context.Context, load Load, log *slog.Logger) (LoadResult, error) {
	if load.Port == 0 {
		port, err := FreePort()
		if err != nil {
			return LoadResult{}, err
		}
		load.Port = port
	}
	media, err := FreePort()
	if err != nil {
		return LoadResult{}, err
	}
	dir, err := sippFolder(ctx, log)
	if err != nil {
		return LoadResult{}, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	begin := time.Now()
	cmd := sippCommand(ctx, dir, load.To, "-sf", "uac.xml", "-i", load.From, "-p", strconv.Itoa(load.Port),
		"-mi", SIPpMedia(media), "-mp", strconv.Itoa(media), "-s", load.Number,
		"-r", strconv.Itoa(load.Rate), "-m", strconv.Itoa(load.Calls), "-l", strconv.Itoa(load.Calls),
		"-d", strconv.FormatInt(load.Talk.Milliseconds(), 10),
		"-trace_stat", "-stf", "stat.csv", "-trace_rtt", "-rtt_freq", "1")
	out, err := cmd.CombinedOutput()
	// sipp's exit status is 1 when a call has failed.
	if exit := (*exec.ExitError)(nil); err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) {
		return LoadResult{}, fmt.Errorf("%w: %w: %s", ErrSIPp, err, lastLines(out))
	}
	r, err := readLoad(dir)
	r.Took = time.Since(begin)
	return r, err
}

// SIPpPhones is one sipp that stands for any number of phones.
type SIPpPhones struct {
	*sippProcess
	Addr string // the contact of every phone
}

// StartSIPpPhones starts it at 127.0.0.1; it rings and answers every call at
// once. Asterisk learns of the address by a static contact
// (see [StaticPhones]) or by the registration of a [Phone] with that Contact.
func StartSIPpPhones(ctx context.Context, log *slog.Logger) (*SIPpPhones, error) {
	return startSIPpPhones(ctx, "uas.xml", log)
}

// StartSIPpPeople is StartSIPpPhones with people before the phones, who take
// their time to answer, and now and then do not (sipp/people.xml).
func StartSIPpPeople(ctx context.Context, log *slog.Logger) (*SIPpPhones, error) {
	return startSIPpPhones(ctx, "people.xml", log)
}

// StartSIPpColleagues is StartSIPpPhones for phones that ring together: those
// whose number ends in 9 answer at once, the others never.
func StartSIPpColleagues(ctx context.Context, log *slog.Logger) (*SIPpPhones, error) {
	return startSIPpPhones(ctx, "colleagues.xml", log)
}

func startSIPpPhones(ctx context.Context, scenario string, log *slog.Logger) (*SIPpPhones, error) {
	port, err := FreePort()
	if err != nil {
		return nil, err
	}
	media, err := FreePort()
	if err != nil {
		return nil, err
	}
	dir, err := sippFolder(ctx, log)
	if err != nil {
		return nil, err
	}
	p, err := startSIPp(ctx, dir, "-sf", scenario, "-i", "127.0.0.1", "-p", strconv.Itoa(port),
		"-mi", SIPpMedia(media), "-mp", strconv.Itoa(media), "-aa")
	if err != nil {
		return nil, err
	}
	// It listens when nobody else can.
	if err := p.awaitReady(ctx, func() bool { return !portFree(port) }); err != nil {
		return nil, err
	}
	return &SIPpPhones{sippProcess: p, Addr: net.JoinHostPort("127.0.0.1", strconv.Itoa(port))}, nil
}

// StaticPhones is the PJSIP configuration of phones that never register and are
// always at one address.
func StaticPhones(addr string, users ...string) string {
	var b strings.Builder
	for _, user := range users {
		fmt.Fprintf(&b, "[%[1]s]\ntype = endpoint\ntransport = transport-udp\ncontext = from-internal\n"+
			"disallow = all\nallow = ulaw\ndirect_media = no\naors = %[1]s\n\n"+
			"[%[1]s]\ntype = aor\ncontact = sip:%[1]s@%[2]s\n\n", user, addr)
	}
	return b.String()
}

// sippFolder makes a folder with the scenarios, for sipp to run in.
func sippFolder(ctx context.Context, log *slog.Logger) (string, error) {
	if err := Need(ctx, log, "sipp"); err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "calld-sipp-")
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrSIPp, err)
	}
	for _, name := range []string{"uac.xml", "uas.xml", "customers.xml", "callers.xml", "people.xml", "colleagues.xml"} {
		text, err := sippScenarios.ReadFile("sipp/" + name)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), text, 0o644)
		}
		if err != nil {
			return "", errors.Join(fmt.Errorf("%w: %w", ErrSIPp, err), os.RemoveAll(dir))
		}
	}
	return dir, nil
}

// SIPpMedia is a loopback address of its own for a media port. A sipp takes the
// port that it is told and the next but one, which another sipp may have
// been given.
func SIPpMedia(port int) string { return fmt.Sprintf("127.%d.%d.1", 1+port>>8, port&0xff) }

func sippCommand(ctx context.Context, dir string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "sipp", append(args, "-nostdin")...)
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd
}

// sippProcess is a running sipp.
type sippProcess struct {
	cmd  *exec.Cmd
	done chan struct{}
	dir  string       // its own, with what it writes
	out  bytes.Buffer // may be read when done is closed
	err  error        // likewise
}

// startSIPp starts sipp in a folder, which goes when it can't be started, or is
// stopped.
func startSIPp(ctx context.Context, dir string, args ...string) (*sippProcess, error) {
	s := &sippProcess{dir: dir, done: make(chan struct{})}
	s.cmd = sippCommand(context.WithoutCancel(ctx), dir, args...)
	s.cmd.Stdout, s.cmd.Stderr = &s.out, &s.out
	if err := s.cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %w", ErrSIPp, err), os.RemoveAll(dir))
	}
	go func() {
		defer close(s.done)
		s.err = s.cmd.Wait()
	}()
	return s, nil
}

// awaitReady waits until a fact shows that sipp takes calls; when it never does,
// it is stopped.
func (s *sippProcess) awaitReady(ctx context.Context, ready func() bool) error {
	var ended bool
	err := await(ctx, func() bool {
		select {
		case <-s.done:
			ended = true
		default:
		}
		return ended || ready()
	})
	if ended {
		err = fmt.Errorf("%w has ended: %s", ErrSIPp, lastLines(s.out.Bytes()))
	}
	if err != nil {
		return errors.Join(err, s.Stop())
	}
	return nil
}

// PID is the process id.
func (s *sippProcess) PID() int { return s.cmd.Process.Pid }

// Stop ends it with all its calls, if it runs, and forgets what it has written.
func (s *sippProcess) Stop() error {
	err := s.cmd.Process.Kill()
	if errors.Is(err, os.ErrProcessDone) {
		err = nil
	}
	<-s.done
	return errors.Join(err, os.RemoveAll(s.dir))
}

func lastLines(out []byte) string {
	if len(out) > maxToolOutput {
		out = out[len(out)-maxToolOutput:]
	}
	return strings.TrimSpace(string(out))
}

// readLoad reads sipp's statistics.
func readLoad(dir string) (LoadResult, error) {
	var r LoadResult
	stat, err := readCSV(filepath.Join(dir, "stat.csv"))
	if err != nil {
		return r, err
	}
	for column, to := range map[string]*int{"SuccessfulCall(C)": &r.Answered, "FailedCall(C)": &r.Failed} {
		if *to, err = statColumn(stat, column); err != nil {
			return r, err
		}
	}
	files, err := filepath.Glob(filepath.Join(dir, "*_rtt.csv"))
	if err == nil && len(files) == 0 && r.Answered == 0 {
		return r, nil
	}
	if err != nil || len(files) != 1 {
		return r, errors.Join(fmt.Errorf("%w: %d files of response times, want 1", ErrSIPp, len(files)), err)
	}
	rows, err := readCSV(files[0])
	if err != nil {
		return r, err
	}
	var answers, rings []time.Duration
	for _, row := range rows[1:] {
		ms, err := strconv.ParseFloat(row[1], 64)
		if err != nil || len(row) < 3 {
			return r, fmt.Errorf("%w: response time %q: %w", ErrSIPp, row, err)
		}
		took := time.Duration(ms * float64(time.Millisecond))
		switch strings.TrimSpace(row[2]) { // the counters of uac.xml
		case "1":
			answers = append(answers, took)
			r.Mean += took
		case "2":
			rings = append(rings, took)
		}
	}
	r.P50, r.P99, r.Max = percentile(answers, 50), percentile(answers, 99), percentile(answers, 100)
	r.Mean /= time.Duration(max(1, len(answers)))
	r.Ring50, r.Ring99 = percentile(rings, 50), percentile(rings, 99)
	return r, nil
}

// statColumn is the last value of a column of sipp's statistics.
func statColumn(stat [][]string, column string) (int, error) {
	last := stat[len(stat)-1]
	i := slices.Index(stat[0], column)
	if i < 0 || i >= len(last) {
		return 0, fmt.Errorf("%w: no column %s in its statistics", ErrSIPp, column)
	}
	n, err := strconv.Atoi(last[i])
	if err != nil {
		return 0, fmt.Errorf("%w: column %s: %w", ErrSIPp, column, err)
	}
	return n, nil
}

// readCSV reads a file of sipp's; it has at least a heading and two columns.
func readCSV(path string) ([][]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSIPp, err)
	}
	defer func() { _ = f.Close() }()
	r := csv.NewReader(f)
	r.Comma, r.FieldsPerRecord, r.LazyQuotes = ';', -1, true
	rows, err := r.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrSIPp, filepath.Base(path), err)
	}
	rows = slices.DeleteFunc(rows, func(row []string) bool { return len(row) < 2 })
	if len(rows) == 0 {
		return nil, fmt.Errorf("%w: %s is empty", ErrSIPp, filepath.Base(path))
	}
	return rows, nil
}

// percentile is the smallest value that p percent of all do not exceed; 0
// of none. It sorts the values.
func percentile(values []time.Duration, p int) time.Duration {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	return values[max((len(values)*p+99)/100-1, 0)]
}
