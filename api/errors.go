package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"calld/campaign"
)

// Code is the stable name of an error: programs may rely on it.
type Code string

// The codes of every error that the API answers with.
const (
	CodeInvalid           Code = "invalid_request"       // 400, 422: see errors for the field
	CodeUnauthorized      Code = "unauthorized"          // 401: no session, or it is over
	CodeBadLogin          Code = "bad_login"             // 401: wrong id or password
	CodeForbidden         Code = "forbidden"             // 403: the role does not allow it
	CodeNeedsAgent        Code = "needs_agent"           // 403: a token can't do it: only an agent who is logged in
	CodeCrossOrigin       Code = "cross_origin"          // 403: a page of another origin asks
	CodeNotFound          Code = "not_found"             // 404
	CodeManagedByFile     Code = "managed_by_file"       // 409: the agent stands in the configuration file
	CodeInUse             Code = "in_use"                // 409: others rely on it
	CodeCampaignState     Code = "campaign_state"        // 409: the campaign is not in a state for it
	CodeNobodyLeft        Code = "nobody_left"           // 409: no customer of the campaign may be called now
	CodeStale             Code = "stale"                 // 412: it has changed since the ETag was given
	CodeDisposition       Code = "unknown_disposition"   // 422: the call's queue offers others
	CodeClaimed           Code = "claimed_by_other"      // 409: somebody else works on it
	CodeResolved          Code = "already_resolved"      // 409: the missed call is done with
	CodeOffline           Code = "agent_offline"         // 409: the agent is not logged in
	CodeBusy              Code = "agent_busy"            // 409: the agent, or the agent's phone, has a call
	CodePhoneAway         Code = "phone_unreachable"     // 409: the agent's phone can't be rung
	CodeNotBooked         Code = "not_booked"            // 409: the caller is not to be called back
	CodeCallingBack       Code = "calling_back"          // 409: the caller is being called back just now
	CodeNoNumber          Code = "no_number"             // 409: the customer left no number that can be called
	CodeNoPhone           Code = "no_phone"              // 409: whoever is to be rung has no phone
	CodeNotTalking        Code = "not_talking"           // 409: there is no such talk now
	CodeAsterisk          Code = "asterisk_away"         // 503: Asterisk can't be asked now
	CodeUnanswered        Code = "asterisk_unanswered"   // 503: Asterisk was asked and has not answered: it may still do it
	CodeTooManyLogins     Code = "too_many_logins"       // 429
	CodeBadConfig         Code = "bad_configuration"     // 422: see errors for each fault
	CodeStore             Code = "store_unavailable"     // 503: the disk is full or failing
	CodeInternal          Code = "internal_error"        // 500
	CodeOther             Code = "request_refused"       // any other status the framework answers with
	CodeTooLarge          Code = "body_too_large"        // 413
	CodeMethod            Code = "method_not_allowed"    // 405
	CodeMediaType         Code = "unsupported_media"     // 415
	CodeRange             Code = "range_not_satisfiable" // 416: beyond the end of the recording
	CodeNoRecording       Code = "no_recording"          // 404: not recorded, or deleted since
	CodeRecordingNotReady Code = "recording_not_ready"   // 404: being written; ask again after the call
	CodeRecordings        Code = "recording_unreadable"  // 503: the file or its folder can't be read
)

// The codes of what is asked for in a talk.
const (
	CodeTargetBusy    Code = "target_busy"     // 409: the agent whom a call is to be handed to is not free
	CodeTooManyDigits Code = "too_many_digits" // 429: enough digits for the call wait to be played
	CodeOrdered       Code = "under_way"       // 409: the call is being held or handed over already
	CodeHeld          Code = "call_held"       // 409: the customer is held already
	CodeNotHeld       Code = "not_held"        // 409
	CodeConsulting    Code = "consulting"      // 409: the agent consults somebody already
	CodeNotConsulting Code = "not_consulting"  // 409: the agent consults nobody
	CodeNotAnswered   Code = "not_answered"    // 409: who is consulted has not answered yet
	CodeOutbound      Code = "outbound"        // 409: an agent made the call for a queue that is no more: it can't be held or handed over
	CodeDetached      Code = "detached"        // 409: calld was started anew in the middle of the talk: it can only be ended
)

// Problem is the body of every error.
type Problem struct { //nolint:errname // the word of RFC 9457
	Type   string        `json:"type" doc:"about:blank; see code" example:"about:blank"`
	Title  string        `json:"title" doc:"The status in words."`
	Status int           `json:"status"`
	Code   Code          `json:"code" doc:"Stable name of the error." example:"not_found"`
	Detail string        `json:"detail,omitempty" doc:"What is wrong and how to mend it."`
	Errors []*FieldError `json:"errors,omitempty" doc:"One entry for each faulty field."`
}

