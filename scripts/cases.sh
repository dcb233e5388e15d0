#!/usr/bin/env bash
# Runs the table of cases and prints it, as it is in docs/cases.md: as root with
# both columns of users, as a user with one. Exits 1 when a row is not as it must be.
set -euo pipefail
cd "$(dirname "$0")/.."
log=$(mktemp)
trap 'rm -f "$log"' EXIT
go test -count=1 -timeout 5m -v -run 'TestCases$' ./cmd/lockstile >"$log" || { cat "$log" >&2; exit 1; }
if [ "$(id -u)" = 0 ]; then
	bash scripts/user-tests.sh -test.v -test.run 'TestCases$' >>"$log" || { cat "$log" >&2; exit 1; }
fi
echo '| Case | pipes | terminal | root | user |'
echo '|---|---|---|---|---|'
sed -n 's/^.*go:[0-9]*: | \(.*\) |$/\1/p' "$log" | awk -F ' [|] ' '
	!($1 in pipes) { order[++n] = $1 }
	$2 != "–" || !($1 in pipes) { pipes[$1] = $2; terminal[$1] = $3; by[$1, $4] = $2 }
	function cell(id, who) { return (id, who) in by ? by[id, who] : "–" }
	END { for (i = 1; i <= n; i++) { id = order[i]; print "| " id " | " pipes[id] " | " terminal[id] " | " cell(id, "root") " | " cell(id, "user") " |" } }' | LC_ALL=C sort
