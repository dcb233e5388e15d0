package host

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sys/windows"

	"github.com/lockstile/lockstile/internal/access"
)

// Read gathers the facts that a start needs. tempDir is the command's TMPDIR.
func Read(tempDir string) (Facts, error) {
	f := Facts{OS: runtime.GOOS, Arch: runtime.GOARCH, UID: -1, GID: -1}
	token := windows.GetCurrentProcessToken()
	user, err := token.GetTokenUser()
	if err != nil {
		return Facts{}, fmt.Errorf("read our own user: %w", err)
	}
	f.UserSID = user.User.Sid.String()
	f.OfflineSID, f.OnlineSID = localSID(access.OfflineAccount, windows.SidTypeUser), localSID(access.OnlineAccount, windows.SidTypeUser)
	f.GroupSID = localSID(access.SandboxGroup, windows.SidTypeAlias)
	if filepath.IsAbs(tempDir) {
		f.TempDir = tempDir
	}
	f.UserHome, _ = os.UserHomeDir() // "" where there is none
	return f, nil
}

// localSID looks an account or group of this machine up; "" where it can't be found.
func localSID(name string, kind uint32) string {
	machine, err := windows.ComputerName()
	if err != nil {
		return ""
	}
	sid, _, found, err := windows.LookupSID("", machine+`\`+name)
	if err != nil || found != kind {
		return ""
	}
	return sid.String()
}
