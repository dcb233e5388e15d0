//go:build !linux

package cli

// adoptOrphans does nothing: lockstile starts no command on other systems yet.
func adoptOrphans() {}

func endOrphans() {}
