package lab

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// SIPpCustomers is one sipp that stands for all customers behind a trunk. What
// one does when called is said by the three digits after 010 of the number: a SIP
// status to refuse with (486, 603, 404); 000 rings until the caller gives
// up; 200 and 202 answer, and hang up after 2 and 4 s; 201 hangs up at once.
type SIPpCustomers struct{ *sippProcess }

// SIPpCall is a call to one of them, as sipp has written it down.
type SIPpCall struct {
	Number   string
	Invited  time.Time
	Answered time.Time // zero: it was not
	Ended    time.Time // of a call that is over
	Status   int       // that ended the dialling: 200 when it was answered, 487 when it was cancelled
}

// StartSIPpCustomers starts it at the far end of a trunk.
func StartSIPpCustomers(ctx context.Context, t Trunk, log *slog.Logger) (*SIPpCustomers, error) {
	media, err := FreePort()
	if err != nil {
		return nil, err
	}
	dir, err := sippFolder(ctx, log)
	if err != nil {
		return nil, err
	}
	p, err := startSIPp(ctx, dir, "-sf", "customers.xml", "-i", t.Host, "-p", strconv.Itoa(t.Port),
		"-mi", SIPpMedia(media), "-mp", strconv.Itoa(media), "-aa", "-trace_shortmsg", "-shortmessage_file", shortMessages)
	if err != nil {
		return nil, err
	}
	written := filepath.Join(dir, shortMessages)
	err = p.awaitReady(ctx, func() bool { // it opens its files before it takes calls
		_, err := os.Stat(written)
		return err == nil
	})
	if err != nil {
		return nil, err
	}
	return &SIPpCustomers{p}, nil
}

// shortMessages is the file in which sipp writes a line for each message.
const shortMessages = "messages.csv"

// Calls are the calls so far, in the order of their INVITEs.
func (s *SIPpCustomers) Calls() ([]SIPpCall, error) {
	text, err := os.ReadFile(filepath.Join(s.dir, shortMessages))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSIPp, err)
	}
	return readShortMessages(text)
}

var invitedNumber = regexp.MustCompile(`^INVITE sip:([^@;> ]+)`)

// readShortMessages reads sipp's list of messages (sipp, logger.cpp): date and
// time, the same in seconds, S or R, the Call-ID, CSeq, and the first line of the message, between tabs.
func readShortMessages(text []byte) ([]SIPpCall, error) {
	var calls []*SIPpCall
	byID := map[string]*SIPpCall{}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		f := strings.Split(lines.Text(), "\t")
		if len(f) < 6 {
			continue // it is being written
		}
		n := len(f)
		seconds, err := strconv.ParseFloat(f[n-5], 64)
		if err != nil {
			return nil, fmt.Errorf("%w: time of a message: %w", ErrSIPp, err)
		}
		at := time.UnixMicro(int64(seconds * 1e6))
		id, cseq, first := f[n-3], f[n-2], f[n-1]
		c := byID[id]
		if m := invitedNumber.FindStringSubmatch(first); m != nil && c == nil {
			c = &SIPpCall{Number: m[1], Invited: at}
			byID[id] = c
			calls = append(calls, c)
		}
		if c == nil {
			continue
		}
		var status int
		if word, ok := strings.CutPrefix(first, "SIP/2.0 "); ok {
			status, _ = strconv.Atoi(word[:min(3, len(word))]) // 0 when it is none
		}
		switch {
		case strings.HasPrefix(first, "BYE ") && c.Ended.IsZero():
			c.Ended = at
		case status >= 200 && c.Status == 0 && strings.Contains(cseq, "INVITE"):
			if c.Status = status; status == 200 {
				c.Answered = at
			} else {
				c.Ended = at
			}
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSIPp, err)
	}
	list := make([]SIPpCall, len(calls))
	for i, c := range calls {
		list[i] = *c
	}
	return list, nil
}
