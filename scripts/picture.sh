#!/usr/bin/env bash
# Records the session of README.md from a real run, and draws docs/pictures. Needs root,
# node and curl. The run has a user, a home and a workspace that are there for it alone: in
# mounts of its own, so that the picture is the same on each machine.
set -euo pipefail
cd "$(dirname "$0")/.."
[ "$(id -u)" = 0 ] || { echo "scripts/picture.sh needs root, to make the user of the picture up" >&2; exit 1; }
dir=$(mktemp -d /var/tmp/lockstile-picture.XXXXXX)
trap 'rm -rf "$dir"' EXIT
CGO_ENABLED=0 go build -o "$dir/bin/" ./cmd/lockstile ./cmd/lockstile-agent
CGO_ENABLED=0 go test -c -o "$dir/picture.test" ./internal/picture
mkdir "$dir/out"
chmod 755 "$dir"
chown 1000:1000 "$dir/out"
{ grep -v '^[^:]*:[^:]*:1000:' /etc/passwd | grep -v '^alice:'; echo 'alice:x:1000:1000::/home/alice:/bin/bash'; } >"$dir/passwd"
chmod 644 "$dir/passwd"
# shellcheck disable=SC2016 # the inner shell expands
unshare --mount --propagation private bash -euc '
	mount --bind "$1/passwd" /etc/passwd
	mount -t tmpfs -o mode=755 home /home
	mkdir -p /home/alice/.local
	cp -r "$1/bin" /home/alice/.local/bin
	chown -R 1000:1000 /home/alice
	cd /home/alice
	exec setpriv --reuid 1000 --regid 1000 --clear-groups env -i HOME=/home/alice PATH="$PATH" \
		"$1/picture.test" -test.count=1 -test.timeout 5m -test.v -test.run "^TestStory$" -record "$1/out"
' - "$dir"
mkdir -p docs/pictures
cp "$dir/out/"* docs/pictures/
