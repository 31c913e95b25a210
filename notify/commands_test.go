package notify

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// FuzzParseFrame: whatever a client sends, there is either a command of the
// type it names or a fault with a known code; and a command that is written
// and read again is the same.
func FuzzParseFrame(f *testing.F) {
	for _, s := range []string{
		`{"type":"login","id":"홍길동","password":"p"}`, `{"type":"logout","ref":"1"}`, `{"type":"state","state":"away","reason":"점심"}`,
		`{"type":"wrapup.done"}`, `{"type":"memo","call":"c","memo":"m","disposition":null}`, `{"type":"ping"}`,
		`{}`, `[]`, `null`, `{"type":1}`, `{"type":"ping","ref":{}}`, "\xff", `{"type":"memo","memo":"\ud800"}`,
	} {
		f.Add([]byte(s))
	}
	codes := map[Code]bool{}
	for _, c := range Codes() {
		codes[c] = true
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		h, command, fault := parseFrame(text)
		if len(h.Ref) > maxRef {
			t.Errorf("ref of %d bytes", len(h.Ref))
		}
		if (command == nil) == (fault == nil) {
			t.Fatalf("command %v and fault %v", command, fault)
		}
		if fault != nil {
			if !codes[fault.code] {
				t.Errorf("unknown code %q", fault.code)
			}
			return
		}
		again, err := json.Marshal(command)
		if err != nil {
			t.Fatal(err)
		}
		h2, command2, fault := parseFrame(again)
		if fault != nil || h2 != h {
			t.Fatalf("read again: %+v, %v; want %+v", h2, fault, h)
		}
		if d := cmp.Diff(command, command2); d != "" {
			t.Errorf("read again (-want +got):\n%s", d)
		}
	})
}

func TestBucket(t *testing.T) {
	var b bucket
	now := time.Unix(1000, 0)
	taken := func(n int) (got int) {
		for range n {
			if b.take(now) {
				got++
			}
		}
		return got
	}
	if n := taken(1000); n != frameBurst {
		t.Errorf("%d at once, want %d", n, frameBurst)
	}
	now = now.Add(time.Second)
	if n := taken(1000); n != frameRate {
		t.Errorf("%d a second later, want %d", n, frameRate)
	}
	now = now.Add(time.Hour)
	if n := taken(1000); n != frameBurst {
		t.Errorf("%d after an hour, want %d", n, frameBurst)
	}
}
