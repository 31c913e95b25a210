package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Lengths, in runes, beyond which a text is surely a mistake.
const (
	maxNumber = 64
	maxID     = 64
	maxText   = 1000
)

// IsNumber reports whether s may be a telephone number or the name of a
// phone: digits, letters and * # + . _ - only. Numbers reach dial strings,
// extensions and section names of Asterisk, where every other character may
// have a meaning: a comma ends an argument, & adds a second phone. The first
// character is none of . _ - because a leading _ makes a pattern of an
// extension.
func IsNumber(s string) bool {
	if s == "" || len(s) > maxNumber || strings.IndexByte("._-", s[0]) >= 0 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= '0' && c <= '9', c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', strings.IndexByte("*#+._-", c) >= 0:
		default:
			return false
		}
	}
	return true
}

// NormalNumber drops what people write into a number to read it better, so
// that 02-1588-1234 and (02) 1588.1234 are what the network dials:
// 0215881234. A name with letters, such as sales-1, stays as it is.
func NormalNumber(s string) string {
	if strings.ContainsFunc(s, unicode.IsLetter) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" -.()", r) {
			return -1
		}
		return r
	}, s)
}

// DialNumber is NormalNumber of a number that a customer may be called at, or
// an error that says what is wrong with it: digits, * and #, with + in front if
// need be. Nothing else gets into the dial string of a trunk.
func DialNumber(s string) (string, error) {
	const least, most = 2, 32 // an extension of a branch; 15 digits, and prefixes
	n := NormalNumber(s)
	digits := strings.TrimPrefix(n, "+")
	if strings.ContainsFunc(digits, func(r rune) bool { return !strings.ContainsRune("0123456789*#", r) }) {
		return "", fmt.Errorf("%q can't be dialled; use digits, * and #, with + in front if need be", s)
	}
	if len(digits) < least || len(digits) > most {
		return "", fmt.Errorf("%q can't be dialled: a number has %d to %d digits", s, least, most)
	}
	return n, nil
}

func number(s string) error {
	if IsNumber(s) {
		return nil
	}
	return fmt.Errorf("%q is no number; use digits, letters and * # + . _ - only, not beginning with . _ or -: anything else has another meaning to Asterisk", s)
}

// extension is a number, however it is written, that is none of Asterisk's
// special extensions, which have one character.
func extension(s string) error {
	s = NormalNumber(s)
	if err := number(s); err != nil {
		return err
	}
	if len(s) == 1 {
		return fmt.Errorf("%q is too short: Asterisk has special extensions of one character; use another number", s)
	}
	return nil
}

// identifier is for queue and agent ids, which stand in URLs, file names and
// logs: any script, but nothing that can't be seen and nothing that leaves a
// folder.
func identifier(s string) error {
	switch {
	case s == "":
		return errors.New("the id is empty; give it one")
	case utf8.RuneCountInString(s) > maxID:
		return fmt.Errorf("the id is longer than %d characters; shorten it", maxID)
	case strings.ContainsAny(s, `/\`), s == ".", s == "..":
		return fmt.Errorf(`the id becomes part of a path: it can't be . or .. nor contain / or \`)
	case s != strings.TrimSpace(s):
		return errors.New("the id begins or ends with a space; remove it")
	case strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }):
		return errors.New("the id contains characters that can't be printed; remove them")
	}
	return nil
}

// line is for texts shown to people or written into one line.
func line(s string) error {
	switch {
	case strings.ContainsFunc(s, unicode.IsControl):
		return errors.New("can't contain line breaks or control characters")
	case utf8.RuneCountInString(s) > maxText:
		return fmt.Errorf("is longer than %d characters; shorten it", maxText)
	}
	return nil
}

// secretText is for passwords and tokens after env: and file: are resolved.
func secretText(s string) error {
	if err := line(s); err != nil {
		return fmt.Errorf("the secret %w", err)
	}
	if s != strings.TrimSpace(s) {
		return errors.New("the secret begins or ends with a space, which Asterisk would cut off; remove it")
	}
	return nil
}

// separators is what has a meaning in the arguments of a dialplan application
// besides control characters.
const separators = ",&|;\"'`\\$[]"

