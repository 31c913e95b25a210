package app

import (
	"reflect"
	"strings"
	"testing"

	"calld/campaign"
	"calld/notify"
	"calld/report"
)

// fields lists the names that a type has in JSON, those of what is in it too.
func fields(t reflect.Type, seen map[reflect.Type]bool) (names []string) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		return fields(t.Elem(), seen)
	case reflect.Struct:
	default:
		return nil
	}
	if seen[t] || !strings.HasPrefix(t.PkgPath(), "calld/") {
		return nil
	}
	seen[t] = true
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name != "" && name != "-" {
			names = append(names, name)
		}
		names = append(names, fields(f.Type, seen)...)
	}
	return names
}

// TestFramesAreDocumented: docs/websocket.md names every field of every frame.
func TestFramesAreDocumented(t *testing.T) {
	text := read(t, "../docs/websocket.md")
	seen := map[reflect.Type]bool{}
	total := 0
	for _, frame := range []any{
		notify.Welcome{},
		notify.CallChange{},
		notify.Earlier{},
		notify.AgentChange{},
		notify.QueueChange{},
		notify.AsteriskChange{},
		notify.Notice{},
		notify.Ack{},
		notify.Error{},
		report.Today{},
		campaign.Stats{},
		notify.Login{},
		notify.Logout{},
		notify.SetState{},
		notify.WrapupDone{},
		notify.Memo{},
		notify.Ping{},
	} {
		for _, name := range fields(reflect.TypeOf(frame), seen) {
			total++
			if !strings.Contains(text, `"`+name+`"`) && !strings.Contains(text, "`"+name+"`") {
				t.Errorf("%T: %s is not in docs/websocket.md", frame, name)
			}
		}
	}
	if total < 100 {
		t.Errorf("only %d fields were found", total)
	}
}
