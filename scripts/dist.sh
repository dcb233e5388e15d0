#!/usr/bin/env bash
# dist.sh [DIR [SYSTEM/PROCESSOR...]]: builds a release of the last commit in DIR (default:
# dist): an archive for each system, a package for Debian, the list of the modules in each
# (SBOM), and checksums. The commit and the version of Go determine each byte.
set -euo pipefail
umask 022
export LC_ALL=C TZ=UTC
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GOOS GOARCH GOEXPERIMENT GODEBUG
export CGO_ENABLED=0 GOFLAGS=-mod=readonly GOAMD64=v1 GOARM64=v8.0 GOWORK=off
here=$(cd "$(dirname "$0")/.." && pwd -P)
out=${1:-$here/dist}
shift $(($# > 0))
targets=("${@:-linux/amd64 linux/arm64 windows/amd64 darwin/arm64 darwin/amd64}")
read -ra targets <<<"${targets[*]}"
maintainer="the maintainers of lockstile <lockstile@users.noreply.github.com>"

fail() { echo "dist.sh: $*" >&2; exit 1; }
for program in git go zip dpkg-deb; do
	command -v $program >/dev/null || fail "$program is missing (as root: apt-get install git zip dpkg)"
done

# Go takes a version from the tags of a clone, but not of a worktree. What isn't committed
# is in no clone.
work=$(mktemp -d /var/tmp/lockstile-dist.XXXXXX)
trap 'rm -rf "$work"' EXIT
git -c advice.detachedHead=false clone -q --no-hardlinks "$here" "$work/source"
[ -z "$(git -C "$here" status --porcelain)" ] || echo "dist.sh: what isn't committed is left out" >&2
mkdir -p "$out"
out=$(cd "$out" && pwd -P)
cd "$work/source"
version=$(sed -n 's/^const Version = "\(.*\)"$/\1/p' lockstile.go)
tag=$(git tag --points-at HEAD 'v*')
[ -z "$tag" ] || [ "$tag" = "v$version" ] || fail "the commit is tagged as $tag, and lockstile.Version is $version"
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH

# build DIR PROGRAM...: builds programs for $GOOS and $GOARCH.
build() {
	local dir=$1
	shift
	go build -trimpath -buildvcs=true -ldflags=-s\ -w -o "$dir/" "${@/#/./cmd/}"
}

# licences PROGRAM...: prints the licences of all that the programs contain.
licences() {
	printf '== Go\n\n'
	cat "$(go env GOROOT)/LICENSE"
	go list -deps -f '{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}} {{.Dir}}{{end}}{{end}}' "${@/#/./cmd/}" | sort -u >"$work/modules"
	local path version dir files
	while read -r path version dir; do
		files=$(find "$dir" -maxdepth 1 -type f \( -iname 'licen[cs]e*' -o -iname 'copying*' -o -iname 'notice*' \) | sort)
		[ -n "$files" ] || fail "$path has no licence"
		printf '\n== %s %s\n\n' "$path" "$version"
		xargs -d '\n' cat <<<"$files"
	done <"$work/modules"
}

# pages DIR: writes the manual pages and completions, by the program itself.
pages() {
	mkdir -p "$1/completions"
	"$work/host/lockstile" man "$1/man" >/dev/null
	"$work/host/lockstile" completion bash >"$1/completions/lockstile.bash"
	"$work/host/lockstile" completion zsh >"$1/completions/_lockstile"
	"$work/host/lockstile" completion fish >"$1/completions/lockstile.fish"
	"$work/host/lockstile" completion powershell >"$1/completions/lockstile.ps1"
}

# settle DIR: gives all files the time of the commit.
settle() { find "$1" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +; }

# archive NAME: packs $work/NAME.
archive() {
	settle "$work/$1"
	cd "$work"
	case $GOOS in
	windows) find "$1" -type f | sort | zip -qX9 "$out/$1.zip" -@ ;;
	*) tar -c --format=ustar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" "$1" | gzip -9n >"$out/$1.tar.gz" ;;
	esac
	cd source
}

