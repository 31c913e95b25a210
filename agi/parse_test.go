package agi_test

import (
	"bytes"
	"errors"
	"io"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"calld/agi"
	"calld/agi/agitest"
)

const lineLimit = 8190

// pieces gives its text in reads of at most n bytes.
type pieces struct {
	text string
	n    int
}

func (p *pieces) Read(b []byte) (int, error) {
	if p.text == "" {
		return 0, io.EOF
	}
	n := copy(b[:min(p.n, len(b))], p.text)
	p.text = p.text[n:]
	return n, nil
}

func TestQuote(t *testing.T) {
	for _, tc := range []struct {
		name string
		verb string
		args []string
		want string
	}{
		{"no argument", "ANSWER", nil, `ANSWER`},
		{"plain", "SET VARIABLE", []string{"CALLD_ID", "01J9Z"}, `SET VARIABLE CALLD_ID 01J9Z`},
		{"empty", "STREAM FILE", []string{"beep", "", "0"}, `STREAM FILE beep "" 0`},
		{"space", "SET VARIABLE", []string{"X", "a b"}, `SET VARIABLE X "a b"`},
		{"tab", "SET VARIABLE", []string{"X", "a\tb"}, "SET VARIABLE X \"a\tb\""},
		{"quotes", "SET CALLERID", []string{`"홍 길동" <021>`}, `SET CALLERID "\"홍 길동\" <021>"`},
		{"backslash", "SET VARIABLE", []string{"X", `C:\n`}, `SET VARIABLE X "C:\\n"`},
		{"trailing backslash", "SET VARIABLE", []string{"X", `\`}, `SET VARIABLE X "\\"`},
		{"hangul", "SET VARIABLE", []string{"X", "홍길동"}, `SET VARIABLE X 홍길동`},
		{"commas stay", "EXEC", []string{"Dial", "PJSIP/a&PJSIP/b,20,gU(s^1,2)"}, `EXEC Dial PJSIP/a&PJSIP/b,20,gU(s^1,2)`},
		{"bytes that are no text", "NOOP", []string{"\xff\x01"}, "NOOP \xff\x01"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := agi.AppendCommand(lineLimit, tc.verb, tc.args...)
			if err != nil || string(got) != tc.want+"\n" {
				t.Errorf("got %q, %v, want %q", got, err, tc.want)
			}
		})
	}
}

func TestQuoteRefuses(t *testing.T) {
	long := strings.Repeat("x", 2046-len("NOOP "))
	for _, tc := range []struct {
		name string
		args []string
		want error
	}{
		{"line feed", []string{"X", "a\nHANGUP"}, &agi.ArgumentError{Command: "NOOP", Argument: 2, Byte: '\n'}},
		{"carriage return", []string{"\r"}, &agi.ArgumentError{Command: "NOOP", Argument: 1, Byte: '\r'}},
		{"NUL", []string{"a\x00"}, &agi.ArgumentError{Command: "NOOP", Argument: 1, Byte: 0}},
		{"just fits", []string{long}, nil},
		{"too long", []string{long + "x"}, &agi.LimitError{Command: "NOOP", Unit: "bytes", Size: 2047, Limit: 2046}},
		{"quoting makes it too long", []string{long[1:] + " "}, &agi.LimitError{Command: "NOOP", Unit: "bytes", Size: 2048, Limit: 2046}},
		{"most words", make([]string, 126), nil},
		{"too many words", make([]string, 127), &agi.LimitError{Command: "NOOP", Unit: "words", Size: 128, Limit: 127}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := agi.AppendCommand(2046, "NOOP", tc.args...)
			if diff := cmp.Diff(tc.want, err); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestEscapeArg(t *testing.T) {
	for in, want := range map[string]string{
		"홍길동": "홍길동", "a,b": `a\,b`, `x\y"z`: `x\\y\"z`, "(a)[b]": `\(a\)\[b\]`,
	} {
		if got := agi.EscapeArg(in); got != want {
			t.Errorf("EscapeArg(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzQuote(f *testing.F) {
	f.Add("a b", `"`, `\`)
	f.Add("", "\t", "홍길동")
	f.Add("\r", "\x00", "x\ny")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		args := []string{a, b, c}
		line, err := agi.AppendCommand(lineLimit, "SET VARIABLE", args...)
		var bad *agi.ArgumentError
		var limit *agi.LimitError
		switch {
		case errors.As(err, &bad):
			if strings.IndexByte(args[bad.Argument-1], bad.Byte) < 0 || !strings.ContainsRune("\r\n\x00", rune(bad.Byte)) {
				t.Fatalf("refused for what is not there: %v", err)
			}
			return
		case errors.As(err, &limit):
			return
		case err != nil:
			t.Fatal(err)
		}
		if bytes.Count(line, []byte("\n")) != 1 || line[len(line)-1] != '\n' || len(line) > lineLimit+1 {
			t.Fatalf("not one line: %q", line)
		}
		words := agitest.ParseLine(string(line[:len(line)-1]))
		if diff := cmp.Diff(append([]string{"SET", "VARIABLE"}, args...), words); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestMessages(t *testing.T) {
	ok := func(r agi.Reply) agi.Message { return agi.Message{Code: 200, Reply: r} }
	for _, tc := range []struct {
		name string
		in   string
		want []agi.Message
	}{
		{"result", "200 result=0\n", []agi.Message{ok(agi.Reply{Result: "0"})}},
		{"negative", "200 result=-2\n", []agi.Message{ok(agi.Reply{Result: "-2"})}},
		{"digits", "200 result=*0123#\n", []agi.Message{ok(agi.Reply{Result: "*0123#"})}},
		{"no digits in time", "200 result= (timeout)\n", []agi.Message{ok(agi.Reply{Data: "timeout"})}},
		{"end position", "200 result=0 endpos=35200\n", []agi.Message{ok(agi.Reply{Result: "0", EndPos: 35200})}},
		{"unknown position", "200 result=0 endpos=-1\n", []agi.Message{ok(agi.Reply{Result: "0", EndPos: -1})}},
		{"recording", "200 result=35 (dtmf) endpos=800\n", []agi.Message{ok(agi.Reply{Result: "35", Data: "dtmf", EndPos: 800})}},
		{"value", "200 result=1 (홍길동 \"q\" \\)\n", []agi.Message{ok(agi.Reply{Result: "1", Data: `홍길동 "q" \`})}},
		{"empty value", "200 result=1 ()\n", []agi.Message{ok(agi.Reply{Result: "1"})}},
		{"value with parentheses", "200 result=1 (a) endpos=5 (b))\n", []agi.Message{ok(agi.Reply{Result: "1", Data: "a) endpos=5 (b)"})}},
		{"value with line feeds", "200 result=1 (a\n\nHANGUP\nb)\n", []agi.Message{ok(agi.Reply{Result: "1", Data: "a\n\nHANGUP\nb"})}},
		{"value that is a line feed", "200 result=1 (\n)\n", []agi.Message{ok(agi.Reply{Result: "1", Data: "\n"})}},
		{"gosub", "100 result=0 Trying...\n200 result=0 Gosub complete\n", []agi.Message{ok(agi.Reply{Result: "0", Text: "Gosub complete"})}},
		{"speech", "200 result=1 (speech) endpos=0 results=0 \n", []agi.Message{ok(agi.Reply{Result: "1", Data: "speech", Text: "endpos=0 results=0 "})}},
		{"unknown", "510 Invalid or unknown command\n", []agi.Message{{Code: 510, Text: "Invalid or unknown command"}}},
		{"dead", "511 Command Not Permitted\n", []agi.Message{{Code: 511, Text: "Command Not Permitted"}}},
		{"usage in one line", "520 Invalid command syntax.  Proper usage not available.\n", []agi.Message{{Code: 520, Text: "Invalid command syntax.  Proper usage not available."}}},
		{
			"usage", "520-Invalid command syntax.\n Usage: X\n\n200 result=0\n520 End of proper usage.\n200 result=1\n",
			[]agi.Message{{Code: 520, Text: "Invalid command syntax.\n Usage: X\n\n200 result=0\n520 End of proper usage."}, ok(agi.Reply{Result: "1"})},
		},
		{"hang-up between", "200 result=-1\nHANGUP\n200 result=1\n", []agi.Message{ok(agi.Reply{Result: "-1"}), {Hangup: true}, ok(agi.Reply{Result: "1"})}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, n := range []int{1, 3, 1 << 20} {
				got, err := agi.ReadMessages(&pieces{tc.in, n}, lineLimit)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(tc.want, got); diff != "" {
					t.Errorf("in pieces of %d: %s", n, diff)
				}
			}
		})
	}
}

func TestBadMessages(t *testing.T) {
	for _, tc := range []struct {
		name, in string
		want     agi.Reason
	}{
		{"empty line", "\n", agi.BadAnswer},
		{"other protocol", "SIP/2.0 200 OK\n", agi.BadAnswer},
		{"no result", "200 OK\n", agi.BadAnswer},
		{"no code", "2x0 result=0\n", agi.BadAnswer},
		{"code alone", "200\n", agi.BadAnswer},
		{"dash", "200-result=0\n", agi.BadAnswer},
		{"long line", strings.Repeat("x", 101) + "\n", agi.LineTooLong},
		{"line without end", strings.Repeat("x", 1<<16), agi.LineTooLong},
		{"value without end", "200 result=1 (" + strings.Repeat("x\n", 1<<10), agi.LineTooLong},
		{"usage without end", "520-x\n" + strings.Repeat("x\n", 1<<10), agi.LineTooLong},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := agi.ReadMessages(strings.NewReader(tc.in), 100)
			var got *agi.ProtocolError
			if !errors.As(err, &got) || got.Reason != tc.want {
				t.Errorf("got %v, want %v", err, tc.want)
			}
		})
	}
}

func FuzzMessages(f *testing.F) {
	f.Add("200 result=1 (x)\nHANGUP\n", uint8(1), uint8(1))
	f.Add("520-a\nb\n520 c\n200 result=0 endpos=3\n", uint8(7), uint8(1))
	f.Add("200 result=1 (a\nb) endpos=\n) endpos=4\n", uint8(2), uint8(9))
	f.Fuzz(func(t *testing.T, in string, n, scale uint8) {
		most := 64 * (int(scale) + 1)
		whole, wholeErr := agi.ReadMessages(strings.NewReader(in), most)
		cut, cutErr := agi.ReadMessages(&pieces{in, int(n) + 1}, most)
		if diff := cmp.Diff(whole, cut); diff != "" {
			t.Fatal(diff)
		}
		if (wholeErr == nil) != (cutErr == nil) {
			t.Fatalf("%v in one piece, %v in several", wholeErr, cutErr)
		}
		for _, m := range whole {
			if size := len(m.Text) + len(m.Reply.Data); size > most {
				t.Fatalf("an answer of %d bytes, above the bound of %d", size, most)
			}
		}
	})
}

// FuzzReply writes replies as Asterisk does and reads them back.
func FuzzReply(f *testing.F) {
	f.Add("1", "홍길동", int64(0))
	f.Add("0", "timeout", int64(-3))
	f.Add("-1", "(", int64(5))
	f.Fuzz(func(t *testing.T, result, data string, pos int64) {
		if strings.ContainsAny(result, " \n") {
			return // no result of Asterisk
		}
		if i := strings.IndexByte(data, ')'); i >= 0 && strings.IndexByte(data[i:], '\n') >= 0 {
			return // can't be told from the end of the answer
		}
		line := "200 result=" + result
		if data != "" {
			line += " (" + data + ")"
		}
		want := agi.Reply{Result: result, Data: data}
		if pos != 0 && !strings.Contains(data, ")") && !strings.Contains(data, "\n") {
			line += " endpos=" + strconv.FormatInt(pos, 10)
			want.EndPos = pos
		}
		got, err := agi.ReadMessages(strings.NewReader(line+"\nHANGUP\n"), 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]agi.Message{{Code: 200, Reply: want}, {Hangup: true}}, got); diff != "" {
			t.Fatalf("%q: %s", line, diff)
		}
	})
}

func TestEnvironment(t *testing.T) {
	env, rest, err := agi.ReadEnvironment(strings.NewReader(benchEnv+"HANGUP\n"), lineLimit)
	if err != nil || string(rest) != "HANGUP\n" {
		t.Fatalf("rest %q, %v", rest, err)
	}
	want := agi.Env{
		NetworkScript: "inbound", Request: "agi://127.0.0.1:4573/inbound", Channel: "PJSIP/trunk-00000a41",
		Language: "ko", Type: "PJSIP", UniqueID: "1795345754.5211", Version: "22.10.1+dfsg+~cs6.17.60671434-1",
		CallerID: "01012345678", DNID: "0215881234", Context: "calld-inbound", Extension: "0215881234",
		Priority: 3, ThreadID: "140310769497792", Args: []string{"one"},
	}
	if diff := cmp.Diff(want, env); diff != "" {
		t.Error(diff)
	}
}

func TestBadEnvironment(t *testing.T) {
	const least = "agi_request: agi://h/\nagi_channel: X/1\nagi_uniqueid: 1.1\n"
	for _, tc := range []struct {
		name, in, want string
	}{
		{"empty", "\n", "no agi_request"},
		{"HTTP", "GET / HTTP/1.1\nHost: x\n\n", `not an AGI variable: "GET / HTTP/1.1"`},
		{"not agi_", least + "foo: bar\n\n", `not an AGI variable: "foo: bar"`},
		{"value with line feed", least + "agi_calleridname: a\nb\n\n", `not an AGI variable: "b"`},
		{"forged", least + "agi_calleridname: a\nagi_extension: 999\nagi_extension: 1\n\n", "agi_extension is sent twice"},
		{"forged unknown", least + "agi_new: a\nagi_new: b\n\n", "agi_new is sent twice"},
		{"priority", least + "agi_priority: x\n\n", `agi_priority is not a number: "x"`},
		{"argument out of order", least + "agi_arg_2: x\n\n", "agi_arg_2 follows 0 arguments"},
		{"no channel", "agi_request: x\nagi_uniqueid: 1.1\n\n", "no agi_channel"},
		{"no uniqueid", "agi_request: x\nagi_channel: X/1\n\n", "no agi_uniqueid"},
		{"long line", "agi_request: " + strings.Repeat("x", lineLimit) + "\n\n", "agi: line_too_long: a line of more than 8190 bytes"},
		{"line without end", strings.Repeat("x", 1<<20), "agi: line_too_long: a line of more than 8190 bytes"},
		{"without end", strings.Repeat("agi_x: y\n", 1<<20), "agi: bad_environment: an environment of more than 65536 bytes"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, _, err := agi.ReadEnvironment(strings.NewReader(tc.in), lineLimit)
			if err == nil || err.Error() != tc.want {
				t.Errorf("got %v, want %s", err, tc.want)
			}
		})
	}
}

func FuzzEnvironment(f *testing.F) {
	f.Add(benchEnv, uint8(3))
	f.Add("agi_request: a\nagi_channel: b\nagi_uniqueid: c\nagi_x: y\n\nrest", uint8(0))
	f.Fuzz(func(t *testing.T, in string, n uint8) {
		env, rest, err := agi.ReadEnvironment(strings.NewReader(in), 256)
		cut, cutRest, cutErr := agi.ReadEnvironment(&pieces{in, int(n) + 1}, 256)
		if (err == nil) != (cutErr == nil) || !bytes.Equal(rest, cutRest) {
			t.Fatalf("rest %q, %v in one piece; %q, %v in several", rest, err, cutRest, cutErr)
		}
		if err != nil {
			return
		}
		if diff := cmp.Diff(env, cut); diff != "" {
			t.Fatal(diff)
		}
		text, err := env.AppendText(nil)
		if err != nil {
			t.Fatal(err)
		}
		var again agi.Env
		if err := again.UnmarshalText(text); err != nil {
			t.Fatalf("%v in %q", err, text)
		}
		if diff := cmp.Diff(env, again); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestScript(t *testing.T) {
	for _, tc := range []struct {
		in, path string
		query    url.Values
		fails    bool
	}{
		{in: "", path: "/"},
		{in: "inbound", path: "/inbound"},
		{in: "inbound?x=y&x=z&w=%26", path: "/inbound", query: url.Values{"x": {"y", "z"}, "w": {"&"}}},
		{in: "%EC%83%81%EB%8B%B4", path: "/상담"},
		{in: "상담?이름=홍길동", path: "/상담", query: url.Values{"이름": {"홍길동"}}},
		{in: "a/b?", path: "/a/b"},
		{in: "%zz", fails: true},
		{in: "a?b=%zz", fails: true},
	} {
		path, query, err := agi.SplitScript(tc.in)
		if path != tc.path || !cmp.Equal(query, tc.query) || (err != nil) != tc.fails {
			t.Errorf("%q: got %q, %v, %v", tc.in, path, query, err)
		}
	}
}
