package tool

import (
	"path"
	"runtime"
	"strings"
)

// userShell returns the caller's own shell, if set.
func userShell(environ []string) string {
	for _, e := range environ {
		if shell, ok := strings.CutPrefix(e, "SHELL="); ok && strings.HasPrefix(shell, "/") && runtime.GOOS != "windows" {
			return shell
		}
	}
	if runtime.GOOS == "windows" {
		return "powershell.exe" // present on every Windows
	}
	return "/bin/sh"
}

// shell is the command line of a shell command.
func (s *Set) shell(c ExecCommand) []string {
	shell := c.Shell
	if shell == "" {
		shell = userShell(s.environ)
	}
	login := c.Login == nil || *c.Login
	if runtime.GOOS == "windows" {
		return windowsShell(shell, c.Cmd, login)
	}
	return unixShell(shell, c.Cmd, login)
}

func unixShell(shell, script string, login bool) []string {
	if login {
		return []string{shell, "-lc", script}
	}
	return []string{shell, "-c", script}
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
