//go:build !linux

package lockstile

// memory is nothing here: the job object bounds a tree's.
type memory struct{}

type treeLimits struct{}

func newTreeLimits(*memory, *intent, *systemLaunch, func()) *treeLimits { return nil }

func (*treeLimits) stop(*memory, bool) string { return "" }
