package gitdir

import (
	"path"
	"regexp"
	"sync"
)

// The patterns of values.

var (
	remoteName = pattern(`^[\pL\pN_][\pL\pN._-]*$|^\.$`)
	remoteURL  = pattern(`^(https?|ssh|git)://[A-Za-z0-9\[][^\s:]*(:[0-9]+)?(/[^\s:]*)?$|^file:///[^\s:]*$|^(/|\./|\.\./)[^\s:]*$|^([A-Za-z0-9_][A-Za-z0-9._-]*@)?[A-Za-z0-9][A-Za-z0-9.-]*:/?[A-Za-z0-9~._][^\s:]*$`)
	fetchRefs  = pattern(`^\+?refs/[\pL\pN._/@+#=,*-]+:refs/[\pL\pN._/@+#=,*-]+$`)
	person     = pattern(`^[\pL\pN][\pL\pN .,@'+_-]*$`)
	filterSpec = pattern(`^(blob:none|blob:limit=[0-9]+[kmg]?|tree:[0-9]+)$`)
)

// pattern returns a match that compiles the expression at the first call: most starts never
// call the match.
func pattern(expression string) func(value string) bool {
	compiled := sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
	return func(value string) bool { return compiled().MatchString(value) }
}

func isBoolean(value string) bool { return value == "true" || value == "false" }

// isHarmlessKey allows keys that make git run nothing and read nothing elsewhere, so that a
// command may change these keys in any configuration.
func isHarmlessKey(name, key, value string) bool {
	switch name + "." + key {
	case "branch.*.remote":
		return remoteName(value)
	case "branch.*.merge":
		return isRefName(value)
	case "branch.*.rebase", "submodule.*.active":
		return isBoolean(value)
	case "submodule.*.url":
		return remoteURL(value)
	case "submodule.*.update":
		return value == "checkout" || value == "none" || value == "merge" || value == "rebase"
	case "extensions.worktreeconfig":
		return value == "true"
	}
	return false
}

// isWorktreeKey allows the keys of config.worktree.
func isWorktreeKey(name, key, value string) bool {
	switch name + "." + key {
	case "core.sparsecheckout", "core.sparsecheckoutcone", "index.sparse":
		return isBoolean(value)
	}
	return false
}

// moduleTest returns the test for a module, or for a new repository: the keys that git
// writes there on its own are allowed too.
func (r *Rules) moduleTest(a area) keyTest {
	return func(name, key, value string) bool {
		switch {
		case isHarmlessKey(name, key, value):
			return true
		case name+"."+key == "core.worktree":
			return a.kind == moduleDir && r.isWorktreeOf(a, value)
		}
		return a.fresh && isNewKey(name, key, value)
	}
}

// isWorktreeOf reports whether core.worktree leads from a module to a folder of the
// workspace.
func (r *Rules) isWorktreeOf(a area, value string) bool {
	if !path.IsAbs(value) {
		value = path.Join(r.facts.GitDir, a.dir, value)
	}
	return path.Clean(value) == value && r.isInWorkspace(value)
}

// isNewKey allows the keys that "git init", "git clone" and people write into a new
// repository.
func isNewKey(name, key, value string) bool {
	switch name + "." + key {
	case "core.repositoryformatversion":
		return value == "0" || value == "1"
	case "core.filemode", "core.bare", "core.logallrefupdates", "core.symlinks", "core.ignorecase", "core.precomposeunicode",
		"remote.*.promisor", "remote.*.mirror", "pull.rebase":
		return isBoolean(value)
	case "commit.gpgsign", "tag.gpgsign", "fetch.recursesubmodules":
		return value == "false"
	case "core.autocrlf":
		return isBoolean(value) || value == "input"
	case "remote.*.url":
		return remoteURL(value)
	case "remote.*.fetch":
		return fetchRefs(value)
	case "remote.*.partialclonefilter":
		return filterSpec(value)
	case "remote.*.tagopt":
		return value == "--no-tags" || value == "--tags"
	case "extensions.partialclone":
		return remoteName(value)
	case "extensions.objectformat":
		return value == "sha1" || value == "sha256"
	case "submodule.active":
		return value == "."
	case "user.name", "user.email":
		return person(value)
	}
	return name == "core" && isWorktreeKey(name, key, value)
}
