package agi

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// maxEnvironment bounds the environment as a whole. Asterisk's own is about
// 1 KiB; 127 long arguments come to a few more.
const maxEnvironment = 64 << 10

// Env is the AGI environment: what Asterisk tells of the channel when the
// session begins (setup_env). Where Asterisk writes "unknown" for a number or
// name that it does not have, the field is empty.
type Env struct {
	NetworkScript string // what follows the host in the URL, undecoded; empty when nothing does
	Request       string // the whole URL
	Channel       string // the channel's name, such as PJSIP/trunk-00000001
	Language      string
	Type          string // the channel's technology, such as PJSIP
	UniqueID      string
	Version       string // Asterisk's, such as 22.10.1
	CallerID      string // the caller's number
	CallerIDName  string // as the network sent it: untrusted text
	CallingPres   int    // presentation of the caller's number (RFC 3325 and Q.951 in Asterisk's numbering)
	CallingANI2   int
	CallingTON    int
	CallingTNS    int
	DNID          string // the number dialled
	RDNIS         string // the number that redirected the call here
	Context       string
	Extension     string
	Priority      int
	Enhanced      bool // EAGI; never so over FastAGI
	AccountCode   string
	ThreadID      string
	Args          []string // agi_arg_1 and on: what followed the URL in AGI()
	// Extra holds variables that this package does not know, by their whole
	// name; nil when there are none.
	Extra map[string]string
}

// UnmarshalText reads an environment: lines "agi_name: value", with or without
// the empty line that ends it. A line of another form, a variable sent twice
// (a value with a line break could forge one) and a missing agi_request,
// agi_channel or agi_uniqueid are errors that name the variable.
func (e *Env) UnmarshalText(text []byte) error {
	*e = Env{}
	rest := string(text) // the one copy: all fields are parts of it
	var names [24]string
	known := names[:0]
	for len(rest) > 0 {
		var line string
		line, rest, _ = strings.Cut(rest, "\n")
		if line == "" && rest == "" {
			break
		}
		name, value, ok := strings.Cut(line, ": ")
		if !ok || !strings.HasPrefix(name, "agi_") {
			return fmt.Errorf("not an AGI variable: %q", clip(line))
		}
		if n, ok := strings.CutPrefix(name, "agi_arg_"); ok {
			if n != strconv.Itoa(len(e.Args)+1) {
				return fmt.Errorf("%s follows %d arguments", clip(name), len(e.Args))
			}
			e.Args = append(e.Args, value)
			continue
		}
		if slices.Contains(known, name) {
			return fmt.Errorf("%s is sent twice", clip(name))
		}
		extra := len(e.Extra)
		if err := e.set(name, value); err != nil {
			return err
		}
		if len(e.Extra) == extra {
			known = append(known, name)
		}
	}
	switch {
	case e.Request == "":
		return fmt.Errorf("no agi_request")
	case e.Channel == "":
		return fmt.Errorf("no agi_channel")
	case e.UniqueID == "":
		return fmt.Errorf("no agi_uniqueid")
	}
	return nil
}

func (e *Env) set(name, value string) (err error) {
	switch name {
	case "agi_network": // "yes", always
	case "agi_network_script":
		e.NetworkScript = value
	case "agi_request":
		e.Request = value
	case "agi_channel":
		e.Channel = value
	case "agi_language":
		e.Language = value
	case "agi_type":
		e.Type = value
	case "agi_uniqueid":
		e.UniqueID = value
	case "agi_version":
		e.Version = value
	case "agi_callerid":
		e.CallerID = orNone(value)
	case "agi_calleridname":
		e.CallerIDName = orNone(value)
	case "agi_callingpres":
		e.CallingPres, err = number(name, value)
	case "agi_callingani2":
		e.CallingANI2, err = number(name, value)
	case "agi_callington":
		e.CallingTON, err = number(name, value)
	case "agi_callingtns":
		e.CallingTNS, err = number(name, value)
	case "agi_dnid":
		e.DNID = orNone(value)
	case "agi_rdnis":
		e.RDNIS = orNone(value)
	case "agi_context":
		e.Context = value
	case "agi_extension":
		e.Extension = value
	case "agi_priority":
		e.Priority, err = number(name, value)
	case "agi_enhanced":
		e.Enhanced = value == "1.0"
	case "agi_accountcode":
		e.AccountCode = value
	case "agi_threadid":
		e.ThreadID = value
	default:
		if e.Extra == nil {
			e.Extra = make(map[string]string)
		}
		if _, twice := e.Extra[name]; twice {
			return fmt.Errorf("%s is sent twice", clip(name))
		}
		e.Extra[name] = value
	}
	return err
}

