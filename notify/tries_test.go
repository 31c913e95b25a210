package notify_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"calld/queue"

	"github.com/google/go-cmp/cmp"
)

// triesHeard notes what is told of the channels of tries.
type triesHeard struct{ told []string } // guarded by the bubble: read after synctest.Wait

func (h *triesHeard) note(format string, args ...any) {
	h.told = append(h.told, fmt.Sprintf(format, args...))
}

func (h *triesHeard) Rings(try string, _ time.Time)            { h.note("%s rings", try) }
func (h *triesHeard) DialOver(try, status string, _ time.Time) { h.note("%s over %s", try, status) }
func (h *triesHeard) Connected(up bool)                        { h.note("connected %v", up) }
func (h *triesHeard) Gone(try string, cause int, text string, _ time.Time) {
	h.note("%s gone %d %s", try, cause, text)
}

func (h *triesHeard) Originated(try string, answered bool, reason int, _ time.Time) {
	h.note("%s originated %v %d", try, answered, reason)
}

func (h *triesHeard) Live(_, started time.Time, tries map[string]bool) {
	h.note("live %v, started %v", tries, !started.IsZero())
}

// The events of a customer whom a campaign dials are told, and of nobody else.
func TestTriesAreToldOf(t *testing.T) {
	id := queue.TryChannel("t1")
	dest := []string{"DestChannel", "PJSIP/trunk-2", "DestUniqueid", id, "DestLinkedid", id}
	other := []string{"Channel", "PJSIP/trunk-1", "Uniqueid", "in", "DestChannel", "PJSIP/8001-1", "DestUniqueid", "x", "DialString", "8001"}
	type event struct {
		name  string
		pairs []string
	}
	of := func(name string, who []string, more ...string) event { return event{name, slices.Concat(who, more)} }
	for name, tt := range map[string]struct {
		event event
		want  []string
	}{
		"dialled":         {of("DialBegin", dest, "DialString", "010@trunk"), nil},
		"rings":           {of("DialState", dest, "DialStatus", "RINGING"), []string{"t1 rings"}},
		"early media":     {of("DialState", dest, "DialStatus", "PROGRESS"), []string{"t1 rings"}},
		"proceeding":      {of("DialState", dest, "DialStatus", "PROCEEDING"), nil},
		"answers":         {of("DialEnd", dest, "DialStatus", "ANSWER"), []string{"t1 over ANSWER"}},
		"busy":            {of("DialEnd", dest, "DialStatus", "BUSY"), []string{"t1 over BUSY"}},
		"gone":            {of("Hangup", nil, "Channel", "PJSIP/trunk-2", "Uniqueid", id, "Cause", "17", "Cause-txt", "User busy"), []string{"t1 gone 17 User busy"}},
		"ordered":         {of("OriginateResponse", nil, "ActionID", id, "Response", "Success", "Reason", "4"), []string{"t1 originated true 4"}},
		"refused":         {of("OriginateResponse", nil, "ActionID", id, "Response", "Failure", "Reason", "8"), []string{"t1 originated false 8"}},
		"without reason":  {of("OriginateResponse", nil, "ActionID", id, "Response", "Failure"), []string{"t1 originated false 0"}},
		"another rings":   {of("DialState", other, "DialStatus", "RINGING"), nil},
		"another is gone": {of("Hangup", nil, "Channel", "PJSIP/trunk-1", "Uniqueid", "in", "Cause", "16"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := newExchange(t, "PJSIP/{phone}")
				before := len(x.tries.told)
				x.emit(tt.event.name, tt.event.pairs...)
				if diff := cmp.Diff(tt.want, slices.Clone(x.tries.told[before:])); diff != "" && len(tt.want)+len(x.tries.told[before:]) > 0 {
					t.Errorf("told (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// With each connection the channels of tries are listed, those answered among them.
func TestTriesAreListed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newExchange(t, "PJSIP/{phone}")
		x.mu.Lock()
		x.channels = [][]string{
			{"Channel", "PJSIP/trunk-2", "Uniqueid", queue.TryChannel("t1"), "ChannelStateDesc", "Up"},
			{"Channel", "PJSIP/trunk-3", "Uniqueid", queue.TryChannel("t2"), "ChannelStateDesc", "Ringing"},
			{"Channel", "PJSIP/trunk-4", "Uniqueid", "in", "ChannelStateDesc", "Up"},
		}
		x.mu.Unlock()
		before := len(x.tries.told)
		x.srv.Cut()
		x.boot(time.Hour)
		want := []string{"connected false", "live map[t1:true t2:false], started true", "connected true"}
		got := slices.Clone(x.tries.told[before:])
		if diff := cmp.Diff(slices.Sorted(slices.Values(want)), slices.Sorted(slices.Values(got))); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
	})
}
