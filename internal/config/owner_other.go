//go:build !unix

package config

import "io/fs"

// othersMayWrite always passes: on Windows the access list of the user's own folder
// decides, and mode bits say nothing.
func othersMayWrite(fs.FileInfo) string { return "" }

// otherNames always returns 0: Stat does not count names here.
func otherNames(fs.FileInfo) int { return 0 }
