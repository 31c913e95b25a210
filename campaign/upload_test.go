package campaign

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/unicode"
)

// took is what a reader gave.
type took struct {
	good []Entry
	bad  []string // line, field
}

func (k *took) take(line int, e Entry, faults Faults) error {
	if faults == nil {
		k.good = append(k.good, e)
	}
	for _, f := range faults {
		k.bad = append(k.bad, fmt.Sprintf("%d %s", line, f.Field))
	}
	return nil
}

const korean3 = "name,key,number1,number3,도시\n김철수,K1,010-1234-5678,,서울\n\"이, 영희\",K2,0101,0102,\"부산\n해운대\"\n"

func koreanEntries() []Entry {
	return []Entry{
		{Name: "김철수", Key: "K1", Numbers: []Number{{Number: "01012345678"}}, Variables: map[string]string{"도시": "서울"}},
		{Name: "이, 영희", Key: "K2", Numbers: []Number{{Number: "0101"}, {Number: "0102"}}, Variables: map[string]string{"도시": "부산\n해운대"}},
	}
}

// TestEncodings: what spreadsheets save is read alike, in pieces of any size.
func TestEncodings(t *testing.T) {
	cp949, err := korean.EUCKR.NewEncoder().String(korean3)
	if err != nil {
		t.Fatal(err)
	}
	utf16, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(korean3)
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("a,a,0,,\n", 20_000) // ASCII before the first Hangul
	late, err := korean.EUCKR.NewEncoder().String("name,key,number1,number3,x\n" + long + "김철수,K1,0101,,서울\n")
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ file, charset string }{
		"UTF-8":             {korean3, ""},
		"UTF-8 with a mark": {"\ufeff" + korean3, ""},
		"UTF-8 said":        {"\ufeff" + korean3, "UTF-8"},
		"CP949":             {cp949, ""},
		"CP949 said":        {cp949, "euc-kr"},
		"UTF-16":            {utf16, ""},
		"CR LF":             {strings.ReplaceAll(korean3, "\n", "\r\n"), ""},
		"semicolons":        {strings.NewReplacer(", ", ", ", ",", ";").Replace(korean3), ""},
		"tabs":              {strings.NewReplacer(", ", ", ", ",", "\t").Replace(korean3), ""},
		"empty lines":       {korean3 + ",,,,\n\n", ""},
	} {
		for _, r := range []io.Reader{strings.NewReader(tt.file), iotest.OneByteReader(strings.NewReader(tt.file))} {
			var k took
			if err := ReadCSV(r, tt.charset, k.take); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if diff := cmp.Diff(koreanEntries(), k.good); diff != "" || k.bad != nil {
				t.Errorf("%s: %v (-want +got):\n%s", name, k.bad, diff)
			}
		}
	}
	var k took
	if err := ReadCSV(strings.NewReader(late), "", k.take); err != nil {
		t.Fatal(err)
	}
	if len(k.good) != 1 || k.good[0].Name != "김철수" || len(k.bad) != 20_000 {
		t.Errorf("late Hangul: %v, %d bad", k.good, len(k.bad))
	}
}

// TestFaultyLines: each is told by its line and field, and the good are kept.
func TestFaultyLines(t *testing.T) {
	var k took
	err := ReadCSV(strings.NewReader(strings.Join([]string{
		`Name,NUMBER1,number2,note`,
		`a,0101,,=1+1`,
		`b,x,y,`,
		`c,,0102,`,
		`d "quoted",0103,,`, // closed, but in the middle of a cell
		`e,0104,,"open`,
		`f,0105,,,more`,
		`g,'+82107,,`,
		`h,0108,,x` + "\xff",
		`i,,,`,
		``,
		`j,01010,,` + strings.Repeat("x", 100_000),
		`k,01011,,`,
	}, "\n")), "utf-8", k.take)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"3 number1", "3 number2", "5 ", "6 ", "7 column 5", "9 note", "10 number1", "12 note"}
	if diff := cmp.Diff(want, k.bad); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
	var names []string
	for _, e := range k.good {
		names = append(names, e.Name+" "+e.Numbers[0].Number+" "+e.Variables["note"])
	}
	if diff := cmp.Diff([]string{"a 0101 =1+1", "c 0102 ", "g +82107 ", "k 01011 "}, names); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
}

