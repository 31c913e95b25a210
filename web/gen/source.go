package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
)

// source is the types of some packages as they are written, by "queue.Call".
// Reading the source rather than reflecting keeps the comments, and the
// constants of each type.
type source struct {
	types  map[string]*typeDecl
	values map[string][]value // the constants of a named string type
}

type typeDecl struct {
	pkg  string
	name string
	doc  string
	expr ast.Expr
}

type value struct{ name, text string }

// field is a field of a struct as encoding/json sees it.
type field struct {
	pkg       string // where the field stands, which its type is named by
	name      string // in JSON
	omitEmpty bool
	expr      ast.Expr
	doc       string
}

func parse(root string, packages ...string) (*source, error) {
	s := &source{types: map[string]*typeDecl{}, values: map[string][]value{}}
	files := token.NewFileSet()
	for _, pkg := range packages {
		names, err := os.ReadDir(filepath.Join(root, pkg))
		if err != nil {
			return nil, err
		}
		for _, n := range names {
			if !strings.HasSuffix(n.Name(), ".go") || strings.HasSuffix(n.Name(), "_test.go") {
				continue
			}
			f, err := parser.ParseFile(files, filepath.Join(root, pkg, n.Name()), nil, parser.ParseComments)
			if err != nil {
				return nil, err
			}
			s.take(pkg, f)
		}
	}
	return s, nil
}

func (s *source) take(pkg string, f *ast.File) {
	for _, d := range f.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range g.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				doc := spec.Doc.Text()
				if doc == "" {
					doc = g.Doc.Text()
				}
				s.types[pkg+"."+spec.Name.Name] = &typeDecl{pkg: pkg, name: spec.Name.Name, doc: doc, expr: spec.Type}
			case *ast.ValueSpec:
				s.takeConstant(pkg, g.Tok, spec)
			}
		}
	}
}

func (s *source) takeConstant(pkg string, tok token.Token, spec *ast.ValueSpec) {
	typ, ok := spec.Type.(*ast.Ident)
	if !ok || tok != token.CONST || len(spec.Values) != 1 {
		return
	}
	lit, ok := spec.Values[0].(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return
	}
	text, err := strconv.Unquote(lit.Value)
	if err != nil {
		return // the compiler would not take it either
	}
	key := pkg + "." + typ.Name
	s.values[key] = append(s.values[key], value{spec.Names[0].Name, text})
}

// find resolves the name of a type as written in a package: Call in queue, or
// queue.Call elsewhere. The key is "" for what these packages don't declare.
func (s *source) find(pkg string, expr ast.Expr) (key string) {
	switch e := expr.(type) {
	case *ast.Ident:
		key = pkg + "." + e.Name
	case *ast.SelectorExpr:
		if x, ok := e.X.(*ast.Ident); ok {
			key = x.Name + "." + e.Sel.Name
		}
	}
	if s.types[key] == nil {
		return ""
	}
	return key
}

// fields lists what encoding/json writes of a struct.
func (s *source) fields(t *typeDecl) ([]field, error) {
	st, ok := t.expr.(*ast.StructType)
	if !ok {
		return nil, fmt.Errorf("%s.%s is not a struct", t.pkg, t.name)
	}
	var list []field
	for _, f := range st.Fields.List {
		if embedded := s.types[s.find(t.pkg, f.Type)]; embedded != nil && len(f.Names) == 0 && f.Tag == nil {
			fields, err := s.fields(embedded)
			if err != nil {
				return nil, err
			}
			list = append(list, fields...)
			continue
		}
		if f.Tag == nil {
			return nil, fmt.Errorf("%s.%s: a field without a json tag", t.pkg, t.name)
		}
		tag, err := strconv.Unquote(f.Tag.Value)
		if err != nil {
			return nil, err
		}
		name, options, _ := strings.Cut(reflect.StructTag(tag).Get("json"), ",")
		if name == "-" {
			continue
		}
		doc := f.Doc.Text()
		if doc == "" {
			doc = f.Comment.Text()
		}
		list = append(list, field{pkg: t.pkg, name: name, omitEmpty: options == "omitempty", expr: f.Type, doc: doc})
	}
	return list, nil
}
