//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly || windows)

package audit

import (
	"errors"
	"io/fs"
	"os"
)

// errNoLock is the answer on systems whose file locks are not known to hold: without a
// lock, two writers could break the chain.
var errNoLock = errors.New("this system has no file lock that the log can use")

func openOwned(path string, _ bool) (*os.File, fs.FileInfo, error) {
	return nil, nil, refuse(path+" cannot be kept on this system", "", errNoLock)
}

func checkOwned(path string, info fs.FileInfo) error { return checkKind(path, info) }

func openReadOnly(path string) (*os.File, error) { return os.Open(path) }

func appendBytes(*os.File, []byte, int64) error { return errNoLock }

func tryLock(*os.File, bool) (bool, error) { return false, errNoLock }

func unlockFile(*os.File) {}

func checkFileLimit() error { return nil }
