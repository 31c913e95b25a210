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
)

//go:embed all:dist
var dist embed.FS

//go:embed status
var plain embed.FS

// contentSecurityPolicy lets a page load and talk to nothing but calld.
const contentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
	"font-src 'self'; media-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Handler serves the pages.
func Handler() http.Handler {
	files := http.FileServerFS(pages())
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentSecurityPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cache-Control", "no-cache")
		files.ServeHTTP(w, r)
	})
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
