package survey

import (
	"io"
	"os"
)

// mostPointer is how many bytes of a possible git pointer file are read at most.
const mostPointer = 4096

// beginning reads the first bytes of a regular file, and returns "" for any other file.
func beginning(name string) string { return firstBytes(name, mostPointer) }

func firstBytes(name string, most int64) string {
	if info, err := os.Stat(name); err != nil || !info.Mode().IsRegular() {
		return "" // a FIFO is never opened
	}
	f, err := openNow(name)
	if err != nil {
		return ""
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, most))
	if err != nil {
		return ""
	}
	return string(b)
}
