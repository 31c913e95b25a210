package ami

import (
	"bytes"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"calld/ami/amitest"

	"github.com/google/go-cmp/cmp"
)

// decodeAll returns every message of r as keys and values in turn, the number
// of malformed lines and the error that ended it.
func decodeAll(r io.Reader, limit int) (messages [][]string, malformed uint64, err error) {
	d := newDecoder(r, limit)
	var f Fields
	for {
		if err = d.next(&f); err != nil {
			return messages, d.malformed, err
		}
		var pairs []string
		for k, v := range f.All() {
			pairs = append(pairs, k, v)
		}
		messages = append(messages, pairs)
	}
}

func TestDecode(t *testing.T) {
	tests := []struct {
		name      string
		in        string
		want      [][]string
		malformed uint64
		err       error
	}{
		{name: "nothing", in: "", err: io.EOF},
		{
			name: "two messages", in: "Event: A\r\nX: 1\r\n\r\nEvent: B\r\n\r\n",
			want: [][]string{{"Event", "A", "X", "1"}, {"Event", "B"}}, err: io.EOF,
		},
		{name: "LF alone", in: "Event: A\nX: 1\n\n", want: [][]string{{"Event", "A", "X", "1"}}, err: io.EOF},
		{
			// pjsip_options.c: the message ends in a line break of its own.
			name: "line break at the end of a value", in: "Response: Error\r\nMessage: No Contacts found\n\r\n\r\nEvent: A\r\n\r\n",
			want: [][]string{{"Response", "Error", "Message", "No Contacts found"}, {"Event", "A"}}, err: io.EOF,
		},
		{
			name: "empty, spaced and colon values", in: "Event: A\r\nEmpty: \r\nBare:\r\nOutput:   two\r\nURI: sip:a@b:5\r\n\r\n",
			want: [][]string{{"Event", "A", "Empty", "", "Bare", "", "Output", "  two", "URI", "sip:a@b:5"}}, err: io.EOF,
		},
		{
			name: "lines without a key are skipped", in: "Event: A\r\nrubbish\r\n: x\r\nX: 1\r\n\r\n",
			want: [][]string{{"Event", "A", "X", "1"}}, malformed: 2, err: io.EOF,
		},
		{name: "only rubbish is no message", in: "rubbish\r\n\r\nEvent: A\r\n\r\n", want: [][]string{{"Event", "A"}}, malformed: 1, err: io.EOF},
		{name: "a CR inside stays", in: "Event: A\rB\r\n\r\n", want: [][]string{{"Event", "A\rB"}}, err: io.EOF},
		{name: "cut in a message", in: "Event: A\r\nX: 1\r\n", err: io.ErrUnexpectedEOF},
		{name: "line too long", in: "Event: " + strings.Repeat("a", 100), err: errTooLong},
		{name: "message too long", in: strings.Repeat("A: b\r\n", 20), err: errTooLong},
		{
			name: "many messages through a small buffer", in: strings.Repeat("Event: A\r\nX: 1\r\n\r\n", 5),
			want: [][]string{{"Event", "A", "X", "1"}, {"Event", "A", "X", "1"}, {"Event", "A", "X", "1"}, {"Event", "A", "X", "1"}, {"Event", "A", "X", "1"}},
			err:  io.EOF,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for name, r := range map[string]io.Reader{
				"whole":        strings.NewReader(test.in),
				"byte by byte": iotest.OneByteReader(strings.NewReader(test.in)),
			} {
				got, malformed, err := decodeAll(r, 90)
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("%s: messages (-want +got):\n%s", name, diff)
				}
				if malformed != test.malformed {
					t.Errorf("%s: %d malformed lines, want %d", name, malformed, test.malformed)
				}
				if !errors.Is(err, test.err) {
					t.Errorf("%s: error %v, want %v", name, err, test.err)
				}
			}
		})
	}
}

func TestGreeting(t *testing.T) {
	tests := []struct {
		name, in, want string
		err            error
	}{
		{name: "asterisk 22", in: "Asterisk Call Manager/11.0.0\r\nEvent: A\r\n\r\n", want: "11.0.0"},
		{name: "another protocol", in: "SSH-2.0-OpenSSH_9.2\r\n", err: errNotAMI},
		{name: "no end of line", in: strings.Repeat("x", maxGreeting), err: errNotAMI},
		{name: "closed at once", in: "", err: io.EOF},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := newDecoder(strings.NewReader(test.in), MaxMessage).greeting()
			if got != test.want || !errors.Is(err, test.err) {
				t.Errorf("greeting() = %q, %v; want %q, %v", got, err, test.want, test.err)
			}
		})
	}
}

