// Command gen writes docs/configuration-reference.md from what the reader of
// the configuration takes. Run it by make generate, from the root of the
// repository.
package main

import (
	"fmt"
	"os"
	"strings"

	"calld/config"
)

func main() {
	if err := run("docs/configuration-reference.md"); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(path string) error {
	tables, err := config.Reference()
	if err != nil {
		return err
	}
	return os.WriteFile(path, []byte(reference(tables)), 0o644)
}

const head = `# Configuration reference

Every key, made from the program by ` + "`make generate`" + `. How values are written, several files and a start are in
[configuration.md](configuration.md); ` + "`packaging/calld.toml`" + ` is a file with every key in place. ↻ marks what
[needs a restart](configuration.md#what-a-reload-changes).
`

func reference(tables []config.Table) string {
	var b strings.Builder
	b.WriteString(head)
	for _, t := range tables {
		heading := "Before the tables"
		if t.Names[0] != "" {
			heading = "[" + t.Names[0] + "]"
		}
		fmt.Fprintf(&b, "\n## %s\n\n", heading)
		if len(t.Names) > 1 {
			fmt.Fprintf(&b, "Also `[%s]`.\n", strings.Join(t.Names[1:], "]`, `["))
		}
		if t.Text != "" {
			fmt.Fprintf(&b, "%s\n", t.Text)
		}
		if len(t.Names) > 1 || t.Text != "" {
			b.WriteByte('\n')
		}
		b.WriteString("| key | value | default | example | |\n|---|---|---|---|---|\n")
		for _, k := range t.Keys {
			name := code(k.Name)
			if k.Restart {
				name += " ↻"
			}
			def := "must be set"
			switch {
			case k.Default == "":
			case strings.ContainsAny(k.Default[:1], "\"[{0123456789") || k.Default == "true" || k.Default == "false":
				def = code(k.Default)
			default:
				def = k.Default // words
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", name, cell(k.Value), def, code(k.Example), cell(k.Text))
		}
	}
	return b.String()
}

// code is a piece of the file in a cell.
func code(s string) string { return "`" + cell(s) + "`" }

// cell is a text in a cell of a table.
func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }
