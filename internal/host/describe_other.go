//go:build !linux

package host

import "runtime"

// Describe says which system this is.
func Describe() string { return runtime.GOOS + " " + runtime.GOARCH }
