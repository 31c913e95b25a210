package main

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// api STATUS TOKEN METHOD PATH [BODY]: asks the REST API with a token; @FILE is
// the one that stands in a file.
func askAPI(ts *testscript.TestScript, neg bool, args []string) {
	token := args[1]
	if file, ok := strings.CutPrefix(token, "@"); ok {
		token = strings.TrimSpace(ts.ReadFile(file))
	}
	body := strings.Join(args[4:], "")
	r, err := http.NewRequest(args[2], "http://"+ts.Getenv("HTTP")+"/api/v1"+args[3], strings.NewReader(body))
	ts.Check(err)
	r.Header.Set("Authorization", "Bearer "+token)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(r)
	ts.Check(err)
	ts.Check(resp.Body.Close())
	if got := strconv.Itoa(resp.StatusCode); got != args[0] || neg {
		ts.Fatalf("status %s, want %s", got, args[0])
	}
}