# debian NAME: makes a package of $work/NAME.
debian() {
	local from=$work/$1 root=$work/deb-$GOARCH
	install -d "$root"/{DEBIAN,usr/bin,usr/share/doc/lockstile,usr/share/man/man1}
	install "$from"/lockstile{,-mcp,-agent} "$root/usr/bin/"
	cp -r "$from"/{README.md,SECURITY.md,docs} "$root/usr/share/doc/lockstile/"
	gzip -9nc "$from/CHANGELOG.md" >"$root/usr/share/doc/lockstile/changelog.gz"
	cat "$from/LICENSE" "$from/LICENCES" >"$root/usr/share/doc/lockstile/copyright"
	for page in "$from"/man/*.1; do
		gzip -9nc "$page" >"$root/usr/share/man/man1/$(basename "$page").gz"
	done
	install -D -m 644 "$from/completions/lockstile.bash" "$root/usr/share/bash-completion/completions/lockstile"
	install -D -m 644 "$from/completions/_lockstile" "$root/usr/share/zsh/vendor-completions/_lockstile"
	install -D -m 644 "$from/completions/lockstile.fish" "$root/usr/share/fish/vendor_completions.d/lockstile.fish"
	find "$root" -type d -empty ! -name DEBIAN -delete
	(cd "$root" && find usr -type f | sort | xargs -d '\n' md5sum >DEBIAN/md5sums)
	# A tilde sorts 0.1.0-dev before 0.1.0.
	cat >"$root/DEBIAN/control" <<-END
		Package: lockstile
		Version: ${version/-/\~}
		Architecture: $GOARCH
		Maintainer: $maintainer
		Installed-Size: $(du -k -s --apparent-size "$root/usr" | cut -f1)
		Section: utils
		Priority: optional
		Homepage: https://github.com/lockstile/lockstile
		Description: start commands for coding agents: confined, measured, recorded
		 The gate places each command in restrictions, measures the restrictions, and
		 writes the record. Only then the first instruction of the command runs.
		 .
		 lockstile-agent is the session with a model, lockstile-mcp serves MCP clients,
		 lockstile-net reaches servers by name.
	END
	settle "$root"
	dpkg-deb --root-owner-group -Zgzip --build "$root" "$out/lockstile_${version/-/\~}_$GOARCH.deb" >/dev/null
}

rm -f "$out"/lockstile[-_]*.{tar.gz,zip,deb,cdx.json} "$out/SHA256SUMS"
build "$work/host" lockstile
pages "$work/pages"
for target in "${targets[@]}"; do
	export GOOS=${target%/*} GOARCH=${target#*/}
	name=lockstile-$version-$GOOS-$GOARCH
	programs=(lockstile lockstile-agent lockstile-mcp lockstile-net)
	[ "$GOOS" != windows ] || programs+=(lockstile-runner)
	build "$work/$name" "${programs[@]}"
	(unset GOOS GOARCH && go run -buildvcs=false ./scripts/sbom "$out/$name.cdx.json" github.com/lockstile/lockstile "$version" \
		"$(date -d "@$SOURCE_DATE_EPOCH" +%FT%TZ)" "$work/$name"/*)
	cp -r "$work/pages"/* "$work/$name/"
	cp README.md SECURITY.md CHANGELOG.md LICENSE "$work/$name/"
	mkdir "$work/$name/docs"
	cp -r docs/*.md docs/decisions docs/pictures "$work/$name/docs/"
	licences "${programs[@]}" >"$work/$name/LICENCES"
	archive "$name"
	[ "$GOOS" != linux ] || debian "$name"
	echo "$name"
done
cd "$out"
shopt -s nullglob
sha256sum lockstile[-_]*.{tar.gz,zip,deb,cdx.json} >SHA256SUMS
