//go:build !linux

package lockstile

import "github.com/lockstile/lockstile/internal/host"

// missingFeatures is empty here: the plan asks before.
type missingFeatures struct{}

func (missingFeatures) get() host.Missing { return host.Missing{} }

func (missingFeatures) learn(host.Missing, error) bool { return false }
