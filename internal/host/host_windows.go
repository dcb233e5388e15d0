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
	f.OfflineSID, f.OnlineSID = accountSID(access.OfflineAccount), accountSID(access.OnlineAccount)
	if filepath.IsAbs(tempDir) {
		f.TempDir = tempDir
	}
	f.UserHome, _ = os.UserHomeDir() // "" where there is none
	return f, nil
}

// accountSID looks a local account up; "" where it can't be found.
func accountSID(name string) string {
	machine, err := windows.ComputerName()
	if err != nil {
		return ""
	}
	sid, _, kind, err := windows.LookupSID("", machine+`\`+name)
	if err != nil || kind != windows.SidTypeUser {
		return ""
	}
	return sid.String()
}
