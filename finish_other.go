//go:build !linux

package lockstile

// letFinish is not called: other systems end the rest of a tree with the command.
func (c *Child) letFinish(<-chan struct{}) []string { return nil }
