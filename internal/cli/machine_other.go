//go:build !windows

package cli

import (
	"errors"

	"github.com/lockstile/lockstile/internal/windows/setup"
)

// thisMachine returns false: setup prepares only Windows.
func thisMachine(string) (setup.System, bool) { return nil, false }

func tell(string, setup.Report) error { return errors.ErrUnsupported }
