#!/usr/bin/env bash
# The benchmarks of every room, then a real server beside a bare one. `make bench` builds bin/tollhouse first.
set -euo pipefail
cd "$(dirname "$0")/.."

echo "── benchmarks of the rooms"
go test -run '^$' -bench . -benchtime "${BENCHTIME:-300ms}" ./tenant ./certs ./portal ./edge

echo "── a real server beside a bare one"
mkdir -p .dev/bench
rm -f .dev/bench/dev.json
bin/tollhouse dev --dir .dev/bench >.dev/bench/output 2>&1 &
server=$!
trap 'kill -INT "$server" 2>/dev/null; wait "$server" || true' EXIT
for _ in $(seq 240); do
	[ -s .dev/bench/dev.json ] && break
	kill -0 "$server" || { cat .dev/bench/output; exit 1; }
	sleep 0.25
done
go run ./edge/edgebench -guide .dev/bench/dev.json
