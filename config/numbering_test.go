package config

import (
	"slices"
	"testing"
)

func korea() Numbering {
	return Numbering{Country: "82", National: "0", International: []string{"001", "002", "00"}}
}

func TestNumberingSame(t *testing.T) {
	us := Numbering{Country: "1", International: []string{"011"}}
	none := Numbering{}
	k := korea()
	tests := map[string]struct {
		n    *Numbering
		same []string // are one number
		not  []string // are others
	}{
		"mobile": {
			&k,
			[]string{"010-1234-5678", "+82 10-1234-5678", "+82 (0)10 1234 5678", "821012345678", "82 10 1234 5678", "0082 10 1234 5678", "001821012345678"},
			[]string{"010-1234-5679", "10-1234-5678", "+1 010 1234 5678", "1012345678"},
		},
		"Seoul":                      {&k, []string{"02-555-0101", "+82 2 555 0101", "8225550101"}, []string{"555-0101", "0825550101"}},
		"a town's, that begins like": {&k, []string{"8255-0101"}, []string{"055-0101", "+82 55 0101"}},
		"abroad":                     {&k, []string{"+1 415 555 0100", "00114155550100", "1 415 555 0100"}, []string{"0415 555 0100", "+82 415 555 0100"}},
		"service":                    {&k, []string{"119"}, []string{"0119"}},
		"keys":                       {&k, []string{"*82101234567", "*82-101234567"}, []string{"0101234567"}},
		"no national prefix":         {&us, []string{"212 555 0100", "+1 212-555-0100", "1 (212) 555-0100", "01112125550100"}, []string{"212 555 0101", "+82 212 555 0100"}},
		"no country":                 {&none, []string{"+821012345678", "82-10-1234-5678"}, []string{"01012345678"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			want := tt.n.Same(tt.same[0])
			for _, s := range tt.same {
				if got := tt.n.Same(s); got != want {
					t.Errorf("%s is %s, want %s as %s", s, got, want, tt.same[0])
				}
			}
			for _, s := range tt.not {
				if got := tt.n.Same(s); got == want {
					t.Errorf("%s is %s too", s, got)
				}
			}
		})
	}
}

// FuzzSpellings: numbers are the same just if each is, in digits alone, among
// the spellings of the other, but for a + that digits alone have not.
func FuzzSpellings(f *testing.F) {
	f.Add("01012345678", "+82 10 1234 5678", true)
	f.Add("8201012345678", "00821012345678", true)
	f.Add("+8201", "8201", true)
	f.Add("12125550100", "2125550100", false)
	f.Add("00182010123456", "*12", true)
	f.Fuzz(func(t *testing.T, a, b string, zero bool) {
		n := korea()
		if !zero {
			n = Numbering{Country: "1", International: []string{"011"}}
		}
		a, errA := DialNumber(a)
		b, errB := DialNumber(b)
		if errA != nil || errB != nil {
			return
		}
		bare := Numbering{}
		has := slices.Contains(n.Spellings(a), bare.Same(b))
		if same := n.Same(a) == n.Same(b); same && !has {
			t.Errorf("%s is %s, but not among %q", a, b, n.Spellings(a))
		}
		if has && n.Same(a) != n.Same(b) && n.Same(a) != n.Same("+"+bare.Same(b)) && n.Same(a) != n.Same(bare.Same(b)) {
			t.Errorf("%s is not %s, but among %q", a, b, n.Spellings(a))
		}
		if s := n.Spellings(a); s[0] != n.Same(a) || len(slices.Compact(slices.Sorted(slices.Values(s)))) != len(s) {
			t.Errorf("spellings of %s: %q", a, s)
		}
	})
}
