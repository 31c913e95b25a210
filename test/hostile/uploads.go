package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// uploadSize is how much an upload without an end sends, in bytes.
const uploadSize = 100 << 20

// uploadAttacks are files that take memory, or would if they were unpacked.
func uploadAttacks() []attack {
	bomb := func() io.Reader {
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		_, _ = io.Copy(w, io.LimitReader(letters('A'), uploadSize)) // into memory
		_ = w.Close()
		return &packed
	}
	long := func(begin string) func() io.Reader {
		return func() io.Reader {
			return io.MultiReader(strings.NewReader(begin), io.LimitReader(letters('A'), uploadSize))
		}
	}
	var list []attack
	for _, u := range []struct {
		name, contentType, encoding string
		file                        func() io.Reader
	}{
		{"100 MiB packed into a file", "text/csv", "gzip", bomb},
		{"a cell of 100 MiB", "text/csv", "", long("number1,name\n0101,")},
		{"a heading of 100 MiB", "text/csv", "", long("number1,")},
		{"a JSON entry of 100 MiB", "application/json", "", long(`[{"numbers":["0101"],"name":"`)},
		{"100 MiB of JSON brackets", "application/json", "", func() io.Reader { return io.LimitReader(letters('['), uploadSize) }},
	} {
		list = append(list, attack{"http", u.name, func(ctx context.Context, c *office) (string, error) {
			return c.upload(ctx, u.contentType, u.encoding, u.file())
		}})
	}
	return list
}

// letters is a file of one letter, without an end.
type letters byte

func (l letters) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(l)
	}
	return len(p), nil
}

// upload loads a file into a dial list: nothing of it is taken, and no more of it held
// than of any other.
func (c *office) upload(ctx context.Context, contentType, encoding string, file io.Reader) (string, error) {
	root, err := c.login(ctx, "root")
	if err != nil {
		return "", err
	}
	got := root.do(ctx, http.MethodPost, "/api/v1/dial-lists", map[string]string{"name": "hostile"})
	var list struct {
		ID      string `json:"id"`
		Entries int    `json:"entries"`
	}
	if err := json.Unmarshal([]byte(got.body), &list); err != nil || list.ID == "" {
		return "", fmt.Errorf("no dial list: %v", got)
	}
	before, err := c.server.usage(ctx)
	if err != nil {
		return "", err
	}
	sender := root.with("Content-Type", contentType)
	if encoding != "" {
		sender = sender.with("Content-Encoding", encoding)
	}
	answered := sender.send(ctx, http.MethodPost, "/api/v1/dial-lists/"+list.ID+"/entries", file)
	after, err := c.server.usage(ctx)
	if err != nil {
		return "", err
	}
	path := "/api/v1/dial-lists/" + list.ID
	if got = root.get(ctx, path); json.Unmarshal([]byte(got.body), &list) != nil || list.Entries != 0 {
		return "", fmt.Errorf("something of it was taken: %v", got)
	}
	if got = root.do(ctx, http.MethodDelete, path, nil); got.status >= http.StatusBadRequest {
		return "", fmt.Errorf("the list stays: %v", got)
	}
	word := fmt.Sprint("answered ", answered.status)
	if answered.err != nil {
		word = "closed in the middle"
	}
	seen := fmt.Sprintf("%s, nothing taken; calld has %v", word, after)
	switch grown := after.peak - before.peak; {
	case answered.err == nil && answered.status >= http.StatusInternalServerError:
		return seen, fmt.Errorf("%v", answered)
	case grown > uploadSize/2:
		return seen, fmt.Errorf("it held %d MiB of it", grown>>20)
	}
	return seen, nil
}
