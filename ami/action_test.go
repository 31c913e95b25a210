package ami

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestActionEncode(t *testing.T) {
	headers := func(n int) Action {
		a := NewAction("Originate")
		for range n {
			a = a.With("Variable", "A=1")
		}
		return a
	}
	tests := []struct {
		name   string
		action Action
		want   string // on the wire; "" when refused
		err    string // part of the error
	}{
		{
			name:   "headers in order, keys repeated",
			action: NewAction("Originate").With("Channel", "PJSIP/홍길동").With("Variable", "A=1").With("Variable", "B=2"),
			want:   "Action: Originate\r\nActionID: 7\r\nChannel: PJSIP/홍길동\r\nVariable: A=1\r\nVariable: B=2\r\n\r\n",
		},
		{name: "own ActionID is not sent twice", action: NewAction("Ping").With("actionid", "x"), want: "Action: Ping\r\nActionID: 7\r\n\r\n"},
		{name: "LF in a value", action: NewAction("Setvar").With("Value", "a\nAction: Command"), err: "header Value: line break"},
		{name: "CR in a value", action: NewAction("Setvar").With("Value", "a\rb"), err: "header Value: line break"},
		{name: "NUL in a value", action: NewAction("Setvar").With("Value", "a\x00b"), err: "header Value: line break or NUL"},
		{name: "line break in a key", action: NewAction("Setvar").With("A\r\nAction", "b"), err: "bad key"},
		{name: "colon in a key", action: NewAction("Setvar").With("A: b\x00", "b"), err: "bad key"},
		{name: "no key", action: NewAction("Setvar").With("", "b"), err: "bad key"},
		{name: "line break in the name", action: NewAction("Ping\r\nAction: Command"), err: "header Action: line break"},
		{name: "no name", action: NewAction(""), err: "no name"},
		{name: "second Action", action: NewAction("Ping").With("action", "Command"), err: "second Action"},
		{
			name:   "longest line",
			action: NewAction("Getvar").With("Variable", strings.Repeat("x", MaxLine-len("Variable: "))),
			want:   "Action: Getvar\r\nActionID: 7\r\nVariable: " + strings.Repeat("x", 1012) + "\r\n\r\n",
		},
		{name: "line too long", action: NewAction("Getvar").With("Variable", strings.Repeat("x", MaxLine-len("Variable: ")+1)), err: "line of 1023 bytes"},
		{name: "most headers", action: headers(126), want: "Action: Originate\r\nActionID: 7\r\n" + strings.Repeat("Variable: A=1\r\n", 126) + "\r\n"},
		{name: "too many headers", action: headers(127), err: "129 headers"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := test.action.encode("7")
			if test.err != "" {
				if !errors.Is(err, ErrBadAction) || !strings.Contains(err.Error(), test.err) || got != nil {
					t.Errorf("encode() = %q, %v; want ErrBadAction with %q", got, err, test.err)
				}
				return
			}
			if diff := cmp.Diff(test.want, string(got)); diff != "" || err != nil {
				t.Errorf("encode(): %v (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestActionErrorsHideValues(t *testing.T) {
	_, err := NewAction("Login").With("Secret", "hunter2\n").encode("7")
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("error %q shows the secret", err)
	}
}

func TestActionWithCopies(t *testing.T) {
	base := NewAction("Originate").With("A", "1").With("B", "2").With("C", "3")
	x, y := base.With("D", "x"), base.With("D", "y")
	for want, a := range map[string]Action{"x": x, "y": y} {
		if got := a.headers[3].value; got != want {
			t.Errorf("D = %q, want %q: actions share memory", got, want)
		}
	}
}

// What is encoded is decoded the same, or refused.
func FuzzAction(f *testing.F) {
	f.Add("Originate", "Channel", "Local/a@b", "Variable", "A= b")
	f.Add("Setvar", "Value", "a\r\nAction: Command", "X:", "\x00")
	f.Fuzz(func(t *testing.T, name, k1, v1, k2, v2 string) {
		wire, err := NewAction(name).With(k1, v1).With(k2, v2).encode("7")
		if err != nil {
			return
		}
		want := []string{"Action", name, "ActionID", "7"}
		for _, h := range [][2]string{{k1, v1}, {k2, v2}} {
			if !strings.EqualFold(h[0], "ActionID") {
				want = append(want, h[0], h[1])
			}
		}
		got, malformed, _ := decodeAll(strings.NewReader(string(wire)), MaxMessage)
		if diff := cmp.Diff([][]string{want}, got); diff != "" || malformed != 0 {
			t.Errorf("%d malformed (-want +got):\n%s", malformed, diff)
		}
	})
}
