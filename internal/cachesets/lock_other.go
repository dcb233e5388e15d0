//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package cachesets

import "os"

// tryLock takes nothing: only Linux has private caches.
func tryLock(*os.File) (bool, error) { return false, nil }
