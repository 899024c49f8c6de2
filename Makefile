# Targets with a ## comment are listed by `make help`.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X main.version=$(VERSION)
TESTFLAGS ?=
SQLC := go run github.com/sqlc-dev/sqlc/cmd/sqlc@v1.31.1
GOVULNCHECK := go run golang.org/x/vuln/cmd/govulncheck@v1.9.0
GOLANGCI_LINT := go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-15s %s\n", $$1, $$2}'

.PHONY: demo
demo: ## The whole funnel on this machine, without any account; gets a Postgres by itself
	@go run ./sandbox demo

# One package after another: those that run whole workers would starve the others.
.PHONY: test
test: ## All tests, on a Postgres that it gets by itself; TESTFLAGS="-race -v" passes flags on
	@go run ./sandbox with-postgres -- go test -p 1 -parallel 8 -timeout 30m $(TESTFLAGS) ./...

.PHONY: chaos
chaos: ## Kill 200 workers while the funnel runs, 33 while webhooks go out, and more; KILLS=500 SEED=1 ROWS=9000
	@go run ./sandbox with-postgres -- go test ./cmd/worker -run '^(TestChaos|TestDrain$$)' -count=1 -v -parallel 4 -timeout 30m \
		-chaos.kills $(or $(KILLS),200) -chaos.seed $(or $(SEED),0) -drain.rows $(or $(ROWS),5000)

.PHONY: sandbox
sandbox: ## The fakes, a Postgres and a worker, until Ctrl-C; prints what to export
	@go run ./sandbox serve

.PHONY: run
run: ## Run the worker with the environment of this shell
	@go run ./cmd/worker

.PHONY: build
build: ## Build bin/worker and bin/enqueue, static and stamped with the version
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o bin/ ./cmd/worker ./cmd/enqueue

.PHONY: lint
lint: ## gofmt, go vet and golangci-lint
	@unformatted=$$(gofmt -l .); if [ -n "$$unformatted" ]; then echo "run gofmt -w on: $$unformatted"; exit 1; fi
	go vet ./...
	$(GOLANGCI_LINT) run

.PHONY: vulnerabilities
vulnerabilities: ## Known vulnerabilities in the code that the programs call, by govulncheck
	$(GOVULNCHECK) ./...

.PHONY: generate
generate: ## Write the generated code and the table of variables anew
	cd store && $(SQLC) generate
	go test ./cmd/internal/config -run TestDocs -update

.PHONY: generated
generated: ## Fail when generated code is not current
	cd store && $(SQLC) diff
	go mod tidy -diff

.PHONY: receivers
receivers: ## Run the receivers of docs/webhooks.md, in TypeScript and Python too; gets their libraries by npm and pip
	@libraries=$$(mktemp -d); trap 'rm -rf "$$libraries"' EXIT; \
	languages=go; missing=; \
	if npm install --silent --no-fund --no-audit --prefix "$$libraries" typescript@5 @types/node@20 standardwebhooks; \
		then languages+=,ts; else missing+='; TypeScript, for which npm gets the libraries'; fi; \
	if python3 -m venv "$$libraries/venv" && "$$libraries/venv/bin/pip" install --quiet standardwebhooks; \
		then languages+=,python; else missing+='; Python, which needs venv (python3-venv) and pip'; fi; \
	RECEIVER_LIBRARIES=$$libraries go test ./integrations/webhook -run '^TestReceivers' -count=1 -v -receivers "$$languages"; \
	if [[ -n $$missing ]]; then echo "not run: $${missing#; }" >&2; exit 1; fi

.PHONY: bench
bench: ## The real worker beside River's no-op jobs, ten minutes; BENCH="--scenario drain --runs 1", see BENCH=--help
	@go run ./sandbox bench $(BENCH)

.PHONY: microbench
microbench: ## Benchmarks of matching, of reading an answer, of planning, sweeping and signing
	@go run ./sandbox with-postgres -- go test -run '^$$' -bench . -benchmem ./conversation/... ./pacing/... ./integrations/... ./jobs/...

.PHONY: fuzz
fuzz: ## Fuzz what reads strangers' text, a minute each; FUZZTIME=10m for longer
	@for f in $$(grep -rl --include=*_test.go '^func Fuzz' . | xargs -n1 dirname | sort -u); do \
		for name in $$(grep -ho '^func Fuzz[A-Za-z0-9_]*' $$f/*_test.go | cut -d' ' -f2); do \
			go test $$f -run '^$$' -fuzz "^$$name$$" -fuzztime $(or $(FUZZTIME),1m); done; done

.PHONY: migration
migration: ## Make the next numbered migration: make migration NAME=add_something
	@[[ '$(NAME)' =~ ^[a-z0-9_]+$$ ]] || { echo 'say its name, of a-z, 0-9 and _: make migration NAME=add_something'; exit 2; }
	@last=$$(ls migrations/*.sql | sed 's:.*/::' | sort | tail -1 | cut -c1-5); \
	file=migrations/$$(printf '%05d' $$((10#$$last + 1)))_$(NAME).sql; \
	printf -- '-- Why this is needed.\n\n-- +goose Up\n\n-- +goose Down\n' > $$file; echo "made $$file"

.PHONY: ci
ci: ## Everything that must pass before a change lands
	@bash .ci/run
