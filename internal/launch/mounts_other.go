//go:build !linux

package launch

// Mounts watches nothing: no view is made of the host's mounts here.
type Mounts struct{}

// WatchMounts gives one.
func WatchMounts() (*Mounts, error) { return &Mounts{}, nil }

// Changed reports nothing.
func (*Mounts) Changed() bool { return false }

// Close does nothing.
func (*Mounts) Close() {}