func TestUnreadableFiles(t *testing.T) {
	for name, tt := range map[string]struct{ file, charset, want string }{
		"empty":          {"", "", "line 1: the file is empty"},
		"no number":      {"name,tel\na,0101\n", "", "no column number1"},
		"twice":          {"Name,name,number1\n", "", `the column "name" stands there twice`},
		"both":           {"number,number1\n", "", "both number and number1"},
		"charset":        {"number1\n", "latin1", `charset "latin1" is not known`},
		"wrong encoding": {"number1,\xb1\xe8\n", "utf-8", "the heading is no text"},
		"open quote":     {"number1,\"name\n0101,x\n", "", "a quote"},
		"columns":        {strings.Repeat(",", 300) + "\n", "", "301 columns"},
	} {
		err := ReadCSV(strings.NewReader(tt.file), tt.charset, new(took).take)
		if bad, ok := errors.AsType[*FormatError](err); !ok || !strings.Contains(bad.Error(), tt.want) {
			t.Errorf("%s: %v, want %s", name, err, tt.want)
		}
	}
	broken := errors.New("the line dropped")
	if err := ReadCSV(io.MultiReader(strings.NewReader("number1\n01"), iotest.ErrReader(broken)), "", new(took).take); !errors.Is(err, broken) {
		t.Errorf("a broken connection: %v", err)
	}
}

