package api

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
)

//go:embed docs.html
var docsText string

//go:embed docs.css
var docsStyle string

// serveDocs serves the OpenAPI document and a page that people can read. The
// page loads nothing, from here or elsewhere.
func serveDocs(mux *http.ServeMux, api *huma.OpenAPI) {
	// Made when first asked for, which many servers never are.
	made := sync.OnceValues(func() (document, page []byte) {
		document, err := json.Marshal(api)
		if err != nil {
			panic(fmt.Errorf("api: OpenAPI document: %w", err)) // made of compiled types
		}
		return document, docsPage(api)
	})
	hash := sha256.Sum256([]byte(docsStyle))
	policy := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) +
		"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	mux.HandleFunc("GET /api/openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		document, _ := made()
		w.Header().Set("Content-Type", "application/openapi+json")
		_, _ = w.Write(document) // the client may be gone: nothing to be done
	})
	mux.HandleFunc("GET /api/docs", func(w http.ResponseWriter, _ *http.Request) {
		_, page := made()
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", policy)
		_, _ = w.Write(page)
	})
}

// docsOperation is one operation as the page shows it.
type docsOperation struct {
	Method, Path                  string
	ID, Tag, Summary, Description string
	Fields                        []docsField
	Answers                       []string
}

// docsField is a parameter of an operation, or a field of its body.
type docsField struct {
	Name, In, Type, Description string
	Required                    bool
}

func docsPage(api *huma.OpenAPI) []byte {
	var page bytes.Buffer
	err := template.Must(template.New("docs").Parse(docsText)).Execute(&page, map[string]any{
		"Version": api.Info.Version, "Style": template.CSS(docsStyle), "Operations": docsOperations(api), "Codes": Codes(),
	})
	if err != nil {
		panic(fmt.Errorf("api: documentation page: %w", err))
	}
	return page.Bytes()
}

func docsOperations(api *huma.OpenAPI) []docsOperation {
	var list []docsOperation
	for path, item := range api.Paths {
		for method, op := range operations(item) {
			d := docsOperation{
				Method: method, Path: path, ID: op.OperationID, Tag: strings.Join(op.Tags, ", "),
				Summary: op.Summary, Description: op.Description,
			}
			for _, p := range op.Parameters {
				d.Fields = append(d.Fields, field(p.Name, p.In, p.Schema, cmp.Or(p.Description, p.Schema.Description), p.Required))
			}
			if op.RequestBody != nil {
				d.Fields = append(d.Fields, bodyFields(api, op.RequestBody)...)
			}
			for status, r := range op.Responses {
				d.Answers = append(d.Answers, status+" "+r.Description)
			}
			slices.Sort(d.Answers)
			list = append(list, d)
		}
	}
	slices.SortFunc(list, func(a, b docsOperation) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Method, b.Method))
	})
	return list
}

// operations lists the operations of a path by method.
func operations(item *huma.PathItem) map[string]*huma.Operation {
	all := map[string]*huma.Operation{
		http.MethodGet: item.Get, http.MethodPost: item.Post, http.MethodPut: item.Put,
		http.MethodPatch: item.Patch, http.MethodDelete: item.Delete,
	}
	for method, op := range all {
		if op == nil {
			delete(all, method)
		}
	}
	return all
}

func bodyFields(api *huma.OpenAPI, body *huma.RequestBody) []docsField {
	var list []docsField
	for _, media := range body.Content {
		s := media.Schema
		if s.Ref != "" {
			s = api.Components.Schemas.SchemaFromRef(s.Ref)
		}
		for name, p := range s.Properties {
			list = append(list, field(name, "body", p, p.Description, slices.Contains(s.Required, name)))
		}
	}
	slices.SortFunc(list, func(a, b docsField) int { return cmp.Compare(a.Name, b.Name) })
	return list
}

func field(name, in string, s *huma.Schema, description string, required bool) docsField {
	kind := s.Type
	if s.Format != "" {
		kind += " (" + s.Format + ")"
	}
	if len(s.Enum) > 0 {
		words := make([]string, len(s.Enum))
		for i, v := range s.Enum {
			words[i] = fmt.Sprint(v)
		}
		kind = strings.Join(words, " | ")
	}
	if s.Default != nil {
		kind += fmt.Sprintf(", default %v", s.Default)
	}
	return docsField{Name: name, In: in, Type: kind, Description: description, Required: required}
}
