package survey

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lockstile/lockstile/internal/gitdir"
	"github.com/lockstile/lockstile/internal/host"
	"github.com/lockstile/lockstile/internal/trail"
	"github.com/lockstile/lockstile/policy"
)

// FindGitDir finds the git directory in which commands may commit: the .git folder of the
// workspace, or the common directory of a linked worktree. Without one, or where the folder
// can't be served, the reason is in Why; a workspace without any repository has no reason.
func FindGitDir(p policy.Policy) host.Git {
	at := filepath.Join(p.Workspace, ".git")
	info, err := os.Lstat(at)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return host.Git{None: true}
	case err != nil:
		return host.Git{}
	case info.Mode()&os.ModeSymlink != 0:
		return host.Git{Why: at + " is a link"}
	case !info.IsDir():
		return linkedWorktree(p, at)
	case !isRepository(at):
		return host.Git{}
	case exists(filepath.Join(at, "commondir")):
		return host.Git{Why: at + " is a part of another git directory"}
	}
	return served(host.Git{Dir: at})
}

// linkedWorktree finds the git directory of a workspace that is a linked worktree
// (git-worktree(1)): the common directory, with the part of the worktree. Both must name
// each other.
func linkedWorktree(p policy.Policy, at string) host.Git {
	no := host.Git{Why: at + " leads to another folder, which is no linked worktree of this workspace"}
	to, ok := strings.CutPrefix(strings.TrimSpace(beginning(at)), "gitdir: ")
	if !ok {
		return no
	}
	own := endOf(p.Workspace, to)
	worktrees := filepath.Dir(own)
	common := filepath.Dir(worktrees)
	back := strings.TrimSpace(beginning(filepath.Join(own, "gitdir")))
	switch {
	case filepath.Base(worktrees) != "worktrees", !isRepository(common), exists(filepath.Join(common, "commondir")):
		return no
	case endOf(own, strings.TrimSpace(beginning(filepath.Join(own, "commondir")))) != common, endOf(own, back) != at:
		return no
	}
	for _, replaced := range []string{"/tmp", "/run", "/dev", "/proc", "/sys"} {
		if trail.Within(common, replaced) && !slices.ContainsFunc(p.Roots(), func(r policy.Root) bool { return trail.Within(common, r.Path) }) {
			return host.Git{Why: common + " lies in " + replaced + ", which is the command's own"}
		}
	}
	return served(host.Git{Dir: common, Own: "worktrees/" + filepath.Base(own)})
}

// endOf returns where the path leads that is written in a file of a folder; "" for nowhere.
func endOf(folder, path string) string {
	way, err := trail.Walk(trail.Join(folder, path))
	if err != nil {
		return ""
	}
	return way.End
}

// mostConfig is how many bytes of a git configuration are read at most.
const mostConfig = 1 << 20

// served checks the form of a git directory.
func served(git host.Git) host.Git {
	at := git.Dir
	format, err := gitdir.ReadFormat([]byte(firstBytes(filepath.Join(at, "config"), mostConfig)))
	switch {
	case err != nil:
		return host.Git{Why: "the configuration in " + at + ": " + err.Error()}
	case format.Reftable:
		return host.Git{Why: at + " keeps refs in the form reftable"}
	}
	return git
}

// isRepository reports whether git takes a folder for a git directory
// (gitrepository-layout(5)).
func isRepository(dir string) bool {
	head, err := os.Lstat(filepath.Join(dir, "HEAD"))
	if err != nil || !head.Mode().IsRegular() {
		return false
	}
	if exists(filepath.Join(dir, "commondir")) {
		return true // objects and refs lie elsewhere
	}
	for _, name := range []string{"objects", "refs"} {
		if info, err := os.Lstat(filepath.Join(dir, name)); err != nil || !info.IsDir() {
			return false
		}
	}
	return true
}
