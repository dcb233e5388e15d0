//go:build !linux

// Package supervise carries out connect(2) for the processes of a sandbox on Linux. On
// other systems the package is empty.
package supervise
