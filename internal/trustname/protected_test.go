package trustname

import (
	"strings"
	"testing"
)

func TestIsProtected(t *testing.T) {
	tests := []struct {
		name         string
		below, at    bool
		belowWindows bool
	}{
		{".git", true, true, true},
		{".GIT", true, true, true},
		{".g\u200cit", true, true, true},
		{"\ufeff.Git\u2060", true, true, true},
		{".gıt", true, true, true},
		{".hus\u212ay", true, true, true},      // Kelvin sign
		{".v\u017fcode", true, true, true},     // long s
		{".lock\ufb06ile", true, true, true},   // ligature st
		{".gitcon\ufb01g", false, true, false}, // ligature fi
		{".git.", false, false, true},          // Win32 drops the final dot
		{".git ::$INDEX_ALLOCATION", false, false, true},
		{"GIT~1", false, false, true},
		{"VSCODE~2", false, false, true},
		{"LOCKST~1", false, false, true},
		{"git~x", false, false, false},
		{".mcp.json", true, true, true},
		{".mcp.jsonc", false, false, false},
		{".gitignore", false, false, false},
		{".github", false, false, false},
		{"git", false, false, false},
		{"x.git", false, false, false},
		{".bashrc", false, true, false},
		{".bashrc.bak", false, false, false},
		{".cursor", false, true, false},
		{"My.Code-Workspace", false, true, false},
		{".code-workspace", false, true, false},
		{"code-workspace", false, false, false},
		{"", false, false, false},
		{".git\xff", false, false, false},
	}
	for _, tt := range tests {
		if got := isProtectedOn("linux", tt.name, false); got != tt.below {
			t.Errorf("%q below a root: %v", tt.name, got)
		}
		if got := isProtectedOn("linux", tt.name, true); got != tt.at {
			t.Errorf("%q at a root: %v", tt.name, got)
		}
		if got := isProtectedOn("windows", tt.name, false); got != tt.belowWindows {
			t.Errorf("%q on Windows: %v", tt.name, got)
		}
	}
}

func TestEveryProtectedNameProtects(t *testing.T) {
	for _, n := range Protected() {
		if n.Pattern != Fold(n.Pattern) {
			t.Errorf("%q is not in folded form, so that it can never match", n.Pattern)
		}
		if n.Why == "" {
			t.Errorf("%q has no reason", n.Pattern)
		}
		if name := "x" + n.Pattern[1:]; n.Pattern[0] == '*' && !IsProtected(name, true) {
			t.Errorf("%q does not protect %q", n.Pattern, name)
		} else if n.Pattern[0] != '*' && (!IsProtected(n.Pattern, true) || IsProtected(n.Pattern, false) == n.RootOnly) {
			t.Errorf("%q protects at the wrong depth", n.Pattern)
		}
	}
	Protected()[0].Pattern = "changed"
	if !IsProtected(".git", false) {
		t.Error("a caller can change the list")
	}
}

func TestHandOff(t *testing.T) {
	for rel, want := range map[string]string{
		"sub/.git": ".git", "AGENTS.md": "AGENTS.md", "a/agents.MD": "AGENTS.md",
		"a/.cargo/config.toml": ".cargo/config.toml", ".cargo/config.toml": ".cargo/config.toml",
		"config.toml": "", "x.cargo/config.toml": "", "venv/bin/python": "bin/python", "python": "",
		"HEAD": "", "src/main.go": "", "x.pth": "*.pth", "conftest.pyc": "",
	} {
		n, ok := HandOff(rel)
		if n.Pattern != want || ok != (want != "") {
			t.Errorf("HandOff(%q) = %q, %v", rel, n.Pattern, ok)
		}
	}
	for _, n := range handOffNames {
		if n.Why == "" {
			t.Errorf("%q has no reason", n.Pattern)
		}
	}
}

func TestIsBareRepository(t *testing.T) {
	if !IsBareRepository([]string{"config", "refs", "HEAD", "objects"}) {
		t.Error("a bare repository is missed")
	}
	if !IsBareRepository([]string{"commondir", "HEAD"}) {
		t.Error("a folder whose objects lie elsewhere")
	}
	if IsBareRepository([]string{"refs", "objects"}) || IsBareRepository([]string{"commondir", "objects"}) || IsBareRepository(nil) {
		t.Error("a folder without HEAD is no repository")
	}
}

// FuzzQuickLooks checks that a quick look never passes over a trusted name.
func FuzzQuickLooks(f *testing.F) {
	for _, n := range Protected() {
		f.Add(strings.ReplaceAll(n.Pattern, "*", "x"))
		f.Add(strings.ToUpper(strings.ReplaceAll(n.Pattern, "*", "")))
	}
	for _, n := range handOffNames {
		f.Add(strings.ReplaceAll(n.Pattern, "*", "x"))
	}
	f.Add(".g\u200cit")
	f.Add("\u200c.git")
	f.Fuzz(func(t *testing.T, name string) {
		if IsProtected(name, true) && !MayBeProtected(name) {
			t.Errorf("%q is protected, and isn't looked at", name)
		}
		if _, ok := HandOff(name); ok && !MayHandOff(name[strings.LastIndexByte(name, '/')+1:]) {
			t.Errorf("%q is handed on, and isn't looked at", name)
		}
	})
}
