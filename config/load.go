package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// maxFile bounds what is read of any file named in a configuration, so that
// a device or a wrong path can't fill the memory.
const maxFile = 16 << 20

// Load reads the configuration file at path and the files it includes. The
// error is a [Faults] with everything that is wrong. Relative paths in the
// file are relative to its folder.
func Load(path string) (*Config, error) {
	full, err := filepath.Abs(path)
	if err != nil {
		return nil, Faults{{File: path, Text: err.Error()}}
	}
	return load(os.DirFS("/"), "/", strings.TrimPrefix(full, "/"))
}

// LoadFS is [Load] from a file system, where included files, secrets and
// certificates are read from too: /run/secret is run/secret there. Other
// relative paths stay as they are written.
func LoadFS(fsys fs.FS, name string) (*Config, error) {
	return load(fsys, "", name)
}

func load(fsys fs.FS, root, name string) (*Config, error) {
	l := &loader{fsys: fsys, root: root, main: root + name}
	tree := l.gather(name)
	c := l.config(tree)
	slices.SortStableFunc(l.faults, byPlace(l.files))
	if len(l.faults) > 0 {
		return nil, l.faults
	}
	slices.SortStableFunc(l.warnings, byPlace(l.files))
	c.Warnings, c.Files = l.warnings, l.files
	return c, nil
}

// loader is one run of [Load].
type loader struct {
	fsys     fs.FS
	root     string // what stands before a name in fsys: "/" or nothing
	main     string // the main file, with root
	files    []string
	faults   Faults
	warnings []Fault
	levels   []*section // of the queues that have some
	// described keeps what each key is read as, for [Reference]; nil: it is not asked for.
	described map[string]facts
	// partial is set when a file could not be read: what seems to be missing
	// may stand in it.
	partial bool
}

// gather reads the main file and what it includes into one tree.
func (l *loader) gather(name string) *node {
	tree := l.parse(name)
	if tree == nil {
		return &node{file: l.main, table: map[string]*node{}}
	}
	for _, included := range l.included(tree) {
		more := l.parse(included)
		if more == nil {
			continue
		}
		if n := more.table["include"]; n != nil {
			l.faults = append(l.faults, Fault{
				File: n.file, Line: n.line(), Key: "include",
				Text: "only the main file may include others; move it to " + l.main,
			})
			delete(more.table, "include")
			more.order = slices.DeleteFunc(more.order, func(key string) bool { return key == "include" })
		}
		l.merge(nil, tree, more)
	}
	return tree
}

// parse reads one file; nil means that it reported why it could not.
func (l *loader) parse(name string) *node {
	file := l.root + name
	l.files = append(l.files, file)
	text, err := readBounded(l.fsys, name)
	if err != nil {
		l.partial = true
		l.faults = append(l.faults, Fault{File: file, Text: "can't be read: " + reason(err)})
		return nil
	}
	tree, err := parseTree(file, string(text))
	if err != nil {
		l.partial = true
		f := Fault{File: file, Text: err.Error()}
		if syntax, ok := errors.AsType[toml.ParseError](err); ok {
			f.Line, f.Key, f.Text = syntax.Position.Line, syntax.LastKey, "wrong syntax: "+syntax.Message
		}
		l.faults = append(l.faults, f)
		return nil
	}
	return tree
}

// included returns the names of the files to include: the patterns in their
// order, the files of each sorted, none twice.
func (l *loader) included(tree *node) []string {
	top := &section{l: l, node: tree}
	var names []string
	for _, pattern := range top.list("include", nil) {
		glob := strings.TrimPrefix(pattern, "/")
		if !path.IsAbs(pattern) {
			glob = path.Join(quoteGlob(path.Dir(strings.TrimPrefix(l.main, l.root))), pattern)
		}
		found, err := fs.Glob(l.fsys, glob)
		switch {
		case err != nil:
			top.fault("include", "%q is not a file name pattern; use * for any characters", pattern)
		case len(found) == 0 && !strings.ContainsAny(pattern, `*?[`):
			l.partial = true
			top.fault("include", "there is no file %q", pattern)
		}
		slices.Sort(found)
		for _, name := range found {
			if l.root+name != l.main && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// quoteGlob makes a folder's name match itself only.
func quoteGlob(dir string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(dir)
}

// merge adds the keys of one file to those of the files before. Each key may
// be set once; [server] and the like may be spread over files, but a queue,
// an agent, a calendar, a token or a webhook stands in one.
func (l *loader) merge(at toml.Key, into, from *node) {
	for _, key := range from.order {
		have, more := into.table[key], from.table[key]
		here := append(slices.Clone(at), key)
		whole := len(at) == 1 && slices.Contains([]string{"queues", "agents", "calendars", "tokens", "webhooks"}, at[0])
		switch {
		case have == nil:
			into.table[key] = more
			into.order = append(into.order, key)
		case have.table != nil && more.table != nil && !whole:
			l.merge(here, have, more)
		default:
			l.faults = append(l.faults, Fault{
				File: more.file, Line: more.line(), Key: here.String(),
				Text: fmt.Sprintf("is set already at %s:%d; remove one of the two", have.file, have.line()),
			})
		}
	}
}

// resolve makes a path of the configuration independent of the working
// directory.
func (l *loader) resolve(p string) string {
	if p == "" || path.IsAbs(p) {
		return p
	}
	return path.Join(path.Dir(l.main), p)
}

// read reads a file that the configuration names.
func (l *loader) read(p string) ([]byte, error) {
	return readBounded(l.fsys, strings.TrimPrefix(path.Clean(l.resolve(p)), "/"))
}

func readBounded(fsys fs.FS, name string) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // opened for reading
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxFile {
		return nil, fmt.Errorf("it is larger than %d MiB", maxFile>>20)
	}
	return text, nil
}

// reason is the cause of a file error without the name, which the fault
// tells already.
func reason(err error) string {
	if failed, ok := errors.AsType[*fs.PathError](err); ok {
		return failed.Err.Error()
	}
	return err.Error()
}

// secret reads a secret: as it stands, env:NAME or file:PATH.
func (s *section) secret(key string) Secret {
	text := s.str(key, "")
	s.describe(key, facts{value: "secret"})
	if name, ok := strings.CutPrefix(text, "env:"); ok {
		if text, ok = os.LookupEnv(name); !ok || text == "" {
			s.fault(key, "the environment variable %s is not set", name)
			return ""
		}
	} else if name, ok := strings.CutPrefix(text, "file:"); ok {
		held, err := s.l.read(name)
		if err != nil {
			s.fault(key, "the file %s can't be read: %s", s.l.resolve(name), reason(err))
			return ""
		}
		text = string(bytes.TrimRight(held, "\r\n"))
		if text == "" {
			s.fault(key, "the file %s is empty", s.l.resolve(name))
			return ""
		}
	}
	if err := secretText(text); err != nil {
		s.fault(key, "%v", err)
		return ""
	}
	return Secret(text)
}
