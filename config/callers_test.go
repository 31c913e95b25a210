package config

import (
	"slices"
	"strings"
	"testing"
)

func TestNumbers(t *testing.T) {
	cfg := mustLoad(t, `
		asterisk.secret = "x"
		[callers]
		vip = ["010-1234-5678", "+82 2 15*", "+82 10 5555 0000"]
		blocked = ["010123*", "anonymous", "*21", "00*", "+82*", "8231*", "+1212*", "031-555-0100"]`)
	c, n := &cfg.Callers, &cfg.Outbound.Numbering
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
		// However they are written.
		{"+82 10-1234-5678", true, false},
		{"821012345678", true, false},
		{"0082 10 1234 5678", true, false},
		{"010-5555-0000", true, false},
		{"021588", true, false},
		{"0215", true, false},
		{"021", false, false},
		{"+82 10 1234 9999", false, true},
		{"+82 31 555 0100", false, true},
		{"031-555-0101", false, true}, // 8231*
		{"8231-0101", false, true},
		{"0012125551234", false, true},
		{"001-1-212-555-1234", false, true},
		{"+49 30 5550100", false, false}, // 00* and +82* are of numbers that are written so
		{"0049305550100", false, true},
		{"01099998888", false, false},
		{"+821099998888", false, true},
		{"12125551234", false, false}, // it may be one of this country
		{"010*", false, false},
		{strings.Repeat("9", 100), false, false},
	}
	for _, tt := range tests {
		if vip, blocked := c.VIP.Has(n, tt.number), c.IsBlocked(n, tt.number); vip != tt.vip || blocked != tt.blocked {
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
		if got := list.Has(&Numbering{}, number); got != want {
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
