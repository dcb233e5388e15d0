//go:build linux

package launch

import "golang.org/x/sys/unix"

const auditArch = 0xc00000b7 // AUDIT_ARCH_AARCH64

var foreignNumbers []unix.SockFilter
