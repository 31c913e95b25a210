package store

import (
	"slices"
	"strings"
)

// spellings lists the keys under which a number may be kept, its own first: it
// may have been written in other ways, and by the rules of another country. Of a
// number that is withheld there is one key, the empty one.
func (s *Store) spellings(tel string) []string {
	keys := []string{number(tel)}
	if s.spell == nil || keys[0] == "" {
		return keys
	}
	for _, other := range s.spell(tel) {
		if key := number(other); key != "" && !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	return keys
}

// same is the key that all spellings of a number have in common.
func (s *Store) same(tel string) string {
	if s.spell != nil {
		if all := s.spell(tel); len(all) > 0 {
			return number(all[0])
		}
	}
	return number(tel)
}

// sought is a text that is looked for.
type sought struct {
	text string // in lower case
	// numbers are the spellings of the number that the text may be, or a piece
	// of: as it was typed first.
	numbers []string
}

func (s *Store) sought(text string) sought {
	w := sought{text: strings.ToLower(strings.TrimSpace(text))}
	if n := number(text); n != "" && strings.Trim(n, "0123456789*#") == "" {
		w.numbers = s.spellings(text)
	}
	return w
}

// isNumber reports whether the text is the whole of a number.
func (w *sought) isNumber(tel string) bool { return slices.Contains(w.numbers, number(tel)) }

// inNumber reports whether the text is a piece of a number. Another spelling of
// the text than the one that was typed is of the number's beginning.
func (w *sought) inNumber(tel string) bool {
	if len(w.numbers) == 0 {
		return false
	}
	tel = number(tel)
	return strings.Contains(tel, w.numbers[0]) ||
		slices.ContainsFunc(w.numbers[1:], func(begin string) bool { return strings.HasPrefix(tel, begin) })
}
