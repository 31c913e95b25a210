package app

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
)

// expressions lists what the dashboard and the alert rules ask Prometheus for.
func expressions(t *testing.T) (list []string) {
	t.Helper()
	var dashboard struct {
		Panels []struct {
			Type, Title string
			Targets     []struct{ Expr string }
		}
	}
	if err := json.Unmarshal([]byte(read(t, "../deploy/grafana/calld.json")), &dashboard); err != nil {
		t.Fatal(err)
	}
	for _, p := range dashboard.Panels {
		if p.Type != "row" && len(p.Targets) == 0 {
			t.Errorf("panel %q shows nothing", p.Title)
		}
		for _, x := range p.Targets {
			list = append(list, x.Expr)
		}
	}
	// An expression is the rest of its line, or what is indented below.
	rules := regexp.MustCompile(`(?m)^ +expr: (?:\|\n((?: {10}.*\n)+)|(.*)\n)`).FindAllStringSubmatch(read(t, "../deploy/prometheus/calld.rules.yml"), -1)
	if n := strings.Count(read(t, "../deploy/prometheus/calld.rules.yml"), "- alert:"); n != len(rules) {
		t.Errorf("%d alerts have %d expressions", n, len(rules))
	}
	for _, m := range rules {
		list = append(list, m[1]+m[2])
	}
	return list
}

// TestDeploy: what the dashboard and the alert rules ask for is there, with the
// labels that they name. docs/metrics.md is the list, which TestMetrics holds
// against the metrics themselves.
func TestDeploy(t *testing.T) {
	labels, histogram := map[string]string{}, map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| `(calld_\\w+)` \\| (\\w+) \\|([^|]*)\\|").FindAllStringSubmatch(read(t, "../docs/metrics.md"), -1) {
		labels[m[1]], histogram[m[1]] = m[3], m[2] == "histogram"
	}
	list := expressions(t)
	if len(list) < 40 {
		t.Fatalf("only %d expressions", len(list))
	}
	for _, expr := range list {
		if err := balanced(expr); err != "" {
			t.Errorf("%s: %s", expr, err)
		}
		for _, m := range regexp.MustCompile(`(calld_\w+)(?:\{([^}]*)\})?`).FindAllStringSubmatch(expr, -1) {
			name := m[1]
			for _, suffix := range []string{"_bucket", "_sum", "_count"} {
				if base, ok := strings.CutSuffix(name, suffix); ok && histogram[base] {
					name = base
				}
			}
			have, ok := labels[name]
			if !ok {
				t.Errorf("%s: there is no metric %s", expr, m[1])
			}
			if histogram[name] && name == m[1] {
				t.Errorf("%s: %s is a histogram and has only _bucket, _sum and _count", expr, name)
			}
			for _, l := range regexp.MustCompile(`(\w+)(?:=~|!~|!=|=)"`).FindAllStringSubmatch(m[2], -1) {
				if !strings.Contains(have, "`"+l[1]+"`") {
					t.Errorf("%s: %s has no label %s", expr, name, l[1])
				}
			}
		}
	}
}

// balanced tells what is open or closed too often in an expression.
func balanced(expr string) string {
	var open []rune
	quoted := false
	for _, r := range expr {
		switch {
		case r == '"':
			quoted = !quoted
		case quoted:
		case strings.ContainsRune("([{", r):
			open = append(open, r)
		case strings.ContainsRune(")]}", r):
			if len(open) == 0 || strings.IndexRune("([{", open[len(open)-1]) != strings.IndexRune(")]}", r) {
				return "a " + string(r) + " too many"
			}
			open = open[:len(open)-1]
		}
	}
	if quoted || len(open) > 0 {
		return "something is not closed"
	}
	return ""
}
