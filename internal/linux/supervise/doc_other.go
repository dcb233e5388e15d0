//go:build !linux

// Package supervise carries out connect(2) for the processes of a sandbox on Linux.
// Elsewhere there is nothing of it.
package supervise
