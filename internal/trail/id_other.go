//go:build !linux

package trail

import "io/fs"

// IDOf returns the zero value: Walk knows no numbers here.
func IDOf(fs.FileInfo) ID { return ID{} }
