package main

import (
	"strings"
	"testing"
	"unicode"

	"github.com/mattn/go-runewidth"
)

// FuzzTable: whatever callers and agents are called, a row is one line, its
// columns stand below their headings, and the terminal is sent text alone.
func FuzzTable(f *testing.F) {
	f.Add("김철수", "0101")
	f.Add("\x1b[2J\x1b]0;x\a", "a\nb\r\tc")
	f.Add("\u202e\u200b\u2028", "\xff")
	f.Fuzz(func(t *testing.T, name, number string) {
		table := newTable("NAME", "NUMBER", "STATE")
		table.add(name, number, "talking")
		table.add("x", "1", "idle")
		var b strings.Builder
		if err := table.write(&b); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
		if len(lines) != 3 {
			t.Fatalf("%d lines: %q", len(lines), lines)
		}
		for i, last := range []string{"STATE", "talking", "idle"} {
			if strings.ContainsFunc(lines[i], func(r rune) bool { return !unicode.IsPrint(r) }) {
				t.Errorf("%q is more than text", lines[i])
			}
			at := strings.LastIndex(lines[i], last)
			if at < 0 || runewidth.StringWidth(lines[i][:at]) != runewidth.StringWidth(lines[0][:strings.LastIndex(lines[0], "STATE")]) {
				t.Errorf("the columns do not stand one below the other: %q", lines)
			}
		}
	})
}
