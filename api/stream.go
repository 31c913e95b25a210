package api

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// stallTime is how long a client may take in one piece of a stream. A backup
// keeps the store from reusing pages while it is under way.
const stallTime = 30 * time.Second

// stream answers with a body that is written piece by piece.
func stream(contentType string, write func(ctx context.Context, w io.Writer) error, log *slog.Logger) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		ctx.SetHeader("Content-Type", contentType)
		_, w := humago.Unwrap(ctx)
		err := write(ctx.Context(), deadlineWriter{w, http.NewResponseController(w)})
		if err == nil {
			return
		}
		// The status has gone out already: break the connection, so that
		// nobody takes the part for the whole.
		log.Warn("streaming broke off", "err", err)
		panic(http.ErrAbortHandler)
	}}
}

// streamed documents what stream answers with.
func streamed(contentTypes ...string) map[string]*huma.Response {
	content := map[string]*huma.MediaType{}
	for _, t := range contentTypes {
		content[t] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
	}
	return map[string]*huma.Response{"200": {Description: "OK", Content: content}}
}

// deadlineWriter gives each write its own time limit.
type deadlineWriter struct {
	io.Writer
	control *http.ResponseController
}

func (w deadlineWriter) Write(p []byte) (int, error) {
	err := w.control.SetWriteDeadline(time.Now().Add(stallTime))
	if err != nil && !errors.Is(err, http.ErrNotSupported) {
		return 0, err
	}
	return w.Writer.Write(p)
}
