//go:build !linux

package lockstile

import "github.com/lockstile/lockstile/internal/host"

// lacks is nothing here: the plan asks before.
type lacks struct{}

func (lacks) get() host.Lacks { return host.Lacks{} }

func (lacks) learn(host.Lacks, error) bool { return false }
