//go:build linux

package launcher

const auditArch = 0xc00000b7 // AUDIT_ARCH_AARCH64

// ownNumbers are calls that not every processor has.
var ownNumbers = map[string]uint32{}
