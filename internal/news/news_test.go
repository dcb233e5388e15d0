//go:build unix

package news

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestOf(t *testing.T) {
	var files []File
	add := func(program bool, paths ...string) {
		for _, p := range paths {
			files = append(files, File{Root: "/ws", Path: p, Program: program})
		}
	}
	for i := range 10_000 {
		add(false, fmt.Sprintf("src/a%d.txt", i), fmt.Sprintf(".config/x/%d", i), fmt.Sprintf(".cache/%d", i), fmt.Sprintf("src/.tool/%d/.x", i))
		add(true, fmt.Sprintf("target/bin/%d", i))
	}
	add(false, ".gitignore", "sub/.DS_Store", ".yarn/cache/x", ".yarn/releases/yarn.cjs", ".coverage.12", "AGENTS.md", "sub/.npmrc", ".prettierrc", ".next/cache/x", ".next/server")
	add(true, "run")
	files = append(files, File{Root: "/ws", Path: "tools/lint", Program: true, Named: true})
	n := Of(files, []Repository{{Path: "/ws/r/.git", Keys: []string{"core.fsmonitor"}}}, []string{"/ws/x/.vscode"})
	want := []string{
		"/ws/tools/lint (a guarded file, or the environment, names it)",
		"/ws/r/.git (a new repository, whose configuration names programs or files: core.fsmonitor)",
		"/ws/AGENTS.md", "/ws/sub/.npmrc", "/ws/x/.vscode",
		"/ws/.config (10000 files)", "/ws/src/.tool (10000 files)", "/ws/.next (1 file)", "/ws/.yarn (1 file)", "/ws/.prettierrc",
		"/ws/target (10000 programs)", "/ws/run (a program)",
	}
	if got := n.Lines(); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for i := range 100 {
		add(false, fmt.Sprintf("d%d/AGENTS.md", i), fmt.Sprintf("d%d/.x", i))
	}
	if n := Of(files, nil, nil); len(n.Lines()) != mostLines+1 || n.More != 102+105+2-mostLines+1 {
		t.Errorf("%d lines, %d more", len(n.Lines()), n.More)
	}
	if n := Of([]File{{Root: "/ws", Path: "src/main.go"}, {Root: "/ws", Path: ".cache/x"}}, nil, nil); !n.Empty() {
		t.Errorf("%+v", n)
	}
}
