package tool

import (
	"slices"
	"testing"
)

func TestWindowsShell(t *testing.T) {
	for _, c := range []struct {
		shell string
		login bool
		want  []string
	}{
		{"cmd", true, []string{"/d", "/c", "x y"}},
		{`C:\Windows\System32\CMD.EXE`, false, []string{"/d", "/c", "x y"}},
		{"powershell.exe", true, []string{"-NonInteractive", "-Command", "x y"}},
		{`C:\Program Files\PowerShell\7\pwsh.exe`, false, []string{"-NoProfile", "-NonInteractive", "-Command", "x y"}},
		{`C:\Program Files\Git\bin\bash.exe`, true, []string{"-lc", "x y"}},
	} {
		if got, want := windowsShell(c.shell, "x y", c.login), append([]string{c.shell}, c.want...); !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
