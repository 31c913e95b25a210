package web

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
)

func ask(h http.Handler, method, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	r := httptest.NewRequest(method, "http://calld/", http.NoBody)
	r.URL.Path = path
	h.ServeHTTP(w, r)
	return w
}

func TestHandler(t *testing.T) {
	h := handler(fstest.MapFS{
		"index.html": {Data: []byte("<html>")}, ".gitkeep": {}, "icon.svg": {Data: []byte("<svg/>")},
		"assets/index-abc.js": {Data: []byte("1")}, "assets/.secret": {},
	})
	tests := map[string]struct {
		method, path string
		status       int
		kind, cache  string
	}{
		"index":          {"GET", "/", 200, "text/html; charset=utf-8", "no-cache"},
		"index, head":    {"HEAD", "/", 200, "text/html; charset=utf-8", "no-cache"},
		"file":           {"GET", "/icon.svg", 200, "image/svg+xml", "no-cache"},
		"hashed":         {"GET", "/assets/index-abc.js", 200, "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"},
		"unknown":        {"GET", "/nothing", 404, "", ""},
		"unknown hashed": {"GET", "/assets/index-old.js", 404, "", "no-cache"}, // a page of before an update
		"folder":         {"GET", "/assets", 404, "", ""},
		"folder's list":  {"GET", "/assets/", 404, "", ""},
		"dot":            {"GET", "/.gitkeep", 404, "", ""},
		"dot below":      {"GET", "/assets/.secret", 404, "", ""},
		"above":          {"GET", "/../web.go", 404, "", ""},
		"far above":      {"GET", "/assets/../../../etc/passwd", 404, "", ""},
		"no path":        {"GET", "", 200, "text/html; charset=utf-8", "no-cache"},
		"post":           {"POST", "/", 405, "", ""},
		"delete":         {"DELETE", "/icon.svg", 405, "", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := ask(h, tt.method, tt.path)
			if w.Code != tt.status {
				t.Fatalf("status %d, want %d: %s", w.Code, tt.status, w.Body)
			}
			if tt.kind != "" && w.Header().Get("Content-Type") != tt.kind {
				t.Errorf("type %q, want %q", w.Header().Get("Content-Type"), tt.kind)
			}
			if tt.cache != "" && w.Header().Get("Cache-Control") != tt.cache {
				t.Errorf("cache %q, want %q", w.Header().Get("Cache-Control"), tt.cache)
			}
			for header, want := range map[string]string{
				"Content-Security-Policy": contentSecurityPolicy, "X-Content-Type-Options": "nosniff",
				"Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin",
				"Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
			} {
				if got := w.Header().Get(header); got != want {
					t.Errorf("%s: %q, want %q", header, got, want)
				}
			}
		})
	}
}

// TestPolicy: pages load from calld alone, and run no script of their own
// text.
func TestPolicy(t *testing.T) {
	for directive := range strings.SplitSeq(contentSecurityPolicy, "; ") {
		name, sources, _ := strings.Cut(directive, " ")
		for source := range strings.FieldsSeq(sources) {
			if source != "'self'" && source != "'none'" && (name != "img-src" || source != "data:") {
				t.Errorf("%s allows %s", name, source)
			}
		}
	}
	for _, want := range []string{"default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", "form-action 'none'"} {
		if !strings.Contains(contentSecurityPolicy, want) {
			t.Errorf("no %s", want)
		}
	}
}

// TestPages: every page in the binary fits the policy, and what it names is
// there. Without a build that is the plain status page.
func TestPages(t *testing.T) {
	status, err := fs.Sub(plain, "status")
	if err != nil {
		t.Fatal(err)
	}
	for name, files := range map[string]fs.FS{"built, or plain": pages(), "plain": status} {
		t.Run(name, func(t *testing.T) {
			index, err := fs.ReadFile(files, "index.html")
			if err != nil {
				t.Fatal(err)
			}
			if inline := regexp.MustCompile(`(?i)<style|<script>|style="| on\w+="|javascript:`).Find(index); inline != nil {
				t.Errorf("the policy forbids %q", inline)
			}
			for _, m := range regexp.MustCompile(`(?:src|href)="([^"]*)"`).FindAllSubmatch(index, -1) {
				if w := ask(handler(files), http.MethodGet, path.Join("/", string(m[1]))); w.Code != http.StatusOK {
					t.Errorf("%s: %d", m[1], w.Code)
				}
			}
		})
	}
}

// TestNoRawHTML: the pages write what callers and agents say as text; nothing in
// their source takes a text for HTML.
func TestNoRawHTML(t *testing.T) {
	raw := regexp.MustCompile(`\{@html|innerHTML|outerHTML|insertAdjacentHTML|document\.write|srcdoc|\beval\(|new Function`)
	files := 0
	err := fs.WalkDir(os.DirFS("src"), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files++
		text, err := os.ReadFile(path.Join("src", name))
		if found := raw.Find(text); found != nil {
			t.Errorf("src/%s has %s", name, found)
		}
		return err
	})
	if err != nil || files == 0 {
		t.Errorf("%d files read, %v", files, err)
	}
}
