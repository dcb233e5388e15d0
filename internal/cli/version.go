package cli

import (
	"runtime"
	"runtime/debug"

	"github.com/lockstile/lockstile"
	"github.com/lockstile/lockstile/internal/plain"
)

func version([]string) int {
	plain.Out("lockstile %s%s %s/%s\n", lockstile.Version, moduleNote(mainModule().Version), runtime.GOOS, runtime.GOARCH)
	return exitOK
}

// mainModule returns what Go wrote into the program about the program's own module.
func mainModule() debug.Module {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return debug.Module{}
	}
	return info.Main
}

// moduleNote returns what the version of the module adds to lockstile.Version: nothing for
// a release, the commit for a build between releases.
func moduleNote(module string) string {
	switch module {
	case "", "(devel)", "v" + lockstile.Version:
		return ""
	}
	return " (" + module + ")"
}
