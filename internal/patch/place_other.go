//go:build !linux

package patch

import (
	"io/fs"
	"os"
)

// exchange gives two files each other's names, in three steps.
func exchange(a, b string) error {
	third := beside(b)
	if err := os.Rename(b, third); err != nil {
		return err
	}
	if err := os.Rename(a, b); err != nil {
		_ = os.Rename(third, b)
		return err
	}
	return os.Rename(third, a)
}

// place renames a file to a name that isn't there.
func place(from, to string) error {
	if _, err := os.Lstat(to); err == nil {
		return fs.ErrExist
	}
	return os.Rename(from, to)
}

// links returns 1: a file with several names becomes a file of its own.
func links(fs.FileInfo) uint64 { return 1 }
