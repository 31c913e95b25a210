package api

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"calld/campaign"
)

const (
	// MaxUpload bounds a file that is loaded, in bytes: more than 100,000
	// entries with all they may carry on average.
	MaxUpload = 128 << 20
	// loadBatch is how many lines one transaction writes. Calls that are
	// written meanwhile wait for one at the most, some 15 ms.
	loadBatch = 250
)

// UploadBody is a body that is read while it arrives. (It has a public name
// because huma sees no resolvers in embedded types that have none.)
type UploadBody struct {
	body        io.Reader
	contentType string
}

// Resolve takes the body before anybody reads it.
func (u *UploadBody) Resolve(ctx huma.Context) []error {
	r, w := humago.Unwrap(ctx)
	pieces := deadlineReader{r.Body, http.NewResponseController(w)}
	u.body = http.MaxBytesReader(w, pieces, MaxUpload)
	u.contentType = ctx.Header("Content-Type")
	return nil
}

// deadlineReader gives each read its own time limit.
type deadlineReader struct {
	io.ReadCloser
	control *http.ResponseController
}

func (r deadlineReader) Read(p []byte) (int, error) {
	err := r.control.SetReadDeadline(time.Now().Add(stallTime))
	if err != nil && !errors.Is(err, http.ErrNotSupported) {
		return 0, err
	}
	return r.ReadCloser.Read(p)
}

// kind tells whether the body is CSV, else JSON, and its charset if that is
// said; anything else is refused.
func (u *UploadBody) kind() (isCSV bool, charset string, err error) {
	media, params, err := mime.ParseMediaType(u.contentType)
	if err == nil {
		switch media {
		case "text/csv", "text/plain", "application/vnd.ms-excel": // as browsers call CSV on some systems
			return true, params["charset"], nil
		case "application/json":
			return false, "", nil
		}
	}
	return false, "", problem(http.StatusUnsupportedMediaType, CodeMediaType, "send text/csv or application/json as Content-Type")
}

// describeUpload describes the body of an upload in the document. It is told
// after the operation is registered, or else huma would read and check it.
func describeUpload(h huma.API, path, csvText string, jsonSchema *huma.Schema) {
	h.OpenAPI().Paths[path].Post.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
		"text/csv":         {Schema: &huma.Schema{Type: huma.TypeString, Description: csvText}},
		"application/json": {Schema: jsonSchema},
	}}
}

func textSchema(description string) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Description: description}
}

// batch collects what was read until a transaction is worth it.
type batch[T any] struct {
	report campaign.Upload
	values []T
	lines  []int
	// write writes values and tells, for each that is refused, its fault.
	write func(values []T) (refused map[int]campaign.Fault, err error)
}

func (b *batch[T]) take(line int, v T, faults campaign.Faults) error {
	if len(faults) > 0 {
		b.report.Refuse(line, faults...)
		return nil
	}
	b.values, b.lines = append(b.values, v), append(b.lines, line)
	if len(b.values) < loadBatch {
		return nil
	}
	return b.flush()
}

func (b *batch[T]) flush() error {
	if len(b.values) == 0 {
		return nil
	}
	refused, err := b.write(b.values)
	if err != nil {
		return err
	}
	for i := range b.values {
		if f, ok := refused[i]; ok {
			b.report.Duplicates++
			b.report.Refuse(b.lines[i], f)
		} else {
			b.report.Added++
		}
	}
	b.values, b.lines = b.values[:0], b.lines[:0]
	return nil
}

// load reads a body to its end. A file that breaks off in the middle keeps
// what came before, and says so; one that can't be read at all is a problem.
func (b *batch[T]) load(ctx context.Context, a *API, read func(take func(int, T, campaign.Faults) error) error) (campaign.Upload, error) {
	b.report.Faults = []campaign.LineFault{}
	err := read(b.take)
	var bad *campaign.FormatError
	var tooLarge *http.MaxBytesError
	kept := b.report.Added+b.report.Refused+len(b.values) > 0
	switch {
	case errors.As(err, &bad) && !kept:
		return b.report, unreadable(bad)
	case errors.As(err, &bad):
		b.report.Broken, b.report.BrokenCode, err = bad.Error(), bad.Code, nil
	case errors.As(err, &tooLarge) && kept:
		b.report.Broken, b.report.BrokenCode, err = "the file is too large; send the rest as another", campaign.FaultTooLarge, nil
	}
	if err == nil {
		err = b.flush()
	}
	if err != nil && ctx.Err() == nil {
		return b.report, a.outboundError(err)
	}
	return b.report, err
}

// unreadable is the problem of a file of which nothing can be read.
func unreadable(bad *campaign.FormatError) *Problem {
	p := problem(http.StatusUnprocessableEntity, CodeInvalid, bad.Error())
	p.Errors = []*FieldError{{Location: "body", Message: bad.Error(), Code: bad.Code}}
	return p
}

// duplicate is the fault of a line that repeats what the list has.
func duplicate(err error) campaign.Fault {
	var d *campaign.DuplicateError
	if !errors.As(err, &d) {
		return campaign.Fault{Text: err.Error()}
	}
	return campaign.Fault{Field: d.Field, Code: campaign.FaultDuplicate, Text: strings.Join([]string{d.Value, "is in the list already, in entry", d.Entry + "; remove the line, or load it into another list"}, " ")}
}
