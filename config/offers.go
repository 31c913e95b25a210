package config

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Bounds of what agents choose from.
const (
	maxChoices     = 50
	maxAwayReason  = 64  // characters, as the REST interface takes them
	maxDisposition = 100 // characters, as the store takes them
)

// CRMPlaceholders are what stands for something of the call in
// [Queue.CRMURL]: the customer's number, and the ids of call, queue and agent.
// The page fills them in, percent-encoded.
func CRMPlaceholders() []string { return []string{"{number}", "{call}", "{queue}", "{agent}"} }

// Allows reports whether a call of the queue may be settled so. Nothing is
// always allowed.
func (q *Queue) Allows(disposition string) bool {
	return disposition == "" || len(q.Dispositions) == 0 || slices.Contains(q.Dispositions, disposition)
}

// choices reads a list of different texts for people to choose from.
func (s *section) choices(key string, longest int) []string {
	var list []string
	for _, text := range s.list(key, nil) {
		if err := choice(text, longest); err != nil {
			s.fault(key, "%q %v", text, err)
			continue
		}
		if slices.Contains(list, text) {
			s.fault(key, "%q is listed twice; remove one", text)
			continue
		}
		list = append(list, text)
	}
	if len(list) > maxChoices {
		s.fault(key, "has %d entries, more than the %d that anybody can choose from; remove some", len(list), maxChoices)
	}
	return list
}

func choice(text string, longest int) error {
	switch {
	case text == "":
		return errors.New("can't be empty; remove it")
	case text != strings.TrimSpace(text):
		return errors.New("begins or ends with a space; remove it")
	case utf8.RuneCountInString(text) > longest:
		return fmt.Errorf("is longer than %d characters; shorten it", longest)
	}
	return line(text)
}

// placeholder finds what looks like one.
var placeholder = regexp.MustCompile(`\{[^{}]*\}`)

// crmURL is for the address of a customer in the CRM. Placeholders may not
// stand where they would choose the server: a caller's number must not.
func crmURL(s string) error {
	known := CRMPlaceholders()
	for _, p := range placeholder.FindAllString(s, -1) {
		if !slices.Contains(known, p) {
			return fmt.Errorf("%s is unknown; the placeholders here are %s", p, strings.Join(known, ", "))
		}
	}
	plain := placeholder.ReplaceAllString(s, "x")
	if strings.ContainsAny(plain, "{}") {
		return errors.New("has a brace without its other one; write placeholders like {number}")
	}
	if _, rest, ok := strings.Cut(s, "://"); ok {
		if server := rest[:strings.IndexAny(rest+"/", "/?#")]; strings.Contains(server, "{") {
			return errors.New("can't have a placeholder in the server's name; put it into the path or the query")
		}
	}
	if link("http", "https")(plain) != nil {
		return link("http", "https")(s) // which tells of what is written
	}
	return nil
}
