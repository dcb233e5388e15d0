//go:build !unix

package config

import "io/fs"

// othersMayWrite has nothing to say here: on Windows the access list of the
// user's own folder decides, and mode bits say nothing about it.
func othersMayWrite(fs.FileInfo) string { return "" }

// otherNames is not told by what Stat gives here.
func otherNames(fs.FileInfo) int { return 0 }
