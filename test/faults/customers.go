package main

import (
	"bufio"
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"math"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"text/template"
	"time"

	"calld/test/centre"
	"calld/test/lab"
)

//go:embed customers.xml
var customersScenario string

// prefixLen is the length of what stands before the number of the call in a
// customer's number: 010, three digits of the round, and one of the kind.
const prefixLen = 7

// talkers talk through a fault: for as long as it lasts, and longer.
const talkers = "talkers"

// kind is a kind of customers.
type kind struct {
	name             string
	number           string
	share            float64       // of all calls
	patience         time.Duration // then they give up
	talkMin, talkMax time.Duration // from the answer on, whoever has answered
}

func kinds() []kind {
	const long = time.Minute // those whose Asterisk is gone without a word give up, too
	return []kind{
		{"brief", centre.Entrance, .60, long, time.Second, 5 * time.Second},
		{talkers, centre.Entrance, .05, long, 9 * time.Second, 15 * time.Second},
		{"told", centre.Number(told), .05, long, 4 * time.Second, 8 * time.Second},
		{"waiting", centre.Number(scarce), .08, long, time.Second, 3 * time.Second},
		{"waiting-all", centre.Number(scarceAll), .08, long, time.Second, 3 * time.Second},
		{"hasty", centre.Number(scarce), .07, 1500 * time.Millisecond, time.Second, 3 * time.Second},
		{"hasty-all", centre.Number(scarceAll), .07, 1500 * time.Millisecond, time.Second, 3 * time.Second},
	}
}

// crowd is the customers of one kind in one round: one sipp.
type crowd struct {
	kind   kind
	prefix string
	wanted int // calls
	dir    string
	cmd    *exec.Cmd
	out    bytes.Buffer
	done   chan struct{}
}

// startCrowd has customers call for a time, at rate calls a second of all
// kinds together.
func (s *scene) startCrowd(ctx context.Context, round, n int, k kind, rate float64, length time.Duration) (*crowd, error) {
	w := &crowd{kind: k, prefix: fmt.Sprintf("010%03d%d", round, n), done: make(chan struct{})}
	w.dir = filepath.Join(s.dir, w.prefix)
	port, err := freePort(ctx, s.PBX.Trunks[0].Host)
	if err != nil {
		return nil, err
	}
	var scenario bytes.Buffer
	err = template.Must(template.New("customers.xml").Parse(customersScenario)).Execute(&scenario, map[string]any{
		"Prefix": w.prefix, "Patience": k.patience.Milliseconds(),
		"TalkMin": k.talkMin.Milliseconds(), "TalkMax": k.talkMax.Milliseconds(),
	})
	if err == nil {
		err = errors.Join(os.Mkdir(w.dir, 0o700), os.WriteFile(filepath.Join(w.dir, "customers.xml"), scenario.Bytes(), 0o600))
	}
	if err != nil {
		return nil, err
	}
	w.wanted = int(math.Ceil(length.Seconds() * rate * k.share))
	host := s.PBX.Trunks[0].Host
	w.cmd = sipp(ctx, w.dir, s.PBX.SIP(), "-sf", "customers.xml", "-i", host, "-p", strconv.Itoa(port),
		"-mi", lab.SIPpMedia(port), "-mp", strconv.Itoa(port), "-s", k.number,
		"-r", "1", "-rp", strconv.Itoa(int(1000/(rate*k.share))), "-m", strconv.Itoa(w.wanted), "-l", strconv.Itoa(w.wanted),
		"-trace_shortmsg", "-shortmessage_file", "messages")
	w.cmd.Stdout, w.cmd.Stderr = &w.out, &w.out
	if err := w.cmd.Start(); err != nil {
		return nil, fmt.Errorf("sipp: %w", err)
	}
	go func() {
		defer close(w.done)
		_ = w.cmd.Wait() // its status tells of failed calls, as its list does
	}()
	return w, nil
}

