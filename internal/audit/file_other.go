//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly || windows)

package audit

import (
	"io/fs"
	"os"

	"github.com/lockstile/lockstile/internal/filelock"
)

func openOwned(path string, _ bool) (*os.File, fs.FileInfo, error) {
	return nil, nil, refuse(path+" cannot be kept on this system", "", filelock.ErrNone)
}

func checkOwned(path string, info fs.FileInfo) error { return checkKind(path, info) }

func openReadOnly(path string) (*os.File, error) { return os.Open(path) }

func appendBytes(*os.File, []byte, int64) error { return filelock.ErrNone }

func checkFileLimit() error { return nil }
