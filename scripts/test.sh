#!/usr/bin/env bash
# Runs every check of the project. As root the end-to-end tests run a second
# time as a normal user; without root they run as who you are.
set -euo pipefail
cd "$(dirname "$0")/.."

step() { printf '\n== %s\n' "$*"; }

# What the table of cases runs.
need=()
for pair in git:git python3:python3 gcc:gcc node:nodejs npm:npm vim:vim less:less top:procps gdb:gdb unshare:util-linux hostname:hostname tmux:tmux ssh-agent:openssh-client qemu-system-x86_64:qemu-system-x86 busybox:busybox-static xz:xz-utils chattr:e2fsprogs bwrap:bubblewrap zsh:zsh fish:fish man:man-db mksh:mksh strace:strace zip:zip zipinfo:unzip dpkg-deb:dpkg; do
	command -v "${pair%%:*}" >/dev/null || need+=("${pair#*:}")
done
[ ! -e /usr/include/stdlib.h ] && need+=(libc6-dev)
[ ! -e /usr/sbin/debootstrap ] && need+=(debootstrap)
if [ "${#need[@]}" -gt 0 ]; then
	step "install ${need[*]}"
	if [ "$(id -u)" != 0 ]; then
		echo "as root: apt-get install ${need[*]}" >&2
		exit 1
	fi
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${need[@]}" >/dev/null
fi

# A real MCP client, for TestCodex; TestCodexKeys reads the keys of its configuration.
codex=0.171.0
cache=${XDG_CACHE_HOME:-${HOME:-/var/tmp}/.cache}/lockstile-test/codex-$codex
if [ ! -x "$cache/node_modules/.bin/codex" ]; then
	step "install codex $codex, a client to test with, in $cache"
	mkdir -p "$(dirname "$cache")"
	new=$(mktemp -d "$cache.XXXXXX")
	# Node doesn't know the system's own certificates by itself.
	export NODE_EXTRA_CA_CERTS=${NODE_EXTRA_CA_CERTS:-/etc/ssl/certs/ca-certificates.crt}
	npm install --loglevel=error --no-fund --no-audit --prefix "$new" "@openai/codex@$codex"
	rm -rf "$cache"
	mv "$new" "$cache"
fi
export LOCKSTILE_TEST_CODEX=$cache/node_modules/.bin/codex

# More clients, for TestRecipes: docs/recipes.md names the versions.
clients=$(dirname "$cache")/clients-1
if [ ! -e "$clients/.done" ]; then
	step "install Claude Code, Gemini CLI, Qwen Code and opencode, clients to test with, in $clients"
	new=$(mktemp -d "$clients.XXXXXX")
	echo '{"private": true}' >"$new/package.json"
	export NODE_EXTRA_CA_CERTS=${NODE_EXTRA_CA_CERTS:-/etc/ssl/certs/ca-certificates.crt}
	npm install --loglevel=error --no-fund --no-audit --prefix "$new" @anthropic-ai/claude-code@2.1.197 @google/gemini-cli@0.61.0 @qwen-code/qwen-code@0.15.10 opencode-ai@1.18.33
	touch "$new/.done"
	rm -rf "$clients"
	mv "$new" "$clients"
fi
export LOCKSTILE_TEST_CLIENTS=$clients

# Windows to test on: it starts processes, jobs and pseudo consoles for real, and
# pretends or refuses where it has no restriction to give.
wine=$(dirname "$cache")/wine-1
if [ ! -x "$wine/bin/wine-run" ]; then
	step "install Wine in $wine"
	bash scripts/setup-wine.sh "$wine"
fi

# A machine with a kernel of its own.
machine=$(dirname "$cache")/machine-1
if [ ! -e "$machine/.done" ]; then
	step "get a kernel for a machine to test on, in $machine"
	bash scripts/setup-machine.sh "$machine"
fi

# Commits in the sandbox need what udev gives to all users.
if [ "$(id -u)" = 0 ]; then
	[ -e /dev/fuse ] || mknod /dev/fuse c 10 229
	chmod 666 /dev/fuse
fi

step "format and vet, for every system that is built"
bash scripts/lint.sh

