package api

import (
	"errors"
	"net/http"
	"sync"

	"github.com/danielgtaylor/huma/v2"
)

// Code is the stable name of an error: programs may rely on it.
type Code string

// The codes of every error that the API answers with.
const (
	CodeInvalid       Code = "invalid_request"    // 400, 422: see errors for the field
	CodeUnauthorized  Code = "unauthorized"       // 401: no session, or it is over
	CodeBadLogin      Code = "bad_login"          // 401: wrong id or password
	CodeForbidden     Code = "forbidden"          // 403: the role does not allow it
	CodeNotFound      Code = "not_found"          // 404
	CodeClaimed       Code = "claimed_by_other"   // 409: somebody else works on it
	CodeResolved      Code = "already_resolved"   // 409: the missed call is done with
	CodeTooManyLogins Code = "too_many_logins"    // 429
	CodeBadConfig     Code = "bad_configuration"  // 422: see errors for each fault
	CodeStore         Code = "store_unavailable"  // 503: the disk is full or failing
	CodeInternal      Code = "internal_error"     // 500
	CodeOther         Code = "request_refused"    // any other status the framework answers with
	codeTooLarge      Code = "body_too_large"     // 413
	codeMethod        Code = "method_not_allowed" // 405
	codeMediaType     Code = "unsupported_media"  // 415
)

// Problem is the body of every error.
type Problem struct {
	Type   string              `json:"type" doc:"about:blank; see code" example:"about:blank"`
	Title  string              `json:"title" doc:"The status in words."`
	Status int                 `json:"status"`
	Code   Code                `json:"code" doc:"Stable name of the error." example:"not_found"`
	Detail string              `json:"detail,omitempty" doc:"What is wrong and how to mend it."`
	Errors []*huma.ErrorDetail `json:"errors,omitempty" doc:"One entry for each faulty field."`
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
		return codeMethod
	case http.StatusRequestEntityTooLarge:
		return codeTooLarge
	case http.StatusUnsupportedMediaType:
		return codeMediaType
	case http.StatusInternalServerError:
		return CodeInternal
	}
	return CodeOther
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
				p.Errors = append(p.Errors, d.ErrorDetail())
			} else {
				p.Errors = append(p.Errors, &huma.ErrorDetail{Message: err.Error()})
			}
		}
		return p
	}
})
