#!/usr/bin/env bash
# Runs the tests in containers of real engines: as root, with a dockerd of its own and,
# where it is installed, podman. Nothing of the engines is left, and no network is used.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ "$(id -u)" != 0 ]; then
	echo "the engines need root" >&2
	exit 1
fi
need=()
for pair in dockerd:docker.io busybox:busybox-static; do
	command -v "${pair%%:*}" >/dev/null || need+=("${pair#*:}")
done
if [ "${#need[@]}" -gt 0 ]; then
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${need[@]}" >/dev/null
fi

dir=$(mktemp -d /var/tmp/lockstile-containers.XXXXXX)
dockerd=
end() {
	if [ -n "$dockerd" ]; then
		kill "$dockerd" 2>/dev/null || true
		wait "$dockerd" 2>/dev/null || true
	fi
	rm -rf "$dir"
}
trap end EXIT

# The image: busybox, and the programs under test.
image=$dir/image
mkdir -p "$image"/{bin,etc,proc,dev,sys,run,root,ws,usr/bin} -m 755
mkdir -m 1777 "$image/tmp"
CGO_ENABLED=0 go build -o "$image/usr/bin/lockstile" ./cmd/lockstile
cp "$(command -v busybox)" "$image/bin/busybox"
for name in $("$image/bin/busybox" --list); do
	[ "$name" = busybox ] || ln -sf busybox "$image/bin/$name"
done
printf 'root:x:0:0:root:/root:/bin/sh\n' >"$image/etc/passwd"
tar -C "$image" -cf "$dir/image.tar" .

socket=unix://$dir/socket
dockerd --iptables=false --bridge=none --storage-driver=vfs --host "$socket" \
	--data-root "$dir/data" --exec-root "$dir/exec" --pidfile "$dir/pid" >"$dir/dockerd.log" 2>&1 &
dockerd=$!
docker=(docker --host "$socket")
for ((tries = 0; ; tries++)); do
	"${docker[@]}" version >/dev/null 2>&1 && break
	if [ $tries = 100 ] || ! kill -0 "$dockerd" 2>/dev/null; then
		tail -20 "$dir/dockerd.log" >&2
		exit 1
	fi
	sleep 0.2
done
"${docker[@]}" import "$dir/image.tar" localhost/lockstile-test:1 >/dev/null
export LOCKSTILE_TEST_DOCKER="${docker[*]}"
echo "docker $("${docker[@]}" version --format '{{.Server.Version}}'), $(runc --version | head -1)"

if command -v podman >/dev/null; then
	podman=(podman --runtime runc --root "$dir/podman" --runroot "$dir/podman-run" --storage-driver vfs --cgroup-manager cgroupfs --events-backend none --log-level error)
	"${podman[@]}" import -q "$dir/image.tar" localhost/lockstile-test:1 >/dev/null
	export LOCKSTILE_TEST_PODMAN="${podman[*]}"
	podman --version
fi

go test -count=1 -timeout 5m -run '^TestContainer' "$@" ./cmd/lockstile
