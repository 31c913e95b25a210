package store

import "slices"

// spellings lists the keys under which a number may be kept, its own first: it
// may have been written in other ways, and by the rules of another country.
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
