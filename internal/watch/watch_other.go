//go:build !linux

package watch

import "errors"

// Watch is nothing here.
type Watch struct{}

// Add always fails.
func (*Watch) Add(string, func(Change)) (remove func(), err error) { return nil, errors.ErrUnsupported }

// Open does nothing.
func (*Watch) Open() error { return errors.ErrUnsupported }

// Close does nothing.
func (*Watch) Close() error { return nil }
