//go:build !linux

package cli

// Nothing starts on this system yet, so nothing can be orphaned.
func adoptOrphans() {}

func endOrphans() {}
