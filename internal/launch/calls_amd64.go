//go:build linux

package launch

import "golang.org/x/sys/unix"

const auditArch = 0xc000003e // AUDIT_ARCH_X86_64

// foreignNumbers: the x32 interface has its own numbers for the same calls; no
// program of today uses it.
var foreignNumbers = []unix.SockFilter{
	jump(unix.BPF_JGE, 0x40000000, 0, 1),
	answer(retErrno | uint32(unix.ENOSYS)),
}
