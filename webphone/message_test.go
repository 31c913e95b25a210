package webphone

import (
	"errors"
	"strconv"
	"strings"
	"testing"
)

// sip is a message with the given lines, its content length and a body.
func sip(body string, lines ...string) string {
	return strings.Join(lines, "\r\n") + "\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body
}

const start = "REGISTER sip:calld.invalid SIP/2.0"

func TestCheck(t *testing.T) {
	own := "From: <sip:801@calld.invalid>;tag=x"
	digest := `Authorization: Digest algorithm=MD5, username="801", realm="asterisk"`
	tests := map[string]struct {
		message string
		good    bool
	}{
		"register":           {sip("", start, own), true},
		"authorized":         {sip("", start, own, digest), true},
		"named":              {sip("", start, `From: "홍 \"길동\" <sip:9@x>" <sip:801@calld.invalid>;tag=x`), true},
		"short":              {"INVITE sip:9@calld.invalid SIP/2.0\r\nf: <sip:801@x>\r\nl:0\r\n\r\n", true},
		"space":              {sip("", start, "FROM : <sip:801@calld.invalid>"), true},
		"body":               {sip("v=0\r\n\r\nFrom: <sip:802@x>", start, own), true},
		"resumes":            {sip("", "INVITE sip:calld-resume@x SIP/2.0", own, "Replaces: c;to-tag=1;from-tag=2"), true},
		"no call":            {sip("", start, own, "Replaces: c;to-tag=1;from-tag=2"), true},
		"answer":             {sip("", "SIP/2.0 200 OK", "From: <sip:01012345678@pbx>;tag=y"), true},
		"keep open":          {"\r\n\r\n", true},
		"empty":              {"", true},
		"other":              {sip("", start, "From: <sip:802@calld.invalid>;tag=x"), false},
		"trunk":              {sip("", start, "From: <sip:01012345678@calld.invalid>"), false},
		"nobody":             {sip("", start, "From: <sip:calld.invalid>"), false},
		"no brackets":        {sip("", start, "From: sip:801@calld.invalid"), false},
		"named like":         {sip("", start, `From: "<sip:801@x>" <sip:802@calld.invalid>`), false},
		"unended name":       {sip("", start, `From: "x <sip:801@calld.invalid>`), false},
		"other scheme":       {sip("", start, "From: <sips:801@calld.invalid>"), false},
		"password":           {sip("", start, "From: <sip:801:x@calld.invalid>"), false},
		"escapes wrong":      {sip("", start, "From: <sip:80%@calld.invalid>"), false},
		"twice":              {sip("", start, own, "f: <sip:802@calld.invalid>"), false},
		"none":               {sip("", start), false},
		"folded":             {sip("", start, own, " ,<sip:802@calld.invalid>"), false},
		"bare line end":      {sip("", start, own, "X: y\nFrom: <sip:802@x>"), false},
		"in the first line":  {sip("", "REGISTER sip:x SIP/2.0\nFrom: <sip:802@x>", own), false},
		"other credentials":  {sip("", start, own, strings.Replace(digest, "801", "802", 1)), false},
		"two credentials":    {sip("", start, own, digest+`, Username="802"`), false},
		"no credentials":     {sip("", start, own, "Proxy-Authorization: Digest x=y"), false},
		"a second message":   {sip("", start, own) + sip("", start, "From: <sip:802@x>"), false},
		"no length":          {start + "\r\n" + own + "\r\n\r\n", false},
		"two lengths":        {sip("", start, own, "l: 0"), false},
		"no end":             {start + "\r\n" + own + "\r\nContent-Length: 0\r\n", false},
		"no header":          {sip("", start, own, "nonsense"), false},
		"answer, no headers": {"SIP/2.0 200 OK\r\n\r\n", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			resumes, err := check([]byte(tt.message), "801")
			if (err == nil) != tt.good || err != nil && !errors.Is(err, errMessage) {
				t.Errorf("%v, good %t", err, tt.good)
			}
			if want := name == "resumes"; resumes != want {
				t.Errorf("resumes %t", resumes)
			}
		})
	}
}

// FuzzCheck: whatever a page says is read or refused, and a request that is
// let through names no other phone where Asterisk looks.
func FuzzCheck(f *testing.F) {
	f.Add(sip("", start, "From: <sip:801@calld.invalid>;tag=x"))
	f.Add(sip("v=0", start, `f : "a\"b" <sip:801@x>`, `Authorization: Digest username="801"`))
	f.Add("\r\n\r\n")
	f.Fuzz(func(t *testing.T, message string) {
		if _, err := check([]byte(message), "801"); err != nil || strings.HasPrefix(message, "SIP/2.0 ") {
			return
		}
		head, _, _ := strings.Cut(message, "\r\n\r\n")
		for _, line := range strings.FieldsFunc(head, func(r rune) bool { return r == '\r' || r == '\n' }) {
			name, value, _ := strings.Cut(line, ":")
			name = strings.ToLower(strings.TrimSpace(name))
			if (name == "from" || name == "f") && userOf(strings.TrimSpace(value)) != "801" {
				t.Errorf("let through: %q", line)
			}
		}
	})
}
