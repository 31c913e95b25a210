package agi

import (
	"bytes"
	"fmt"
	"strconv"
)

// Reply is Asterisk's answer to a command, code 200:
// "200 result=RESULT (DATA) endpos=ENDPOS", of which all but the result may be
// missing.
type Reply struct {
	Result string // a number; the digits pressed for GET DATA
	Data   string // what stood in parentheses: a value, or a word such as "timeout"
	EndPos int64  // position in a sound, in samples; 0 when not told
	Text   string // anything else that followed, such as "Gosub complete"
}

// answer is one whole answer of any code.
type answer struct {
	code  int
	text  string // what followed the code, unless it is 200
	reply Reply
	dead  bool // HANGUP came before it
}

// message is what a line or several completed.
type message uint8

const (
	nothing message = iota // more lines are needed, or the line says nothing
	hangup                 // the bare line HANGUP
	answered
)

// decoder puts lines together to messages. It has no I/O.
type decoder struct {
	max     int // bytes of one answer
	partial []byte
	usage   bool // partial is the usage of a 520, not a value with line feeds
}

// line takes the next line, without its line feed.
func (d *decoder) line(b []byte) (answer, message, error) {
	if len(d.partial) > 0 {
		return d.proceed(b)
	}
	if string(b) == "HANGUP" {
		return answer{}, hangup, nil
	}
	code, rest, ok := cutCode(b)
	if !ok {
		return answer{}, nothing, &ProtocolError{BadAnswer, fmt.Sprintf("not an answer: %q", clip(string(b)))}
	}
	switch {
	case code == 520 && rest[0] == '-': // "520-Invalid command syntax.  Proper usage follows:"
		d.usage = true
		d.partial = append(d.partial, b...)
		return answer{}, nothing, nil
	case rest[0] != ' ':
		return answer{}, nothing, &ProtocolError{BadAnswer, fmt.Sprintf("not an answer: %q", clip(string(b)))}
	case code < 200: // "100 result=0 Trying..." of GOSUB: the answer is still to come
		return answer{}, nothing, nil
	case code == 200:
		return d.success(b)
	}
	return answer{code: code, text: string(rest[1:])}, answered, nil
}

// proceed takes a further line of an answer of several.
func (d *decoder) proceed(b []byte) (answer, message, error) {
	if len(d.partial)+1+len(b) > d.max {
		return answer{}, nothing, &ProtocolError{LineTooLong, fmt.Sprintf("an answer of more than %d bytes", d.max)}
	}
	d.partial = append(append(d.partial, '\n'), b...)
	switch {
	case d.usage && !bytes.HasPrefix(b, []byte("520 ")), !d.usage && bytes.IndexByte(b, ')') < 0:
		return answer{}, nothing, nil
	case !d.usage:
		return d.success(d.partial)
	}
	text := string(d.partial[len("520-"):])
	d.partial, d.usage = nil, false
	return answer{code: 520, text: text}, answered, nil
}

// success reads "200 result=...". A value that holds line feeds comes over
// several lines: the answer is whole when its parenthesis is closed at the end
// of a line.
func (d *decoder) success(b []byte) (answer, message, error) {
	reply, whole, ok := parseReply(b[len("200 "):])
	if !ok {
		return answer{}, nothing, &ProtocolError{BadAnswer, fmt.Sprintf("not an answer: %q", clip(string(b)))}
	}
	if !whole {
		if len(d.partial) == 0 {
			d.partial = append(d.partial, b...)
		}
		return answer{}, nothing, nil
	}
	d.partial = nil
	return answer{code: 200, reply: reply}, answered, nil
}

// parseReply reads what follows "200 ". It is not whole when a parenthesis is
// open at its end.
func parseReply(b []byte) (r Reply, whole, ok bool) {
	b, ok = bytes.CutPrefix(b, []byte("result="))
	if !ok {
		return r, false, false
	}
	result, rest, _ := bytes.Cut(b, []byte(" "))
	r.Result = short(result)
	if len(rest) == 0 {
		return r, true, true
	}
	if rest[0] == '(' {
		// A value may hold parentheses; it ends at the line's last one.
		if rest[len(rest)-1] == ')' && len(rest) > 1 {
			r.Data = string(rest[1 : len(rest)-1])
			return r, true, true
		}
		for _, word := range [...]string{"(speech)", "(digit)"} { // SPEECH RECOGNIZE tells more behind these
			if text, found := bytes.CutPrefix(rest, []byte(word)); found {
				r.Data, r.Text = word[1:len(word)-1], string(bytes.TrimPrefix(text, []byte(" ")))
				return r, true, true
			}
		}
		end := bytes.LastIndex(rest, []byte(") endpos="))
		if end < 0 {
			return r, false, true
		}
		pos, err := strconv.ParseInt(string(rest[end+len(") endpos="):]), 10, 64)
		if err != nil {
			return r, false, true
		}
		r.Data, r.EndPos = string(rest[1:end]), pos
		return r, true, true
	}
	if pos, found := bytes.CutPrefix(rest, []byte("endpos=")); found {
		if n, err := strconv.ParseInt(string(pos), 10, 64); err == nil {
			r.EndPos = n
			return r, true, true
		}
	}
	r.Text = string(rest)
	return r, true, true
}

// cutCode takes the three digits off; at least one byte follows them.
func cutCode(b []byte) (code int, rest []byte, ok bool) {
	if len(b) < 4 {
		return 0, nil, false
	}
	for _, c := range b[:3] {
		if c < '0' || c > '9' {
			return 0, nil, false
		}
		code = code*10 + int(c-'0')
	}
	return code, b[3:], code >= 100
}

// short spares the results seen all the time their allocation.
func short(b []byte) string {
	switch string(b) {
	case "0":
		return "0"
	case "1":
		return "1"
	case "-1":
		return "-1"
	}
	return string(b)
}
