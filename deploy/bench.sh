#!/usr/bin/env bash
# The benchmarks of every room, what was promised of them, then a real server beside a bare one. `make bench` builds bin/tollhouse first.
# Arguments are handed to the last: -only "invoice list", -rounds 9, -profile DIR.
set -euo pipefail
cd "$(dirname "$0")/.."

echo "── benchmarks of the rooms, three times each"
results=$(mktemp)
trap 'rm -f "$results"' EXIT
go test -run '^$' -bench . -benchtime "${BENCHTIME:-200ms}" -count 3 ./tenant ./certs ./portal ./edge | tee "$results"

echo "── what was promised, and the best of three: the one that the rest of the machine disturbed least"
awk '
function best(name, unit, more,    i, found, value) {
	for (i = 1; i <= lines; i++) {
		if (split(text[i], field) < 3 || field[1] !~ "^Benchmark" name "(-[0-9]+)?$") continue
		for (f = 3; f in field; f++) if (field[f] == unit) {
			value = field[f-1] + 0
			if (!found++ || (more ? value > result : value < result)) result = value
		}
	}
	return found ? result : "not measured"
}
function show(what, name, unit, promise, more) {
	printf "%-52s %14s %-14s promised: %s %s\n", what, best(name, unit, more), unit, more ? "at least" : "at most", promise
}
{ text[++lines] = $0 }
END {
	show("our part of a warm handshake", "GetCertificate/warm", "ns/op", 2000)
	show("", "GetCertificate/warm", "allocs/op", 2)
	show("an unknown name in a hello", "UnknownNames", "ns/op", 5000)
	show("what 100,000 of them leave behind", "UnknownNames", "kept-B", 0)
	show("look-up of a host among 100,000", "Lookup/known", "ns/op", 100)
	show("", "Lookup/known", "allocs/op", 0)
	show("html/template, in times of our invoice list", "InvoiceList", "times-cheaper", 5, 1)
}' "$results"

echo "── a real server beside a bare one"
go run ./deploy/bench -tollhouse bin/tollhouse "$@"
