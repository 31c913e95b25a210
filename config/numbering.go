package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

const (
	// leastForeign is how many digits follow a country code at least when it is
	// written without a + in front: a shorter number is one of a town.
	leastForeign = 8
	// leastWhole is the same where nothing stands before a number within the
	// country, which may itself begin like the country code.
	leastWhole = 9
)

// Numbering is how numbers are written in the country of the trunk. By it the
// ways to write one number are brought together: with Korea's, +82 10-1234-5678,
// 821012345678, 0082 10 1234 5678 and 010-1234-5678 are one.
type Numbering struct {
	Country       string   // country code, without +; empty: numbers are as they are written
	National      string   // what stands before a number within the country, such as 0; may be empty
	International []string // what stands before a country code; the longest first
}

// Same brings the ways to write a number together: two numbers are the same if
// Same of them is. The result is not for dialling.
func (n *Numbering) Same(number string) string {
	same, _ := n.read(number)
	return same
}

// reach says whose numbers a number is one of.
type reach int

const (
	unsure   reach = iota // it does not say
	domestic              // those of the country
	foreign               // those of another one
)

// read is Same, and tells where the number is of.
func (n *Numbering) read(number string) (same string, from reach) {
	number = NormalNumber(number)
	digits, whole := strings.CutPrefix(number, "+")
	if n.Country == "" || !isDigits(digits) {
		return digits, unsure
	}
	if !whole {
		for _, p := range n.International {
			// No country code begins with 0.
			if rest, ok := strings.CutPrefix(digits, p); ok && len(rest) >= leastForeign && rest[0] != '0' {
				digits, whole = rest, true
				break
			}
		}
	}
	least := leastForeign
	if n.National == "" {
		least = leastWhole
	}
	rest, own := strings.CutPrefix(digits, n.Country)
	if own && rest != "" && (whole || len(rest) >= least) {
		// +82 (0)10 is how some write it.
		return n.National + strings.TrimPrefix(rest, n.National), domestic
	}
	switch {
	case whole && !own:
		return digits, foreign
	case !whole && strings.HasPrefix(digits, n.National):
		return digits, domestic
	}
	return digits, unsure
}

// Spellings lists the ways in which a number may be written, in digits alone,
// the one of [Numbering.Same] first.
func (n *Numbering) Spellings(number string) []string {
	same := n.Same(number)
	all := []string{same}
	if n.Country == "" || !isDigits(same) {
		return all
	}
	add := func(s string) {
		if (n.Same(s) == same || n.Same("+"+s) == same) && !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	whole := []string{same}
	if rest, ok := strings.CutPrefix(same, n.National); ok {
		whole = append(whole, n.Country+rest, n.Country+n.National+rest)
	}
	for _, w := range whole {
		add(w)
		for _, p := range n.International {
			add(p + w)
		}
	}
	return all
}

// way is a way to write a number, and how many characters of it stand before the
// number itself.
type way struct {
	text string
	lead int
}

// ways lists the ways in which the beginning of a number may be written. It is
// none when the number does not say where it is of.
func (n *Numbering) ways(number string) (all []way) {
	same, from := n.read(number)
	whole := way{text: same}
	switch from {
	case unsure:
		return nil
	case domestic:
		whole = way{n.Country + strings.TrimPrefix(same, n.National), len(n.Country)}
		all = append(all, way{same, len(n.National)}, whole)
	case foreign:
	}
	for _, p := range append([]string{"+"}, n.International...) {
		all = append(all, way{p + whole.text, len(p) + whole.lead})
	}
	return all
}

func isDigits(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
}

func readNumbering(s *section) Numbering {
	n := Numbering{
		Country:       s.str("country_code", "82", optional(upTo3Digits)),
		National:      s.str("national_prefix", "0", optional(upTo3Digits)),
		International: slices.Clone(s.list("international_prefixes", []string{"00", "001", "002"})),
	}
	for _, p := range n.International {
		if !isDigits(p) || len(p) > 6 {
			s.fault("international_prefixes", "%q is no prefix; use up to 6 digits", p)
		}
	}
	slices.SortFunc(n.International, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) })
	return n
}

// upTo3Digits are a country code or a prefix.
func upTo3Digits(s string) error {
	if !isDigits(s) || len(s) > 3 {
		return fmt.Errorf("%q is no code; use up to 3 digits, without + and spaces", s)
	}
	return nil
}
