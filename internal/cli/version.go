package cli

import (
	"runtime"
	"runtime/debug"

	"github.com/lockstile/lockstile"
	"github.com/lockstile/lockstile/internal/plain"
)

func version([]string) int {
	revision := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" && len(s.Value) >= 12 {
				revision = " (" + s.Value[:12] + ")"
			}
		}
	}
	plain.Out("lockstile %s%s %s/%s\n", lockstile.Version, revision, runtime.GOOS, runtime.GOARCH)
	return exitOK
}
