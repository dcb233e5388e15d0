//go:build !linux

package launch

// TakeTimes does nothing: there are no calls of ours in the new process.
func (*Launcher) TakeTimes() {}

// Times gives none.
func (*Launch) Times() []StepTime { return nil }
