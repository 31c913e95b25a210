package api

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"calld/config"
	"calld/store"

	"github.com/google/go-cmp/cmp"
)

// trail is what the audit trail says, the oldest first.
func (c *centre) trail() (lines []string) {
	c.t.Helper()
	page, err := c.store.AuditTrail(1000, "")
	if err != nil {
		c.t.Fatal(err)
	}
	for _, e := range page.Entries {
		lines = append([]string{fmt.Sprintf("%s %s %s %s %s", e.By, e.Action, e.Target, e.Call, e.Result)}, lines...)
	}
	return lines
}

// TestHearingsAreWrittenDown: who was given which recording, the parts that a
// player asks for being one; who was given none is not in the trail.
func TestHearingsAreWrittenDown(t *testing.T) {
	c := newCentre(t)
	c.listen("other", http.MethodGet, recordingPath, map[string]string{"Range": "bytes=100-"})
	c.listen("other", http.MethodGet, recordingPath, map[string]string{"Range": "bytes=0-99"})
	c.listen("홍길동", http.MethodGet, recordingPath, nil)                          // not of his queue
	c.listen("sup", http.MethodGet, "/api/v1/calls/live-billing/recording", nil) // not there yet
	c.listen("sup", http.MethodGet, recordingPath, nil)
	c.program("narrow", "GET "+recordingPath, "")
	want := []string{
		"other recording  ended-billing ok", "sup recording  ended-billing ok", "token/narrow recording  ended-billing ok",
	}
	if diff := cmp.Diff(want, c.trail()); diff != "" {
		t.Errorf("audit trail (-want +got):\n%s", diff)
	}
}

// TestHearingUnwritten: nobody hears what can't be written down.
func TestHearingUnwritten(t *testing.T) {
	c := newCentre(t)
	call, err := c.store.Call("ended-billing")
	if err != nil {
		t.Fatal(err)
	}
	broken, err := store.Open(t.TempDir()+"/calld.db", store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := broken.Close(); err != nil {
		t.Fatal(err)
	}
	whole := c.api.store
	c.api.store = broken
	err = c.api.noteHearing(t.Context(), call)
	c.api.store = whole
	if p, ok := errors.AsType[*Problem](err); !ok || p.Code != CodeStore {
		t.Errorf("error %v", err)
	}
}

func TestHearings(t *testing.T) {
	var h hearings
	now := time.Unix(1e9, 0)
	x := hearing{"a", "call"}
	if h.known(x, now) {
		t.Error("known before it was added")
	}
	h.add(x, now)
	if !h.known(x, now.Add(hearingTime-1)) || h.known(x, now.Add(hearingTime)) || h.known(hearing{"b", "call"}, now) {
		t.Error("it is not one listening for its time")
	}
	for i := range 2 * maxHearings {
		h.add(hearing{"a", fmt.Sprint(i)}, now)
	}
	if len(h.until) > maxHearings {
		t.Errorf("%d are remembered", len(h.until))
	}
	h.add(hearing{"later", ""}, now.Add(hearingTime))
	if !h.known(hearing{"later", ""}, now.Add(hearingTime)) {
		t.Error("what is over makes no room")
	}
}

// TestReloadIsWrittenDown, whether it was done or refused.
func TestReloadIsWrittenDown(t *testing.T) {
	c := newCentre(t)
	c.ask("관리자", "POST /api/v1/reload", "")
	c.ask("sup", "POST /api/v1/reload", "")
	c.fault = config.Faults{{File: "calld.toml", Text: "is bad"}}
	asked(c.admin, "", "POST /api/v1/reload", "")
	if diff := cmp.Diff([]string{"관리자 reload   ok", "admin-socket reload   bad_configuration"}, c.trail()); diff != "" {
		t.Errorf("audit trail (-want +got):\n%s", diff)
	}
}
