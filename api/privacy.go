package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"calld/config"
	"calld/store"
)

// ForgetAnswer is what there is of a person, or was.
type ForgetAnswer struct {
	Done bool `json:"done" doc:"It has been removed; false: it has been counted."`
	store.Forgotten
}

func (a *API) registerPrivacy(h huma.API) {
	huma.Register(h, huma.Operation{
		OperationID: "forget", Method: http.MethodPost, Path: "/api/v1/privacy/forget", Tags: []string{"admin"},
		Summary: "Remove what there is of one person", MaxBodyBytes: MaxBody,
		Description: "For admins. Ended calls from and to the number, with their memos, recordings and missed calls, entries of dial lists, " +
			"results of campaigns and events for webhooks are removed, and the number is taken out of the audit trail and of calls that were handed to it. Without confirm it is only counted. That it was done is audited, " +
			"with the last two digits alone.",
	}, a.forget)
}

func (a *API) forget(ctx context.Context, in *struct {
	Body struct {
		Number  string `json:"number" minLength:"3" maxLength:"64" doc:"However it is written, but with or without the country code as it came." example:"010-1234-5678"`
		Confirm bool   `json:"confirm,omitempty" doc:"Remove it. Without, it is only counted."`
	}
},
) (*struct{ Body ForgetAnswer }, error) {
	if err := need(ctx, config.RoleAdmin); err != nil {
		return nil, err
	}
	n := config.NormalNumber(in.Body.Number)
	if len([]rune(n)) < 3 {
		return nil, invalid("body.number", "write the person's whole number")
	}
	if !in.Body.Confirm {
		found, err := a.store.CountPerson(ctx, n)
		if err != nil {
			return nil, a.storeError(err)
		}
		return &struct{ Body ForgetAnswer }{ForgetAnswer{Forgotten: found}}, nil
	}
	digits := []rune(n)
	var found store.Forgotten
	err := a.audited(ctx, store.Audit{Action: "forget", Detail: "…" + string(digits[len(digits)-2:])}, func() (err error) {
		// What was begun is finished, even if whoever asked goes.
		found, err = a.forgetPerson(context.WithoutCancel(ctx), n)
		if recording, ok := errors.AsType[*RecordingError](err); ok {
			a.log.Error("recording of a person to be forgotten not removed", "err", recording.Err)
			return problem(http.StatusServiceUnavailable, CodeRecordings,
				fmt.Sprintf("a recording can't be removed; the log of calld tells why. %d calls were removed until then: ask again", found.Calls))
		}
		if err != nil {
			return a.storeError(err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &struct{ Body ForgetAnswer }{ForgetAnswer{Done: true, Forgotten: found}}, nil
}

// RecordingError says that the recording of a person to be forgotten could not
// be removed.
type RecordingError struct{ Err error }

func (e *RecordingError) Error() string { return "api: recording not removed: " + e.Err.Error() }

// Unwrap gives the reason.
func (e *RecordingError) Unwrap() error { return e.Err }
