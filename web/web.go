// Package web holds the browser pages and serves them from the binary.
//
// The pages are built into dist by make and are not in the repository; a
// binary built without them serves a plain status page in their place, so that
// go build ./... works without Node.
package web

import (
	"embed"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

//go:embed all:dist
var dist embed.FS

//go:embed status
var plain embed.FS

// contentSecurityPolicy lets a page load and talk to nothing but calld.
const contentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
	"font-src 'self'; media-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Handler serves the pages.
func Handler() http.Handler { return handler(pages()) }

func handler(files fs.FS) http.Handler {
	server := http.FileServerFS(files)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentSecurityPolicy)
		h.Set("Permissions-Policy", "microphone=(self), camera=(), geolocation=()")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cache-Control", "no-cache")
		name := strings.TrimPrefix(path.Clean("/"+r.URL.Path), "/")
		switch {
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			h.Set("Allow", "GET, HEAD")
			http.Error(w, "pages can only be read", http.StatusMethodNotAllowed)
			return
		case name == "": // the index
		case !isPage(files, name):
			http.NotFound(w, r)
			return
		case strings.HasPrefix(name, "assets/"):
			// Vite puts a hash of the content into these names.
			h.Set("Cache-Control", "public, max-age=31536000, immutable")
		}
		server.ServeHTTP(w, r)
	})
}

// isPage reports whether there is a file of that name to be served: a folder's
// list is not, nor is what begins with a dot.
func isPage(files fs.FS, name string) bool {
	info, err := fs.Stat(files, name)
	return err == nil && info.Mode().IsRegular() && !strings.HasPrefix(path.Base(name), ".")
}

// pages is the built pages, or the plain one without them.
func pages() fs.FS {
	if built, err := fs.Sub(dist, "dist"); err == nil {
		if _, err := fs.Stat(built, "index.html"); err == nil {
			return built
		}
	}
	status, err := fs.Sub(plain, "status")
	if err != nil {
		panic(err) // the folder is compiled in
	}
	return status
}
