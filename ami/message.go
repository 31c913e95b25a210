package ami

import (
	"iter"
	"strings"
)

// Fields is the headers of a message in the order in which they came. Keys
// are compared without regard to case, since Asterisk spells some in more
// than one way.
type Fields struct {
	buf  []byte
	list []field
	// damaged tells that a line of the message was none of a header. What follows
	// it may be of another message: the empty line between them may be what is gone.
	damaged bool
}

// field is where one header stands in Fields.buf.
type field struct{ key, keyEnd, value, valueEnd int32 }

// Event is one event. The one given to a handler is reused when the handlers
// have returned: keep strings from Get, not the Event and not what Bytes
// returned. Those that List returns may be kept.
type Event struct {
	Fields
	name string
}

// Name returns the event's name, such as DialBegin.
func (e *Event) Name() string { return e.name }

// Response is Asterisk's answer to an action.
type Response struct{ Fields }

// Message returns the answer's Message header.
func (r Response) Message() string { return r.Get("Message") }

// Len returns the number of headers, the first line of the message included.
func (f *Fields) Len() int { return len(f.list) }

// Bytes returns the value of the first header of that key, nil when there is
// none. It allocates nothing; what it returns must not be changed and lives
// as long as the message.
func (f *Fields) Bytes(key string) []byte {
	if i := f.find(key, 0); i >= 0 {
		return f.value(i)
	}
	return nil
}

// Get returns a copy of the value of the first header of that key, "" when
// there is none.
func (f *Fields) Get(key string) string { return string(f.Bytes(key)) }

// Values returns the values of all headers of that key in order, such as the
// Output lines of a Command.
func (f *Fields) Values(key string) []string {
	var values []string
	for i := f.find(key, 0); i >= 0; i = f.find(key, i+1) {
		values = append(values, string(f.value(i)))
	}
	return values
}

// Variable returns the value of the variable name among the headers
// "key: name=value", as the ChanVariable and DestChanVariable headers are
// written (manager.conf: channelvars), and "" when it is not there.
func (f *Fields) Variable(key, name string) string {
	for i := f.find(key, 0); i >= 0; i = f.find(key, i+1) {
		v := f.value(i)
		if len(v) > len(name) && v[len(name)] == '=' && string(v[:len(name)]) == name {
			return string(v[len(name)+1:])
		}
	}
	return ""
}

// All ranges over the headers in order.
func (f *Fields) All() iter.Seq2[string, string] {
	return func(yield func(key, value string) bool) {
		for i := range f.list {
			if !yield(string(f.key(i)), string(f.value(i))) {
				return
			}
		}
	}
}

// String returns the message in the form of the wire, with LF alone.
func (f *Fields) String() string {
	var b strings.Builder
	for k, v := range f.All() {
		b.WriteString(k + ": " + v + "\n")
	}
	return b.String()
}

func (f *Fields) key(i int) []byte   { return f.buf[f.list[i].key:f.list[i].keyEnd] }
func (f *Fields) value(i int) []byte { return f.buf[f.list[i].value:f.list[i].valueEnd] }

// find returns the index of the first header of that key at or after from,
// or -1.
func (f *Fields) find(key string, from int) int {
	for i := from; i < len(f.list); i++ {
		p := &f.list[i]
		if int(p.keyEnd-p.key) == len(key) && equalFold(f.buf[p.key:p.keyEnd], key) {
			return i
		}
	}
	return -1
}

// equalFold compares two texts of the same length as ASCII without regard to
// case.
func equalFold(a []byte, b string) bool {
	if string(a) == b {
		return true
	}
	for i := range a {
		x, y := a[i], b[i]
		if x == y {
			continue
		}
		x |= 'a' - 'A'
		if x != y|('a'-'A') || x < 'a' || x > 'z' {
			return false
		}
	}
	return true
}

// copyFrom makes f a copy of src, in f's own memory where it suffices.
func (f *Fields) copyFrom(src *Fields) {
	f.buf = append(f.buf[:0], src.buf...)
	f.list = append(f.list[:0], src.list...)
	f.damaged = src.damaged
}