step "lint of the workflow for Windows"
go run github.com/rhysd/actionlint/cmd/actionlint@v1.7.7 .github/workflows/*.yml

# They differ in where a process lies, what else is in it, and how much stack a function
# takes.
step "a start by each way to build"
ways=$(mktemp -d /var/tmp/lockstile-ways.XXXXXX)
trap 'rm -rf "$ways"' EXIT
mkdir "$ways/ws"
for way in "0 -buildmode=exe" "1 -buildmode=exe" "0 -buildmode=pie" "1 -buildmode=pie" "0 -gcflags=all=-N -l" "1 -race" "0 -cover" "0 -ldflags=-s -w"; do
	CGO_ENABLED=${way%% *} go build "${way#* }" -o "$ways/lockstile" ./cmd/lockstile
	LOCKSTILE_HOME=$ways/home GOCOVERDIR=$ways "$ways/lockstile" run -C "$ways/ws" -- true
done
rm -rf "$ways"

# Many tests wait more than they work: a release is built meanwhile.
step "a release, built twice, unpacked, installed and removed; beside it tests as $(id -un)"
tally=$(mktemp /var/tmp/lockstile-tally.XXXXXX)
released=$(mktemp /var/tmp/lockstile-released.XXXXXX)
nice scripts/dist-tests.sh "$(dirname "$cache")/debian-1" >"$released" 2>&1 &
release_tests=$!
trap 'wait $release_tests || true; rm -f "$tally"* "$released"' EXIT
# Those that start thousands of processes go last: others would wait for a processor.
busy='/(internal/approve|session)$'
for packages in "$(go list ./... | grep -Ev "$busy")" "$(go list ./... | grep -E "$busy")"; do
	GOFLAGS=-tags=lockstile_tally LOCKSTILE_TALLY=$tally go test -count=1 -timeout 13m $packages
done
ended=0
wait $release_tests || ended=$?
cat "$released"
[ $ended = 0 ] || exit $ended

step "tests on Windows, as Wine has it"
seen=$(mktemp /var/tmp/lockstile-wine.XXXXXX)
trap 'rm -f "$tally"* "$released" "$seen"' EXIT
GOOS=windows GOARCH=amd64 GOFLAGS=-tags=lockstile_tally LOCKSTILE_TALLY=$tally "$wine/bin/wine-run" \
	go test -v -exec "$PWD/scripts/wine-exec.sh $wine/bin/wine" -count=1 -timeout 5m ./... >"$seen" || { grep -v '^=== \|--- PASS' "$seen"; exit 1; }
grep '^ok' "$seen"
# What is left out there is known, one by one.
if ! diff scripts/wine-skips.txt <(sed -n 's/^ *--- SKIP: \([^ ]*\).*/\1/p' "$seen" | sort); then
	echo "the tests that are skipped under Wine are not those of scripts/wine-skips.txt" >&2
	exit 1
fi

step "the calls of a start on Windows, in their order"
scripts/call-traces.sh "$wine/bin"

step "no command without a verdict and a record"
count() { cat "$tally"* | grep -cx "$1" || true; }
commands=$(count command) absent=$(count 'no exec') verdicts=$(count verdict) records=$(count record)
echo "$commands commands started, $absent were not there; $verdicts verdicts, $records start records"
if [ "$commands" = 0 ] || [ $((commands + absent)) != "$verdicts" ] || [ "$verdicts" != "$records" ]; then
	echo "these must be equal" >&2
	exit 1
fi

if [ "$(id -u)" = 0 ]; then
	step "containers of real engines"
	bash scripts/container-tests.sh
fi

# The machine has one processor, and the tests as a user leave another.
step "cgroups and today's Landlock, on a machine of their own; beside it end-to-end tests as a normal user"
said=$(mktemp /var/tmp/lockstile-machine.XXXXXX)
bash scripts/machine-tests.sh "$machine" >"$said" 2>&1 &
machine_tests=$!
trap 'wait $machine_tests || true; rm -f "$tally"* "$released" "$seen" "$said"' EXIT
if [ "$(id -u)" = 0 ]; then
	bash scripts/user-tests.sh
fi
step "what the machine said"
ended=0
wait $machine_tests || ended=$?
cat "$said"
exit $ended
