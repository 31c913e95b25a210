package campaign

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// MaxFaults bounds the faults that an upload tells one by one: with all of the
// last line.
const MaxFaults = 100

// LineFault is a fault of one line of an upload, or one entry of a JSON array.
type LineFault struct {
	Line  int       `json:"line"`  // from 1; of a JSON array the place of the entry
	Field string    `json:"field"` // empty: the line as a whole
	Code  FaultCode `json:"code"`  // what kind it is
	Text  string    `json:"text"`  // what is wrong and the mend
	// Most is what the code's bound is, if it has one.
	Most string `json:"most,omitempty"`
}

// Upload is what became of a file that was loaded.
type Upload struct {
	Added   int `json:"added"`
	Refused int `json:"refused"` // lines that were left out, with Duplicates
	// Duplicates are lines of which the list has a part already.
	Duplicates int `json:"duplicates"`
	// Faults are those of the first refused lines, some MaxFaults.
	Faults []LineFault `json:"faults"`
	// Broken says why the rest of the file could not be read; empty: it was.
	Broken     string    `json:"broken,omitempty"`
	BrokenCode FaultCode `json:"broken_code,omitempty"` // what kind it is
}

// Refuse counts a line that is left out, and keeps its faults while there is
// room.
func (u *Upload) Refuse(line int, faults ...Fault) {
	u.Refused++
	if len(u.Faults) >= MaxFaults {
		return
	}
	for _, f := range faults {
		u.Faults = append(u.Faults, LineFault{Line: line, Field: f.Field, Code: f.Code, Text: f.Text, Most: f.Most})
	}
}

// columnNames matches the columns of a list that are no variables.
var columnNames = regexp.MustCompile(`^(name|key|timezone|number[1-8]?)$`)

func isColumn(name string) bool { return columnNames.MatchString(name) }

// ReadCSV reads the entries of a dial list from a CSV file: a heading with
// name, key, timezone, number1 to number8 (or number), all but a number may be
// missing; any other column is a variable. Cells stand between commas,
// semicolons or tabs. The text is UTF-8, UTF-16 with a mark or CP949; charset,
// if not empty, says which.
//
// Each entry is given to take with its line and its faults, nil if it is good.
// ReadCSV ends with the file, with the error of take, or with a [*FormatError].
// It holds one record at a time.
func ReadCSV(r io.Reader, charset string, take func(line int, e Entry, faults Faults) error) error {
	f, err := newRows(r, charset)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(f.heading, func(h string) bool { return isColumn(h) && strings.HasPrefix(h, "number") }) {
		return &FormatError{1, FaultNoColumn, "the heading has no column number1; add it, with the numbers to dial"}
	}
	if slices.Contains(f.heading, "number") && slices.Contains(f.heading, "number1") {
		return &FormatError{1, FaultColumnTwice, "the heading has both number and number1; rename one"}
	}
	return f.each(func(line int, cells []string, faults Faults) error {
		if cells == nil { // not even a record
			return take(line, Entry{}, faults)
		}
		var e Entry
		var numbers [MaxNumbers]string
		for i, cell := range cells {
			switch h := f.heading[i]; {
			case h == "name":
				e.Name = cell
			case h == "key":
				e.Key = cell
			case h == "timezone":
				e.Timezone = cell
			case h == "number":
				numbers[0] = cell
			case isColumn(h) && strings.HasPrefix(h, "number"):
				n, _ := strconv.Atoi(strings.TrimPrefix(h, "number"))
				numbers[n-1] = cell
			case h != "" && cell != "":
				if e.Variables == nil {
					e.Variables = map[string]string{}
				}
				e.Variables[h] = cell
			}
		}
		columns := []string{}
		for i, n := range numbers {
			if n != "" {
				e.Numbers = append(e.Numbers, Number{Number: unquoted(n)})
				columns = append(columns, "number"+strconv.Itoa(i+1))
			}
		}
		e, more := e.Checked()
		for _, fault := range more {
			// Empty columns between numbers are no numbers of the entry.
			if n, err := strconv.Atoi(strings.TrimPrefix(fault.Field, "number")); err == nil && n >= 1 && n <= len(columns) {
				fault.Field = columns[n-1]
			}
			faults = append(faults, fault)
		}
		return take(line, e, faults)
	})
}

// each reads record by record; the cells are those under the heading.
func (f *rows) each(take func(line int, cells []string, faults Faults) error) error {
	for {
		line, cells, err := f.next()
		var bad *FormatError
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.As(err, &bad):
			err = take(line, nil, Faults{{Code: bad.Code, Text: bad.Text}})
		case err != nil:
			return err
		case !slices.ContainsFunc(cells, func(s string) bool { return strings.TrimSpace(s) != "" }):
			continue // an empty line
		default:
			var faults Faults
			for i, cell := range cells {
				if cells[i] = strings.TrimSpace(cell); cells[i] != "" && (i >= len(f.heading) || f.heading[i] == "") {
					faults.add("column "+strconv.Itoa(i+1), FaultColumnNoName, "has no name in the heading; add one, or empty the cell")
				}
			}
			err = take(line, cells[:min(len(cells), len(f.heading))], faults)
		}
		if err != nil {
			return err
		}
	}
}

