package lockstile

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/lockstile/lockstile/internal/plain"
	"github.com/lockstile/lockstile/internal/program"
)

// notExecutable says why the kernel executes a file for nobody (EACCES, execve(2)), and what
// would mend it. name is the word of the command line.
func notExecutable(name, path string) (reason, mend string) {
	info, err := os.Stat(path)
	quoted := plain.ShellQuote(path)
	switch {
	case err != nil:
		return fmt.Sprintf("%q can't be executed", name), "a folder on the way to " + path + " is closed to commands, or " + path + " may not be read"
	case info.IsDir():
		return fmt.Sprintf("%q is a folder, and no program", name), "lockstile run -- ls -la " + quoted
	case !info.Mode().IsRegular():
		return fmt.Sprintf("%q is no regular file, and can't be executed", name), "name a program, or a file that is one"
	case info.Mode().Perm()&0o111 != 0:
		return fmt.Sprintf("%q can't be executed here: you may not, or its file system is mounted noexec", name), mendByInterpreter(path)
	}
	if _, err := program.Interpreter(path); err == nil || filepath.Ext(path) == ".sh" {
		return fmt.Sprintf("%q is not executable", name), "chmod +x " + quoted
	}
	return fmt.Sprintf("%q is not executable, and looks like no program", name), "lockstile run -- cat " + quoted
}

// mendByInterpreter proposes to start the interpreter of a script.
func mendByInterpreter(path string) string {
	by, err := program.Interpreter(path)
	if err != nil || strings.HasPrefix(filepath.Base(by), "ld-") {
		return "copy the program to another folder, and start it there"
	}
	return "lockstile run -- " + by + " " + plain.ShellQuote(path)
}
