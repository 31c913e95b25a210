package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// What kim of desk must never see, nor a program with the rights of desk: of
// billing's calls the numbers and what was noted. (The calls' ids are added.)
const (
	secretNumber = "0109990001"
	secretMissed = "0109990002"
	secretMemo   = "billing's own memo"
)

func rightsAttacks() []attack {
	return []attack{
		{"http", "rights: reading another queue", readOthers},
		{"http", "rights: changing another queue", changeOthers},
		{"http", "rights: /dtmf and /transfer", digitServer},
		{"http", "rights: guessed tokens", guessedTokens},
	}
}

// plant has billing take one call with a memo and miss another; it returns
// what must not be seen.
func (c *office) plant(ctx context.Context, root asker) (ids, secrets []string, err error) {
	began := time.Now()
	if _, err := c.callBilling(ctx, caller{number: secretNumber}); err != nil {
		return nil, nil, err
	}
	call, err := c.ended(ctx, root, began)
	if err != nil {
		return nil, nil, err
	}
	if got := root.do(ctx, http.MethodPatch, "/api/v1/calls/"+call.ID, map[string]string{"memo": secretMemo}); got.status != http.StatusOK {
		return nil, nil, fmt.Errorf("memo: %v", got)
	}
	if err := c.page("park").State(ctx, "away", ""); err != nil {
		return nil, nil, err
	}
	began = time.Now()
	if _, err := c.callBilling(ctx, caller{number: secretMissed}); err == nil {
		return nil, nil, errors.New("a call was answered by nobody")
	}
	missed, err := c.ended(ctx, root, began)
	if err != nil {
		return nil, nil, err
	}
	if err := c.page("park").State(ctx, "available", ""); err != nil {
		return nil, nil, err
	}
	ids = []string{call.ID, missed.ID}
	return ids, append([]string{secretNumber, secretMissed, secretMemo}, ids...), nil
}

// operation is one of the OpenAPI document.
type operation struct{ method, path string }

func (c *office) operations(ctx context.Context) ([]operation, error) {
	var doc struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	got := c.as(stranger).get(ctx, "/api/openapi.json")
	if err := json.Unmarshal([]byte(got.body), &doc); err != nil {
		return nil, fmt.Errorf("%w in %v", err, got)
	}
	var list []operation
	for path, methods := range doc.Paths {
		for method := range methods {
			list = append(list, operation{strings.ToUpper(method), path})
		}
	}
	slices.SortFunc(list, func(a, b operation) int { return strings.Compare(a.path+a.method, b.path+b.method) })
	return list, nil
}

// at fills in an id.
func (o operation) at(id string) string {
	return strings.NewReplacer("{id}", url.PathEscape(id), "{number}", url.PathEscape(id)).Replace(o.path)
}

// insiders are those who may see desk and nothing else.
func (c *office) insiders(ctx context.Context) (map[string]asker, error) {
	kim, err := c.login(ctx, "kim")
	return map[string]asker{
		"kim": kim, "a program of desk": c.as("127.0.0.1").with("Authorization", "Bearer "+token),
		"a stranger": c.as(stranger),
	}, err
}

// scene is what attacks on rights are made in: calls of billing, all that can be
// asked, and who asks without a right to see them.
type scene struct {
	root       asker
	ids        []string // of billing's calls and what belongs to them
	secrets    []string // words that only billing may see
	operations []operation
	askers     map[string]asker
}

func (c *office) scene(ctx context.Context) (s scene, err error) {
	if s.root, err = c.login(ctx, "root"); err != nil {
		return s, err
	}
	if s.ids, s.secrets, err = c.plant(ctx, s.root); err != nil {
		return s, err
	}
	if s.operations, err = c.operations(ctx); err != nil {
		return s, err
	}
	s.askers, err = c.insiders(ctx)
	return s, err
}

// readOthers asks for all that can be read, with everything that might lead to
// another queue.
func readOthers(ctx context.Context, c *office) (string, error) {
	s, err := c.scene(ctx)
	if err != nil {
		return "", err
	}
	if got := s.root.get(ctx, "/api/v1/history?queue=billing"); len(holds(got.body, s.secrets...)) != len(s.secrets) {
		return "", fmt.Errorf("an admin does not see all either: %v", got)
	}
	asked := 0
	for _, o := range s.operations {
		if o.method != http.MethodGet {
			continue
		}
		for _, path := range o.ways(s.ids) {
			for name, a := range s.askers {
				got := a.get(ctx, path)
				asked++
				if found := holds(got.body, s.secrets...); len(found) > 0 && !strings.Contains(got.body, `"code":"not_found"`) {
					return "", fmt.Errorf("%s reads %q at %s", name, found, path)
				}
				if got.status >= http.StatusInternalServerError || got.err != nil {
					return "", fmt.Errorf("%s: %v", path, got)
				}
			}
		}
	}
	for _, m := range c.page("kim").Messages() {
		if found := holds(string(m.Raw), s.secrets...); len(found) > 0 {
			return "", fmt.Errorf("kim's page was sent %q: %.300s", found, m.Raw)
		}
	}
	return fmt.Sprintf("%d answers and %d frames without a word of it", asked, len(c.page("kim").Messages())), nil
}

