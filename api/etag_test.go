package api

import (
	"strings"
	"testing"
)

// FuzzIfMatch: a change goes on when the tag of what is there is named, and
// only then.
func FuzzIfMatch(f *testing.F) {
	for _, s := range []string{"", "*", " * ", `"a"`, `W/"a"`, `"a", "b"`, `"a`, `"b","a" `, ", ,", `"18446744073709551616"`, `"7"`, "\x00"} {
		f.Add(s)
	}
	current := etag("홍길동", []string{"desk"})
	f.Fuzz(func(t *testing.T, tags string) {
		if strings.Contains(tags, current) {
			return
		}
		anything := tags == "" || strings.TrimSpace(tags) == "*"
		if err := (IfMatch{tags}).check(current); (err == nil) != anything {
			t.Errorf("%q: %v", tags, err)
		}
		if err := (IfMatch{tags + "," + current}).check(current); err != nil {
			t.Errorf("%q and the right one: %v", tags, err)
		}
		n, err := (&Seen{IfMatch: IfMatch{tags}}).revision()
		if none := strings.TrimSpace(tags) == "" || anything; err == nil && (n == 0) != none {
			t.Errorf("%q is revision %d", tags, n)
		}
	})
}
