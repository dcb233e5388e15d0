package config

import (
	"path/filepath"
	"syscall"

	"github.com/lockstile/lockstile/internal/trail"
)

// absolute is filepath.Abs with the current folder from the kernel: the path in PWD can
// lead over a link.
func absolute(path string) (string, error) {
	if filepath.IsAbs(path) {
		return path, nil
	}
	here, err := syscall.Getwd()
	if err != nil {
		return "", err
	}
	return here + string(filepath.Separator) + path, nil
}

// replaceable names a link on the path that a command of an earlier start could have made
// or replaced, or returns "".
func replaceable(path string, in Input) string {
	way, err := trail.Walk(path)
	if err != nil || len(way.Links) == 0 || in.EarlierRoots == nil {
		return ""
	}
	return linkIn(way.Links, in.EarlierRoots(in.Home))
}
