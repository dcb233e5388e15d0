//go:build !linux

package lockstile

import "github.com/lockstile/lockstile/internal/launch"

// memory is nothing here: the job object bounds a tree's.
type memory struct{}

type bounds struct{}

func newBounds(*memory, *intent, *launch.Launch, func()) *bounds { return nil }

func (*bounds) stop(*memory, bool) string { return "" }
