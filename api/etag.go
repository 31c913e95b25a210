package api

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// etag is the entity tag of what can be edited (RFC 9110 section 8.8.3): equal
// values have equal tags.
func etag(values ...any) string {
	text, err := json.Marshal(values)
	if err != nil {
		panic(fmt.Errorf("api: entity tag: %w", err)) // only of texts, lists and flags
	}
	h := sha256.Sum256(text)
	return `"` + base64.RawURLEncoding.EncodeToString(h[:12]) + `"`
}

// IfMatch makes a change depend on what is there. (It has a public name because
// huma reads no parameters from embedded types that have none.)
type IfMatch struct {
	Tags string `header:"If-Match" maxLength:"1000" doc:"The ETag that the change is based on. If it is another one by now, nothing is changed: 412, stale."`
}

// check refuses a change when the tag of what is there is none of the wanted.
// A weak tag never matches (RFC 9110 section 13.1.1).
func (m IfMatch) check(current string) error {
	if m.Tags == "" || strings.TrimSpace(m.Tags) == "*" {
		return nil
	}
	for tag := range strings.SplitSeq(m.Tags, ",") {
		if strings.TrimSpace(tag) == current {
			return nil
		}
	}
	return problem(http.StatusPreconditionFailed, CodeStale, "somebody has changed it since; read it again, and change that")
}
