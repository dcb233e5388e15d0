package survey

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/lockstile/lockstile/internal/gitdir"
	"github.com/lockstile/lockstile/internal/host"
	"github.com/lockstile/lockstile/policy"
)

// FindGitDir finds the git directory in which commands may commit: the .git folder of the
// workspace. Without one, or where the folder can't be served, the reason is in Why; a
// workspace without any repository has no reason.
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
		return host.Git{Why: at + " leads to another folder (a linked worktree or a submodule)"}
	case !isRepository(at):
		return host.Git{}
	case exists(filepath.Join(at, "commondir")):
		return host.Git{Why: at + " is a part of another git directory"}
	}
	format, err := gitdir.ReadFormat([]byte(firstBytes(filepath.Join(at, "config"), mostConfig)))
	switch {
	case err != nil:
		return host.Git{Why: "the configuration in " + at + ": " + err.Error()}
	case format.Reftable:
		return host.Git{Why: at + " keeps refs in the form reftable"}
	}
	return host.Git{Dir: at}
}

// isRepository reports whether git takes a folder for a git directory
// (gitrepository-layout(5)).
func isRepository(dir string) bool {
	head, err := os.Lstat(filepath.Join(dir, "HEAD"))
	if err != nil || !head.Mode().IsRegular() {
		return false
	}
	for _, name := range []string{"objects", "refs"} {
		if info, err := os.Lstat(filepath.Join(dir, name)); err != nil || !info.IsDir() {
			return false
		}
	}
	return true
}
