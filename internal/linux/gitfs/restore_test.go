//go:build linux

package gitfs

import (
	"flag"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
)

var rounds = flag.Int("rounds", 15, "the random sequences of TestRestore")

// acts are commands that move refs, in any order. Some fail at some times.
var acts = []string{
	"echo $RANDOM$$ >> f; git add f; git commit -qm x", "git commit -q --amend --allow-empty -m y", "git branch b$N", "git branch -D b$M", "git branch -m b$M c$N", "git switch -q b$M",
	"git switch -q main", "git switch -qC d$N", "git tag t$N", "git tag -d t$M", "git tag -a -m x a$N", "git merge -q --no-edit b$M", "git reset -q --hard HEAD~1", "git pack-refs --all", "git gc -q",
	"git stash -q", "git stash drop -q", "git update-ref -d refs/heads/b$M", "git branch b$M/sub", "git symbolic-ref refs/heads/s$N refs/heads/main", "git reflog expire --expire=now --all", "git notes add -f -m n",
	"git rebase -q main || git rebase --abort", "rm -f .git/packed-refs", "rm -f .git/refs/heads/b$M", "git checkout -q --detach", "git worktree add -q w$N -b w$N", "git update-ref refs/heads/b$M HEAD",
}

func (g ground) refs() string {
	g.Helper()
	return g.host(`git for-each-ref --format='%(refname) %(objectname) %(symref)'; cat .git/HEAD`)
}

// TestRestore runs random sequences, undoes each, and wants the refs of before.
func TestRestore(t *testing.T) {
	device(t)
	for round := range *rounds {
		r := rand.New(rand.NewPCG(uint64(round), 1))
		g := newGround(t)
		g.host("git branch b1; git branch b2; git tag t1; git pack-refs --all; git branch b3")
		var script strings.Builder
		for range 3 + r.IntN(10) {
			number := func() string { return string(rune('1' + r.IntN(4))) }
			script.WriteString(strings.NewReplacer("$N", number(), "$M", number()).Replace(acts[r.IntN(len(acts))]) + "\n")
		}
		before := g.refs()
		_, _, report := g.run(script.String())
		f := g.folder()
		skipped, err := f.Restore(report.Moves, filepath.Join(g.home, "kept"))
		f.Close()
		if err != nil || len(skipped) > 0 {
			t.Errorf("round %d: %v %v", round, skipped, err)
		}
		if after := g.refs(); after != before {
			t.Errorf("round %d:\n%s\n%s%+v", round, script.String(), difference(before, after), report.Moves)
		}
		if text := g.host("git fsck --no-dangling --no-reflogs 2>&1 || true"); strings.Contains(text, "error") || strings.Contains(text, "missing") {
			t.Errorf("round %d:\n%s\n%s", round, script.String(), text)
		}
	}
}
