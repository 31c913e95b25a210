package campaign

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/unicode"
)

// FormatError is why a file can't be read at all, or not beyond a line.
type FormatError struct {
	Line int // from 1
	Code FaultCode
	Text string // what is wrong and the mend
}

func (e *FormatError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Text) }

// Bounds of a record of a CSV file. An open quote would swallow the rest.
const (
	maxRecord      = 16 << 10 // bytes
	maxRecordLines = 50
	maxColumns     = 200
	sniffed        = 64 << 10 // bytes that are looked at to find the encoding
)

// rows reads a CSV file with a heading, record by record, in bounded memory.
type rows struct {
	in      *bufio.Reader
	pending []string // lines that were read ahead
	line    int      // number of the last line taken
	comma   rune
	heading []string
}

// newRows reads the heading. Charset is what the sender says: utf-8, or euc-kr
// (which is CP949 here, as on the web); empty: it is found out.
func newRows(r io.Reader, charset string) (*rows, error) {
	text, err := decoded(r, charset)
	if err != nil {
		return nil, err
	}
	f := &rows{in: bufio.NewReaderSize(text, sniffed), comma: ','}
	first, err := f.takeLine()
	if errors.Is(err, io.EOF) {
		return nil, &FormatError{1, FaultEmptyFile, "the file is empty; begin it with a heading such as name,key,number1"}
	}
	if err != nil {
		return nil, err
	}
	f.comma = separator(first)
	f.pending, f.line = append(f.pending, first), 0
	if _, f.heading, err = f.next(); err != nil {
		return nil, err
	}
	if len(f.heading) > maxColumns {
		return nil, &FormatError{1, FaultTooMany, fmt.Sprintf("the heading has %d columns; use at most %d", len(f.heading), maxColumns)}
	}
	for i, h := range f.heading {
		h = strings.TrimSpace(h)
		if !readable(h) {
			return nil, &FormatError{1, FaultNotText, "the heading is no text; save the file as CSV UTF-8"}
		}
		if lower := strings.ToLower(h); isColumn(lower) {
			h = lower
		}
		if h != "" && slices.Contains(f.heading[:i], h) {
			return nil, &FormatError{1, FaultColumnTwice, fmt.Sprintf("the column %q stands there twice; remove or rename one", h)}
		}
		f.heading[i] = h
	}
	return f, nil
}

// separator is what stands most often between the names of the heading.
func separator(heading string) rune {
	best, most := ',', 0
	for _, c := range ",;\t" {
		if n := strings.Count(heading, string(c)); n > most {
			best, most = c, n
		}
	}
	return best
}

// next reads a record: the number of its first line and its cells. The error is
// io.EOF at the end, a *FormatError when this record alone can't be read, or
// what reading the file met.
func (f *rows) next() (line int, cells []string, err error) {
	first, err := f.takeLine()
	if err != nil {
		return f.line, nil, err
	}
	line = f.line
	lines, size, quotes := []string{first}, len(first), strings.Count(first, `"`)
	for quotes%2 == 1 {
		more, err := f.takeLine()
		if err != nil && !errors.Is(err, io.EOF) {
			return line, nil, err
		}
		if err == nil {
			lines = append(lines, more)
			size += len(more)
			quotes += strings.Count(more, `"`)
		}
		if err != nil || size > maxRecord || len(lines) > maxRecordLines {
			// The quote is a fault of its line alone: go on behind it.
			f.pending, f.line = slices.Concat(lines[1:], f.pending), line
			return line, nil, &FormatError{line, FaultQuote, `a quote (") is not closed; write a quote inside of a cell twice, and the cell in quotes`}
		}
	}
	r := csv.NewReader(strings.NewReader(strings.Join(lines, "\n")))
	r.Comma, r.FieldsPerRecord = f.comma, -1
	cells, err = r.Read()
	switch {
	case errors.Is(err, io.EOF): // an empty line
		return line, nil, nil
	case err != nil:
		return line, nil, &FormatError{line, FaultQuote, `a quote (") stands in the middle of a cell; write it twice, and the cell in quotes`}
	}
	return line, cells, nil
}

// takeLine reads a line without its end. One that is too long for a record is
// cut: it has a fault in any case.
func (f *rows) takeLine() (string, error) {
	if len(f.pending) > 0 {
		s := f.pending[0]
		f.pending = f.pending[1:]
		f.line++
		return s, nil
	}
	var line []byte
	for {
		part, err := f.in.ReadSlice('\n')
		if len(line) <= maxRecord {
			line = append(line, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && len(line) > 0:
		case err != nil:
			return "", err
		}
		f.line++
		return string(bytes.TrimRight(line, "\r\n")), nil
	}
}

// decoded turns what people save, UTF-8 or UTF-16 with a mark, UTF-8 without,
// or the CP949 of Korean Excel, into UTF-8.
func decoded(r io.Reader, charset string) (io.Reader, error) {
	in := bufio.NewReaderSize(r, sniffed)
	switch strings.ToLower(charset) {
	case "":
		mark, _ := in.Peek(3) // an error comes back when it is read
		switch {
		case bytes.HasPrefix(mark, []byte("\xef\xbb\xbf")):
			_, err := in.Discard(3)
			return in, err
		case bytes.HasPrefix(mark, []byte("\xff\xfe")), bytes.HasPrefix(mark, []byte("\xfe\xff")):
			return unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder().Reader(in), nil
		}
		return &guesser{in: in}, nil
	case "utf-8", "utf8":
		return unicode.UTF8BOM.NewDecoder().Reader(in), nil
	case "euc-kr", "cp949", "ks_c_5601-1987", "uhc":
		return korean.EUCKR.NewDecoder().Reader(in), nil
	}
	return nil, &FormatError{1, FaultCharset, fmt.Sprintf("the charset %q is not known; use utf-8 or euc-kr", charset)}
}

// guesser passes ASCII on, and decides at the first other byte, by what
// follows it, whether the text is UTF-8 or CP949.
type guesser struct {
	in      *bufio.Reader
	decided io.Reader
}

func (g *guesser) Read(p []byte) (int, error) {
	if g.decided != nil {
		return g.decided.Read(p)
	}
	ahead, err := g.in.Peek(max(1, g.in.Buffered()))
	if len(ahead) == 0 {
		return 0, err
	}
	n := slices.IndexFunc(ahead, func(b byte) bool { return b >= utf8.RuneSelf })
	switch {
	case n < 0:
		n = len(ahead)
	case n == 0:
		ahead, _ = g.in.Peek(sniffed) // shorter at the end of the file
		g.decided = g.in
		if !validStart(ahead) {
			g.decided = korean.EUCKR.NewDecoder().Reader(g.in)
		}
		return g.decided.Read(p)
	}
	return g.in.Read(p[:min(n, len(p))])
}

// validStart tells whether b begins a UTF-8 text; its last character may be
// cut off.
func validStart(b []byte) bool {
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n <= 1 {
			return !utf8.FullRune(b)
		}
		b = b[n:]
	}
	return true
}
