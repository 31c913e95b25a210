package agi

import (
	"strings"
)

// Limits of res_agi.c on one command. AGI_BUF_LEN holds the line feed and a
// NUL too; parse_args has MAX_ARGS (128) places, the last for its end mark.
const (
	maxCommandOld = 2048 - 2
	maxCommand    = 8192 - 2
	maxWords      = 128 - 1
)

// appendCommand writes one command line: the verb as it is, each argument
// quoted where parse_args needs it, and the line feed. It is the reverse of
// parse_args: within quotes a backslash takes the next character as it is, and
// a tab or space does not end the word.
func appendCommand(b []byte, limit int, verb string, args []string) ([]byte, error) {
	start := len(b)
	b = append(b, verb...)
	for i, arg := range args {
		b = append(b, ' ')
		special := strings.IndexAny(arg, "\"\\ \t\r\n\x00")
		if special < 0 && arg != "" {
			b = append(b, arg...)
			continue
		}
		b = append(b, '"')
		for j := range len(arg) {
			switch c := arg[j]; c {
			case '\r', '\n', 0:
				return nil, &ArgumentError{Command: verb, Argument: i + 1, Byte: c}
			case '"', '\\':
				b = append(b, '\\', c)
			default:
				b = append(b, c)
			}
		}
		b = append(b, '"')
	}
	if n := len(b) - start; n > limit {
		return nil, &LimitError{Command: verb, Unit: "bytes", Size: n, Limit: limit}
	}
	if n := strings.Count(verb, " ") + 1 + len(args); n > maxWords {
		return nil, &LimitError{Command: verb, Unit: "words", Size: n, Limit: maxWords}
	}
	return append(b, '\n'), nil
}

// validVerb reports whether a command's name is words of letters, one space
// between them. It is sent unquoted, so nothing else may be in it.
func validVerb(verb string) bool {
	for word := range strings.SplitSeq(verb, " ") {
		if word == "" || strings.Trim(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
			return false
		}
	}
	return true
}

// EscapeArg makes any text one argument of an application that splits its
// arguments by AST_STANDARD_APP_ARGS, as most do: comma, quotes, brackets,
// parentheses and backslash get a backslash each (__ast_app_separate_args). Use
// it for text from outside within the args of [Session.Exec]; the application
// gets the text as it was.
func EscapeArg(text string) string {
	const special = `\,"()[]`
	if !strings.ContainsAny(text, special) {
		return text
	}
	var b strings.Builder
	for i := range len(text) {
		if strings.IndexByte(special, text[i]) >= 0 {
			b.WriteByte('\\')
		}
		b.WriteByte(text[i])
	}
	return b.String()
}
