package centre

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"
)

// CDR is one of Asterisk's records of a call that came in: one for each agent
// who was rung, and for each time between.
type CDR struct {
	UniqueID string // of the caller's channel
	Caller   string
	Phone    string // that was rung; empty for a time in which none was
	Answered bool   // by that phone
	// Answer is when the caller's line was answered: by the phone, or, where the
	// caller heard something before, earlier than that (cdr.c,
	// cdr_object_check_party_a_answer). Zero: never.
	Start, Answer, End time.Time
}

const cdrFile = "calls.csv"

// cdrModules are what writes CDRs with times to the microsecond.
func cdrModules() []string { return []string{"res_cdrel_custom", "cdr_custom", "func_cdr"} }

// cdrFiles turn CDRs on. u: unparsed, that is seconds since 1970 with
// microseconds, and dispositions as numbers (func_cdr.c).
func cdrFiles() map[string]string {
	return map[string]string{
		"cdr.conf": "[general]\nenable = yes\nunanswered = yes\n",
		"cdr_custom.conf": "[mappings]\n" + cdrFile + " => ${CDR(uniqueid)},${CDR(src)},${CDR(channel)},${CDR(dstchannel)}," +
			"${CDR(disposition)},${CDR(start,u)},${CDR(answer,u)},${CDR(end,u)}\n",
	}
}

// readCDRs reads the records of callers' channels.
func readCDRs(path string) ([]CDR, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // there was no call yet
	}
	if err != nil {
		return nil, fmt.Errorf("centre: CDRs: %w", err)
	}
	defer f.Close() //nolint:errcheck // read only
	return parseCDRs(f)
}

func parseCDRs(r io.Reader) ([]CDR, error) {
	const uniqueID, caller, channel, dialled, disposition, start, answer, end, columns = 0, 1, 2, 3, 4, 5, 6, 7, 8
	rows := csv.NewReader(r)
	rows.FieldsPerRecord = columns
	rows.ReuseRecord = true
	var all []CDR
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return all, fmt.Errorf("centre: CDRs: %w", err)
		}
		if !strings.HasPrefix(row[channel], "PJSIP/trunk") {
			continue // a phone's own record
		}
		c := CDR{UniqueID: strings.Clone(row[uniqueID]), Caller: strings.Clone(row[caller])}
		if phone, ok := strings.CutPrefix(row[dialled], "PJSIP/"); ok {
			phone, _, _ = strings.Cut(phone, "-")
			c.Phone = strings.Clone(phone)
			c.Answered = row[disposition] == "ANSWERED"
		}
		for i, to := range map[int]*time.Time{start: &c.Start, answer: &c.Answer, end: &c.End} {
			if *to, err = cdrTime(row[i]); err != nil {
				return all, fmt.Errorf("centre: CDR of %s: %w", c.UniqueID, err)
			}
		}
		all = append(all, c)
	}
}

// cdrTime is seconds and microseconds, with a point between; 0 is no time.
func cdrTime(text string) (time.Time, error) {
	seconds, micros, _ := strings.Cut(text, ".")
	s, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return time.Time{}, err
	}
	us, err := strconv.ParseInt(micros, 10, 64)
	if err != nil || s == 0 && us == 0 {
		return time.Time{}, err
	}
	return time.Unix(s, us*1000), nil
}
