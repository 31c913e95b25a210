package mask

import (
	"strings"
	"testing"
)

func TestNumber(t *testing.T) {
	for number, want := range map[string]string{
		"":               "",
		"7":              "****",
		"12":             "****",
		"119":            "****19",
		"15881234":       "****34",
		"021588123":      "021-****-8123",
		"01012345678":    "010-****-5678",
		"010-1234-5678":  "010-****-5678",
		"+821012345678":  "+821-****-5678",
		"anonymous":      "****",
		"sip:k1@example": "****",
	} {
		if got := Number(number); got != want {
			t.Errorf("Number(%q) = %q, want %q", number, got, want)
		}
	}
}

func TestText(t *testing.T) {
	for _, test := range []struct{ name, text, number, want string }{
		{"nothing", "", "01012345678", ""},
		{"no number", "환불 요청 2건", "", "환불 요청 2건"},
		{"as it is", "01012345678", "01012345678", "010-****-5678"},
		{"as people write it", "전화: 010 1234-5678, 오후", "01012345678", "전화: 010-****-5678, 오후"},
		{"with spaces round dashes", "(010) - 1234 - 5678.", "01012345678", "(010-****-5678."},
		{"with its country", "+82 10-1234-5678 (집)", "01012345678", "010-****-5678 (집)"},
		{"without its country", "010-1234-5678", "+821012345678", "+821-****-5678"},
		{"without its first digits", "12345678", "01012345678", "010-****-5678"},
		{"twice", "01012345678/01012345678", "01012345678", "010-****-5678/010-****-5678"},
		{"other numbers", "02-1588-1234, 1234-567", "01012345678", "02-1588-1234, 1234-567"},
		{"a part of a short one", "11, 119, 1190", "119", "11, ****19, 1190"},
		{"a channel", "Local/01012345678@customers-00000001;2", "01012345678", "Local/010-****-5678@customers-00000001;2"},
		{"a name", "from anonymous", "anonymous", "from ****"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := Text(test.text, test.number); got != test.want {
				t.Errorf("Text(%q, %q) = %q, want %q", test.text, test.number, got, test.want)
			}
		})
	}
}

// FuzzText: the digits of a number of usual length are nowhere in what is shown,
// neither as they are nor spread, and a text without them stays.
func FuzzText(f *testing.F) {
	f.Add("전화 010-1234-5678", "01012345678")
	f.Add("+82 (0)10 1234 5678 9", "010 1234 5678")
	f.Fuzz(func(t *testing.T, text, number string) {
		got, d := Text(text, number), digits(number)
		if len(d) >= whole && strings.Contains(got, d) {
			t.Errorf("Text(%q, %q) = %q", text, number, got)
		}
		if !strings.ContainsFunc(text, isDigit) && d != "" && got != text {
			t.Errorf("Text(%q, %q) = %q", text, number, got)
		}
	})
}
