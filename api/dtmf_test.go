package api

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"calld/exchange"
	"calld/queue"

	"github.com/google/go-cmp/cmp"
)

// TestDTMFServer: digits go to the side that is named, of the talk of the
// customer who is.
func TestDTMFServer(t *testing.T) {
	digits := []string{"play 1 to PJSIP/802-1", "play # to PJSIP/802-1"}
	tests := map[string]struct {
		path   string
		token  string
		err    error // of Asterisk
		status int
		answer string
		done   []string
	}{
		"to the agent":    {"/dtmf?caller=010-777&dir=callee&dtmf=1w%23", "crm", nil, http.StatusOK, "OK", digits},
		"to the customer": {"/dtmf?caller=010777&dir=caller&dtmf=1", "crm", nil, http.StatusOK, "OK", []string{"play 1 to PJSIP/trunk-billing"}},
		"by +82":          {"/dtmf?caller=%2B82%2010-777&dir=caller&dtmf=1", "crm", nil, http.StatusOK, "OK", []string{"play 1 to PJSIP/trunk-billing"}},
		"no digits":       {"/dtmf?caller=010777&dir=caller", "crm", nil, http.StatusBadRequest, "digits: there are none", nil},
		"other digits":    {"/dtmf?caller=010777&dir=caller&dtmf=x", "crm", nil, http.StatusBadRequest, `digits: "x" is none of`, nil},
		"no side":         {"/dtmf?caller=010777&dtmf=1", "crm", nil, http.StatusBadRequest, "dir: caller or callee", nil},
		"no customer":     {"/dtmf?dir=caller&dtmf=1", "crm", nil, http.StatusBadRequest, "caller: give", nil},
		"no such call":    {"/dtmf?caller=010778&dir=caller&dtmf=1", "crm", nil, http.StatusNotFound, "there is no live call of 010778", nil},
		"another's queue": {"/dtmf?caller=01012345678&dir=caller&dtmf=1", "narrow", nil, http.StatusNotFound, "there is no live call", nil},
		"an agent's role": {"/dtmf?caller=010777&dir=caller&dtmf=1", "narrow", nil, http.StatusForbidden, "only", nil},
		"no token":        {"/dtmf?caller=010777&dir=caller&dtmf=1", "", nil, http.StatusUnauthorized, "send Authorization", nil},
		"asterisk away":   {"/dtmf?caller=010777&dir=caller&dtmf=1", "crm", exchange.ErrAway, http.StatusServiceUnavailable, "Asterisk can't be asked", nil},

		"transfer to a number":    {"/transfer?caller=010777&callee=02-1234", "crm", nil, http.StatusOK, "OK", []string{"hang up PJSIP/802-1"}},
		"transfer to a queue":     {"/transfer?caller=010777&callee=1000", "crm", nil, http.StatusOK, "OK", []string{"hang up PJSIP/802-1"}},
		"transfer to an agent":    {"/transfer?caller=010777&callee=801", "crm", nil, http.StatusConflict, "the agent is not free", nil},
		"transfer with a header":  {"/transfer?caller=010777&callee=021234&header=X-Ticket:%207&header=", "crm", nil, http.StatusOK, "OK", []string{"hang up PJSIP/802-1"}},
		"transfer with no header": {"/transfer?caller=010777&callee=021234&header=X-Ticket", "crm", nil, http.StatusBadRequest, "header: write it like", nil},
		"a header of SIP's own":   {"/transfer?caller=010777&callee=021234&header=From:x", "crm", nil, http.StatusBadRequest, "headers: ", nil},
		"transfer to nobody":      {"/transfer?caller=010777", "crm", nil, http.StatusBadRequest, "to: give one of", nil},
		"transfer of nobody":      {"/transfer?callee=021234", "crm", nil, http.StatusBadRequest, "caller: give", nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := newCentre(t)
			ticket := c.answer("other", "billing")
			if strings.HasPrefix(tt.path, "/transfer") {
				c.hold(ticket)
				go c.answerOutside(ticket)
			}
			c.pbx.err = tt.err
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, tt.path, http.NoBody)
			if tt.token != "" {
				r.Header.Set("Authorization", "Bearer "+tokenOf(tt.token))
			}
			w := httptest.NewRecorder()
			c.api.DTMFServer().ServeHTTP(w, r)
			if w.Code != tt.status || !strings.HasPrefix(w.Body.String(), tt.answer) || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain") {
				t.Errorf("%d %s %q, want %d %q", w.Code, w.Header().Get("Content-Type"), w.Body, tt.status, tt.answer)
			}
			if diff := cmp.Diff(tt.done, c.pbx.done); diff != "" {
				t.Errorf("Asterisk (-want +got):\n%s", diff)
			}
		})
	}
}

// TestDTMFServerChangesNothingByHead: what a HEAD would do nobody has asked for.
func TestDTMFServerChangesNothingByHead(t *testing.T) {
	c := newCentre(t)
	c.answer("other", "billing")
	r := httptest.NewRequestWithContext(t.Context(), http.MethodHead, "/dtmf?caller=010777&dir=caller&dtmf=1", http.NoBody)
	r.Header.Set("Authorization", "Bearer "+tokenOf("crm"))
	w := httptest.NewRecorder()
	c.api.DTMFServer().ServeHTTP(w, r)
	if w.Code != http.StatusMethodNotAllowed || len(c.pbx.done) > 0 {
		t.Errorf("%d, done %v", w.Code, c.pbx.done)
	}
}

// answerOutside is the script of a call that may be handed to a number outside,
// which answers.
func (c *centre) answerOutside(ticket *queue.Ticket) {
	if offer, _, err := ticket.Next(c.t.Context()); err == nil && offer != nil && offer.Outside != nil {
		c.board.Heard(queue.Fact{Kind: queue.PhoneAnswers, UniqueID: "tbilling"})
	}
}
