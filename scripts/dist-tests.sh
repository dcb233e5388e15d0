#!/usr/bin/env bash
# dist-tests.sh [DEBIAN]: builds a release twice, in two folders and two environments, and
# compares; Go's cache is shared, since -trimpath keeps the folders out of it. Then uses the
# archive and, as root, the package, in a Debian of its own. DEBIAN is a folder where the
# Debian is kept (default: made anew).
set -euo pipefail
cd "$(dirname "$0")/.."
t=$(mktemp -d /var/tmp/lockstile-dist-tests.XXXXXX)
trap 'rm -rf "$t"' EXIT
kept=${1:-$t/debian}
fail() { echo "dist-tests.sh: $*" >&2; exit 1; }

echo "two builds"
git clone -q "$PWD" "$t/a folder"
mkdir "$t/home"
echo 'not of the commit' >"$t/a folder/README.md"
targets=(linux/"$(dpkg --print-architecture)" windows/amd64) # every archive is made in the same way
scripts/dist.sh "$t/one" "${targets[@]}"
GOCACHE=$(go env GOCACHE) GOMODCACHE=$(go env GOMODCACHE)
export GOCACHE GOMODCACHE
(umask 077 && cd / && HOME=$t/home TZ=Asia/Kolkata LC_ALL=C.UTF-8 GOOS=plan9 GOFLAGS=-tags=lockstile_leave_out "$t/a folder/scripts/dist.sh" "$t/two" "${targets[@]}" >/dev/null)
diff -r "$t/one" "$t/two" || fail "two builds of one commit are different"

echo "checksums, and the files of each archive"
(cd "$t/one" && sha256sum --quiet -c SHA256SUMS)
listed=$(cut -c67- "$t/one/SHA256SUMS" | sort)
[ "$listed" = "$(cd "$t/one" && find . -type f ! -name SHA256SUMS | cut -c3- | sort)" ] || fail "not all files have a checksum"
[ "$(wc -l <<<"$listed")" = 5 ] || fail "not two archives and lists, and a package: $listed"
for archive in "$t"/one/*.tar.gz "$t"/one/*.zip; do
	name=$(basename "$archive" | sed 's/\.tar\.gz$\|\.zip$//')
	files=$(case $archive in *.zip) zipinfo -1 "$archive" ;; *) tar tzf "$archive" ;; esac)
	for file in lockstile lockstile-agent lockstile-mcp lockstile-net; do
		grep -qx "$name/$file\(\.exe\)\?" <<<"$files" || fail "$archive has no $file"
	done
	for file in LICENSE LICENCES README.md docs/config.md man/lockstile-run.1 completions/_lockstile; do
		grep -qx "$name/$file" <<<"$files" || fail "$archive has no $file"
	done
	python3 -c 'import json, sys; assert len(json.load(open(sys.argv[1]))["components"]) > 10' "$t/one/$name.cdx.json"
done

echo "the archive of this machine"
tar xzf "$t"/one/lockstile-*-linux-"$(dpkg --print-architecture)".tar.gz -C "$t"
bin=$(echo "$t"/lockstile-*)
"$bin/lockstile" version
"$bin/lockstile" version | grep -q "$(git rev-parse HEAD | cut -c1-12)\|lockstile [0-9.]* linux" || fail "lockstile version names no commit and no release"
for command in mcp exec; do
	"$bin/lockstile" $command --help >/dev/null
done
mkdir "$t/ws"
LOCKSTILE_HOME=$t/home/records "$bin/lockstile" run -C "$t/ws" -- true

deb=$(echo "$t"/one/lockstile_*_"$(dpkg --print-architecture)".deb)
if [ "$(id -u)" != 0 ]; then
	echo "the package's files; as root it would be installed"
	dpkg-deb -x "$deb" "$t/root"
	"$t/root/usr/bin/lockstile" version
	exit 0
fi

echo "the package, installed and removed in a Debian of its own"
export PATH=$PATH:/usr/sbin:/sbin
if [ ! -e "$kept/.done" ]; then
	rm -rf "$kept"
	mirror=$(apt-get --print-uris update | sed -n "s#^'\(.*\)/dists/[a-z]*/InRelease'.*#\1#p" | head -n 1)
	debootstrap --variant=minbase bookworm "$kept" "$mirror" >"$t/said" || { cat "$t/said"; exit 1; }
	touch "$kept/.done"
fi
cp -a "$kept" "$t/root"
# The mount of /proc is gone with the last process.
inside() {
	env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C DEBIAN_FRONTEND=noninteractive \
		unshare --mount sh -euc 'mount --rbind /proc "$0/proc"; exec chroot "$0" "$@"' "$t/root" "$@"
}
# dpkg and apt keep lists and logs of their own.
files() { (cd "$t/root" && find . \( -path ./var/lib/dpkg -o -path ./var/log -o -path ./var/cache/apt -o -path ./var/lib/apt \) -prune -o -printf '%p %y %m %U %s %l\n' | sort); }
cp "$deb" "$t/root/tmp/lockstile.deb"
files >"$t/before"
inside apt-get install -y -q -o Dpkg::Use-Pty=0 /tmp/lockstile.deb >"$t/said" 2>&1 || { cat "$t/said"; exit 1; }
inside dpkg --verify lockstile
inside lockstile version
for command in mcp exec; do
	inside lockstile $command --help >/dev/null
done
[ "$(inside stat -c '%U %a' /usr/bin/lockstile)" = "root 755" ] || fail "lockstile isn't root's"
inside apt-get purge -y -q -o Dpkg::Use-Pty=0 lockstile >"$t/said" 2>&1 || { cat "$t/said"; exit 1; }
files >"$t/after"
diff "$t/before" "$t/after" || fail "the removal has left something"
[ -z "$(inside dpkg -l lockstile 2>/dev/null | grep '^[a-z]i')" ] || fail "lockstile is still installed"
