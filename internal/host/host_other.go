//go:build !linux && !windows

package host

import (
	"os"
	"runtime"
)

// Read gathers the facts that need no kernel interface of Linux.
func Read() (Facts, error) {
	return Facts{OS: runtime.GOOS, Arch: runtime.GOARCH, UID: os.Geteuid(), GID: os.Getegid()}, nil
}

// Locate takes the folder for what it is said to be.
func (f *Facts) Locate(tempDir string) { f.TempDir = tempDir }
