//go:build !linux

package session

import (
	"io"
	"os"
)

// copyAll writes what comes from f to to, up to its end, which gives no error.
func copyAll(to io.Writer, f *os.File) error {
	_, err := io.Copy(to, f)
	return err
}

// writeNow leaves it to the next write.
func writeNow(*os.File, string) int { return 0 }