// ways are paths by which an operation might tell of another queue.
func (o operation) ways(ids []string) []string {
	if o.at("") != o.path {
		var paths []string
		for _, id := range append(slices.Clone(ids), "billing", "park", secretNumber) {
			paths = append(paths, o.at(id))
		}
		return paths
	}
	paths := []string{o.path}
	for _, q := range []string{
		"queue=billing", "queue=desk&queue=billing", "queue=desk%00billing", "agent=park", "caller=" + secretNumber,
		"text=" + url.QueryEscape(secretMemo), "state=open&queue=billing", "limit=1000", "cursor=AAAA",
	} {
		paths = append(paths, o.path+"?"+q)
	}
	return paths
}

// changeOthers tries all that changes on billing's calls.
func changeOthers(ctx context.Context, c *office) (string, error) {
	s, err := c.scene(ctx)
	if err != nil {
		return "", err
	}
	body := map[string]any{
		"memo": "kim was here", "reason": "x", "mode": "barge", "digits": "1", "to": map[string]string{"queue": "desk"}, "state": "away",
	}
	asked := 0
	for _, o := range s.operations {
		if o.method == http.MethodGet || o.at("") == o.path {
			continue
		}
		for _, id := range append(slices.Clone(s.ids), "billing", "park", secretNumber) {
			for name, a := range s.askers {
				asked++
				if got := a.do(ctx, o.method, o.at(id), body); got.status < http.StatusBadRequest || got.status >= http.StatusInternalServerError {
					return "", fmt.Errorf("%s: %s %s: %v", name, o.method, o.at(id), got)
				}
			}
		}
	}
	if got := s.root.get(ctx, "/api/v1/calls/"+s.ids[0]); !strings.Contains(got.body, secretMemo) {
		return "", fmt.Errorf("the memo was changed: %v", got)
	}
	return fmt.Sprintf("%d requests, each refused; the memo is as it was", asked), nil
}

// digitServer: neither a cookie nor a program of another queue plays digits.
func digitServer(ctx context.Context, c *office) (string, error) {
	kim, err := c.login(ctx, "kim")
	if err != nil {
		return "", err
	}
	program := c.as("127.0.0.1").with("Authorization", "Bearer "+token)
	for _, path := range []string{"/dtmf?caller=" + secretNumber + "&dir=caller&dtmf=1", "/transfer?caller=" + secretNumber + "&callee=8001"} {
		for name, want := range map[string]struct {
			asker  asker
			method string
			status int
		}{
			"nobody":           {c.as(stranger), http.MethodGet, http.StatusUnauthorized},
			"a cookie":         {kim, http.MethodGet, http.StatusUnauthorized},
			"a token in a URL": {c.as(stranger).with("X-Token", token), http.MethodGet, http.StatusUnauthorized},
			"no such call":     {program, http.MethodGet, http.StatusNotFound},
			"a POST":           {program, http.MethodPost, http.StatusMethodNotAllowed},
		} {
			if got := want.asker.do(ctx, want.method, path, nil); got.status != want.status {
				return "", fmt.Errorf("%s, %s: %v, want %d", path, name, got, want.status)
			}
		}
	}
	return "refused without a token, with a cookie, and for calls of others", nil
}

// guessedTokens: tokens near the right one, and none, let nobody in.
func guessedTokens(ctx context.Context, c *office) (string, error) {
	list := []string{"", " ", token[:len(token)-1], token + "x", strings.ToUpper(token), token + "\x01", "null", "undefined", strings.Repeat("A", 8000), "narrow"}
	for n := range 100 {
		list = append(list, fmt.Sprintf("calld_%032x", n))
	}
	for _, t := range list {
		for _, scheme := range []string{"Bearer ", "Basic ", "bearer  ", ""} {
			a := c.as(stranger)
			a.headers["Authorization"] = []string{scheme + t}
			if got := a.get(ctx, "/api/v1/queues"); got.err == nil && got.status != http.StatusUnauthorized && got.status != http.StatusBadRequest {
				return "", fmt.Errorf("%.40q: %v", scheme+t, got)
			}
		}
	}
	return fmt.Sprintf("%d tokens by 4 schemes, none let in", len(list)), nil
}
