//go:build !windows

package config

// sameVar compares the names of variables as the system does.
func sameVar(a, b string) bool { return a == b }
