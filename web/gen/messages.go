package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"strconv"
	"strings"
)

// frame says which frames a struct of notify stands for.
type frame struct {
	name  string // in TypeScript
	goes  string // the struct
	types []string
	data  string // the Go type of a Notice's data
}

// fromServer and fromClient list every frame: a type of frame that is missing
// here is an error.
func fromServer() []frame {
	return []frame{
		{name: "Welcome", goes: "Welcome", types: []string{"TypeWelcome"}},
		{name: "CallChange", goes: "CallChange", types: []string{
			"TypeWaiting", "TypeRinging", "TypeAnswered", "TypeChanged", "TypeEnded", "TypeMissed",
		}},
		{name: "Earlier", goes: "Earlier", types: []string{"TypeEarlier"}},
		{name: "AgentChange", goes: "AgentChange", types: []string{"TypeAgentState"}},
		{name: "QueueChange", goes: "QueueChange", types: []string{"TypeQueueStats"}},
		{name: "AsteriskChange", goes: "AsteriskChange", types: []string{"TypeAsterisk"}},
		{name: "MissedChanged", goes: "Notice", types: []string{"TypeMissedList"}, data: "store.Missed"},
		{name: "Reloaded", goes: "Notice", types: []string{"TypeReloaded"}, data: "[]config.Change"},
		{name: "Forgotten", goes: "Forgotten", types: []string{"TypeForgotten"}},
		{name: "QueueDay", goes: "Notice", types: []string{"TypeQueueDay"}, data: "report.Today"},
		{name: "CampaignStats", goes: "Notice", types: []string{"TypeCampaign"}, data: "campaign.Stats"},
		{name: "Ack", goes: "Ack", types: []string{"TypeAck"}},
		{name: "ErrorFrame", goes: "Error", types: []string{"TypeError"}},
	}
}

func fromClient() []frame {
	return []frame{
		{name: "Login", goes: "Login", types: []string{"TypeLogin"}},
		{name: "Logout", goes: "Logout", types: []string{"TypeLogout"}},
		{name: "SetState", goes: "SetState", types: []string{"TypeState"}},
		{name: "WrapupDone", goes: "WrapupDone", types: []string{"TypeWrapupDone"}},
		{name: "Memo", goes: "Memo", types: []string{"TypeMemo"}},
		{name: "Ping", goes: "Ping", types: []string{"TypePing"}},
	}
}

// writer writes TypeScript, and remembers which types it has yet to write.
type writer struct {
	src  *source
	out  bytes.Buffer
	seen map[string]bool
	todo []string
}

func messages(src *source) ([]byte, error) {
	w := &writer{src: src, seen: map[string]bool{}}
	w.out.WriteString("// Made from the Go structs by make generate. Don't edit.\n\n" +
		"/** A time in RFC 3339. */\nexport type Time = string;\n")
	literals := map[string]string{}
	for _, v := range src.values["notify.Type"] {
		literals[v.name] = strconv.Quote(v.text)
	}
	for _, side := range []struct {
		union  string
		frames []frame
	}{{"ServerFrame", fromServer()}, {"ClientFrame", fromClient()}} {
		var names []string
		for _, f := range side.frames {
			names = append(names, f.name)
			if err := w.frame(f, side.union == "ServerFrame", literals); err != nil {
				return nil, err
			}
		}
		fmt.Fprintf(&w.out, "\nexport type %s = %s;\n", side.union, strings.Join(names, " | "))
	}
	for name := range literals {
		return nil, fmt.Errorf("notify.%s is in no list of web/gen/messages.go", name)
	}
	for len(w.todo) > 0 {
		next := w.todo[0]
		w.todo = w.todo[1:]
		if err := w.declare(next); err != nil {
			return nil, err
		}
	}
	return w.out.Bytes(), nil
}

