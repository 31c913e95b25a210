package ami

import (
	"bufio"
	"net/textproto"
	"strings"
	"testing"
)

// dialBegin is a DialBegin of 31 headers, as Asterisk 22 sends when one
// channel dials another.
const dialBegin = "Event: DialBegin\r\nPrivilege: call,all\r\nTimestamp: 1795345488.618779\r\n" +
	"Channel: PJSIP/trunk-00000001\r\nChannelState: 4\r\nChannelStateDesc: Ring\r\nCallerIDNum: 01012345678\r\n" +
	"CallerIDName: <unknown>\r\nConnectedLineNum: <unknown>\r\nConnectedLineName: <unknown>\r\nLanguage: en\r\nAccountCode: \r\n" +
	"Context: from-trunk\r\nExten: 0215881234\r\nPriority: 4\r\nUniqueid: 1795345488.1\r\nLinkedid: 1795345488.1\r\n" +
	"DestChannel: PJSIP/800020003-00000002\r\nDestChannelState: 0\r\nDestChannelStateDesc: Down\r\n" +
	"DestCallerIDNum: 0215881234\r\nDestCallerIDName: <unknown>\r\nDestConnectedLineNum: 01012345678\r\nDestConnectedLineName: <unknown>\r\n" +
	"DestLanguage: en\r\nDestAccountCode: \r\nDestContext: calld-agents\r\nDestExten: \r\nDestUniqueid: 1795345488.2\r\n" +
	"DestLinkedid: 1795345488.1\r\nDialString: 800020003\r\n\r\n"

// endless gives one text again and again.
type endless struct {
	text string
	at   int
}

func (r *endless) Read(p []byte) (int, error) {
	n := copy(p, r.text[r.at:])
	r.at = (r.at + n) % len(r.text)
	return n, nil
}

// newBench returns a connection without network whose client handles event
// with f.
func newBench(event string, f func(*Event)) *conn {
	c := New(Options{})
	c.Handle(event, f)
	return newConn(c, nil, nil, nil, nil)
}

// BenchmarkHandledEvent is the whole way of an event: read, parsed, matched,
// copied to the queue, taken from it, two headers read, given back.
func BenchmarkHandledEvent(b *testing.B) {
	var channel, id int
	cn := newBench("DialBegin", func(e *Event) {
		channel += len(e.Bytes("DestChannel"))
		id += len(e.Bytes("DestUniqueid"))
	})
	benchmark(b, cn)
	if channel == 0 || id == 0 {
		b.Fatal("headers not found")
	}
}

// BenchmarkIgnoredEvent is the way of an event for which there is no handler.
func BenchmarkIgnoredEvent(b *testing.B) {
	benchmark(b, newBench("Hangup", func(*Event) {}))
}

func benchmark(b *testing.B, cn *conn) {
	b.Helper()
	d := newDecoder(&endless{text: dialBegin}, MaxMessage)
	var f Fields
	b.ReportAllocs()
	b.SetBytes(int64(len(dialBegin)))
	for b.Loop() {
		if err := d.next(&f); err != nil {
			b.Fatal(err)
		}
		if err := cn.message(&f); err != nil {
			b.Fatal(err)
		}
		select {
		case e := <-cn.events:
			cn.client.handle(e)
		default:
		}
	}
}

// BenchmarkParse is reading and parsing alone, with two headers read.
func BenchmarkParse(b *testing.B) {
	d := newDecoder(&endless{text: dialBegin}, MaxMessage)
	var f Fields
	b.ReportAllocs()
	b.SetBytes(int64(len(dialBegin)))
	var n int
	for b.Loop() {
		if err := d.next(&f); err != nil {
			b.Fatal(err)
		}
		n += len(f.Bytes("DestChannel")) + len(f.Bytes("DestUniqueid"))
	}
	if n == 0 {
		b.Fatal("headers not found")
	}
}

// BenchmarkBaselineMap is what most clients do: lines to a map of strings.
func BenchmarkBaselineMap(b *testing.B) {
	r := bufio.NewReader(&endless{text: dialBegin})
	b.ReportAllocs()
	b.SetBytes(int64(len(dialBegin)))
	var n int
	for b.Loop() {
		event := make(map[string]string)
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				b.Fatal(err)
			}
			line = strings.TrimRight(line, "\r\n")
			if line == "" {
				break
			}
			key, value, _ := strings.Cut(line, ":")
			event[key] = strings.TrimSpace(value)
		}
		n += len(event["DestChannel"]) + len(event["DestUniqueid"])
	}
	if n == 0 {
		b.Fatal("headers not found")
	}
}

// BenchmarkBaselineTextproto is what the others do.
func BenchmarkBaselineTextproto(b *testing.B) {
	r := textproto.NewReader(bufio.NewReader(&endless{text: dialBegin}))
	b.ReportAllocs()
	b.SetBytes(int64(len(dialBegin)))
	var n int
	for b.Loop() {
		h, err := r.ReadMIMEHeader()
		if err != nil {
			b.Fatal(err)
		}
		n += len(h.Get("DestChannel")) + len(h.Get("DestUniqueid"))
	}
	if n == 0 {
		b.Fatal("headers not found")
	}
}

func TestEventsDoNotAllocate(t *testing.T) {
	for name, cn := range map[string]*conn{
		"ignored": newBench("Hangup", func(*Event) {}),
		"handled": newBench("DialBegin", func(e *Event) { _ = e.Bytes("DestChannel") }),
	} {
		d := newDecoder(&endless{text: dialBegin}, MaxMessage)
		var f Fields
		per := testing.AllocsPerRun(1000, func() {
			if err := d.next(&f); err != nil {
				t.Fatal(err)
			}
			if err := cn.message(&f); err != nil {
				t.Fatal(err)
			}
			select {
			case e := <-cn.events:
				cn.client.handle(e)
			default:
			}
		})
		// Under the race detector sync.Pool forgets every fourth event, which
		// still makes less than one allocation an event.
		if per >= 1 {
			t.Errorf("%s event: %v allocations", name, per)
		}
	}
}
