package question

import (
	"fmt"
	"os"
	"path"
	"strings"

	"github.com/lockstile/lockstile/internal/gitdir"
	"github.com/lockstile/lockstile/internal/plan"
	"github.com/lockstile/lockstile/internal/trail"
	"github.com/lockstile/lockstile/internal/trustname"
	"github.com/lockstile/lockstile/policy"
)

// write answers whether a path may be created, changed, renamed or removed.
func (w World) write(s spot) Answer {
	switch {
	case trail.Within(s.path, w.Policy.Home):
		return s.fixed(false, "lockstile's own folder", layerHome, "no setting opens it")
	case s.mount.Hides && s.mount.Kind == plan.KindBind:
		return s.fixed(false, s.mount.Path+" is shown again in a hidden folder, read-only", layerView, "no setting opens it but a deny_read without the folder")
	case s.hidden():
		out := w.hidden(s)
		out.Rule += " (what may not be read may not be written)"
		return out
	case s.own():
		return w.writeOwn(s)
	case s.mount.Kind == plan.KindGit:
		return w.writeGit(s)
	case s.mount.Kind == plan.KindCache:
		return w.writeCache(s)
	}
	d := w.Policy.DecideWrite(s.path)
	out := Answer{Decision: d, Path: s.path}
	name, found := w.protected(s.path)
	switch {
	case found:
		out := w.writeProtected(s, name)
		if w.Policy.WithoutNamespaces && !out.Allowed {
			out.Note = "where user namespaces are missing, nothing guards the name: linux.without_namespaces"
		}
		return out
	case !d.Allowed && !s.there && w.denied(s.path):
		if root := w.withoutRules().DecideWrite(s.path); root.Allowed {
			out.Decision = root
			out.Note = "no cover stands over an absent path; what a command makes there is hidden from the next start on"
		}
	}
	if out.Allowed && !mayWrite(s) {
		return s.rights()
	}
	return out
}

// writeCache is write in a cache of a build tool, over which a private folder lies.
func (w World) writeCache(s spot) Answer {
	const key = "caches.mode"
	out := s.fixed(true, key+" = \"private\"", layerCache, key+" = \"off\" forbids it")
	out.From, out.Residual = w.Policy.Origin(key), "the cache of the host stays as it is: commands of this workspace alone see the file"
	return out
}

// denied reports whether a rule denies reading.
func (w World) denied(name string) bool { return !w.Policy.DecideRead(name).Allowed }

// withoutRules is the policy without rules for reading.
func (w World) withoutRules() policy.Policy {
	p := w.Policy
	p.Read = nil
	return p
}

// writeOwn is write in a folder of the command's own.
func (w World) writeOwn(s spot) Answer {
	switch s.mount.Kind {
	case plan.KindProc:
		if s.path == "/proc/self" || s.path == "/proc/thread-self" || strings.HasPrefix(s.path, "/proc/self/") || strings.HasPrefix(s.path, "/proc/thread-self/") {
			return s.fixed(true, "the command's own processes", layerPrivate, "no setting forbids it")
		}
		return s.fixed(false, "files of the kernel, and processes of the host", layerPrivate, "no setting opens them")
	case plan.KindDevices, plan.KindDevpts:
		return Answer{Decision: w.Policy.DecideWrite(s.path), Path: s.path, Fixed: true, Why: "no setting changes the command's own /dev"}
	}
	if s.mount.Writable {
		out := s.fixed(true, "the command's own "+s.mount.Path, layerPrivate, "no setting forbids it but another sandbox_mode")
		out.Residual = "the host doesn't see the file"
		return w.byKey(out, s.mount.Path, "false")
	}
	if w.Policy.Mode == policy.ModeWorkspaceWrite {
		return w.byKey(s.fixed(false, "the command's own "+s.mount.Path+", which is empty", layerPrivate, "no setting opens it"), s.mount.Path, "true")
	}
	return Answer{Decision: policy.Decision{Rule: fmt.Sprintf("sandbox_mode = %q", w.Policy.Mode), From: w.Policy.Origin("sandbox_mode"), Layer: layerPrivate}, Path: s.path}
}

// byKey completes the answer for a folder of the command's own about which a key decides.
func (w World) byKey(a Answer, mount, value string) Answer {
	key := w.ofOwn(mount)
	if key == "" {
		return a
	}
	a.Rule, a.From, a.Fixed = key+" = "+value, w.Policy.Origin(key), mount != "/tmp"
	if a.Why = ""; a.Fixed {
		other := map[string]string{"true": "false", "false": "true"}[value]
		a.Why = key + " = " + other + " would change it"
	}
	return a
}

// ofOwn returns the key that decides about a folder of the command's own, "" for none.
func (w World) ofOwn(mount string) string {
	switch mount {
	case "/tmp":
		return "sandbox_workspace_write.exclude_slash_tmp"
	case w.Facts.TempDir:
		return "sandbox_workspace_write.exclude_tmpdir_env_var"
	}
	return ""
}

