package store_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"calld/queue"
	"calld/store"
	"calld/store/storetest"
)

func TestExportGolden(t *testing.T) {
	s := storetest.Open(t)
	taken := answered(waiting("20260302-090000-1", 0, "+82 10 1234 5678"), "홍길동")
	taken.Rings = []queue.Ring{
		{Agent: "이영희", At: day(), End: at(5 * time.Second), Result: queue.NoAnswer},
		{Agent: "홍길동", At: *at(5 * time.Second), Rang: at(6 * time.Second), End: at(10 * time.Second), Result: queue.RingAnswer},
	}
	taken.Transfers = []queue.Transfer{{At: *at(20 * time.Second), To: "800020005", Kind: "blind", Result: "busy"}}
	taken.Record = "2026/03/02/1.wav"
	finish(t, s, ended(taken, queue.Answered))
	for i, name := range []string{`=cmd|' /C calc'!A0`, "+1", "-1", "@SUM(A1)", "\tx", "\rx", "＝1+1", `say "hi", all`, "plain"} {
		c := ended(waiting(fmt.Sprintf("20260302-09%02d00-2", i+1), i+1, ""), queue.Abandoned)
		c.CallerName = name
		finish(t, s, c)
	}
	_, err := s.SetMemo(t.Context(), taken.ID, store.MemoChange{Text: new("환불 요청\n=내일 다시"), Disposition: new("환불")})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []store.Format{store.CSV, store.JSONL} {
		t.Run(string(f), func(t *testing.T) {
			var got bytes.Buffer
			if err := s.Export(t.Context(), &got, f, store.Query{}); err != nil {
				t.Fatal(err)
			}
			want, err := os.ReadFile(filepath.Join("testdata", "export."+string(f)))
			if err != nil {
				t.Fatal(err)
			}
			if diff := gocmp.Diff(string(want), got.String()); diff != "" {
				t.Errorf("(-golden +got):\n%s", diff)
			}
		})
	}
}

// failingWriter takes some bytes and then no more.
type failingWriter struct{ left int }

func (w *failingWriter) Write(p []byte) (int, error) {
	if w.left -= len(p); w.left < 0 {
		return 0, os.ErrDeadlineExceeded
	}
	return len(p), nil
}

func TestExportLimitsAndErrors(t *testing.T) {
	s := storetest.Open(t)
	for i := range 100 {
		finish(t, s, ended(waiting(fmt.Sprint(i), i, ""), queue.Abandoned))
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, tt := range []struct {
		name   string
		ctx    context.Context
		format store.Format
		query  store.Query
		room   int
		want   error
	}{
		{"unknown format", t.Context(), "xlsx", store.Query{}, 1 << 20, store.ErrFormat},
		{"bad limit", t.Context(), store.CSV, store.Query{Limit: -1}, 1 << 20, store.ErrLimit},
		{"bad cursor", t.Context(), store.CSV, store.Query{Cursor: "!"}, 1 << 20, store.ErrCursor},
		{"cancelled", cancelled, store.CSV, store.Query{}, 1 << 20, context.Canceled},
		{"writer fails", t.Context(), store.CSV, store.Query{}, 5000, os.ErrDeadlineExceeded},
		{"writer fails", t.Context(), store.JSONL, store.Query{}, 5000, os.ErrDeadlineExceeded},
	} {
		t.Run(tt.name+" "+string(tt.format), func(t *testing.T) {
			if err := s.Export(tt.ctx, &failingWriter{left: tt.room}, tt.format, tt.query); !errors.Is(err, tt.want) {
				t.Errorf("error %v, want %v", err, tt.want)
			}
		})
	}
	for limit, want := range map[int]int{0: 100, 1: 1, 99: 99, 5000: 100} {
		var b bytes.Buffer
		if err := s.Export(t.Context(), &b, store.JSONL, store.Query{Limit: limit}); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(b.String(), "\n"); n != want {
			t.Errorf("limit %d: %d lines", limit, n)
		}
	}
}

// formula is one where a spreadsheet may begin a cell, quoted is what keeps it
// from being one.
var (
	formula = regexp.MustCompile(`(^|[;\t\r\n])[ "]*[=+\-@＝＋－＠]`)
	quoted  = regexp.MustCompile(`(^|[;\t\r\n])'`)
)

// FuzzExport exports whatever a caller may send: every cell comes back, and
// none is a formula, nor has one behind what another spreadsheet takes for its end.
func FuzzExport(f *testing.F) {
	s := storetest.Open(f)
	for _, name := range []string{"김철수", "=1+1", "\"", "a,b\r\nc", "＠x", "'=", "", "x;=1+1", "a\t \"=1", "x\n-1", "\t=", ";;'="} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if len(name) > 1000 {
			return
		}
		c := ended(waiting("c", 0, "1"), queue.Abandoned)
		c.CallerName = name
		finish(t, s, c)
		var b bytes.Buffer
		if err := s.Export(t.Context(), &b, store.CSV, store.Query{}); err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(b.String(), "\ufeff"))).ReadAll()
		if err != nil || len(rows) != 2 || len(rows[1]) != len(store.Columns()) {
			t.Fatalf("%d rows, %v", len(rows), err)
		}
		cell := rows[1][4]
		if formula.MatchString(cell) || cell != "" && strings.ContainsAny(cell[:1], "\t\r\n") {
			t.Errorf("%q is a formula, or a part of it", cell)
		}
		// encoding/csv reads \r\n in a cell as \n.
		want := strings.ReplaceAll(string([]rune(name)), "\r\n", "\n")
		if quoted.ReplaceAllString(cell, "$1") != quoted.ReplaceAllString(want, "$1") {
			t.Errorf("%q came back as %q", name, cell)
		}
	})
}
