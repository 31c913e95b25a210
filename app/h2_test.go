package app

import (
	"context"
	"crypto/tls"
	"io"
	"math"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// pipes is a listener of connections within the test.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	if conn, ok := <-p; ok {
		return conn, nil
	}
	return nil, net.ErrClosed
}
func (p pipes) Close() error { return nil }
func (pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "pipe"} }

// TestH2LetsGo: whoever takes nothing of what is answered over HTTP/2 loses the
// connection, and nobody has great frames held.
func TestH2LetsGo(t *testing.T) {
	s := newSite(t)
	roots, pair := s.certificate()
	app := s.app()
	for _, tt := range []struct {
		name  string
		begin func(*http2.Framer, []byte)
		reads bool
		limit time.Duration
	}{
		{"nothing read", func(f *http2.Framer, ask []byte) {
			_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: ask, EndStream: true, EndHeaders: true})
		}, false, answerTime + 10*time.Second},
		{"a great frame", func(f *http2.Framer, ask []byte) {
			_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: ask, EndHeaders: true})
			_ = f.WriteRawFrame(http2.FrameData, 0, 1, make([]byte, h2Frame+1)) // it may be ended before it is whole
		}, true, 10 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := app.httpServer(app.inTime(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					_, _ = io.WriteString(w, strings.Repeat("A", 1<<20))
				})))
				closed := make(chan struct{})
				server.ConnState = func(_ net.Conn, state http.ConnState) {
					if state == http.StateClosed {
						close(closed)
					}
				}
				listener := make(pipes, 1)
				go server.Serve(tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{pair}, NextProtos: []string{"h2"}, MinVersion: tls.VersionTLS12}))
				theirs, ours := net.Pipe()
				listener <- theirs
				conn := tls.Client(ours, &tls.Config{RootCAs: roots, ServerName: "127.0.0.1", NextProtos: []string{"h2"}, MinVersion: tls.VersionTLS12})
				if err := conn.HandshakeContext(t.Context()); err != nil {
					t.Fatal(err)
				}
				began := time.Now()
				reading, stop := context.WithCancel(t.Context())
				go func() { // a pipe holds nothing: what begins is read in any case
					buf := make([]byte, 64)
					for n := 0; tt.reads || n < 1000; {
						k, err := conn.Read(buf)
						if n += k; err != nil {
							return
						}
					}
					<-reading.Done()
				}()
				var ask strings.Builder
				fields := hpack.NewEncoder(&ask)
				for _, f := range [][2]string{{":method", "POST"}, {":scheme", "https"}, {":authority", "x"}, {":path", "/"}} {
					if err := fields.WriteField(hpack.HeaderField{Name: f[0], Value: f[1]}); err != nil {
						t.Fatal(err)
					}
				}
				framer := http2.NewFramer(conn, nil)
				_, err := io.WriteString(conn, http2.ClientPreface)
				if err == nil {
					err = framer.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: math.MaxInt32})
				}
				if err != nil {
					t.Fatal(err)
				}
				tt.begin(framer, []byte(ask.String()))
				select {
				case <-closed:
				case <-time.After(2 * tt.limit):
				}
				if took := time.Since(began); took > tt.limit {
					t.Errorf("kept for %s or longer, want at most %s", took, tt.limit)
				}
				stop()
				_ = conn.NetConn().Close() // whoever was first
				close(listener)
				if err := server.Close(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}
