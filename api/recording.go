package api

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"calld/mask"
	"calld/queue"
)

// settleTime is how long after its last change a recording without a final
// header is taken for one that Asterisk still writes. Audio comes every 20 ms;
// only a silent line, or a dead Asterisk, pauses for longer.
const settleTime = 10 * time.Second

func (a *API) registerRecordings(h huma.API) {
	const path = "/api/v1/calls/{id}/recording"
	huma.Register(h, huma.Operation{
		OperationID: "get-recording", Method: http.MethodGet, Path: path, Tags: []string{"history"},
		Summary: "The recording of an ended call",
		Description: "A WAV file. Parts of it can be asked for with Range. Who asks is written into the audit trail, once for " +
			"all parts of some minutes. While the call lives, and a moment longer, " +
			"there is no recording yet: recording_not_ready.",
		Responses: streamed("audio/wav"),
	}, func(ctx context.Context, in *idInput) (*huma.StreamResponse, error) {
		c, err := a.call(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		if !who(ctx).sees(c.Queue) { // it holds more than one's own part of the talk
			return nil, notFound("call", in.ID)
		}
		f, info, err := a.openRecording(c)
		if err != nil {
			return nil, err
		}
		if err := a.noteHearing(ctx, c); err != nil {
			return nil, errors.Join(err, f.Close())
		}
		return &huma.StreamResponse{Body: func(hc huma.Context) {
			defer f.Close() //nolint:errcheck // opened for reading
			a.sendRecording(hc, c, f, info)
		}}, nil
	})
	// Huma documents errors only where it is told of one good answer.
	answers := h.OpenAPI().Paths[path].Get.Responses
	answers["206"] = &huma.Response{Description: "The part asked for with Range", Content: answers["200"].Content}
}

// openRecording opens the file of an ended call; the error is a Problem.
func (a *API) openRecording(c queue.Call) (*os.File, fs.FileInfo, error) {
	notReady := problem(http.StatusNotFound, CodeRecordingNotReady, "the recording is being written; ask again after the call")
	switch {
	case c.Phase != queue.Ended:
		return nil, nil, notReady
	case c.Record == "":
		return nil, nil, problem(http.StatusNotFound, CodeNoRecording, "the call was not recorded")
	}
	f, info, err := openBelow(a.config().Asterisk.RecordingsHere, filepath.FromSlash(c.Record))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil, problem(http.StatusNotFound, CodeNoRecording, "the recording is not there any more")
	case err != nil:
		a.log.Error("recording not opened", "call_id", c.ID, "err", err)
		return nil, nil, problem(http.StatusServiceUnavailable, CodeRecordings,
			"the recording can't be read; the log of calld tells why")
	case time.Since(info.ModTime()) < settleTime && !finished(f, info.Size()):
		_ = f.Close() // opened for reading
		return nil, nil, notReady
	case info.Size() <= wavHeader:
		_ = f.Close()
		return nil, nil, problem(http.StatusNotFound, CodeNoRecording, "nothing was to be heard in the call")
	}
	return f, info, nil
}

// errNoFile says that a path names a folder, a pipe or the like.
var errNoFile = errors.New("api: not a regular file")

// openBelow opens a regular file below a folder. A path that leads out of the
// folder, by itself or by a symbolic link, is refused by os.Root.
func openBelow(folder, path string) (*os.File, fs.FileInfo, error) {
	root, err := os.OpenRoot(folder)
	if errors.Is(err, fs.ErrNotExist) { // not a matter of this recording alone
		return nil, nil, fmt.Errorf("api: the folder of the recordings is missing: %s", folder)
	} else if err != nil {
		return nil, nil, err
	}
	defer root.Close() //nolint:errcheck // opened for reading
	// Looked at before it is opened: opening a pipe would wait for a writer.
	switch info, err := root.Stat(path); {
	case err != nil:
		return nil, nil, err
	case !info.Mode().IsRegular():
		return nil, nil, fmt.Errorf("%w: %s", errNoFile, path)
	}
	f, err := root.Open(path)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return f, info, nil
}

// wavHeader is the size of the header that Asterisk writes, in bytes.
const wavHeader = 44

// finished reports whether the header of a WAV file tells its size. Asterisk
// fills it in when it closes the file (format_wav.c: wav_close).
func finished(f io.ReaderAt, size int64) bool {
	var header [wavHeader]byte
	if _, err := f.ReadAt(header[:], 0); err != nil {
		return false
	}
	length := int64(binary.LittleEndian.Uint32(header[wavHeader-4:]))
	return length > 0 && length <= size-wavHeader
}

// sendRecording answers with the file, or the part of it that is asked for.
func (a *API) sendRecording(hc huma.Context, c queue.Call, f io.ReadSeeker, info fs.FileInfo) {
	r, w := humago.Unwrap(hc)
	h := w.Header()
	h.Set("Content-Type", "audio/wav")
	// The browser asks each time whether it may still have it.
	h.Set("Cache-Control", "private, no-cache")
	h.Set("ETag", fmt.Sprintf(`"%x-%x"`, info.ModTime().UnixNano(), info.Size()))
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": a.recordingName(who(hc.Context()), c)}))
	a.log.Info("recording sent", "call_id", c.ID, "queue", c.Queue, "agent", who(hc.Context()).id,
		"method", r.Method, "range", r.Header.Get("Range"))
	http.ServeContent(&pieceWriter{
		ResponseWriter: w, pieces: deadlineWriter{w, http.NewResponseController(w)}, api: a, request: r,
	}, r, "", info.ModTime(), f)
}

// recordingName names the file that is downloaded: when, with whom, for whom.
func (a *API) recordingName(p *principal, c queue.Call) string {
	number := c.CustomerNumber()
	if a.masked(p) {
		number = mask.Number(number)
	}
	parts := slices.DeleteFunc(
		[]string{c.Begin.In(a.config().Server.Timezone).Format("20060102-150405"), number, c.Agent},
		func(s string) bool { return s == "" })
	return strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`/\:*?"<>|`, r) {
			return '_'
		}
		return r
	}, strings.Join(parts, "_")) + ".wav"
}

// pieceWriter gives each piece of a body its own time limit, and turns a
// refused range into a problem.
type pieceWriter struct {
	http.ResponseWriter
	pieces  io.Writer
	api     *API
	request *http.Request
	refused bool
}

// WriteHeader writes the whole problem in place of a refusal.
func (w *pieceWriter) WriteHeader(status int) {
	if status != http.StatusRequestedRangeNotSatisfiable {
		w.ResponseWriter.WriteHeader(status)
		return
	}
	w.refused = true
	w.Header().Del("Content-Disposition")
	w.api.refuse(status, CodeRange, "the recording has no such range; it has "+
		w.Header().Get("Content-Range"))(w.ResponseWriter, w.request)
}

// Write drops the text of a refusal.
func (w *pieceWriter) Write(p []byte) (int, error) {
	if w.refused {
		return len(p), nil
	}
	return w.pieces.Write(p)
}
