package survey

import (
	"io/fs"
	"os"
	"syscall"
)

// deepest is how many folders below a root are walked.
const deepest = mostTree

// identify gives a file's device and change time.
func identify(info fs.FileInfo) (device uint64, changed int64) {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0
	}
	return uint64(s.Dev), s.Ctim.Nano()
}

// names is how many names a file has.
func names(info fs.FileInfo) uint64 {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 1
	}
	return uint64(s.Nlink)
}

// openNow opens a file to read, and waits for nobody.
func openNow(name string) (*os.File, error) {
	return os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
}
