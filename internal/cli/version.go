package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/lockstile/lockstile"
	"github.com/lockstile/lockstile/internal/plain"
)

func version([]string) int {
	plain.Out("lockstile %s\n", versionText())
	return exitOK
}

// versionText is the version of this program, with the system that it was built for.
func versionText() string {
	revision := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" && len(s.Value) >= 12 {
				revision = " (" + s.Value[:12] + ")"
			}
		}
	}
	return fmt.Sprintf("%s%s %s/%s", lockstile.Version, revision, runtime.GOOS, runtime.GOARCH)
}
