#!/usr/bin/env bash
# machine.sh DIR SCRIPT: boots the kernel that setup-machine.sh has put in DIR, and runs
# SCRIPT there as root. Files are those of the host, to be read; what is written is lost,
# and /mnt is a folder by 9p.
# It needs no rights and no help of the processor; one processor, since code that another
# one patches can break under the emulator. The exit code is the script's.
set -euo pipefail
dir=${1:?usage: machine.sh DIR SCRIPT} script=$(realpath "${2:?usage: machine.sh DIR SCRIPT}")
out=$(mktemp) work=$(mktemp -d); trap 'rm -rf "$out" "$work"' EXIT
timeout "${MACHINE_SECONDS:-600}" qemu-system-x86_64 -accel tcg -cpu max -smp 1 -m 4096 \
	-kernel "$dir/vmlinuz" -initrd "$dir/initrd.gz" -append "console=ttyS0 quiet panic=-1 script=$script" \
	-nodefaults -display none -monitor none -serial stdio -no-reboot \
	-fsdev local,id=host,path=/,security_model=none,readonly=on,multidevs=remap -device virtio-9p-pci,fsdev=host,mount_tag=host \
	-fsdev local,id=work,path="$work",security_model=none -device virtio-9p-pci,fsdev=work,mount_tag=work \
	</dev/null | tr -d '\r' | tee "$out"
exit "$(sed -n 's/^machine ends: //p' "$out" | tail -1 | grep . || echo 1)"