func TestReadJSON(t *testing.T) {
	var k took
	err := ReadJSON(strings.NewReader(`[
		{"name":"김철수","key":"K1","numbers":["010-1234-5678"],"variables":{"도시":"서울"}},
		{"name":"b","numbers":[101]},
		{"nam":"c","numbers":["0101"]},
		"d", {},
		{"name":"e","numbers":["0102"],"timezone":"Mars"}
	]`), k.take)
	if err != nil {
		t.Fatal(err)
	}
	want := took{good: koreanEntries()[:1], bad: []string{"2 numbers", "3 ", "4 ", "5 number1", "6 timezone"}}
	if diff := cmp.Diff(want, k, cmp.AllowUnexported(took{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	long := `[{"numbers":["0101"]},{"numbers":["0102"],"name":"` + strings.Repeat("x", 2*maxEntry)
	for _, bad := range []string{long, "[" + strings.Repeat(" ", 2*maxEntry), "", "{}", `["a"`, `[{"numbers":["0101"]},`, `[{]`, `null`} {
		if _, ok := errors.AsType[*FormatError](ReadJSON(strings.NewReader(bad), new(took).take)); !ok {
			t.Errorf("%q is no format error", bad)
		}
	}
}

func TestReadBarred(t *testing.T) {
	var got []string
	err := ReadBarred(strings.NewReader("Name;Number;Note\nx;010-1234-5678;요청\ny;z;\n\"\n"), "", func(line int, b Barred, faults Faults) error {
		got = append(got, fmt.Sprintf("%d %s %s %d", line, b.Number, b.Note, len(faults)))
		return nil
	})
	if diff := cmp.Diff([]string{"2 01012345678 요청 0", "3   1", "4   1"}, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if err := ReadBarred(strings.NewReader("tel\n"), "", nil); err == nil {
		t.Error("a file without numbers was read")
	}
}

func TestUploadReport(t *testing.T) {
	var u Upload
	for i := range 3 * MaxFaults {
		u.Refuse(i+2, Fault{Field: "number1", Text: "x"}, Fault{Field: "name", Text: "y"}, Fault{Field: "key", Text: "z"})
	}
	if u.Refused != 3*MaxFaults || len(u.Faults) != MaxFaults+2 {
		t.Errorf("%d refused, %d told", u.Refused, len(u.Faults))
	}
}

// FuzzReadCSV: whatever is sent, each line is taken once, in order, and what is
// good is a good entry.
func FuzzReadCSV(f *testing.F) {
	f.Add([]byte(korean3), "")
	f.Add([]byte("number1\n\"\n\"\"\n0101\n"), "euc-kr")
	f.Add([]byte("\xff\xfen\x00"), "")
	f.Fuzz(func(t *testing.T, file []byte, charset string) {
		last := 1
		err := ReadCSV(strings.NewReader(string(file)), charset, func(line int, e Entry, faults Faults) error {
			if line <= last {
				t.Errorf("line %d after %d", line, last)
			}
			last = line
			if len(faults) > 0 {
				return nil
			}
			if again, faults := e.Checked(); faults != nil || !cmp.Equal(e, again) {
				t.Errorf("%+v is good, and then not: %v", e, faults)
			}
			return nil
		})
		if _, ok := errors.AsType[*FormatError](err); err != nil && !ok {
			t.Errorf("%v", err)
		}
	})
}

// FuzzRoundTrip: what a CSV writer wrote is read as it was.
func FuzzRoundTrip(f *testing.F) {
	f.Add("김철수", "a \"b\", c", "x\ny")
	f.Fuzz(func(t *testing.T, name, key, city string) {
		want, faults := Entry{Name: name, Key: key, Numbers: []Number{{Number: "0101"}}}.Checked()
		city = strings.TrimSpace(city)
		if faults != nil || city == "" || len(city) > MaxText || !readable(city) || strings.ContainsAny(name+key+city, "\r\x00") {
			return
		}
		want.Variables = map[string]string{"city": city}
		var b strings.Builder
		w := csv.NewWriter(&b)
		_ = w.WriteAll([][]string{{"name", "key", "number1", "city"}, {name, key, "0101", city}})
		var k took
		if err := ReadCSV(strings.NewReader(b.String()), "utf-8", k.take); err != nil {
			t.Fatal(err)
		}
		if strings.Count(name+key+city, "\n") >= maxRecordLines {
			return
		}
		if diff := cmp.Diff([]Entry{want}, k.good); diff != "" {
			t.Errorf("%v (-want +got):\n%s", k.bad, diff)
		}
	})
}

// FuzzReadJSON: the pieces that a file comes in don't matter, what is good stays
// good, and reads the same once it was written again.
func FuzzReadJSON(f *testing.F) {
	f.Add([]byte(`[{"name":"김철수","key":"K1","numbers":["010-1234-5678"],"variables":{"도시":"서울"}},{"numbers":[1]},"x",{"nam":"c"}]`))
	f.Add([]byte(`[{"numbers":["0101"],"numbers":["0102"],"Name":"\ud800","variables":{"name":"x"}}`))
	f.Add([]byte("[[[[]]], null, 1e999]"))
	f.Add([]byte("1e999"))
	f.Fuzz(func(t *testing.T, file []byte) {
		var whole, pieces took
		last := 0
		err := ReadJSON(bytes.NewReader(file), func(line int, e Entry, faults Faults) error {
			if line != last+1 {
				t.Errorf("line %d after %d", line, last)
			}
			last = line
			return whole.take(line, e, faults)
		})
		if _, ok := errors.AsType[*FormatError](err); err != nil && !ok {
			t.Errorf("%v", err)
		}
		if again := ReadJSON(iotest.OneByteReader(bytes.NewReader(file)), pieces.take); (again == nil) != (err == nil) {
			t.Errorf("%v as a whole, %v in pieces", err, again)
		}
		if diff := cmp.Diff(whole, pieces, cmp.AllowUnexported(took{})); diff != "" {
			t.Errorf("(-whole +in pieces):\n%s", diff)
		}
		type written struct {
			Name      string            `json:"name"`
			Key       string            `json:"key"`
			Timezone  string            `json:"timezone"`
			Numbers   []string          `json:"numbers"`
			Variables map[string]string `json:"variables"`
		}
		list := []written{}
		for _, e := range whole.good {
			w := written{Name: e.Name, Key: e.Key, Timezone: e.Timezone, Variables: e.Variables}
			for _, n := range e.Numbers {
				w.Numbers = append(w.Numbers, n.Number)
			}
			list = append(list, w)
		}
		text, err := json.Marshal(list)
		if err != nil {
			t.Fatal(err)
		}
		var second took
		if err := ReadJSON(bytes.NewReader(text), second.take); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(whole.good, second.good, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%v (-first +second):\n%s", second.bad, diff)
		}
	})
}

// FuzzReadBarred: likewise for the do-not-call list.
func FuzzReadBarred(f *testing.F) {
	f.Add([]byte("Name;Number;Note\nx;010-1234-5678;요청\ny;z;\n\"\n"), "")
	f.Add([]byte("number\n'+82 10\n"), "euc-kr")
	f.Fuzz(func(t *testing.T, file []byte, charset string) {
		err := ReadBarred(bytes.NewReader(file), charset, func(_ int, b Barred, faults Faults) error {
			if again, more := b.Checked(); faults == nil && (more != nil || again != b) {
				t.Errorf("%+v is good, and then not: %v", b, more)
			}
			return nil
		})
		if _, ok := errors.AsType[*FormatError](err); err != nil && !ok {
			t.Errorf("%v", err)
		}
	})
}
