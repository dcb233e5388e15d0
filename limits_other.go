//go:build !linux

package lockstile

// memory is empty here: the job object limits a tree's memory.
type memory struct{}

type treeLimits struct{}

func newTreeLimits(*memory, *intent, *systemLaunch, func()) *treeLimits { return nil }

func (*treeLimits) stop(*memory, bool) string { return "" }