// AppendText writes the environment as Asterisk sends it, the empty line at its
// end included: for programs that play Asterisk. It fails when a value holds a
// line feed.
func (e *Env) AppendText(b []byte) ([]byte, error) {
	start := len(b)
	lines := 1
	put := func(name, value string) {
		b = append(append(append(append(b, name...), ": "...), value...), '\n')
		lines++
	}
	put("agi_network", "yes")
	if e.NetworkScript != "" {
		put("agi_network_script", e.NetworkScript)
	}
	put("agi_request", e.Request)
	put("agi_channel", e.Channel)
	put("agi_language", e.Language)
	put("agi_type", e.Type)
	put("agi_uniqueid", e.UniqueID)
	put("agi_version", e.Version)
	put("agi_callerid", orUnknown(e.CallerID))
	put("agi_calleridname", orUnknown(e.CallerIDName))
	put("agi_callingpres", strconv.Itoa(e.CallingPres))
	put("agi_callingani2", strconv.Itoa(e.CallingANI2))
	put("agi_callington", strconv.Itoa(e.CallingTON))
	put("agi_callingtns", strconv.Itoa(e.CallingTNS))
	put("agi_dnid", orUnknown(e.DNID))
	put("agi_rdnis", orUnknown(e.RDNIS))
	put("agi_context", e.Context)
	put("agi_extension", e.Extension)
	put("agi_priority", strconv.Itoa(e.Priority))
	if e.Enhanced {
		put("agi_enhanced", "1.0")
	} else {
		put("agi_enhanced", "0.0")
	}
	put("agi_accountcode", e.AccountCode)
	put("agi_threadid", e.ThreadID)
	for _, name := range slices.Sorted(maps.Keys(e.Extra)) {
		put(name, e.Extra[name])
	}
	for i, arg := range e.Args {
		put("agi_arg_"+strconv.Itoa(i+1), arg)
	}
	b = append(b, '\n')
	if bytes.Count(b[start:], []byte{'\n'}) != lines {
		return nil, fmt.Errorf("agi: a value of the environment holds a line feed")
	}
	return b, nil
}

// script is what follows the host in the URL. Asterisk leaves
// agi_network_script out when nothing does.
func (e *Env) script() string {
	if e.NetworkScript != "" {
		return e.NetworkScript
	}
	_, rest, _ := strings.Cut(e.Request, "://")
	_, script, _ := strings.Cut(rest, "/")
	return script
}

// recent reports whether Asterisk is of July 2025 or later: 20.16, 21.11, 22.6,
// 23 and on. From there a command may have 8,192 bytes (asterisk #1317), and
// Goto leaves a channel alone that is being redirected. Versions that can't be
// read, such as those of certified Asterisk, count as older.
func (e *Env) recent() bool {
	majorText, rest, _ := strings.Cut(e.Version, ".")
	major, err := strconv.Atoi(majorText)
	if err != nil {
		return false
	}
	digits := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
	if digits >= 0 {
		rest = rest[:digits]
	}
	minor, err := strconv.Atoi(rest)
	switch major {
	case 20:
		return err == nil && minor >= 16
	case 21:
		return err == nil && minor >= 11
	case 22:
		return err == nil && minor >= 6
	}
	return major > 22
}

func number(name, value string) (int, error) {
	n, err := strconv.Atoi(value)
	if err != nil {
		return 0, fmt.Errorf("%s is not a number: %q", name, clip(value))
	}
	return n, nil
}

func orNone(v string) string {
	if v == "unknown" {
		return ""
	}
	return v
}

func orUnknown(v string) string {
	if v == "" {
		return "unknown"
	}
	return v
}

// clip keeps a hostile line from filling the log.
func clip(s string) string {
	const most = 64
	if len(s) > most {
		return s[:most] + "..."
	}
	return s
}