// protected returns the uppermost name on a path, in a writable root, that programs of the
// host trust.
func (w World) protected(name string) (string, bool) {
	best := ""
	for _, r := range w.Policy.Roots() {
		if !trail.Within(name, r.Path) {
			continue
		}
		at := r.Path
		for i, part := range parts(strings.TrimPrefix(name, r.Path)) {
			at = path.Join(at, part)
			if trustname.MayBeProtected(part) && w.Policy.Protects(part, i == 0) && (best == "" || len(at) < len(best)) {
				best = at
			}
		}
	}
	for _, there := range w.Facts.Protected {
		if trail.Within(name, there) && (best == "" || len(there) < len(best)) && w.inRoot(there) {
			best = there
		}
	}
	for _, a := range w.Facts.Absent {
		for _, n := range a.Names {
			if at := path.Join(a.Dir, n); trail.Within(name, at) && (best == "" || len(at) < len(best)) {
				best = at
			}
		}
	}
	return best, best != ""
}

// writeProtected answers for a path at or below a trusted name: the machine has made the
// present names read-only, and takes new names back in the guarded folders.
func (w World) writeProtected(s spot, name string) Answer {
	why := "no setting allows it, since programs of the host trust that name; ask the user to make the change"
	if trustname.KeptProtected(path.Base(name)) == "" {
		why = "programs of the host trust that name; ask the user to make the change, or to give the name up (trust.writable)"
	}
	rule := fmt.Sprintf("protected name %q in %q", path.Base(name), path.Dir(name))
	if from := w.Facts.Leads[name]; from != "" {
		rule = fmt.Sprintf("%q leads to %q, and programs of the host obey it", from, name)
	}
	modules := w.Facts.Git.Dir != "" && trustname.IsGitModules(path.Base(name)) && w.isRoot(path.Dir(name))
	switch {
	case w.pinned(name):
		return s.fixed(false, rule, layerPin, why)
	case modules:
		out := s.fixed(true, "the file .gitmodules, while commands may commit", layerBack, "no setting forbids it but git.commit")
		out.Note = "content by which git on the host would do more than clone is taken back"
		return out
	case onHost(name):
		out := s.fixed(true, "a protected name in a folder that the start doesn't look into", "none", "no setting forbids it")
		out.Residual = "residual deep: too deep, on another file system, or in node_modules and the like"
		return out
	case trustname.IsGitDir(path.Base(name)) && (w.Init != "" || w.Facts.Git.Dir != ""):
		out := s.fixed(false, "a new git directory", layerBack, "git init and git clone may make it: what git itself writes stays, everything else is taken back")
		return out
	case w.guards(name):
		return s.fixed(false, rule, layerBack, why)
	}
	out := s.fixed(true, "a trusted name below a folder that is no repository", "none", "no setting forbids it")
	out.Residual = "the record of the end names the file"
	return out
}

func (w World) isRoot(dir string) bool {
	for _, r := range w.Policy.Roots() {
		if r.Path == dir {
			return true
		}
	}
	return false
}

// pinned reports whether a present name is read-only, or lies in such a folder.
func (w World) pinned(name string) bool {
	for _, there := range w.Facts.Protected {
		if trail.Within(name, there) {
			return true
		}
	}
	return false
}

// guards reports whether new trusted names in the folder of a name are taken back.
func (w World) guards(name string) bool {
	for _, a := range w.Facts.Absent {
		if a.Dir == path.Dir(name) {
			return true
		}
	}
	return false
}

// classes says what commands may do with the names of a class.
var classes = map[gitdir.Class]string{
	gitdir.Free: "any content", gitdir.Log: "a log: appended to", gitdir.Object: "an object: comes once, and never changes", gitdir.Summary: "a summary of objects: replaced as a whole",
	gitdir.Ref: "a hash, or the name of a ref", gitdir.Head: "a hash, or the name of a ref", gitdir.Index: "an index without odd names", gitdir.SharedIndex: "a shared index",
	gitdir.Todo: "a list of commits without exec", gitdir.Config: "changes of harmless keys", gitdir.WorktreeConfig: "changes of harmless keys",
	gitdir.PackedRefs: "refs with good names", gitdir.CommonDir: `"../.."`, gitdir.GitDir: "the path of a worktree",
}

// writeGit answers for the git directory that is served.
func (w World) writeGit(s spot) Answer {
	dir := s.mount.Path
	rel := strings.TrimPrefix(strings.TrimPrefix(s.path, dir), "/")
	if rel == "" {
		out := s.fixed(true, "git's own work in "+dir, layerGit, "git.commit = false forbids it")
		out.From = w.Policy.Origin("git.commit")
		out.Note = "git adds, commits, switches, merges; hooks and the like are read-only (docs/git.md)"
		return out
	}
	place := gitdir.New(gitdir.Facts{Workspace: w.Policy.Workspace, GitDir: dir, Older: inner(dir)}).Place(rel)
	if place.Class == gitdir.ReadOnly && !place.Lock {
		return s.fixed(false, "a name in "+dir+" that git on the host obeys, or never writes", layerGit, "no setting allows it; ask the user to make the change")
	}
	out := s.fixed(true, "git's own work in "+dir, layerGit, "git.commit = false forbids it")
	out.From = w.Policy.Origin("git.commit")
	out.Note = "what may stand there: " + classes[place.Class]
	return out
}

// inner lists the git directories in a git directory: linked worktrees, and modules.
func inner(dir string) []string {
	var out []string
	for _, kind := range []string{"worktrees", "modules"} {
		entries, err := os.ReadDir(path.Join(dir, kind))
		if err != nil {
			continue
		}
		for _, e := range entries {
			out = append(out, kind+"/"+e.Name())
		}
	}
	return out
}
