package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/lockstile/lockstile/internal/glob"
	"github.com/lockstile/lockstile/internal/plain"
	"github.com/lockstile/lockstile/internal/trustname"
	"github.com/lockstile/lockstile/policy"
)

// workspace resolves the folder of the command, and refuses a folder too wide for a
// workspace-write session.
func workspace(in Input, p policy.Policy, accepted []string) (string, error) {
	if in.Workspace == "" {
		return "", refuse("pass -C DIR", "the workspace is empty")
	}
	if strings.IndexByte(in.Workspace, 0) >= 0 {
		return "", refuse("", "the workspace %s holds a NUL", quote(in.Workspace))
	}
	abs, err := absolute(in.Workspace)
	if err != nil {
		return "", refuse("pass -C DIR with an absolute path", "the workspace %s can't be made absolute: %v", quote(in.Workspace), err)
	}
	dir, problem := directory(abs)
	if problem != "" {
		return "", refuse("name a folder that is there with -C", "the workspace %s %s", quote(in.Workspace), problem)
	}
	if p.Mode != policy.ModeWorkspaceWrite {
		return dir, nil
	}
	if isRoot(dir) {
		return "", refuse("start in a project's folder, or pass -C DIR", "the workspace is %s, the whole file system", dir)
	}
	if problem, hint := tooWide(dir, in, p, accepted); problem != "" {
		return "", refuse(hint, "the workspace %s %s", quote(dir), problem)
	}
	if problem := replaceable(abs, in); problem != "" {
		return "", refuse("name where it leads: -C "+plain.ShellWord(dir), "the workspace %s %s", quote(in.Workspace), problem)
	}
	return dir, nil
}

// checkHome refuses a product folder within the workspace, before reading any file in it:
// a command that writes the workspace would also write the configuration. A workspace
// with the user's whole home is another matter, and the mode decides.
func checkHome(in Input) error {
	abs, err := absolute(in.Workspace)
	if err != nil || in.Workspace == "" {
		return nil // workspace returns a better error
	}
	dir := canonicalOrClean(abs)
	if !contains(dir, in.Home) || in.UserHome != "" && contains(dir, in.UserHome) {
		return nil
	}
	return refuse("choose a folder without it, or move LOCKSTILE_HOME",
		"the workspace %s contains %s, where lockstile keeps its configuration and its log", quote(dir), quote(in.Home))
}

// addRoot appends a root, unless already listed.
func addRoot(roots []policy.Root, p policy.Policy, r policy.Root) []policy.Root {
	if r.Path == p.Workspace {
		return roots
	}
	for _, have := range roots {
		if have.Path == r.Path {
			return roots
		}
	}
	return append(roots, r)
}

// tooWide says why a canonical folder can't be writable, and returns the hint. accepted are
// the folders of the machine that the user wants to be writable.
func tooWide(dir string, in Input, p policy.Policy, accepted []string) (problem, hint string) {
	switch {
	case isRoot(dir):
		return "is the whole file system", "name the folders that are really needed"
	case in.UserHome != "" && dir == in.UserHome:
		return "is the home directory, and every dotfile in it would be writable", "start in a project's folder, or use --sandbox read-only"
	case in.UserHome != "" && contains(dir, in.UserHome):
		return "contains the home directory", "start in a project's folder, or use --sandbox read-only"
	case contains(dir, p.Home):
		return fmt.Sprintf("contains %s, where lockstile keeps its configuration and its log", quote(p.Home)),
			"choose a folder without it, or move LOCKSTILE_HOME"
	}
	for _, pseudo := range [...]string{"/proc", "/sys", "/dev"} {
		if dir == pseudo || contains(pseudo, dir) {
			return "lies in " + pseudo + ", which is no place for files", "choose another folder"
		}
	}
	for _, name := range strings.Split(filepath.ToSlash(dir), "/") {
		if trustname.IsGitDir(name) {
			return "lies in a git directory, whose hooks and config git trusts", "choose the work tree instead"
		}
	}
	stores := policy.Policy{Mode: p.Mode}.Complete(in.UserHome)
	if p.Home != "" {
		stores.Read = append(stores.Read, policy.ReadRule{Pattern: glob.Escape(p.Home)})
	}
	if d := stores.DecideRead(dir); !d.Allowed {
		return "may not be read: it is a place for credentials", "choose another folder"
	}
	return systemProblem(dir, in, accepted)
}

// checkNesting refuses a root below a protected name of another root: the two rules
// contradict each other.
func checkNesting(p policy.Policy, roots []policy.Root) error {
	all := append([]policy.Root{{Path: p.Workspace}}, roots...)
	for _, outer := range all {
		for _, inner := range all {
			if outer.Path == "" || inner.Path == outer.Path || !contains(outer.Path, inner.Path) {
				continue
			}
			rel := strings.Trim(filepath.ToSlash(inner.Path[len(outer.Path):]), "/")
			for i, name := range strings.Split(rel, "/") {
				if p.Mode == policy.ModeWorkspaceWrite && p.Protects(name, i == 0) {
					return refuse("leave one of them out", "%swritable root %s lies below the protected name %s of %s",
						at(inner.From), quote(inner.Path), quote(name), quote(outer.Path))
				}
			}
		}
	}
	return nil
}

// expand replaces a leading ~ and wants an absolute path without "..".
func expand(item, userHome string) (path, problem string) {
	if hasControl(item) {
		return "", "holds a control character"
	}
	if item == "~" || strings.HasPrefix(item, "~/") {
		if userHome == "" {
			return "", "begins with ~, but there is no home directory"
		}
		item = userHome + item[1:]
	}
	if !filepath.IsAbs(item) {
		return "", "is not an absolute path"
	}
	for _, part := range strings.Split(filepath.ToSlash(item), "/") {
		if part == ".." {
			return "", `holds ".."`
		}
	}
	return filepath.Clean(item), ""
}

// absent is the problem of a folder that isn't there.
const absent = "does not exist"

// directory resolves all links and wants a directory.
func directory(path string) (canonical, problem string) {
	canonical, err := filepath.EvalSymlinks(path)
	if os.IsNotExist(err) {
		return "", absent
	}
	if err != nil {
		return "", "can't be resolved: " + rootCause(err)
	}
	info, err := os.Stat(canonical)
	if err != nil {
		return "", "can't be looked at: " + rootCause(err)
	}
	if !info.IsDir() {
		return "", "is not a directory"
	}
	return canonical, ""
}

// rootCause drops the path from an error, for messages that name the path already.
func rootCause(err error) string {
	if pathErr, ok := err.(*os.PathError); ok {
		return pathErr.Err.Error()
	}
	return err.Error()
}

// canonicalOrClean resolves the links in the existing part of a path, and keeps the rest.
func canonicalOrClean(path string) string {
	if path == "" {
		return ""
	}
	path = filepath.Clean(path)
	for head, tail := path, ""; ; {
		if resolved, err := filepath.EvalSymlinks(head); err == nil {
			return filepath.Join(resolved, tail)
		}
		parent := filepath.Dir(head)
		if parent == head {
			return path
		}
		head, tail = parent, filepath.Join(filepath.Base(head), tail)
	}
}

func isRoot(dir string) bool { return filepath.Dir(dir) == dir }

// contains reports whether inner is outer or lies below outer, by components.
func contains(outer, inner string) bool {
	if !strings.HasPrefix(inner, outer) {
		return false
	}
	return len(inner) == len(outer) || os.IsPathSeparator(outer[len(outer)-1]) || os.IsPathSeparator(inner[len(outer)])
}
