package host

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/lockstile/lockstile/internal/access"
)

// Read gathers the facts of the machine.
func Read() (Facts, error) {
	f := Facts{OS: runtime.GOOS, Arch: runtime.GOARCH, UID: -1, GID: -1}
	token := windows.GetCurrentProcessToken()
	user, err := token.GetTokenUser()
	if err != nil {
		return Facts{}, fmt.Errorf("read our own user: %w", err)
	}
	f.UserSID = user.User.Sid.String()
	// "" if not found: then no command starts as the account.
	f.OfflineSID, _ = LocalSID(access.OfflineAccount, windows.SidTypeUser)
	f.OnlineSID, _ = LocalSID(access.OnlineAccount, windows.SidTypeUser)
	f.GroupSID, _ = LocalSID(access.SandboxGroup, windows.SidTypeAlias)
	f.Memory = memory()
	return f, nil
}

// Locate finds the folders among the facts. tempDir is the command's TMPDIR.
func (f *Facts) Locate(tempDir string) {
	if filepath.IsAbs(tempDir) {
		f.TempDir = tempDir
	}
}

var globalMemoryStatus = windows.NewLazySystemDLL("kernel32.dll").NewProc("GlobalMemoryStatusEx")

// memory returns the machine's memory, in bytes, or 0 if unknown.
func memory() uint64 {
	var status struct { // MEMORYSTATUSEX
		length, load uint32
		physical     uint64
		_            [6]uint64
	}
	status.length = uint32(unsafe.Sizeof(status))
	if ok, _, _ := globalMemoryStatus.Call(uintptr(unsafe.Pointer(&status))); ok == 0 {
		return 0
	}
	return status.physical
}

// LocalSID looks up an account or group, by its kind (SID_NAME_USE), only on the local
// machine: a domain may have an account with the same name. For an unknown name the error
// is ERROR_NONE_MAPPED.
func LocalSID(name string, kind uint32) (string, error) {
	machine, err := windows.ComputerName()
	if err != nil {
		return "", os.NewSyscallError("GetComputerName", err)
	}
	sid, _, found, err := windows.LookupSID("", machine+`\`+name)
	if err != nil {
		return "", os.NewSyscallError("LookupAccountName", err)
	}
	if found != kind {
		return "", fmt.Errorf("%s is something else here (type %d)", name, found)
	}
	return sid.String(), nil
}

// NoFUSE returns why no file system of ours can be made.
func NoFUSE() string { return "no system but Linux has one" }

// NoOverlay returns why no overlay can be mounted.
func NoOverlay(string) string { return "no system but Linux has one" }
