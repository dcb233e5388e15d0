#!/usr/bin/env bash
# setup-machine.sh DIR: gets a kernel and makes what boots it in DIR, for machine.sh: a
# machine with what this one may lack, such as cgroups of version 2 that bound memory, and
# today's Landlock. The kernel is Debian's, of SUITE (trixie-backports, unless it is set);
# apt checks it as any, with a state of its own. Nothing outside DIR is touched. Done once,
# it does nothing.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd -P)
rev=3
dest=${1:?usage: setup-machine.sh DIR}
suite=${SUITE:-trixie-backports}
[ "$(dpkg --print-architecture)" = amd64 ] || { echo "amd64 only" >&2; exit 1; }
mkdir -p "$dest"; dest=$(cd "$dest" && pwd -P)
exec 9>"$dest/.lock"; flock 9
[ "$(cat "$dest/.done" 2>/dev/null || true)" = "$rev $suite" ] && exit 0
t=$(mktemp -d); trap 'rm -rf "$t"' EXIT; mkdir -p "$t"/{debs,x,initrd/{bin,modules,proc,sys,dev,host,rw,new}}

. "$here/debian.sh"
debian "$suite" "$t"
# Newer kernels come in several packages.
depends() { apt-cache "${opt[@]}" depends "$1" | awk '$1 == "Depends:" && $2 ~ /^linux-(image|binary|modules)-[0-9]/ {print $2}'; }
image=$(depends linux-image-amd64)
(cd "$t/debs" && apt-get "${opt[@]}" download "$image" $(depends "$image"))
for deb in "$t"/debs/*.deb; do dpkg-deb -x "$deb" "$t/x"; done

kernel=$(find "$t/x" -name 'vmlinuz*' -type f)
cp "$kernel" "$t/vmlinuz"
# In the order in which they need each other; those that aren't there are built in.
i=10
for m in virtio virtio_ring virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci fscache netfs 9pnet 9pnet_virtio 9p overlay; do
	file=$(find "$t/x" -name "$m.ko*")
	case $file in
	'') continue ;;
	*.xz) xz -dc "$file" >"$t/initrd/modules/$i-$m.ko" ;;
	*) cp "$file" "$t/initrd/modules/$i-$m.ko" ;;
	esac
	i=$((i + 1))
done
cp "$(command -v busybox)" "$t/initrd/bin/busybox"
cat >"$t/initrd/init" <<'EOF'
#!/bin/busybox sh
# The host's files, read-only, below a file system in memory; then the script.
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
for m in /modules/*; do insmod $m; done
mount -t 9p -o trans=virtio,version=9p2000.L,msize=1048576,cache=loose,ro host /host
mount -t tmpfs -o size=50% rw /rw
mkdir /rw/upper /rw/work
mount -t overlay -o lowerdir=/host,upperdir=/rw/upper,workdir=/rw/work overlay /new
mount --move /dev /new/dev
mount -t proc proc /new/proc
mount -t sysfs sysfs /new/sys
mkdir /new/dev/pts /new/dev/shm
mount -t devpts devpts /new/dev/pts
for at in dev/shm tmp run var/tmp; do mount -t tmpfs -o mode=1777 tmpfs /new/$at; done
mount -t 9p -o trans=virtio,version=9p2000.L work /new/mnt
mount -t cgroup2 -o nsdelegate,memory_recursiveprot cgroup2 /new/sys/fs/cgroup
mount -t securityfs securityfs /new/sys/kernel/security
ip link set lo up
for word in $(cat /proc/cmdline); do
	case $word in script=*) script=${word#script=} ;; esac
done
exec switch_root /new /bin/bash -c "bash $script; echo machine ends: \$?; echo o >/proc/sysrq-trigger; while :; do :; done"
EOF
chmod 755 "$t/initrd/init"
(cd "$t/initrd" && find . | busybox cpio -o -H newc 2>/dev/null) | gzip -1 >"$t/initrd.gz"
cp "$t/vmlinuz" "$t/initrd.gz" "$dest/"
echo "$rev $suite" >"$dest/.done"
