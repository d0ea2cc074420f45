#!/usr/bin/env bash
# The benchmarks of every room, then a real server beside a bare one. `make bench` builds bin/tollhouse first.
set -euo pipefail
cd "$(dirname "$0")/.."

echo "── benchmarks of the rooms"
go test -run '^$' -bench . -benchtime "${BENCHTIME:-300ms}" ./tenant ./certs ./portal ./edge

echo "── a real server beside a bare one"
go run ./deploy/bench -tollhouse bin/tollhouse "$@"
