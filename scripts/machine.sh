#!/usr/bin/env bash
# machine.sh DIR SCRIPT: boots the kernel that setup-machine.sh has put in DIR, and runs
# SCRIPT there as root. Files are those of the host, to be read; what is written is lost.
# It needs no rights and no help of the processor. The exit code is the script's.
set -euo pipefail
dir=${1:?usage: machine.sh DIR SCRIPT} script=$(realpath "${2:?usage: machine.sh DIR SCRIPT}")
out=$(mktemp); trap 'rm -f "$out"' EXIT
timeout "${MACHINE_SECONDS:-600}" qemu-system-x86_64 -accel tcg,thread=multi -cpu max -smp 2 -m 4096 \
	-kernel "$dir/vmlinuz" -initrd "$dir/initrd.gz" -append "console=ttyS0 quiet panic=-1 script=$script" \
	-nodefaults -display none -monitor none -serial stdio -no-reboot \
	-fsdev local,id=host,path=/,security_model=none,readonly=on,multidevs=remap -device virtio-9p-pci,fsdev=host,mount_tag=host \
	</dev/null | tr -d '\r' | tee "$out"
exit "$(sed -n 's/^machine ends: //p' "$out" | tail -1 | grep . || echo 1)"
