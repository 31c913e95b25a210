package app

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestEverythingIsNamed: the index of docs has every document, README.md leads
// to it, and the table of ARCHITECTURE.md has every package.
func TestEverythingIsNamed(t *testing.T) {
	index, architecture := read(t, "../docs/README.md"), read(t, "../ARCHITECTURE.md")
	if !strings.Contains(read(t, "../README.md"), "(docs/README.md)") {
		t.Error("README.md has no link to docs/README.md")
	}
	documents, err := filepath.Glob("../docs/*.md")
	if err != nil || len(documents) == 0 {
		t.Fatal(documents, err)
	}
	for _, d := range documents {
		if name := filepath.Base(d); name != "README.md" && !strings.Contains(index, "]("+name+")") {
			t.Errorf("docs/README.md has no link to %s", name)
		}
	}
	err = fs.WalkDir(os.DirFS(".."), ".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (strings.HasPrefix(d.Name(), ".") && path != "." || d.Name() == "node_modules" || d.Name() == "testdata"):
			return fs.SkipDir
		case d.Name() == "doc.go" && !strings.Contains(architecture, "`"+filepath.Dir(path)+"`"):
			t.Errorf("ARCHITECTURE.md does not name package %s", filepath.Dir(path))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

var (
	code    = regexp.MustCompile("(?ms)^ *```.*?^ *```|`[^`\n]*`")
	link    = regexp.MustCompile(`\]\(([^)#\s]*)#?([^)\s]*)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
)

// TestLinks: every link between documents, and to a picture, leads somewhere.
func TestLinks(t *testing.T) {
	var documents []string
	for _, pattern := range []string{"../*.md", "../docs/*.md", "../web/*.md"} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatal(pattern, err)
		}
		documents = append(documents, found...)
	}
	anchors := map[string]map[string]bool{}
	for _, d := range documents {
		anchors[d] = map[string]bool{}
		for _, h := range heading.FindAllStringSubmatch(read(t, d), -1) {
			anchors[d][anchor(h[1])] = true
		}
	}
	for _, d := range documents {
		for _, l := range link.FindAllStringSubmatch(code.ReplaceAllString(read(t, d), ""), -1) {
			target := filepath.Join(filepath.Dir(d), l[1])
			if l[1] == "" {
				target = d
			}
			if strings.Contains(l[1], ":") { // on the web
				continue
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s: %s leads nowhere: %v", d, l[0], err)
			} else if known, ok := anchors[target]; ok && l[2] != "" && !known[l[2]] {
				t.Errorf("%s: %s: no such heading", d, l[0])
			}
		}
	}
}

// anchor is what GitHub makes of a heading.
func anchor(heading string) string {
	heading = link.ReplaceAllString(heading, "")
	heading = regexp.MustCompile(`[^\p{L}\p{N}_ -]`).ReplaceAllString(strings.ToLower(heading), "")
	return strings.ReplaceAll(heading, " ", "-")
}
