package queue

import "testing"

// TestMaskedBooking: the number to call back is hidden as the caller's is, and the
// call itself keeps it.
func TestMaskedBooking(t *testing.T) {
	c := Call{Direction: In, Caller: "+82 10-1234-5678", Callback: &Booking{Number: "+821012345678"}}
	if m := c.Masked(); m.Callback.Number == c.Callback.Number || m.Callback.Number != m.Caller {
		t.Errorf("callback to %q of the caller %q", m.Callback.Number, m.Caller)
	}
	if c.Callback.Number != "+821012345678" {
		t.Errorf("the call has %q", c.Callback.Number)
	}
}
