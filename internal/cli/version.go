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
	return fmt.Sprintf("%s%s %s/%s", lockstile.Version, moduleNote(mainModule().Version), runtime.GOOS, runtime.GOARCH)
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
