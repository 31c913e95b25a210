package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	root := flag.String("root", ".", "the root of the repository")
	flag.Parse()
	if err := run(*root); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(root string) error {
	src, err := parse(root, "notify", "campaign", "pacing", "hours", "queue", "store", "config", "report", "webhook", "api")
	if err != nil {
		return err
	}
	messages, err := messages(src)
	if err != nil {
		return err
	}
	openAPI, err := openAPI(src)
	if err != nil {
		return err
	}
	for name, text := range map[string][]byte{"src/wire/messages.ts": messages, ".openapi.json": openAPI} {
		path := filepath.Join(root, "web", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, text, 0o644); err != nil {
			return err
		}
	}
	return nil
}
