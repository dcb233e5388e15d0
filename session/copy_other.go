//go:build !linux

package session

import (
	"io"
	"os"
)

// copyAll writes the output of f to to, up to the end of f. The end of f is no error.
func copyAll(to io.Writer, f *os.File) error {
	_, err := io.Copy(to, f)
	return err
}

// writeNow writes nothing and leaves the text to the next write.
func writeNow(*os.File, string) int { return 0 }
