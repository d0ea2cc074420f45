#!/usr/bin/env bash
# Everything that is looked at without running it. Each step says what it found and how to mend it.
set -euo pipefail
cd "$(dirname "$0")/.."

step() { printf '%s\n' "── $1"; }

step "gofmt"
unformatted=$(gofmt -l $(git ls-files '*.go'))
[ -z "$unformatted" ] || { echo "not formatted (make fmt):"; echo "$unformatted"; exit 1; }

step "generated files"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
for source in $(git ls-files '*.templ'); do
	mkdir -p "$scratch/$(dirname "$source")"
	cp "$source" "$scratch/$source"
done
go tool templ generate -include-version=false -path "$scratch" -log-level error >/dev/null
for source in $(git ls-files '*.templ'); do
	generated="${source%.templ}_templ.go"
	cmp -s "$scratch/$generated" "$generated" || { echo "$generated is stale (make generate)"; exit 1; }
done

step "go.mod"
go mod tidy -diff || { echo "go.mod is not tidy (go mod tidy)"; exit 1; }

step "go vet"
go vet ./...

step "staticcheck"
go tool staticcheck ./...

step "errcheck"
go tool errcheck -exclude deploy/errcheck.txt -ignoregenerated ./...

step "bodyclose and sqlclosecheck"
# Only of what ships: tests close answers in helpers that these two do not follow.
for checker in github.com/timakin/bodyclose github.com/ryanrolds/sqlclosecheck; do
	go build -o "$scratch/checker" "$checker"
	if found=$(go vet -vettool="$scratch/checker" ./... 2>&1 | grep -vE '^#|_test\.go:'); then
		echo "$found"
		exit 1
	fi
done
