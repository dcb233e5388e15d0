//go:build !linux && !windows

// Package measure reads a process's state from outside. On this system it can't
// yet; what is not measured is not proven.
package measure
