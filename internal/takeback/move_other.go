//go:build !linux

package takeback

import (
	"errors"
	"io/fs"
	"os"
)

// moveTo moves nothing: this system has no move by two open folders.
func moveTo(*os.Root, string, fs.FileInfo, string) error { return errors.ErrUnsupported }

// moveBack moves nothing: nothing is in the store.
func moveBack(string, *os.Root, string) error { return errors.ErrUnsupported }
