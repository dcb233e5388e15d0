//go:build linux

package launcher

import "golang.org/x/sys/unix"

const auditArch = 0xc000003e // AUDIT_ARCH_X86_64

// ownNumbers are calls that not every processor has.
var ownNumbers = map[string]uint32{
	"chmod": unix.SYS_CHMOD, "creat": unix.SYS_CREAT, "mknod": unix.SYS_MKNOD, "open": unix.SYS_OPEN,
	"chown": unix.SYS_CHOWN, "lchown": unix.SYS_LCHOWN, "utime": unix.SYS_UTIME, "utimes": unix.SYS_UTIMES, "futimesat": unix.SYS_FUTIMESAT,
}
