package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"

	"calld/api"
)

// openAPI is the API's own description, with what it does not tell of the Go
// types filled in: the closed lists of named string types, and which lists are
// never null.
func openAPI(src *source) ([]byte, error) {
	h := api.New(api.Options{Version: "1", Log: slog.New(slog.DiscardHandler)}).Handler()
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, httptest.NewRequestWithContext(context.Background(), http.MethodGet, "/api/openapi.json", http.NoBody))
	if answer.Code != http.StatusOK {
		return nil, fmt.Errorf("/api/openapi.json: status %d", answer.Code)
	}
	var doc map[string]any
	if err := json.Unmarshal(answer.Body.Bytes(), &doc); err != nil {
		return nil, err
	}
	for name, schema := range object(object(doc["components"])["schemas"]) {
		t := src.schemaType(name)
		if t == nil {
			continue // an unnamed struct
		}
		fields, err := src.fields(t)
		if err != nil {
			return nil, err
		}
		properties := object(object(schema)["properties"])
		for _, f := range fields {
			if f.omitEmpty {
				notNull(object(properties[f.name]))
			}
			if values := src.values[src.find(f.pkg, f.expr)]; values != nil {
				object(properties[f.name])["enum"] = texts(values)
			}
		}
	}
	return json.MarshalIndent(doc, "", "  ")
}

// schemaType finds the struct that a schema was made from; schemas have the
// names of their types.
func (s *source) schemaType(name string) *typeDecl {
	for _, pkg := range []string{"campaign", "pacing", "hours", "queue", "store", "config", "report", "webhook", "api"} {
		if t := s.types[pkg+"."+name]; t != nil {
			return t
		}
	}
	return nil
}

// notNull takes null from the types of a list: a nil one is left out.
func notNull(property map[string]any) {
	if types, ok := property["type"].([]any); ok && len(types) == 2 && types[1] == "null" {
		property["type"] = types[0]
	}
}

func texts(values []value) []string {
	list := make([]string, len(values))
	for i, v := range values {
		list[i] = v.text
	}
	return list
}

// object is v as a JSON object; an empty one when it is none.
func object(v any) map[string]any {
	if m, ok := v.(map[string]any); ok {
		return m
	}
	return map[string]any{}
}
