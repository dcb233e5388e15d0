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
	// "" where one can't be found: then nothing starts as it.
	f.OfflineSID, _ = LocalSID(access.OfflineAccount, windows.SidTypeUser)
	f.OnlineSID, _ = LocalSID(access.OnlineAccount, windows.SidTypeUser)
	f.GroupSID, _ = LocalSID(access.SandboxGroup, windows.SidTypeAlias)
	f.Memory = memory()
	return f, nil
}

// Locate finds the folders that are facts. tempDir is the command's TMPDIR.
func (f *Facts) Locate(tempDir string) {
	if filepath.IsAbs(tempDir) {
		f.TempDir = tempDir
	}
}

var globalMemoryStatus = windows.NewLazySystemDLL("kernel32.dll").NewProc("GlobalMemoryStatusEx")

// memory is how much this machine has, in bytes; 0 where it doesn't tell.
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

// LocalSID looks up an account or group, by its kind (SID_NAME_USE), on this machine
// alone: one of a domain may have the same name. Where there is none the error is
// ERROR_NONE_MAPPED.
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