// FieldError is what is wrong with one field: what huma tells, and for plans,
// dial lists, campaigns and their files a code and the bounds.
type FieldError struct {
	Message  string             `json:"message,omitempty" doc:"What is wrong and how to mend it."`
	Location string             `json:"location,omitempty" doc:"Where, such as body.hours[0].from or path.id."`
	Value    any                `json:"value,omitempty" doc:"What was found there."`
	Code     campaign.FaultCode `json:"code,omitempty" doc:"Stable name of the kind of fault, of what is set up or loaded for campaigns."`
	Least    string             `json:"least,omitempty" doc:"The bound that was not kept, as it is written in the field."`
	Most     string             `json:"most,omitempty"`
}

func fieldError(d *huma.ErrorDetail) *FieldError {
	return &FieldError{Message: d.Message, Location: d.Location, Value: d.Value}
}

// Error gives the detail.
func (p *Problem) Error() string { return p.Detail }

// GetStatus gives the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType gives the media type of RFC 9457.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

func problem(status int, code Code, detail string) *Problem {
	return &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Code: code, Detail: detail}
}

func notFound(what, id string) *Problem {
	return problem(http.StatusNotFound, CodeNotFound, "there is no "+what+" "+id)
}

func forbidden(need string) *Problem {
	return problem(http.StatusForbidden, CodeForbidden, "only "+need+" may do this")
}

func codeOf(status int) Code {
	switch status {
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return CodeInvalid
	case http.StatusUnauthorized:
		return CodeUnauthorized
	case http.StatusForbidden:
		return CodeForbidden
	case http.StatusNotFound:
		return CodeNotFound
	case http.StatusMethodNotAllowed:
		return CodeMethod
	case http.StatusRequestEntityTooLarge:
		return CodeTooLarge
	case http.StatusUnsupportedMediaType:
		return CodeMediaType
	case http.StatusRequestedRangeNotSatisfiable:
		return CodeRange
	case http.StatusInternalServerError:
		return CodeInternal
	}
	return CodeOther
}

// Codes lists every code, for metrics and documentation.
func Codes() []Code {
	return []Code{
		CodeInvalid, CodeUnauthorized, CodeBadLogin, CodeForbidden, CodeNeedsAgent, CodeCrossOrigin, CodeNotFound, CodeMethod,
		CodeManagedByFile, CodeInUse, CodeCampaignState, CodeNobodyLeft, CodeStale,
		CodeDisposition, CodeClaimed, CodeResolved, CodeTooLarge, CodeMediaType, CodeBadConfig, CodeTooManyLogins, CodeInternal,
		CodeStore, CodeNoRecording, CodeRecordingNotReady, CodeRecordings, CodeRange, CodeOther,
		CodeNotBooked, CodeCallingBack, CodeNoNumber, CodeNoPhone, CodeNotTalking, CodeOffline, CodeBusy, CodePhoneAway, CodeAsterisk, CodeUnanswered,
		CodeTargetBusy, CodeTooManyDigits, CodeOrdered, CodeHeld, CodeNotHeld, CodeConsulting, CodeNotConsulting, CodeNotAnswered, CodeOutbound, CodeDetached,
	}
}

// refuse answers every request with a problem.
func (a *API) refuse(status int, code Code, detail string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "application/problem+json")
		h.Del("Content-Length")
		a.problems.Add(code)
		w.WriteHeader(status)
		if err := json.NewEncoder(w).Encode(problem(status, code, detail)); err != nil {
			a.log.Debug("error not written", "err", err)
		}
	}
}

// withProblems serves mux, but answers an unknown path and a wrong method
// with a problem.
func (a *API) withProblems(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pattern := mux.Handler(r); pattern == "" {
			w = &refusalWriter{ResponseWriter: w, api: a, request: r}
		}
		mux.ServeHTTP(w, r)
	})
}

// refusalWriter turns the refusals of a ServeMux into problems.
type refusalWriter struct {
	http.ResponseWriter
	api     *API
	request *http.Request
	done    bool
}

// WriteHeader writes the whole problem in place of a refusal.
func (w *refusalWriter) WriteHeader(status int) {
	detail := "there is no " + w.request.URL.Path
	switch status {
	case http.StatusNotFound:
	case http.StatusMethodNotAllowed:
		detail = w.request.URL.Path + " takes " + w.Header().Get("Allow")
	default:
		w.ResponseWriter.WriteHeader(status)
		return
	}
	w.done = true
	w.api.refuse(status, codeOf(status), detail)(w.ResponseWriter, w.request)
}

// Write drops the text of a refusal.
func (w *refusalWriter) Write(p []byte) (int, error) {
	if w.done {
		return len(p), nil
	}
	return w.ResponseWriter.Write(p)
}

// installProblems makes huma answer its own errors (validation, unknown
// formats) with a Problem too. Huma keeps this in a package variable.
var installProblems = sync.OnceFunc(func() {
	huma.NewError = func(status int, msg string, errs ...error) huma.StatusError {
		p := problem(status, codeOf(status), msg)
		for _, err := range errs {
			if err == nil {
				continue
			}
			var d huma.ErrorDetailer
			if errors.As(err, &d) {
				p.Errors = append(p.Errors, fieldError(d.ErrorDetail()))
			} else {
				p.Errors = append(p.Errors, &FieldError{Message: err.Error()})
			}
		}
		return p
	}
})
