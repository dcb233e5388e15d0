// Package access knows how Windows decides who may do what: SIDs, access lists and their
// text (SDDL), and the access check. Package access is plain data, the same on every
// system, so that a plan for Windows can be tested anywhere. Package access must never
// ask a machine, and never guess: unreadable text is an error.
package access

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strings"
)

// Well-known SIDs ([MS-DTYP] 2.4.2.4).
const (
	Everyone       = "S-1-1-0"
	System         = "S-1-5-18"
	Administrators = "S-1-5-32-544"
	Restricted     = "S-1-5-12"
)

// The accounts of the elevated sandbox, and the group of both.
const (
	SandboxGroup   = "LockstileSandbox"
	OfflineAccount = "LockstileOffline" // commands without a network
	OnlineAccount  = "LockstileOnline"  // commands with a network
)

// Capability returns the SID for the right to write below a root. Nobody has the SID, but
// a command's token is restricted to the SID. The same home and root have the same SID,
// and an entry in an access list is made once. Paths are compared as Windows does, in any
// case.
func Capability(home, root string) string {
	sum := sha256.Sum256([]byte("lockstile capability\x00" + strings.ToUpper(home) + "\x00" + strings.ToUpper(root)))
	n := func(i int) uint32 { return binary.BigEndian.Uint32(sum[4*i:]) }
	return fmt.Sprintf("S-1-5-21-%d-%d-%d-%d", n(0), n(1), n(2), n(3))
}

// Own returns the SID for objects other than files that the commands of one workspace
// make for themselves. No file's list has the SID, therefore the SID lets nobody write a
// file.
func Own(home, workspace string) string { return Capability(home, "own:"+workspace) }