// unquoted drops the apostrophe with which spreadsheets, and our own
// downloads, keep a number from being taken for a formula.
func unquoted(number string) string { return strings.TrimPrefix(number, "'") }

// maxEntry bounds an entry of a JSON array, in bytes: a record of a CSV file whose
// characters are all escaped.
const maxEntry = 6 * maxRecord

// errLongEntry ends a file whose entry goes on and on.
var errLongEntry = errors.New("campaign: entry is too long")

// entryReader ends a file whose entry is too long: the decoder holds each as a
// whole.
type entryReader struct {
	r    io.Reader
	left int // bytes that the entry may have yet
}

func (e *entryReader) Read(p []byte) (int, error) {
	if e.left == 0 {
		return 0, errLongEntry
	}
	n, err := e.r.Read(p[:min(len(p), e.left)])
	e.left -= n
	return n, err
}

// ReadJSON reads the entries of a dial list from a JSON array of objects with
// name, key, timezone, numbers (texts) and variables, as [ReadCSV] does. The
// line is the place in the array, from 1.
func ReadJSON(r io.Reader, take func(line int, e Entry, faults Faults) error) error {
	in := &entryReader{r, maxEntry}
	d := json.NewDecoder(in)
	d.UseNumber() // what is no array may be a number that no float64 holds
	if t, err := d.Token(); err != nil || t != json.Delim('[') {
		return jsonError(1, err, "is no JSON array; send [{\"numbers\":[\"0101234567\"]}, …]")
	}
	line := 0
	for d.More() {
		line++
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return jsonError(line, err, "")
		}
		in.left = maxEntry
		e, faults := entryOf(raw)
		if err := take(line, e, faults); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return jsonError(line+1, err, "")
	}
	return nil
}

func entryOf(raw []byte) (Entry, Faults) {
	var in struct {
		Name      string            `json:"name"`
		Key       string            `json:"key"`
		Timezone  string            `json:"timezone"`
		Numbers   []string          `json:"numbers"`
		Variables map[string]string `json:"variables"`
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		if bad, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			return Entry{}, Faults{{Field: bad.Field, Code: FaultJSON, Text: fmt.Sprintf("is a %s where a %s is wanted", bad.Value, bad.Type)}}
		}
		return Entry{}, Faults{{Code: FaultJSON, Text: strings.TrimPrefix(err.Error(), "json: ") + "; use name, key, timezone, numbers and variables"}}
	}
	e := Entry{Name: in.Name, Key: in.Key, Timezone: in.Timezone, Variables: in.Variables}
	for _, n := range in.Numbers {
		e.Numbers = append(e.Numbers, Number{Number: n})
	}
	return e.Checked()
}

// jsonError tells what is wrong with a document from what failed to arrive.
func jsonError(line int, err error, text string) error {
	var syntax *json.SyntaxError
	switch {
	case err == nil:
		return &FormatError{line, FaultJSON, text}
	case errors.As(err, &syntax):
		return &FormatError{line, FaultJSON, fmt.Sprintf("is no JSON (%v at byte %d)", err, syntax.Offset)}
	case errors.Is(err, errLongEntry):
		return &FormatError{line, FaultJSON, fmt.Sprintf("is longer than %d KiB; is a quote or a bracket missing?", maxEntry>>10)}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return &FormatError{line, FaultJSON, "the JSON array is not closed; the file is cut off"}
	}
	return err
}

// ReadBarred reads numbers for the do-not-call list from a CSV file with a
// column number and, if wanted, note, as [ReadCSV] does. Other columns are
// left out.
func ReadBarred(r io.Reader, charset string, take func(line int, b Barred, faults Faults) error) error {
	f, err := newRows(r, charset)
	if err != nil {
		return err
	}
	column := slices.IndexFunc(f.heading, func(h string) bool { return h == "number" || h == "number1" })
	if column < 0 {
		return &FormatError{1, FaultNoColumn, "the heading has no column number; add it, with the numbers not to be dialled"}
	}
	note := slices.IndexFunc(f.heading, func(h string) bool { return strings.EqualFold(h, "note") })
	return f.each(func(line int, cells []string, faults Faults) error {
		if cells == nil { // not even a record
			return take(line, Barred{}, faults)
		}
		var b Barred
		if column < len(cells) {
			b.Number = unquoted(cells[column])
		}
		if note >= 0 && note < len(cells) {
			b.Note = cells[note]
		}
		b, more := b.Checked()
		return take(line, b, more)
	})
}
