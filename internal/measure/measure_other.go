//go:build !linux

// Package measure reads a process's kernel state from outside. On this system it
// can't yet; what is not measured is not proven.
package measure

import (
	"errors"

	"github.com/lockstile/lockstile/internal/attest"
)

// Process is one process that is looked at.
type Process struct {
	Who string
	PID int
}

// Status measures nothing.
func (p Process) Status(*attest.Evidence) {}

// Namespaces measures nothing.
func (p Process) Namespaces(*attest.Evidence, ...string) {}

// IDMaps measures nothing.
func (p Process) IDMaps(*attest.Evidence) {}

// View measures nothing.
func (p Process) View(*attest.Evidence, []string) {}

// Terminal measures nothing.
func (p Process) Terminal(*attest.Evidence) {}

// Descriptors measures nothing.
func (p Process) Descriptors(*attest.Evidence) {}

// Self can't be told.
func Self() (Own, error) {
	return Own{}, errors.ErrUnsupported
}

// FileID can't be told.
func FileID(string) (string, error) { return "", errors.ErrUnsupported }

// Keyring can't be told.
func Keyring() string { return "" }

// ErrnoName can't be told.
func ErrnoName(int64) string { return "" }
