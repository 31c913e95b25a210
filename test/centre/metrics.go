package centre

import (
	"bufio"
	"context"
	"strconv"
	"strings"
)

// Metrics is what calld counts, by the name with its labels.
type Metrics map[string]float64

// Metrics reads /metrics.
func (s *Server) Metrics(ctx context.Context) (Metrics, error) {
	body, err := get(ctx, s.pages, s.http+"/metrics")
	if err != nil {
		return nil, err
	}
	m := Metrics{}
	lines := bufio.NewScanner(strings.NewReader(string(body)))
	for lines.Scan() {
		name, value, ok := strings.Cut(lines.Text(), " ")
		if !ok || strings.HasPrefix(name, "#") {
			continue
		}
		if v, err := strconv.ParseFloat(value, 64); err == nil {
			m[name] = v
		}
	}
	return m, lines.Err()
}

// Sum adds up a metric over all its labels, or those that hold a text.
func (m Metrics) Sum(name, label string) float64 {
	var total float64
	for key, v := range m {
		if base, _, _ := strings.Cut(key, "{"); base == name && strings.Contains(key, label) {
			total += v
		}
	}
	return total
}
