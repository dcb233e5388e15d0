//go:build unix

package caches

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPlaces(t *testing.T) {
	for _, c := range []struct {
		name, env, want string
		set             bool
	}{
		{"xdg", "", "/home/u/.cache", false},
		{"xdg", "XDG_CACHE_HOME=/x/", "/x", true},
		{"go-build", "", "", false},
		{"go-build", "GOCACHE=off", "", true},
		{"go-build", "GOCACHE=/a/../b", "/b", true},
		{"go-mod", "", "/home/u/go/pkg/mod", false},
		{"go-mod", "GOPATH=/g:/h", "/g/pkg/mod", true},
		{"go-mod", "GOPATH=/g GOMODCACHE=/m", "/m", true},
		{"cargo-registry", "CARGO_HOME=/c", "/c/registry", true},
		{"cargo-git", "", "/home/u/.cargo/git", false},
		{"gradle", "GRADLE_USER_HOME=rel", "", true},
		{"chromium", "", "", false},
	} {
		variable := func(name string) string {
			for _, e := range strings.Fields(c.env) {
				if value, ok := strings.CutPrefix(e, name+"="); ok {
					return value
				}
			}
			return ""
		}
		for _, p := range Places("/home/u", variable) {
			if p.Name == c.name && (filepath.ToSlash(p.Path) != c.want || p.Set != c.set) {
				t.Errorf("%s with %q: %q, %v", c.name, c.env, p.Path, p.Set)
			}
		}
	}
	for _, p := range Places("", func(string) string { return "" }) {
		if p.Path != "" {
			t.Errorf("without a home: %s", p.Path)
		}
	}
}

// TestTable checks that no row names a folder with programs of the host, and that each
// name can be a name of a folder.
func TestTable(t *testing.T) {
	names := map[string]bool{}
	for _, c := range Table() {
		if names[c.Name] || c.Name == "" || strings.ContainsAny(c.Name, "/,:\\ ") || c.Tool == "" {
			t.Errorf("%+v", c)
		}
		names[c.Name] = true
		if c.Own && c.Variable == "" {
			t.Errorf("%s: nothing leads to a folder of ours", c.Name)
		}
		for _, programs := range []string{".cargo", ".cargo/bin", "go", "go/bin", ".local", ".local/bin", ".rustup", ".bun", ".bun/bin", ".deno/bin", ".dotnet", ".npm-global", ".pyenv", ".local/share", ".config", ".gem", ".pub-cache"} {
			if c.Home == programs || strings.HasPrefix(programs, c.Home+"/") && c.Home != "" {
				t.Errorf("%s: %s holds programs", c.Name, c.Home)
			}
		}
	}
}

// TestDocument checks that docs/caches.md has the table.
func TestDocument(t *testing.T) {
	text, err := os.ReadFile("../../docs/caches.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows() {
		if !strings.Contains(string(text), row) {
			t.Errorf("docs/caches.md lacks\n%s", row)
		}
	}
}

func rows() (out []string) {
	code := func(s string) string {
		if s == "" {
			return "–"
		}
		return "`" + s + "`"
	}
	for _, c := range Table() {
		place, without := "–", "–"
		if c.Home != "" {
			place = "`~/" + c.Home + "`"
		}
		variable := code(c.Variable)
		if c.Below != "" {
			variable += " + `/" + c.Below + "`"
		}
		if c.Own {
			without = "`" + OwnAt + "/" + c.Name + "`"
		}
		out = append(out, "| "+strings.Join([]string{c.Name, c.Tool, variable, place, without}, " | ")+" |")
	}
	return out
}
