# Tollhouse. `make run` and `make test` set up what they need by themselves; everything else is for those who work here.

SHELL := /bin/bash
.DEFAULT_GOAL := help

BIN    := bin/tollhouse
TOOLS  := .dev/tools
AXE    := $(TOOLS)/node_modules/axe-core/axe.min.js
STAMPS := .dev/stamps

export TOLLHOUSE_AXE := $(CURDIR)/$(AXE)
export CGO_ENABLED ?= 1

.PHONY: help run tools test check build bench soak shots fuzz generate fmt lint vulnerabilities clean

help: ## say what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 18

run: $(STAMPS)/run build ## set up what is missing and start everything on this machine, with demo tenants (Ctrl-C ends it)
	@exec ./$(BIN) dev

test: $(STAMPS)/run $(STAMPS)/test $(AXE) ## set up what is missing and run all tests
	go test -timeout 20m ./...

check: $(STAMPS)/run $(STAMPS)/test $(AXE) lint ## what CI runs: format, generated files, linters, all tests with the race detector
	go test -race -shuffle=on -timeout 30m ./...

tools: $(STAMPS)/run $(STAMPS)/test $(AXE) ## install what the tests need, and nothing else

build: ## build bin/tollhouse
	@go build -trimpath -o $(BIN) ./cmd/tollhouse

lint: ## format, generated files, vet, staticcheck, errcheck, bodyclose, sqlclosecheck
	@deploy/lint.sh

vulnerabilities: ## look our dependencies up in the Go vulnerability database (needs the internet)
	go tool govulncheck ./... || echo "govulncheck found something, or its database is out of reach: see above"

bench: build $(STAMPS)/run ## benchmarks of every room, then a real server beside a bare one; prints ratios
	@deploy/bench.sh

soak: $(STAMPS)/run ## random worlds of payments, with each processor N of them (20000); a world that fails says how to play it again
	TOLLHOUSE_SOAK=$(or $(N),20000) go test -count=1 -timeout 0 -run Worlds ./payments ./payments/worlds

shots: build $(STAMPS)/run $(STAMPS)/test ## pictures of every page into .dev/shots/
	go run ./portal/portaltest/shots

fuzz: ## each fuzz target for 20 seconds
	@deploy/fuzz.sh 20s

generate: ## write the Go files of the templates again
	go tool templ generate -include-version=false

fmt: ## format Go and templates
	gofmt -w $$(git ls-files '*.go') && go tool templ fmt portal

clean: ## remove what run, test and build have made, the demo data too
	rm -rf .dev bin

# What each needs from the system. A stamp makes the second time quick; the script looks before it installs.
$(STAMPS)/run: deploy/setup.sh
	@deploy/setup.sh run && mkdir -p $(@D) && touch $@

$(STAMPS)/test: deploy/setup.sh
	@deploy/setup.sh test && mkdir -p $(@D) && touch $@

$(AXE): | $(STAMPS)/test
	@echo "installing axe-core $(AXE_VERSION) into $(TOOLS)"
	@npm install --silent --no-audit --no-fund --no-save --prefix $(TOOLS) axe-core@$(AXE_VERSION)

AXE_VERSION := 4.14.1
