package main

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"calld/test/centre"
)

// explained are the messages that may be in the logs, and why. There are no
// others.
func explained() map[string]string {
	return map[string]string{
		"configuration": "each agent's password stands in the file as it is",
		"asterisk manager events come late": "Asterisk or calld waited for a processor; no harm as long as it passes: " +
			"the moments are still compared with the CDRs",
		"taskprocessor.c: Taskprocessor '…' queue reached … scheduled tasks": "Asterisk waited for a processor and caught up again",
		"chan_pjsip.c: Session already DISCONNECTED":                         "Asterisk's own: the caller hung up in the moment in which Asterisk was about to",
	}
}

// asteriskLine is a line of Asterisk's log: time, level with the thread, the
// call if there is one, the source file, the text.
var asteriskLine = regexp.MustCompile(`(WARNING|ERROR)\[\d+\](?:\[\S+\])?:? (\S+): (.*)`)

// groupAsterisk groups lines of Asterisk's log by their text without what
// differs from line to line: numbers and what is quoted or in brackets.
func groupAsterisk(lines []string) []centre.LogGroup {
	groups := map[string]*centre.LogGroup{}
	quoted, number := regexp.MustCompile(`'[^']*'`), regexp.MustCompile(`\b\d+\b`)
	// Within square brackets round ones may stand.
	brackets := regexp.MustCompile(` ?\[[^\]]*\]| ?\([^)]*\)`)
	for _, line := range lines {
		level, message := "?", line
		if m := asteriskLine.FindStringSubmatch(line); m != nil {
			text := number.ReplaceAllString(brackets.ReplaceAllString(quoted.ReplaceAllString(m[3], "'…'"), ""), "…")
			level, message = m[1], m[2]+": "+strings.TrimRight(strings.TrimSuffix(text, " again."), ".")
		}
		g := groups[message]
		if g == nil {
			g = &centre.LogGroup{Level: level, Message: message, First: line}
			groups[message] = g
		}
		g.Count++
		g.Last = line
	}
	var all []centre.LogGroup
	for _, message := range slices.Sorted(maps.Keys(groups)) {
		all = append(all, *groups[message])
	}
	return all
}
