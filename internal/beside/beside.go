// Package beside finds lockstile's other programs, which lie beside the running program.
// PATH doesn't count: a program of another folder may be of another version, or not
// lockstile's. Package beside must never start anything.
package beside

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/lockstile/lockstile/internal/plain"
)

// Program returns the path of a program, in the folder of the running program, which is not
// always the program that PATH finds. The file may be absent.
func Program(name string) (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	return filepath.Join(filepath.Dir(self), name), nil
}

// Fetch returns the line of a shell that puts a program in its place, of the version of the
// running program, and where the line works.
func Fetch(program string) string {
	return fetch(program, module())
}

// module returns what Go wrote into the running program about lockstile's module, which
// another program may embed.
func module() debug.Module {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return debug.Module{}
	}
	for _, m := range info.Deps {
		if m.Path == modulePath {
			return *m
		}
	}
	return info.Main
}

// fetch is Fetch for a module. Only the version of a release, or a version that Go has
// downloaded (then there is a sum), can be downloaded.
func fetch(program string, main debug.Module) string {
	dir, name := filepath.Split(program)
	released := main.Version != "" && !strings.ContainsAny(main.Version, "-+(")
	if main.Path == modulePath && (main.Sum != "" || released) {
		return fmt.Sprintf("GOBIN=%s CGO_ENABLED=0 go install %s/cmd/%s@%s", plain.ShellWord(filepath.Clean(dir)), main.Path, name, main.Version)
	}
	return fmt.Sprintf("in a checkout of lockstile: CGO_ENABLED=0 go build -o %s ./cmd/%s", plain.ShellWord(dir), name)
}

const modulePath = "github.com/lockstile/lockstile"
