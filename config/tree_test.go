package config

import (
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
	"github.com/google/go-cmp/cmp"
)

// TestLines marks each value of a text with the line that is expected, so
// that the text can be changed without counting.
func TestLines(t *testing.T) {
	text := `# first comment
a = "@"
"상담 #1" = "@" # "b" = 1
b.c."d.e" = "@"
long = """
key = "inside a string"
'''
"""
after = "@"
raw = '''
[not.a.table]'''
list = [ # comment with "quotes"
  "one", # [two]
  { x = 1, y = "z" },
]
after_list = "@"
inline = { one = "@", "둘" = { three = "@" }, four.five = "@" }

[queues."홍길동".more]
x = "@"

  [ queues . 'lit' ]
	y = "@"
crlf = "@"` + "\r\n" + `last = "@"`
	root, err := parseTree("f", text)
	if err != nil {
		t.Fatal(err)
	}
	var marked []int
	for i, line := range strings.Split(text, "\n") {
		for range strings.Count(line, `"@"`) {
			marked = append(marked, i+1)
		}
	}
	var got []int
	var walk func(n *node)
	walk = func(n *node) {
		for _, key := range n.order {
			if child := n.table[key]; child.table != nil {
				walk(child)
			} else if child.value == "@" {
				got = append(got, child.line())
			}
		}
	}
	walk(root)
	if diff := cmp.Diff(marked, got); diff != "" {
		t.Errorf("lines of values (-want +got):\n%s", diff)
	}
	lineOf := func(part string) int { return 1 + strings.Count(text[:strings.Index(text, part)], "\n") }
	for part, n := range map[string]*node{
		"[queues.\"홍":  root.table["queues"].table["홍길동"].table["more"],
		"[ queues . '": root.table["queues"].table["lit"],
		"long = ":      root.table["long"],
		"list = ":      root.table["list"],
		"inline = ":    root.table["inline"],
	} {
		if got, want := n.line(), lineOf(part); got != want {
			t.Errorf("line of %s = %d, want %d", part, got, want)
		}
	}
	// A table that stands nowhere itself is where its first key is.
	if got, want := root.table["queues"].line(), lineOf("[queues.\"홍"); got != want {
		t.Errorf("line of queues = %d, want %d", got, want)
	}
}

func TestOrder(t *testing.T) {
	root, err := parseTree("f", `
z = 1
[queues.b]
n = 1
[other]
[queues.a]
[queues."가"]
[queues]
c.n = 1
`)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"z", "queues", "other"}, root.order); diff != "" {
		t.Errorf("top (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"b", "a", "가", "c"}, root.table["queues"].order); diff != "" {
		t.Errorf("queues (-want +got):\n%s", diff)
	}
}

// FuzzTree: the tree holds exactly what the decoder decodes, and every value
// has a line of the text.
func FuzzTree(f *testing.F) {
	f.Add("a = 1\n[b.\"c.d\"]\ne = [1, {x=2}]\n[[f]]\ng=1\n[[f]]\ng=2")
	f.Add("a = {b = {c = 1}, d.e = '''\n'''}\n\"\" = 2")
	f.Add("\xef\xbb\xbfa.b.c = \"\"\"\\\n  x\"\"\"\r\n[z]\n")
	f.Fuzz(func(t *testing.T, text string) {
		root, err := parseTree("f", text)
		var want map[string]any
		if plain := toml.Unmarshal([]byte(text), &want); (plain == nil) != (err == nil) {
			t.Fatalf("tree: %v, decoder: %v", err, plain)
		}
		if err != nil {
			return
		}
		lines := 1 + strings.Count(text, "\n")
		var back func(n *node) map[string]any
		back = func(n *node) map[string]any {
			m := map[string]any{}
			if len(n.order) != len(n.table) {
				t.Fatalf("order %q, %d keys", n.order, len(n.table))
			}
			for _, key := range n.order {
				child := n.table[key]
				if child.table != nil {
					m[key] = back(child)
				} else {
					m[key] = child.value
					if line := child.line(); line < 1 || line > lines {
						t.Errorf("line %d of %q in %d lines", line, key, lines)
					}
				}
			}
			return m
		}
		if diff := cmp.Diff(want, back(root), cmp.Comparer(func(a, b float64) bool { return a == b || a != a && b != b })); diff != "" {
			t.Errorf("tree (-decoder +tree):\n%s", diff)
		}
	})
}
