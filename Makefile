# calld. "make" lists the targets.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

GO      ?= go
TOOL    := $(GO) tool -modfile=tools/go.mod
NPM     := npm --prefix web
FUZZTIME ?= 30s
SOAK    ?= 1h
VERSION ?= $(shell git describe --tags --always 2>/dev/null || echo dev)

# Targets build on one another's files: make -j changes nothing.
.NOTPARALLEL:

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

# The pages. A binary built without them serves a plain status page.
web/node_modules/.package-lock.json: web/package-lock.json web/package.json
	$(NPM) ci --no-audit --no-fund
	@touch $@

web/dist/index.html: web/node_modules/.package-lock.json web/index.html web/vite.config.ts $(shell find web/src web/public -type f)
	$(NPM) run build

.PHONY: pages
pages: web/dist/index.html ## build the browser pages into web/dist

.PHONY: build
build: pages ## build bin/calld, pages included
	$(GO) build -trimpath -ldflags "-X main.version=$(VERSION)" -o bin/calld ./cmd/calld

.PHONY: deb
deb: build ## make the Debian package bin/calld_VERSION_ARCH.deb
	packaging/deb/build bin/calld "$(VERSION)" bin

.PHONY: try-deb
try-deb: build ## install the package beside Asterisk in a clean Debian with systemd, upgrade it under a caller, remove it; needs root
	@dpkg -s mmdebstrap systemd-container >/dev/null 2>&1 || apt-get install --yes --no-install-recommends mmdebstrap systemd-container
	@out=$$(mktemp -d); trap 'rm -rf "$$out"' EXIT; \
	packaging/deb/build bin/calld 0.0.1 "$$out"; packaging/deb/build bin/calld 0.0.2 "$$out"; \
	packaging/deb/try "$$out"/calld_0.0.1_*.deb "$$out"/calld_0.0.2_*.deb

.PHONY: check
check: format lint generated unit check-pages ## format, lint, generated files, unit tests: for every commit

.PHONY: format
format:
	@out=$$($(TOOL) golangci-lint fmt --diff); if [ -n "$$out" ]; then echo "$$out"; echo "not formatted: make fmt"; exit 1; fi

.PHONY: fmt
fmt: ## format the code
	$(TOOL) golangci-lint fmt
	$(NPM) run format

.PHONY: lint
lint:
	$(TOOL) golangci-lint run --build-tags e2e ./...

.PHONY: generate
generate: web/node_modules/.package-lock.json ## make the pages' types and the reference of the configuration from the Go code
	$(GO) run ./config/gen
	$(NPM) run generate

.PHONY: generated
generated: web/node_modules/.package-lock.json
	@before=$$(mktemp -d); trap 'rm -rf "$$before"' EXIT; cp -r web/src/wire docs/configuration-reference.md "$$before"; \
	$(MAKE) --no-print-directory generate; \
	diff -r "$$before/wire" web/src/wire && diff "$$before/configuration-reference.md" docs || { echo "generated files were not current, now they are: commit them"; exit 1; }

.PHONY: unit
# The race detector lets each program sleep a second at its end.
unit: export GORACE := atexit_sleep_ms=50
unit:
	$(GO) test -race -shuffle=on ./...

.PHONY: model
model: ## a million inputs to the core, and some thousands to the store, compared with naive twins
	$(GO) test ./queue -run '^TestModel$$' -count=1 -model.events=1000000
	$(GO) test ./store -run '^TestModel$$' -count=1 -model.steps=5000

.PHONY: fuzz
fuzz: ## fuzz every parser, each for FUZZTIME (30s)
	@grep -roE --include='*_test.go' --exclude-dir=node_modules '^func Fuzz\w+' . | sed -E 's|/[^/]+:func | |' | \
	while read -r package name; do \
		echo "$$package $$name"; \
		$(GO) test "$$package" -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) </dev/null; \
	done

.PHONY: check-pages
check-pages: web/node_modules/.package-lock.json
	$(NPM) run check
	$(NPM) test

.PHONY: setup
setup: ## install what the tests need: Asterisk 22 and 16 in folders of their own, sipp, chromium, gcc and others
	$(GO) run ./test/lab/setup

.PHONY: e2e
e2e: setup ## end-to-end tests: a real Asterisk, real SIP calls
	$(GO) test -tags e2e -count=1 -timeout 12m -parallel 4 ./demo ./test/...

.PHONY: e2e-pages
e2e-pages: setup build ## the pages in a real Chromium, against a real Asterisk
	$(NPM) run e2e

.PHONY: test
test: setup check model e2e e2e-pages ## everything

.PHONY: screenshots
screenshots: setup build ## pictures of every screen, into docs/pictures
	@dpkg -s fonts-noto-cjk pngquant >/dev/null 2>&1 || apt-get install --yes --no-install-recommends fonts-noto-cjk pngquant
	$(NPM) run screenshots
	pngquant --force --ext .png --speed 1 --strip docs/pictures/*.png

.PHONY: bench
bench: ## benchmarks, beside their baselines
	$(GO) test -run '^$$' -bench . -benchmem ./agi ./ami ./queue ./store ./notify

.PHONY: bench-pacing
bench-pacing: ## every pacing scenario on a virtual clock, all methods side by side, against their marks
	$(GO) run ./test/pacing

.PHONY: campaign-load
campaign-load: setup ## a predictive campaign of 500 customers, checked against SIPp's own record
	$(GO) test -tags e2e -count=1 -timeout 30m -v -run 'TestCampaignAgainstSIPp$$' ./test/e2e -campaign-entries 500 -campaign-agents 5

.PHONY: bench-start
bench-start: setup ## how soon calld is ready with a million calls of history, and its memory with 200 agents and 1,000 live calls
	$(GO) run ./test/footprint

.PHONY: load-matrix
load-matrix: setup ## Dial(), Queue() and calld at several rates, into docs/pictures/side-by-side.svg
	$(GO) run ./test/load -matrix -markdown -picture docs/pictures/side-by-side.svg

.PHONY: load
load: setup ## calls at 100 a second: Dial(), Queue() and calld side by side
	$(GO) run ./test/load

.PHONY: soak
soak: setup ## a busy call centre for SOAK (1h): memory, logs, and the books of calld, Asterisk and SIPp compared
	$(GO) run ./test/soak -for $(SOAK)

.PHONY: faults
faults: setup ## kill, cut off, fill up and stop every part under 20 calls/s, and look what became of each call; needs root
	$(GO) run ./test/faults

.PHONY: hostile
hostile: setup ## attacks on every port of a call centre at work, while honest callers call: docs/threat-model.md
	$(GO) run ./test/hostile

.PHONY: demo
demo: build ## a whole call centre on this machine, with simulated customers
	bin/calld demo
