package mask

import "strings"

const (
	// stars stand for what is hidden, however much it is: a length tells too.
	stars = "****"
	// whole is how many digits a number has at least of which both ends are shown.
	whole = 9
	// sameEnd is how many last digits make two numbers the same, one of which is
	// written with its country.
	sameEnd = 8
	// maxGap is how many characters may stand between two digits of a number, as
	// in "010) - 1234".
	maxGap = 4
)

// Number is a number as it is shown to those who are not to know it: its first
// three and last four digits, or the last two of one that has fewer than nine.
// A withheld number, the empty one, stays so.
func Number(number string) string {
	d := digits(number)
	switch {
	case number == "":
		return ""
	case len(d) < 3: // two would be all of it
		return stars
	case len(d) < whole:
		return stars + d[len(d)-2:]
	}
	plus := ""
	if strings.HasPrefix(strings.TrimSpace(number), "+") {
		plus = "+"
	}
	return plus + d[:3] + "-" + stars + "-" + d[len(d)-4:]
}

// Text is a text in which a number, however it is written, is as [Number] shows
// it. With it goes what can't be told from it, such as digits right before it.
func Text(text, number string) string {
	d := digits(number)
	if d == "" {
		if number == "" {
			return text
		}
		return strings.ReplaceAll(text, number, Number(number))
	}
	var out strings.Builder
	for text != "" {
		begin := strings.IndexFunc(text, isDigit)
		if begin < 0 {
			break
		}
		end := begin + runLen(text[begin:])
		run := digits(text[begin:end])
		if same(run, d) {
			out.WriteString(strings.TrimSuffix(text[:begin], "+"))
			out.WriteString(Number(number))
		} else {
			out.WriteString(text[:end])
		}
		text = text[end:]
	}
	out.WriteString(text)
	return out.String()
}

// same reports whether the digits of a text hold those of a number.
func same(run, number string) bool {
	if len(number) < sameEnd {
		return run == number
	}
	return strings.Contains(run, number[len(number)-sameEnd:])
}

// runLen is how much of a text that begins with a digit may be one number.
func runLen(text string) int {
	end := 0
	for i, r := range text {
		switch {
		case isDigit(r):
			end = i + 1
		case i-end >= maxGap || !strings.ContainsRune(" \u00a0-.()", r):
			return end
		}
	}
	return end
}

func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if isDigit(r) {
			return r
		}
		return -1
	}, s)
}

func isDigit(r rune) bool { return '0' <= r && r <= '9' }
