//go:build !linux

package takeback

import (
	"errors"
	"io/fs"
	"os"

	"github.com/lockstile/lockstile/internal/trail"
)

// moveTo moves nothing: this system has no move by two open folders.
func moveTo(*os.Root, string, fs.FileInfo, string) error { return errors.ErrUnsupported }

// moveBack moves nothing: nothing is in the store.
func moveBack(string, *os.Root, string) error { return errors.ErrUnsupported }

// idOf returns no numbers: package trail knows none here.
func idOf(fs.FileInfo) trail.ID { return trail.ID{} }
