package queuelog

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzLine: whatever callers and agents are called, a line has its fields and
// no more, and is one line to every reader.
func FuzzLine(f *testing.F) {
	f.Add("1.1", "q", "홍길동", "0101", "점심")
	f.Add("1.1|x", "q\n1795311850|1.2|q|NONE|ABANDON|1|1|1", "a\r", "\x00\x85", "\u2028|\u2029\u0085")
	f.Fuzz(func(t *testing.T, call, queueID, agent, number, reason string) {
		text := line(at, call, queueID, agent, "ENTERQUEUE", "", number, reason)
		fields := strings.Split(text, "|")
		if len(fields) != 8 || fields[0] != "1795311850" || fields[4] != "ENTERQUEUE" {
			t.Fatalf("%d fields: %q", len(fields), text)
		}
		if n := strings.IndexAny(text, "\n\v\f\r\x1c\x1d\x1e\u0085\u2028\u2029"); n != len(text)-1 || !utf8.ValidString(text) {
			t.Errorf("not one line: %q", text)
		}
		got := []string{fields[1], fields[2], fields[3], fields[6], strings.TrimSuffix(fields[7], "\n")}
		if again := strings.Split(line(at, got[0], got[1], got[2], "ENTERQUEUE", "", got[3], got[4]), "|"); !slices.Equal(again, fields) {
			t.Errorf("%q is written again as %q", fields, again)
		}
	})
}
