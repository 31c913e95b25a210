package webphone

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// errMessage is wrapped by what is wrong with a message from a page.
var errMessage = errors.New("webphone: message refused")

// check refuses a message from a page that is not of its own phone: a request
// whose From or whose credentials name another one. What a strict reader does
// not understand is refused too, since Asterisk might understand it otherwise.
//
// RFC 7118 section 5: a WebSocket message holds one SIP message, or the line
// ends of RFC 5626 that keep a connection open. resumes tells that the message
// asks for the place of a call that is under way (RFC 3891).
func check(message []byte, phone string) (resumes bool, err error) {
	if len(bytes.Trim(message, "\r\n")) == 0 {
		return false, nil
	}
	head, body, whole := bytes.Cut(message, []byte("\r\n\r\n"))
	if !whole {
		return false, fmt.Errorf("%w: no end of the headers", errMessage)
	}
	lines := strings.Split(string(head), "\r\n")
	froms, lengths := 0, 0
	for _, line := range lines[1:] {
		name, value, ok := strings.Cut(line, ":")
		name, value = strings.ToLower(strings.TrimRight(name, " \t")), strings.TrimSpace(value)
		switch {
		case !ok || name == "" || strings.ContainsAny(name[:1], " \t"): // folded, RFC 3261 section 7.3.1
			return false, fmt.Errorf("%w: no header: %.40q", errMessage, line)
		case strings.ContainsAny(line, "\r\n\x00"):
			return false, fmt.Errorf("%w: control characters in %.40q", errMessage, name)
		case name == "from", name == "f":
			if froms++; !strings.HasPrefix(lines[0], "SIP/2.0 ") && userOf(value) != phone {
				return false, fmt.Errorf("%w: from %.80q", errMessage, value)
			}
		case name == "authorization", name == "proxy-authorization":
			if !strings.Contains(value, `username="`+phone+`"`) || strings.Count(strings.ToLower(value), "username") != 1 {
				return false, fmt.Errorf("%w: credentials of another phone", errMessage)
			}
		case name == "replaces":
			resumes = strings.HasPrefix(lines[0], "INVITE ")
		case name == "content-length", name == "l":
			// Asterisk would read what is beyond as a message of its own.
			if lengths++; value != strconv.Itoa(len(body)) {
				return false, fmt.Errorf("%w: content length %.20q of %d bytes", errMessage, value, len(body))
			}
		}
	}
	if froms != 1 || lengths != 1 || strings.ContainsAny(lines[0], "\r\n\x00") {
		return false, fmt.Errorf("%w: From %d times, Content-Length %d times", errMessage, froms, lengths)
	}
	return resumes, nil
}

// userOf is the user of a name-addr of RFC 3261 section 25.1, such as
// "Name" <sip:8001@calld>;tag=x; empty when it is none of a plain form.
func userOf(value string) string {
	if strings.HasPrefix(value, `"`) {
		end := 1
		for end < len(value) && value[end] != '"' {
			if value[end] == '\\' {
				end++
			}
			end++
		}
		if end >= len(value) {
			return ""
		}
		value = value[end+1:]
	}
	display, rest, ok := strings.Cut(value, "<")
	if !ok || strings.ContainsAny(display, `",;:@>`) {
		return ""
	}
	uri, _, ok := strings.Cut(rest, ">")
	uri, isSIP := strings.CutPrefix(uri, "sip:")
	user, _, hasUser := strings.Cut(uri, "@")
	if !ok || !isSIP || !hasUser {
		return ""
	}
	user, err := url.PathUnescape(user)
	if err != nil {
		return ""
	}
	return user
}
