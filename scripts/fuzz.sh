#!/usr/bin/env bash
# Fuzzes each target for SECONDS_EACH seconds (default 10) and keeps, beside what is
# there, up to 12 of the smallest inputs that reached something new, as its corpus.
set -euo pipefail
cd "$(dirname "$0")/.."
each=${SECONDS_EACH:-10}
cache=$(go env GOCACHE)/fuzz
module=$(go list -m)
grep -rlE '^func Fuzz' --include='*_test.go' . | xargs -n1 dirname | sort -u | while read -r dir; do
	pkg=$module/${dir#./}
	targets=$(go test -list '^Fuzz' "$dir" </dev/null | grep '^Fuzz' || true)
	for target in $targets; do
		echo "== $dir $target"
		before=$(ls "$dir/testdata/fuzz/$target" 2>/dev/null || true)
		go test -run '^$' -fuzz "^$target\$" -fuzztime "${each}s" "$dir" </dev/null | tail -n 2 ||
			# The engine fails at times when its time is over; a finding is a new file.
			[ "$before" = "$(ls "$dir/testdata/fuzz/$target" 2>/dev/null || true)" ]
		[ -d "$cache/$pkg/$target" ] || continue
		mkdir -p "$dir/testdata/fuzz/$target"
		find "$cache/$pkg/$target" -type f -size -4k -printf '%s %p\n' | sort -n | head -n 12 | cut -d' ' -f2- | xargs -r cp -n -t "$dir/testdata/fuzz/$target"
	done
done
