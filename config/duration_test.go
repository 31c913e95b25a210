package config

import (
	"testing"
	"time"
)

func TestParseDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"20s":    20 * time.Second,
		"1h30m":  90 * time.Minute,
		"3y":     3 * 365 * 24 * time.Hour,
		"2w3d":   17 * 24 * time.Hour,
		"1d12h":  36 * time.Hour,
		"0s":     0,
		"1.5h":   90 * time.Minute,
		"100y1w": 100*year + week,
	} {
		if got, err := parseDuration(text); err != nil || got != want {
			t.Errorf("parseDuration(%q) = %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "3", "y", "3 y", "-3d", "1d-1h", "1m1d", "300y", "99999999999999999999d", "292y24h9999999h"} {
		if got, err := parseDuration(text); err == nil {
			t.Errorf("parseDuration(%q) = %v, want an error", text, got)
		}
	}
}

// FuzzDuration: what is printed is read as the same.
func FuzzDuration(f *testing.F) {
	for _, seed := range []string{"3y", "1d12h", "10m", "1h0m0s", "-1ns", "2540400h10m10.000000000s"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := parseDuration(text)
		if err != nil {
			return
		}
		if again, err := parseDuration(formatDuration(d)); err != nil || again != d {
			t.Errorf("%q = %v, printed %q, read as %v, %v", text, d, formatDuration(d), again, err)
		}
	})
}
