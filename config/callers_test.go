package config

import (
	"slices"
	"strings"
	"testing"
)

func TestNumbers(t *testing.T) {
	c := mustLoad(t, `
		asterisk.secret = "x"
		[callers]
		vip = ["010-1234-5678", "+82 2 15*"]
		blocked = ["010123*", "anonymous", "*21"]`).Callers
	tests := []struct {
		number       string
		vip, blocked bool
	}{
		{"01012345678", true, false}, // a VIP is not blocked
		{"(010) 1234.5678", true, false},
		{"01012345679", false, true},
		{"010123", false, true},
		{"01012", false, false},
		{"+8221588", true, false},
		{"8221588", false, false},
		{"anonymous", false, true},
		{"*21", false, true},
		{"*2112", false, false},
		{"", false, false},
		{"010*", false, false},
		{strings.Repeat("9", 100), false, false},
	}
	for _, tt := range tests {
		if vip, blocked := c.VIP.Has(tt.number), c.IsBlocked(tt.number); vip != tt.vip || blocked != tt.blocked {
			t.Errorf("%q: VIP %v, blocked %v; want %v, %v", tt.number, vip, blocked, tt.vip, tt.blocked)
		}
	}
}

// FuzzNumbers compares the list with one that is read entry by entry.
func FuzzNumbers(f *testing.F) {
	f.Add("0101234 02* 070*", "0212345")
	f.Add("* 1", "1")
	f.Fuzz(func(t *testing.T, entries, number string) {
		list := Numbers(strings.Fields(entries))
		slices.Sort(list)
		n := NormalNumber(number)
		want := false
		for _, e := range list {
			begin, pattern := strings.CutSuffix(e, "*")
			want = want || n != "" && (n == e || pattern && begin != "" && len(begin) <= maxNumber && strings.HasPrefix(n, begin))
		}
		if got := list.Has(number); got != want {
			t.Errorf("%q has %q: %v, want %v", list, number, got, want)
		}
	})
}

func TestLevel(t *testing.T) {
	c := mustLoad(t, `
		asterisk.secret = "x"
		[queues.1]
		number = "101"
		levels = { "홍길동" = 2 }`)
	q, _ := c.Queue("1")
	if got := [2]int{q.Level("홍길동"), q.Level("김철수")}; got != [2]int{2, 1} {
		t.Errorf("levels = %v", got)
	}
}