// argument is for texts that become an argument of a dialplan application.
func argument(s string) error {
	if err := line(s); err != nil {
		return err
	}
	if i := strings.IndexAny(s, separators); i >= 0 {
		return fmt.Errorf("can't contain %q: it means something else to Asterisk", s[i:i+1])
	}
	return nil
}

// dialString is for a dial string in which the placeholder stands for the
// number.
func dialString(placeholder string) check {
	return func(s string) error {
		if err := argument(s); err != nil {
			return err
		}
		rest := strings.Replace(s, placeholder, "", 1)
		technology, _, ok := strings.Cut(rest, "/")
		switch {
		case strings.Count(s, placeholder) != 1:
			return fmt.Errorf("must contain %s once, not %d times", placeholder, strings.Count(s, placeholder))
		case strings.ContainsAny(rest, "{}"):
			return fmt.Errorf("%s is the only placeholder here", placeholder)
		case !ok || technology == "":
			return fmt.Errorf("must begin with a channel technology, as in PJSIP/%s", placeholder)
		case strings.ContainsFunc(s, unicode.IsSpace):
			return errors.New("can't contain spaces")
		}
		return nil
	}
}

// folder is for a folder as Asterisk sees it.
func folder(s string) error {
	if err := argument(s); err != nil {
		return err
	}
	if !path.IsAbs(s) {
		return fmt.Errorf("must be an absolute path, not %q", s)
	}
	return nil
}

// name is for names of contexts, users and music classes in Asterisk's files.
func name(s string) error {
	if err := argument(s); err != nil {
		return err
	}
	if strings.ContainsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("(){}<>=#@/", r) }) {
		return fmt.Errorf("%q is no name in Asterisk's files; use letters, digits and . _ -", s)
	}
	return nil
}

// optional lets an empty string pass.
func optional(c check) check {
	return func(s string) error {
		if s == "" {
			return nil
		}
		return c(s)
	}
}

func notEmpty(s string) error {
	if s == "" {
		return errors.New("can't be empty")
	}
	return nil
}

// listenAddress is for an address to listen on: the host may be empty, port
// 0 lets the system choose.
func listenAddress(s string) error {
	_, port, err := net.SplitHostPort(s)
	if err != nil {
		return fmt.Errorf(`%q is no address; write it like "127.0.0.1:8080"`, s)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("%q is no port; use a number up to 65535", port)
	}
	return argument(strings.NewReplacer("[", "", "]", "").Replace(s))
}

// dialAddress is for an address to connect to.
func dialAddress(s string) error {
	if err := listenAddress(s); err != nil {
		return err
	}
	if host, port, _ := net.SplitHostPort(s); host == "" || strings.Trim(port, "0") == "" {
		return fmt.Errorf(`%q needs a host and a port, as in "127.0.0.1:5038"`, s)
	}
	return nil
}

// link is for a URL with one of the schemes; empty passes.
func link(schemes ...string) check {
	return optional(func(s string) error {
		u, err := url.Parse(s)
		if err != nil || u.Host == "" || !slices.Contains(schemes, u.Scheme) {
			return fmt.Errorf("%q is no URL that begins with %s://", s, strings.Join(schemes, ":// or "))
		}
		return nil
	})
}

// parsePrefix reads a network, or an address as the network of it alone.
func parsePrefix(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return p, fmt.Errorf(`%q is no network; write it like "192.0.2.0/24" or "192.0.2.7"`, s)
	}
	if p != p.Masked() {
		return p, fmt.Errorf("%q is an address inside a network; write %q or %q", s, p.Masked(), p.Addr())
	}
	return p, nil
}

func timezone(s string) error {
	if _, err := time.LoadLocation(s); err != nil {
		return fmt.Errorf(`there is no time zone %q; write it like "Asia/Seoul"`, s)
	}
	return nil
}

// speechCommand is for the command line of a speech program.
func speechCommand(s string) error {
	for _, placeholder := range []string{"{text}", "{out}"} {
		if !strings.Contains(s, placeholder) {
			return fmt.Errorf("must contain %s", placeholder)
		}
	}
	return nil
}
