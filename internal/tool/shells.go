package tool

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// userShell returns the caller's own shell. If SHELL names no shell, userShell returns
// another shell and says so in why.
func userShell(environ []string) (shell, why string) {
	if runtime.GOOS == "windows" {
		return "powershell.exe", "" // present on every Windows
	}
	for _, e := range environ {
		named, ok := strings.CutPrefix(e, "SHELL=")
		if !ok || !strings.HasPrefix(named, "/") {
			continue
		}
		if what := noShell(named); what != "" {
			shell = fallbackShell()
			return shell, "SHELL is " + named + ", " + what + ": " + shell + " runs the commands"
		}
		return named, ""
	}
	return "/bin/sh", ""
}

func fallbackShell() string {
	if noShell("/bin/bash") == "" {
		return "/bin/bash"
	}
	return "/bin/sh"
}

// noShells are programs that accounts without a shell have in its place, and other
// programs that run no script.
var noShells = []string{"nologin", "false", "true", "sync", "halt", "shutdown", "git-shell", "scponly", "rssh", "login", "passwd"}

// noShell reports why a file is no shell in a command's view, "" for a shell.
func noShell(file string) string {
	for _, private := range []string{"/tmp/", "/run/", "/dev/", "/proc/"} {
		if strings.HasPrefix(file, private) {
			return "which commands can't see"
		}
	}
	real, err := filepath.EvalSymlinks(file)
	if err != nil {
		return "which isn't there"
	}
	if slices.Contains(noShells, filepath.Base(file)) || slices.Contains(noShells, filepath.Base(real)) || !runs(real) {
		return "which is no shell"
	}
	return ""
}

// runs reports whether a file is a program: executable, with the beginning of an ELF or
// Mach-O file or of a script.
func runs(file string) bool {
	info, err := os.Stat(file)
	if err != nil || !info.Mode().IsRegular() || info.Mode().Perm()&0o111 == 0 {
		return false
	}
	f, err := os.Open(file)
	if err != nil {
		return errors.Is(err, fs.ErrPermission) // a program may be unreadable
	}
	defer f.Close()
	begin := make([]byte, 4)
	n, _ := io.ReadFull(f, begin)
	return n == 4 && (string(begin[:2]) == "#!" || string(begin) == "\x7fELF" || runtime.GOOS == "darwin")
}

// commandLine is the command line of a shell command.
func commandLine(shell string, c ExecCommand) []string {
	login := c.Login == nil || *c.Login
	if runtime.GOOS == "windows" {
		return windowsShell(shell, c.Cmd, login)
	}
	return unixShell(shell, c.Cmd, login)
}

func unixShell(shell, script string, login bool) []string {
	option := "-c"
	if login {
		option = "-lc"
	}
	if len(script) > mostArgument && slices.Contains(posixShells, filepath.Base(shell)) {
		return append([]string{shell, option}, inParts(shell, script)...)
	}
	return []string{shell, option, script}
}

// mostArgument is the length of a script that is one argument, in bytes. Linux takes
// arguments of 128 KiB (MAX_ARG_STRLEN, execve(2)).
const mostArgument = 100 << 10

// posixShells evaluate a script that comes in parts.
var posixShells = []string{"sh", "bash", "dash", "ash", "zsh", "ksh", "mksh"}

// inParts returns a script as arguments behind -c: a short script that evaluates the
// others as one, with $0 and without positional parameters as in a script that is one
// argument. A part ends with a line where one ends nearby.
func inParts(shell, script string) []string {
	var parts []string
	for len(script) > mostArgument {
		end := mostArgument
		if at := strings.LastIndexByte(script[:end], '\n'); at > mostArgument/2 {
			end = at + 1
		}
		parts = append(parts, script[:end])
		script = script[end:]
	}
	parts = append(parts, script)
	var all strings.Builder
	for i := range parts {
		fmt.Fprintf(&all, "${%d}", i+1)
	}
	evaluate := fmt.Sprintf("eval \"shift %d\n%s\"", len(parts), all.String())
	return append([]string{evaluate, shell}, parts...)
}

// windowsShell knows the shells of Windows by their names; a login shell reads the user's
// profile.
func windowsShell(shell, script string, login bool) []string {
	name := strings.ToLower(path.Base(strings.ReplaceAll(shell, `\`, "/")))
	switch strings.TrimSuffix(name, ".exe") {
	case "cmd":
		return []string{shell, "/d", "/c", script}
	case "powershell", "pwsh":
		if login {
			return []string{shell, "-NonInteractive", "-Command", script}
		}
		return []string{shell, "-NoProfile", "-NonInteractive", "-Command", script}
	}
	return unixShell(shell, script, login) // Git's bash and similar shells
}
