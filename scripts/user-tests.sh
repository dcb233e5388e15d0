#!/usr/bin/env bash
# Builds the end-to-end tests and, as root, runs them with "$@" as a normal user.
set -euo pipefail
cd "$(dirname "$0")/.."
# A user that is nobody else's: no entry in passwd is needed to be one.
user=47111
dir=$(mktemp -d /var/tmp/lockstile-test.XXXXXX)
trap 'rm -rf "$dir"' EXIT
go build -o "$dir/lockstile" ./cmd/lockstile
go build -tags lockstile_leave_out -o "$dir/lockstile-leave-out" ./cmd/lockstile
go test -c -o "$dir/cmd.test" ./cmd/lockstile
mkdir "$dir/home" "$dir/tmp"
chmod 755 "$dir"
chown "$user:$user" "$dir/home" "$dir/tmp"
cd "$dir/home"
setpriv --reuid $user --regid $user --clear-groups \
	env -u LOCKSTILE_HOME HOME="$dir/home" TMPDIR="$dir/tmp" LOCKSTILE_TEST_PROGRAMS="$dir" \
	"$dir/cmd.test" -test.timeout 8m "$@"
