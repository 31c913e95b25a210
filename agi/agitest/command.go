package agitest

import (
	"strings"
)

// maxWords is MAX_ARGS of res_agi.c less its end mark: what is beyond is lost.
const maxWords = 127

// Command is one command that the session sent.
type Command struct {
	Line  string   // as it came, without its line feed
	Verb  string   // the command's name in capitals, such as "GET VARIABLE"
	Args  []string // what follows it, unquoted; for EXEC the application and its arguments
	Words []string // all of it, unquoted

	reply chan string
}

// Reply answers a command that is held, by an answer without its line feed. The
// first answer counts.
func (cmd *Command) Reply(answer string) {
	select {
	case cmd.reply <- answer:
	default:
	}
}

// Arg returns the i-th argument from 0, "" when there is none.
func (cmd *Command) Arg(i int) string {
	if i >= len(cmd.Args) {
		return ""
	}
	return cmd.Args[i]
}

// begins reports whether these are the first words.
func (cmd *Command) begins(words []string, fold bool) bool {
	if len(words) > len(cmd.Words) {
		return false
	}
	for i, w := range words {
		if w != cmd.Words[i] && (!fold || !strings.EqualFold(w, cmd.Words[i])) {
			return false
		}
	}
	return true
}

// lookUp finds a command among those of res_agi.c that are played, and whether it
// works on a dead channel.
func lookUp(verb string) (known, deadSafe bool) {
	switch verb {
	case "DATABASE DEL", "DATABASE DELTREE", "DATABASE GET", "DATABASE PUT", "EXEC", "GET FULL VARIABLE",
		"GET VARIABLE", "NOOP", "SET VARIABLE", "VERBOSE":
		return true, true
	case "ANSWER", "CHANNEL STATUS", "CONTROL STREAM FILE", "GET DATA", "GET OPTION", "GOSUB", "HANGUP",
		"RECEIVE CHAR", "RECEIVE TEXT", "RECORD FILE", "SAY ALPHA", "SAY DATE", "SAY DATETIME", "SAY DIGITS",
		"SAY NUMBER", "SAY PHONETIC", "SAY TIME", "SEND TEXT", "SET AUTOHANGUP", "SET CALLERID", "SET CONTEXT",
		"SET EXTENSION", "SET MUSIC", "SET PRIORITY", "STREAM FILE", "WAIT FOR DIGIT":
		return true, false
	}
	return false, false
}

// permitted reports whether the command works on a dead channel. One that is
// unknown is refused as such.
func (cmd *Command) permitted() bool {
	known, deadSafe := lookUp(cmd.Verb)
	return deadSafe || !known
}

func (cmd *Command) parse() {
	cmd.Words = ParseLine(cmd.Line)
	for n := min(3, len(cmd.Words)); n > 0; n-- {
		verb := strings.ToUpper(strings.Join(cmd.Words[:n], " "))
		if known, _ := lookUp(verb); known {
			cmd.Verb, cmd.Args = verb, cmd.Words[n:]
			return
		}
	}
	if len(cmd.Words) > 0 {
		cmd.Verb, cmd.Args = strings.ToUpper(cmd.Words[0]), cmd.Words[1:]
	}
}

// ParseLine takes a command line apart as parse_args of res_agi.c does.
func ParseLine(line string) []string {
	var words []string
	var word []byte
	quoted, escaped, space := false, false, true
	begin := func() {
		if space {
			space = false
			word = []byte{}
		}
	}
	end := func() {
		if !space {
			words = append(words, string(word))
			space = true
		}
	}
	for i := range len(line) {
		c := line[i]
		switch {
		case c == '"' && !escaped:
			quoted = !quoted
			if quoted {
				begin()
			}
		case (c == ' ' || c == '\t') && !quoted && !escaped:
			end()
		case c == '\\' && !escaped:
			escaped = true
			continue
		default:
			begin()
			word = append(word, c)
		}
		escaped = false
	}
	end()
	return words[:min(len(words), maxWords)]
}