// frame writes one frame and strikes its types off the literals.
func (w *writer) frame(f frame, server bool, literals map[string]string) error {
	t := w.src.types["notify."+f.goes]
	if t == nil {
		return fmt.Errorf("there is no notify.%s", f.goes)
	}
	fields, err := w.src.fields(t)
	if err != nil {
		return err
	}
	var types []string
	for _, name := range f.types {
		if literals[name] == "" {
			return fmt.Errorf("there is no notify.%s left for %s", name, f.name)
		}
		types = append(types, literals[name])
		delete(literals, name)
	}
	w.comment("\n", "", t.doc)
	fmt.Fprintf(&w.out, "export interface %s {\n", f.name)
	if server && f.goes != "Ack" && f.goes != "Error" {
		w.out.WriteString("  seq: number;\n")
	}
	for _, x := range fields {
		switch {
		case x.name == "type":
			fmt.Fprintf(&w.out, "  type: %s;\n", strings.Join(types, " | "))
			continue
		case x.name == "data" && f.data != "":
			if x.expr, err = parser.ParseExpr(f.data); err != nil {
				return err
			}
		}
		if err := w.field("notify", x); err != nil {
			return err
		}
	}
	w.out.WriteString("}\n")
	return nil
}

// declare writes one named type.
func (w *writer) declare(key string) error {
	t := w.src.types[key]
	w.comment("\n", "", t.doc)
	if values := w.src.values[key]; values != nil {
		literals := make([]string, len(values))
		for i, v := range values {
			literals[i] = strconv.Quote(v.text)
		}
		fmt.Fprintf(&w.out, "export type %s = %s;\n", t.name, strings.Join(literals, " | "))
		return nil
	}
	if _, ok := t.expr.(*ast.StructType); !ok {
		typ, err := w.typ(t.pkg, t.expr)
		fmt.Fprintf(&w.out, "export type %s = %s;\n", t.name, typ)
		return err
	}
	fields, err := w.src.fields(t)
	if err != nil {
		return err
	}
	fmt.Fprintf(&w.out, "export interface %s {\n", t.name)
	for _, f := range fields {
		if err := w.field(t.pkg, f); err != nil {
			return err
		}
	}
	w.out.WriteString("}\n")
	return nil
}

// field writes one field. What is nil in Go is null in JSON, unless it is
// left out.
func (w *writer) field(pkg string, f field) error {
	expr, nullable := f.expr, false
	switch e := expr.(type) {
	case *ast.StarExpr:
		expr, nullable = e.X, true
	case *ast.ArrayType, *ast.MapType:
		nullable = true
	}
	typ, err := w.typ(pkg, expr)
	if err != nil {
		return fmt.Errorf("%s: %w", f.name, err)
	}
	mark := ""
	switch {
	case f.omitEmpty:
		mark = "?"
	case nullable:
		typ += " | null"
	}
	w.comment("", "  ", f.doc)
	fmt.Fprintf(&w.out, "  %s%s: %s;\n", f.name, mark, typ)
	return nil
}

// typ is a Go type in TypeScript.
func (w *writer) typ(pkg string, expr ast.Expr) (string, error) {
	switch e := expr.(type) {
	case *ast.ArrayType:
		of, err := w.typ(pkg, e.Elt)
		return of + "[]", err
	case *ast.MapType:
		key, err := w.typ(pkg, e.Key)
		if err != nil {
			return "", err
		}
		of, err := w.typ(pkg, e.Value)
		return "Partial<Record<" + key + ", " + of + ">>", err
	case *ast.Ident:
		switch e.Name {
		case "string":
			return "string", nil
		case "bool":
			return "boolean", nil
		case "int", "int64", "uint64", "float64":
			return "number", nil
		case "any":
			return "unknown", nil
		}
	case *ast.SelectorExpr:
		if x, ok := e.X.(*ast.Ident); ok && x.Name == "time" && e.Sel.Name == "Time" {
			return "Time", nil
		}
	}
	key := w.src.find(pkg, expr)
	if key == "" {
		return "", fmt.Errorf("%s: a type that web/gen does not know", pkg)
	}
	if !w.seen[key] {
		w.seen[key] = true
		w.todo = append(w.todo, key)
	}
	return w.src.types[key].name, nil
}

func (w *writer) comment(before, indent, doc string) {
	w.out.WriteString(before)
	doc = strings.TrimSpace(doc)
	if doc == "" {
		return
	}
	lines := strings.Split(doc, "\n")
	if len(lines) == 1 {
		fmt.Fprintf(&w.out, "%s/** %s */\n", indent, doc)
		return
	}
	fmt.Fprintf(&w.out, "%s/**\n", indent)
	for _, l := range lines {
		w.out.WriteString(strings.TrimRight(indent+" * "+l, " ") + "\n")
	}
	fmt.Fprintf(&w.out, "%s */\n", indent)
}
