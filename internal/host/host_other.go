//go:build !linux && !windows

package host

import (
	"os"
	"runtime"
)

// Read reads the facts without kernel interfaces of Linux.
func Read() (Facts, error) {
	return Facts{OS: runtime.GOOS, Arch: runtime.GOARCH, UID: os.Geteuid(), GID: os.Getegid()}, nil
}

// Locate keeps tempDir unchecked.
func (f *Facts) Locate(tempDir string) { f.TempDir = tempDir }

// NoFUSE returns why no file system of ours can be made.
func NoFUSE() string { return "no system but Linux has one" }

// NoOverlay returns why no overlay can be mounted.
func NoOverlay(string) string { return "no system but Linux has one" }
