#!/usr/bin/env bash
# Builds the tests of what users have and, as root, runs them as a normal user: the
# end-to-end tests with "$@", and without any the rest of them too.
set -euo pipefail
cd "$(dirname "$0")/.."
source=$PWD
# A user that is nobody else's: no entry in passwd is needed to be one.
user=47111
rest=(. ./internal/linux/gitfs ./cmd/lockstile-mcp ./cmd/lockstile-agent ./internal/agent ./internal/mcpclient ./internal/patch ./internal/rollout
	./internal/tool ./internal/tui ./internal/approve ./session ./internal/linux/supervise ./internal/survey ./internal/takeback ./internal/trail ./internal/gitconf)
dir=$(mktemp -d /var/tmp/lockstile-test.XXXXXX)
trap 'rm -rf "$dir"' EXIT
go build -o "$dir/" ./cmd/lockstile ./cmd/lockstile-mcp ./cmd/lockstile-agent ./cmd/lockstile-net
go build -tags lockstile_leave_out -o "$dir/lockstile-leave-out" ./cmd/lockstile
go build -tags lockstile_leave_out -o "$dir/lockstile-agent-leave-out" ./cmd/lockstile-agent
go test -c -o "$dir/cmd.test" ./cmd/lockstile
[ $# -gt 0 ] || go test -c -o "$dir/" "${rest[@]}"
mkdir "$dir/home" "$dir/tmp"
chmod 755 "$dir"
chown "$user:$user" "$dir/home" "$dir/tmp"
cd "$dir/home"
as_user() {
	setpriv --reuid $user --regid $user --clear-groups \
		env -u LOCKSTILE_HOME -u LOCKSTILE_TEST_CODEX -u LOCKSTILE_TEST_CLIENTS HOME="$dir/home" TMPDIR="$dir/tmp" LOCKSTILE_TEST_PROGRAMS="$dir" "$@"
}
as_user "$dir/cmd.test" -test.timeout 13m "$@"
[ $# -eq 0 ] || exit 0
for package in "${rest[@]}"; do
	name=$(basename "$package")
	echo "$package"
	mkdir -p "$dir/at/$name"
	[ ! -d "$source/$package/testdata" ] || cp -r "$source/$package/testdata" "$dir/at/$name"
	cd "$dir/at/$name"
	as_user "$dir/${name/#./lockstile}.test" -test.timeout 5m
done
