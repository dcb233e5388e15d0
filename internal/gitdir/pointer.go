package gitdir

import (
	"errors"
	"fmt"
	"path"
	"strings"
)

// checkCommonDir allows the way from worktrees/N to the common directory.
func checkCommonDir(content []byte) error {
	if s := string(content); s != "../..\n" && s != "../.." {
		return fmt.Errorf("%q leads elsewhere than to the repository itself", shorten(s))
	}
	return nil
}

// checkGitDir allows the .git of a folder in the workspace.
func (r *Rules) checkGitDir(content []byte) error {
	at := strings.TrimSuffix(string(content), "\n")
	if path.Base(at) != ".git" || !r.isInWorkspace(path.Dir(at)) || path.Clean(at) != at {
		return fmt.Errorf("%q is no .git of a folder in the workspace", shorten(at))
	}
	return nil
}

// isInWorkspace reports whether a clean absolute path lies below the workspace, but neither
// at nor below a protected name.
func (r *Rules) isInWorkspace(at string) bool {
	rest, ok := strings.CutPrefix(at, r.facts.Workspace+"/")
	if !ok || r.facts.Workspace == "" || !isTreeName(rest) || isProtected(rest, true, nil) {
		return false
	}
	return strings.IndexFunc(at, func(r rune) bool { return r < ' ' || r == 0x7f }) < 0
}

// CheckGitFile returns why a .git file may not stand in a folder, or nil. The file may lead
// to a module or to a new worktree of the same repository. folder is an absolute path.
func (r *Rules) CheckGitFile(folder string, content []byte) error {
	to, ok := strings.CutPrefix(string(content), "gitdir: ")
	to = strings.TrimSuffix(to, "\n")
	if !ok || to == "" || strings.ContainsAny(to, "\n\r\x00") {
		return errors.New("the file does not name a git directory")
	}
	if !path.IsAbs(to) {
		to = path.Join(folder, to)
	}
	rest, ok := strings.CutPrefix(path.Clean(to), r.facts.GitDir+"/")
	if ok && r.facts.GitDir != "" && r.isGitDirInside(rest) {
		return nil
	}
	return fmt.Errorf("%q is no module and no new worktree of this repository", shorten(to))
}

// isGitDirInside reports whether a path is where a module or a new worktree lies.
func (r *Rules) isGitDirInside(rest string) bool {
	a, inside, _ := r.split(rest + "/HEAD")
	return inside == "HEAD" && (a.kind == worktreeDir || a.kind == moduleDir)
}
