package config

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// The units that Go's durations lack. A year is 365 days: these lengths
// tell how long something is kept, not a date.
const (
	day  = 24 * time.Hour
	week = 7 * day
	year = 365 * day
)

// parseDuration reads a Go duration that may begin with years, weeks and
// days: "3y", "2w3d", "1d12h", "20s".
func parseDuration(s string) (time.Duration, error) {
	var total time.Duration
	rest := s
	for rest != "" {
		digits := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
		if digits == 0 || digits == len(rest) {
			break
		}
		var unit time.Duration
		switch rest[digits] {
		case 'y':
			unit = year
		case 'w':
			unit = week
		case 'd':
			unit = day
		}
		if unit == 0 {
			break
		}
		n, err := strconv.ParseInt(rest[:digits], 10, 64)
		if err != nil || n > int64((math.MaxInt64-total)/unit) {
			return 0, fmt.Errorf("config: duration %q is too long", s)
		}
		total += time.Duration(n) * unit
		rest = rest[digits+1:]
	}
	if rest == "" && s != "" {
		return total, nil
	}
	d, err := time.ParseDuration(rest)
	if err != nil {
		return 0, fmt.Errorf("config: %w", err)
	}
	if total > 0 && (d < 0 || d > math.MaxInt64-total) {
		return 0, fmt.Errorf("config: duration %q is out of range", s)
	}
	return total + d, nil
}

// formatDuration prints d as short as parseDuration reads it: 10m, not
// 10m0s.
func formatDuration(d time.Duration) string {
	switch {
	case d > 0 && d%year == 0:
		return fmt.Sprintf("%dy", d/year)
	case d > 0 && d%day == 0:
		return fmt.Sprintf("%dd", d/day)
	}
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
