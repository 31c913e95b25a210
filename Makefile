# calld. "make" lists the targets.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

GO      ?= go
TOOL    := $(GO) tool -modfile=tools/go.mod
VERSION ?= $(shell git describe --tags --always 2>/dev/null || echo dev)

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z][a-z-]*:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

.PHONY: build
build: ## build bin/calld
	$(GO) build -trimpath -ldflags "-X main.version=$(VERSION)" -o bin/calld ./cmd/calld

.PHONY: check
check: format lint unit ## format, lint and unit tests: for every commit

.PHONY: format
format:
	@out=$$($(TOOL) gofumpt -modpath calld -extra -l . | grep -v '^web/node_modules/' || true); \
	if [ -n "$$out" ]; then echo "not formatted (make fmt):"; echo "$$out"; exit 1; fi

.PHONY: fmt
fmt: ## format the code
	$(TOOL) golangci-lint fmt

.PHONY: lint
lint:
	$(GO) vet -tags e2e ./...
	$(TOOL) golangci-lint run --build-tags e2e ./...

.PHONY: unit
unit:
	$(GO) test -race -shuffle=on ./...

.PHONY: setup
setup: ## install what the tests need: Asterisk's root folder, sipp and others
	$(GO) run ./test/lab/setup

.PHONY: e2e
e2e: setup ## end-to-end tests on a real Asterisk
	$(GO) test -tags e2e -count=1 -timeout 12m -parallel 4 ./test/...

.PHONY: test
test: setup check e2e ## everything

.PHONY: bench
bench: ## benchmarks, beside their baselines
	$(GO) test -run '^$$' -bench . -benchmem ./agi ./ami ./queue ./store ./notify

.PHONY: demo
demo: build ## a whole call centre on this machine, with simulated customers
	bin/calld demo