// await waits until all its calls are over.
func (w *crowd) await(ctx context.Context) error {
	err := centre.Eventually(ctx, patience, "the customers of "+w.kind.name+" to be done", func(context.Context) error {
		select {
		case <-w.done:
			return nil
		default:
			return errors.New("some still call or talk")
		}
	})
	if err != nil {
		err = errors.Join(err, w.cmd.Process.Kill())
		<-w.done
	}
	return err
}

// heard is what a customer has heard of a call.
type heard struct {
	kind      string
	number    string    // the customer's
	called    time.Time // first INVITE
	reached   bool      // Asterisk has said anything at all
	answered  time.Time // zero: never
	gaveUp    time.Time // CANCEL; zero: never
	hungUp    time.Time // BYE; zero: never
	droppedAt time.Time // Asterisk's BYE before; zero: never
	refused   int       // status of a refusal that was not asked for; 0: none
}

// calls reads what sipp has written down (sipp, logger.cpp): for each message
// date and time, the same in seconds, S or R, Call-ID, CSeq and first line, between
// tabs.
func (w *crowd) calls() ([]*heard, error) {
	f, err := os.Open(filepath.Join(w.dir, "messages"))
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // read only
	var list []*heard
	byID := map[string]*heard{}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		f := strings.Split(lines.Text(), "\t")
		if len(f) < 6 {
			continue
		}
		n := len(f)
		seconds, err := strconv.ParseFloat(f[n-5], 64)
		if err != nil {
			return nil, fmt.Errorf("sipp: time of a message: %w", err)
		}
		at := time.UnixMicro(int64(seconds * 1e6))
		sent, id, cseq, first := f[n-4] == "S", f[n-3], f[n-2], f[n-1]
		h := byID[id]
		if h == nil {
			call, _, _ := strings.Cut(id, "-") // [call_number]-[pid]@[host]
			h = &heard{kind: w.kind.name, number: w.prefix + call, called: at}
			byID[id] = h
			list = append(list, h)
		}
		h.take(at, sent, cseq, first)
	}
	if err := lines.Err(); err != nil || len(list) == w.wanted {
		return list, err
	}
	return nil, fmt.Errorf("sipp made %d of %d calls of %s and ended with %v: %s",
		len(list), w.wanted, w.kind.name, w.cmd.ProcessState, w.out.Bytes()[max(0, w.out.Len()-lastLines):])
}

func (h *heard) take(at time.Time, sent bool, cseq, first string) {
	if !sent {
		h.reached = true
	}
	var status int
	if word, ok := strings.CutPrefix(first, "SIP/2.0 "); ok {
		status, _ = strconv.Atoi(word[:min(3, len(word))]) // 0 when it is none
	}
	switch {
	case sent && strings.HasPrefix(first, "CANCEL ") && h.gaveUp.IsZero():
		h.gaveUp = at
	case sent && strings.HasPrefix(first, "BYE ") && h.hungUp.IsZero() && h.droppedAt.IsZero():
		h.hungUp = at
	case !sent && strings.HasPrefix(first, "BYE ") && h.hungUp.IsZero() && h.droppedAt.IsZero():
		h.droppedAt = at
	case !sent && status == 200 && strings.Contains(cseq, "INVITE") && h.answered.IsZero():
		h.answered = at
	case !sent && status >= 300 && strings.Contains(cseq, "INVITE") && h.gaveUp.IsZero() && h.refused == 0:
		h.refused = status
	}
}

// freePort is a port of an address that all laboratories share.
func freePort(ctx context.Context, host string) (int, error) {
	var lc net.ListenConfig
	l, err := lc.ListenPacket(ctx, "udp", host+":0")
	if err != nil {
		return 0, err
	}
	return l.LocalAddr().(*net.UDPAddr).Port, l.Close() //nolint:forcetypeassert // that is what UDP has
}

func sipp(ctx context.Context, dir string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(context.WithoutCancel(ctx), "sipp", append(args, "-nostdin")...)
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd
}
