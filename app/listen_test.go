package app

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"calld/config"
	"calld/test/lab"
)

// TestListenFaults: an address that can't be had is told by its key, and the
// store is free again.
func TestListenFaults(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	addr := taken.Addr().String()
	tests := map[string]struct{ old, new, want string }{
		"http":      {`http = "127.0.0.1:0"`, `http = "` + addr + `"`, "server.http: "},
		"agi":       {`agi = "127.0.0.1:0"`, `agi = "` + addr + `"`, "server.agi: "},
		"admin":     {`admin_socket = "s"`, `admin_socket = "calld.toml"`, "server.admin_socket: "},
		"no folder": {`admin_socket = "s"`, `admin_socket = "none/s"`, "server.admin_socket: "},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.write(centreConfig, tt.old, tt.new)
			err := s.app().Run(t.Context())
			if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
				t.Errorf("error %v, want %s…", err, tt.want)
			}
			s.write(centreConfig)
			s.app() // the store can be opened
		})
	}
}

// TestListenLimit: no more connections than the limit are served at once; the
// next waits for one to be closed.
func TestListenLimit(t *testing.T) {
	l, err := listenHTTP(t.Context(), config.Server{HTTP: "127.0.0.1:0"}, newCrowds(10, func() []netip.Prefix { return nil }), 1)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	accepted := make(chan net.Conn)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				close(accepted)
				return
			}
			accepted <- c
		}
	}()
	for range 2 {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	first := <-accepted
	select {
	case <-accepted:
		t.Fatal("a second connection is served beside the first")
	default:
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if second := <-accepted; second != nil {
		defer second.Close()
	} else {
		t.Fatal("the second connection is never served")
	}
}

func TestListenAdmin(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "s")
	first, err := listenAdmin(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := listenAdmin(t.Context(), path); err == nil || !strings.Contains(err.Error(), "another calld serves "+path) {
		t.Errorf("a second server: %v", err)
	}
	// A crash: the file stays, nobody answers.
	if err := first.(*adminListener).Listener.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatal(err)
	}
	second, err := listenAdmin(t.Context(), path)
	if err != nil {
		t.Fatalf("what a crash left is not replaced: %v", err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if err := second.Close(); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
	if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := listenAdmin(t.Context(), path); err == nil {
		t.Error("a file is replaced")
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "precious" {
		t.Errorf("the file is now %q, %v", text, err)
	}
}

// certificate makes a certificate for 127.0.0.1 in two files of the site.
func (s *site) certificate() (*x509.CertPool, tls.Certificate) {
	s.t.Helper()
	roots, err := lab.Certify(s.dir)
	if err != nil {
		s.t.Fatal(err)
	}
	pair, err := tls.LoadX509KeyPair(s.path("cert.pem"), s.path("key.pem"))
	if err != nil {
		s.t.Fatal(err)
	}
	return roots, pair
}

// TestTLS: with a certificate the pages are served over TLS alone, by HTTP/2
// too, and the session cookie is Secure.
func TestTLS(t *testing.T) {
	s := newSite(t)
	pool, _ := s.certificate()
	s.write(centreConfig, "[asterisk]\n", "[server.tls]\ncertificate = \"cert.pem\"\nkey = \"key.pem\"\n[asterisk]\n")
	r := s.run()
	base := strings.Replace(r.url, "http:", "https:", 1)
	for _, h2 := range []bool{false, true} {
		client := &http.Client{Transport: &http.Transport{
			TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: h2,
		}}
		answer, err := client.Post(base+"/api/v1/session", "application/json", strings.NewReader(`{"id":"홍길동","password":"right"}`))
		if err != nil {
			t.Fatal(err)
		}
		if err := answer.Body.Close(); err != nil {
			t.Fatal(err)
		}
		if cookies := answer.Cookies(); len(cookies) != 1 || !cookies[0].Secure || (answer.ProtoMajor == 2) != h2 {
			t.Errorf("%s: cookies %v", answer.Proto, cookies)
		}
		client.CloseIdleConnections()
	}
	if answer, err := http.Get(r.url + "/healthz"); err == nil {
		answer.Body.Close()
		if answer.StatusCode == http.StatusOK {
			t.Error("plain HTTP is served too")
		}
	}
	r.stop()
	if err := r.ended(); err != nil {
		t.Error(err)
	}

	s.write(read(t, s.path("calld.toml"))) // and a pair that goes bad between check and start
	a := s.app()
	if err := os.WriteFile(s.path("key.pem"), []byte("rubbish"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := a.Run(t.Context()); err == nil || !strings.HasPrefix(err.Error(), "server.tls: ") {
		t.Errorf("with a bad key: %v", err)
	}
}