// transcripts returns the recorded conversations of both versions.
func transcripts(tb testing.TB) map[string]*amitest.Transcript {
	tb.Helper()
	paths, err := filepath.Glob("testdata/asterisk*/*.txt")
	if err != nil || len(paths) < 20 {
		tb.Fatalf("transcripts in testdata: %d, %v", len(paths), err)
	}
	trs := make(map[string]*amitest.Transcript)
	for _, path := range paths {
		trs[path] = amitest.Load(tb, path)
	}
	return trs
}

// What real servers sent is read without a malformed line, and written again
// it is what they sent.
func TestDecodeTranscripts(t *testing.T) {
	for path, tr := range transcripts(t) {
		d := newDecoder(strings.NewReader(tr.Server()), MaxMessage)
		var f Fields
		for _, x := range tr.Exchanges {
			for _, want := range x.Messages {
				if err := d.next(&f); err != nil {
					t.Fatalf("%s: %v", path, err)
				}
				if got := f.String() + "\n"; got != want || f.damaged {
					t.Fatalf("%s: got %q, damaged %v, want %q", path, got, f.damaged, want)
				}
			}
		}
		if err := d.next(&f); !errors.Is(err, io.EOF) || d.malformed != 0 {
			t.Errorf("%s: %d malformed lines, error %v at the end", path, d.malformed, err)
		}
	}
}

// Any split of the bytes gives the same messages, without a panic, and what
// was read and is written again is read the same.
func FuzzDecode(f *testing.F) {
	for _, tr := range transcripts(f) {
		f.Add([]byte(tr.Server()[:min(2000, len(tr.Server()))]), byte(7))
	}
	f.Add([]byte("Event: A\r\n\r\n\r\n: \r\nX\r\n\n"), byte(1))
	f.Fuzz(func(t *testing.T, data []byte, step byte) {
		const limit = 4096
		whole, malformed, err := decodeAll(bytes.NewReader(data), limit)
		split, splitMalformed, splitErr := decodeAll(&stepReader{data, int(step)%61 + 1}, limit)
		if diff := cmp.Diff(whole, split); diff != "" {
			t.Errorf("split gives others (-whole +split):\n%s", diff)
		}
		if malformed != splitMalformed || !errors.Is(splitErr, err) {
			t.Errorf("split: %d malformed, %v; whole: %d, %v", splitMalformed, splitErr, malformed, err)
		}
		var wire strings.Builder
		for _, m := range whole {
			for i := 0; i < len(m); i += 2 {
				wire.WriteString(m[i] + ": " + m[i+1] + "\r\n")
			}
			wire.WriteString("\r\n")
		}
		again, malformed, err := decodeAll(strings.NewReader(wire.String()), 2*limit)
		if diff := cmp.Diff(whole, again); diff != "" || malformed != 0 || !errors.Is(err, io.EOF) {
			t.Errorf("written and read again: %d malformed, %v (-first +again):\n%s", malformed, err, diff)
		}
	})
}

// stepReader reads at most step bytes at a time.
type stepReader struct {
	data []byte
	step int
}

func (r *stepReader) Read(p []byte) (int, error) {
	if len(r.data) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), r.step)], r.data)
	r.data = r.data[n:]
	return n, nil
}

func TestFields(t *testing.T) {
	d := newDecoder(strings.NewReader("Event: Newchannel\r\nUniqueid: 1.2\r\nChanVariable: A=\r\nChanVariable: CALLD_ID=홍=길\r\nChanVariable: CALLD=x\r\n\r\n"), MaxMessage)
	var f Fields
	if err := d.next(&f); err != nil {
		t.Fatal(err)
	}
	if got := f.Get("UniqueID"); got != "1.2" {
		t.Errorf("Get(UniqueID) = %q, want it found whatever the case", got)
	}
	if got := f.Get("Unique[d"); got != "" {
		t.Errorf("Get(Unique[d) = %q: only letters differ by case", got)
	}
	if f.Bytes("Nope") != nil || f.Get("Nope") != "" || f.Values("Nope") != nil {
		t.Error("a header that is not there has a value")
	}
	if diff := cmp.Diff([]string{"A=", "CALLD_ID=홍=길", "CALLD=x"}, f.Values("ChanVariable")); diff != "" {
		t.Errorf("Values (-want +got):\n%s", diff)
	}
	for name, want := range map[string]string{"CALLD_ID": "홍=길", "CALLD": "x", "A": "", "B": ""} {
		if got := f.Variable("ChanVariable", name); got != want {
			t.Errorf("Variable(%s) = %q, want %q", name, got, want)
		}
	}
	if f.Len() != 5 {
		t.Errorf("Len() = %d, want 5", f.Len())
	}
}
