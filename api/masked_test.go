package api

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"calld/config"
	"calld/queue"
	"calld/store"
)

const (
	customerNumber = "01012345678"
	customerShown  = "010-****-5678"
)

// newMasked is a centre whose agents see no numbers, with a customer's number in
// every place where a call can have it.
func newMasked(t *testing.T) *centre {
	t.Helper()
	c := newCampaigns(t)
	c.cfg.Privacy.MaskNumbersFor = []config.Role{config.RoleAgent}
	start, end := began.Add(time.Second), began.Add(time.Minute)
	_, err := c.board.Enter(queue.Entry{
		ID: "m-live", Queue: "상담전화", Caller: customerNumber, CallerName: "+82 10-1234-5678", UniqueID: "m",
		Channel: "Local/" + customerNumber + "@in-00000001;2", Begin: began,
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, call := range []queue.Call{
		{
			ID: "m-in", Queue: "상담전화", Direction: queue.In, Caller: customerNumber, CallerName: customerNumber, Callee: "1000", Agent: "홍길동",
			Outcome: queue.Answered, Start: &start, Record: "m-in.wav", Cause: "16 caller",
			Transfers: []queue.Transfer{{To: customerNumber}},
			Customer:  &queue.Customer{Key: customerNumber, Name: customerNumber, Script: customerNumber, Variables: map[string]string{"tel": "010.1234.5678"}},
		},
		{ID: "m-out", Queue: "상담전화", Direction: queue.Out, Caller: "1000", Callee: customerNumber, Agent: "홍길동", Outcome: queue.Answered, Start: &start},
		{ID: "m-missed", Queue: "상담전화", Direction: queue.In, Caller: customerNumber, CallerName: customerNumber, Outcome: queue.Abandoned},
	} {
		call.Phase, call.Begin, call.End, call.Rings = queue.Ended, began, &end, []queue.Ring{}
		if _, err := c.store.Finish(t.Context(), &call); err != nil {
			t.Fatal(err)
		}
	}
	c.record("m-in.wav", recorded(100))
	memo := "전화: (010) 1234-5678"
	_, err = c.store.SetMemo(t.Context(), "m-in", store.MemoChange{Text: &memo, Disposition: &memo, By: "sup", At: began})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// leaks reports whether an answer has the customer's number, in whatever form.
func leaks(header http.Header, body string) bool {
	for _, values := range header {
		body += "\n" + strings.Join(values, "\n")
	}
	return strings.Contains(strings.NewReplacer("-", "", " ", "", ".", "", "(", "", ")", "").Replace(body), "12345678")
}

// TestMaskedAnswers asks for every operation as an agent who is to see no number.
func TestMaskedAnswers(t *testing.T) {
	c := newMasked(t)
	list, _ := c.document()
	for _, d := range list {
		if d.op.OperationID == "logout" {
			continue
		}
		for _, id := range []string{"m-live", "m-in", "m-out", "m-missed", ""} {
			what, body := d.request(id)
			if id != "" && !strings.Contains(d.path, "{id}") {
				continue
			}
			r := c.ask("홍길동", what, body)
			if r.Header().Get("Content-Type") == "audio/wav" {
				r.Body.Reset()
			}
			if leaks(r.Header(), r.Body.String()) {
				t.Errorf("%s: %v %s", what, r.Header(), r.Body)
			}
		}
	}
}

// TestMaskedWork: what agents do with customers, they do without their numbers.
func TestMaskedWork(t *testing.T) {
	c := newMasked(t)
	for what, shown := range map[string]int{
		"GET /api/v1/calls":                         1,
		"GET /api/v1/calls/m-live":                  1,
		"GET /api/v1/calls/m-in":                    1,
		"GET /api/v1/history":                       1,
		"GET /api/v1/history?caller_of=m-live":      1,
		"GET /api/v1/history?caller_of=m-missed":    1,
		"GET /api/v1/history?caller=010-1234-5678":  1,
		"GET /api/v1/history?text=010-1234-5678":    1,
		"GET /api/v1/history?text=1234-5678":        0,
		"GET /api/v1/history?text=0101234":          0,
		"GET /api/v1/history?text=" + customerShown: 1,
		"GET /api/v1/missed":                        1,
		"GET /api/v1/history?caller_of=ended-상담전화":  0,
	} {
		r := c.ask("홍길동", what, "")
		if got := min(1, strings.Count(r.Body.String(), customerShown)); r.Code != http.StatusOK || got != shown || leaks(r.Header(), r.Body.String()) {
			t.Errorf("%s: %d %s", what, r.Code, r.Body)
		}
		if r := c.ask("sup", what, ""); strings.Contains(r.Body.String(), "****") {
			t.Errorf("%s shows a supervisor %s", what, r.Body)
		}
	}
	for _, page := range []string{"GET /api/v1/history?caller_of=m-in", "GET /api/v1/history?text=1234-5678", "GET /api/v1/missed"} {
		if r := c.ask("sup", page, ""); !leaks(nil, r.Body.String()) {
			t.Errorf("%s hides the number from a supervisor: %s", page, r.Body)
		}
	}
	for _, made := range []struct{ what, body string }{
		{"POST /api/v1/calls", `{"call":"m-in"}`},
		{"POST /api/v1/calls", `{"call":"m-out"}`},
		{"POST /api/v1/calls", `{"missed":"m-missed"}`},
		{"POST /api/v1/missed/m-missed/callback", ``},
	} {
		c.dialled = ""
		if r := c.ask("홍길동", made.what, made.body); r.Code != http.StatusAccepted || c.dialled != "홍길동 상담전화 "+customerNumber {
			t.Errorf("%s %s: %d %s, %q was dialled", made.what, made.body, r.Code, r.Body, c.dialled)
		}
	}
	for _, problem := range []struct {
		query  string
		code   Code
		status int
	}{
		{"caller_of=m-in&caller=0101", CodeInvalid, http.StatusUnprocessableEntity},
		{"caller_of=ended-billing", CodeNotFound, http.StatusNotFound},
	} {
		wantProblem(t, c.ask("홍길동", "GET /api/v1/history?"+problem.query, ""), problem.status, problem.code)
	}
	if r := c.ask("홍길동", "GET /api/v1/calls/m-in/recording", ""); r.Code != http.StatusOK || !strings.Contains(r.Header().Get("Content-Disposition"), "5678") {
		t.Errorf("recording: %d %v", r.Code, r.Header())
	}
}
