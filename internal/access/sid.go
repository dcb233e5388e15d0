// Package access knows how Windows decides who may do what: SIDs, access lists and
// their text (SDDL), and the access check itself. It is plain data, the same on every
// system, so that what is planned for Windows can be tested anywhere. It must never
// ask a machine, and never guess: text that it can't read is an error.
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

// The accounts of the elevated sandbox, and their group.
const (
	SandboxGroup   = "LockstileSandbox"
	OfflineAccount = "LockstileOffline" // commands without a network
	OnlineAccount  = "LockstileOnline"  // commands with it
)

// Capability gives the SID that stands for the right to write below a root: nobody's,
// but that a command's token is restricted to it. It is the same for the same home and
// root, so that an entry in an access list is made once. Paths are compared as the
// system does, in any case.
func Capability(home, root string) string {
	sum := sha256.Sum256([]byte("lockstile capability\x00" + strings.ToUpper(home) + "\x00" + strings.ToUpper(root)))
	n := func(i int) uint32 { return binary.BigEndian.Uint32(sum[4*i:]) }
	return fmt.Sprintf("S-1-5-21-%d-%d-%d-%d", n(0), n(1), n(2), n(3))
}

// Own gives the SID of what the commands of one workspace make for themselves, beside
// files: in the list of no file, so that it lets nobody write one.
func Own(home, workspace string) string { return Capability(home, "own:"+workspace) }
