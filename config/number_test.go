package config

import (
	"strings"
	"testing"
)

// FuzzDialNumber: only what a keypad has gets into a dial string, and a number
// that was made normal is.
func FuzzDialNumber(f *testing.F) {
	for _, s := range []string{"010-1234-5678", "+82 (10) 1234.5678", "0102&PJSIP/8001,60,g", "${EXTEN}", "１２", "+", "*98#", "sales-1", "0102\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		normal := NormalNumber(s)
		if again := NormalNumber(normal); again != normal {
			t.Errorf("NormalNumber(%q) = %q, and of that %q", s, normal, again)
		}
		n, err := DialNumber(s)
		if err != nil {
			return
		}
		if n != normal || strings.Trim(strings.TrimPrefix(n, "+"), "0123456789*#") != "" || len(n) > 33 || len(n) < 2 {
			t.Errorf("%q is dialled as %q", s, n)
		}
		if again, err := DialNumber(n); err != nil || again != n {
			t.Errorf("%q is dialled as %q, and that as %q, %v", s, n, again, err)
		}
	})
}
