//go:build !linux && !windows

package host

import (
	"os"
	"runtime"
)

// Read gathers the facts that need no kernel interface of Linux.
func Read(tempDir string) (Facts, error) {
	return Facts{OS: runtime.GOOS, Arch: runtime.GOARCH, UID: os.Geteuid(), GID: os.Getegid(), TempDir: tempDir}, nil
}
