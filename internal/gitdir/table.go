package gitdir

import (
	"strings"

	"github.com/lockstile/lockstile/internal/trustname"
)

// The places of the table.
var (
	freeFile   = Place{Class: Free, File: true, Remove: true}
	freeFolder = Place{Class: Free, Folder: true, Remove: true}
	freeBoth   = Place{Class: Free, Folder: true, File: true, Remove: true}
	keptFolder = Place{Class: Free, Folder: true}
	object     = Place{Class: Object, File: true}
	summary    = Place{Class: Summary, File: true, Remove: true}
)

// place returns a command's rights at a path of an area. The table has the names that git
// writes, and no other names.
func (a area) place(rest string) Place {
	if a.kind == olderDir {
		return olderPlace(rest)
	}
	first, below, deep := strings.Cut(rest, "/")
	switch first {
	case "objects":
		if a.kind != worktreeDir {
			return objectsPlace(below)
		}
		return Place{}
	case "refs":
		return a.refsPlace(below)
	case "logs":
		return a.logsPlace(below)
	}
	if deep {
		return a.folderPlace(first, below)
	}
	if a.kind == commonDir {
		return commonPlace(first)
	}
	return a.topPlace(first)
}

// olderPlace is the place of a path in an older worktree. "git gc" in the workspace locks
// the worktree's HEAD, and writes the log again without old lines.
func olderPlace(rest string) Place {
	switch rest {
	case "HEAD":
		return Place{Lock: true}
	case "logs/HEAD":
		return Place{Class: Log, File: true}
	}
	return Place{}
}

// commonPlace is topPlace above a workspace in a linked worktree: most files there belong
// to another worktree.
func commonPlace(name string) Place {
	switch name {
	case "packed-refs":
		return Place{Class: PackedRefs, File: true, Remove: true}
	case "packed-refs.new":
		return freeFile
	}
	return Place{}
}

func (a area) topPlace(name string) Place {
	switch name {
	case "HEAD":
		return Place{Class: Head, File: true}
	case "index":
		return Place{Class: Index, File: true}
	case "config.worktree":
		return Place{Class: WorktreeConfig, File: true}
	case "info":
		return keptFolder
	case "rebase-merge", "rebase-apply", "sequencer", "lfs", "NOTES_MERGE_WORKTREE":
		return freeFolder
	}
	switch {
	case name == "MERGE_RR":
		// git on the host copies the files that MERGE_RR names to rr-cache, where commands
		// read, and writes the files: the paths need not lie in the tree.
		return Place{Class: Emptied, File: true, Remove: true}
	case isPseudo(name):
		return pseudoPlace(name)
	case isTemporary(name):
		return freeFile
	case strings.HasPrefix(name, "sharedindex.") && isHash(name[len("sharedindex."):]):
		return Place{Class: SharedIndex, File: true, Remove: true}
	case a.kind == worktreeDir:
		return a.worktreePlace(name)
	}
	return a.sharedPlace(name)
}

// worktreePlace is the rest of topPlace for a linked worktree. In an older
// worktree the way to the common directory stays.
func (a area) worktreePlace(name string) Place {
	if !a.fresh {
		return Place{}
	}
	switch name {
	case "commondir":
		return Place{Class: CommonDir, File: true}
	case "gitdir":
		return Place{Class: GitDir, File: true}
	case "locked":
		return freeFile
	}
	return Place{}
}

// sharedPlace is the rest of topPlace for names that all worktrees share.
func (a area) sharedPlace(name string) Place {
	switch name {
	case "config":
		return Place{Class: Config, File: true}
	case "packed-refs", "packed-refs.new":
		return commonPlace(name)
	case "shallow":
		return Place{Class: Shallow, File: true, Remove: true}
	case "gc.pid", "gc.log":
		return freeFile
	case "hooks", "branches":
		if a.fresh {
			return freeFolder
		}
	case "description":
		if a.fresh {
			return freeFile
		}
	}
	return Place{}
}

// pseudoPlace is the place of a name like ORIG_HEAD. Check reads a name that git
// writes as a ref: an ORIG_HEAD of "ref: NAME" would make git on the host write NAME.
func pseudoPlace(name string) Place {
	switch name {
	case "ORIG_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "REBASE_HEAD", "BISECT_HEAD", "BISECT_EXPECTED_REV", "AUTO_MERGE", "NOTES_MERGE_REF", "NOTES_MERGE_PARTIAL":
		return Place{Class: Head, File: true, Remove: true}
	}
	return freeFile
}

// isPseudo reports whether a name in capital letters holds the state of an operation.
func isPseudo(name string) bool {
	switch name {
	case "ORIG_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "REBASE_HEAD", "AUTO_MERGE", "FETCH_HEAD",
		"NOTES_MERGE_REF", "NOTES_MERGE_PARTIAL", "BRANCH_DESCRIPTION", "EDIT_DESCRIPTION", "SQUASH_MSG",
		"MERGE_HEAD", "MERGE_MODE", "MERGE_MSG", "MERGE_RR", "MERGE_AUTOSTASH":
		return true
	}
	stem, ok := strings.CutPrefix(name, "BISECT_")
	if !ok {
		stem, ok = strings.CutSuffix(name, "_EDITMSG")
	}
	return ok && stem != "" && strings.Trim(stem, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") == ""
}

// isTrial reports whether git makes a file of the name to try the file system.
func isTrial(name string) bool {
	after, ok := strings.CutPrefix(name, "t")
	return ok && isRandom(after)
}

// isTemporary reports whether git makes a name at the top for the time of a command.
func isTemporary(name string) bool {
	switch name {
	case "ADD_EDIT.patch", "addp-hunk-edit.diff", "rebased-patches":
		return true
	}
	for _, prefix := range []string{"index.stash.", "next-index-"} {
		if after, ok := strings.CutPrefix(name, prefix); ok {
			return isNumber(after)
		}
	}
	for _, prefix := range []string{"shallow_", "sharedindex_"} {
		if after, ok := strings.CutPrefix(name, prefix); ok && isRandom(after) {
			return true
		}
	}
	return isTrial(name)
}

// folderPlace is the place of a path below a folder that holds neither objects, refs nor
// logs.
func (a area) folderPlace(folder, below string) Place {
	if a.kind == commonDir {
		return Place{}
	}
	switch folder {
	case "rebase-merge", "rebase-apply":
		return statePlace(below, freeBoth)
	case "sequencer":
		return statePlace(below, freeFile)
	case "lfs", "NOTES_MERGE_WORKTREE":
		return freeBoth
	case "rr-cache":
		return rerePlace(below)
	case "info":
		return a.infoPlace(below)
	case "hooks":
		if stem, ok := strings.CutSuffix(below, ".sample"); ok && a.fresh && isName(stem) {
			return freeFile
		}
	}
	return Place{}
}

// statePlace is the place of a name in the folder of a rebase, a sequence or an am.
func statePlace(name string, other Place) Place {
	switch trustname.Fold(name) {
	case "git-rebase-todo", "todo":
		other = Place{Class: Todo, File: true, Remove: true}
	case "strategy", "gpg_sign_opt", "apply-opt", "opts":
		other = Place{Class: Options, File: true, Remove: true}
	}
	if !isName(name) || other.Class != Free && name != trustname.Fold(name) {
		return Place{} // a folding file system may take the name for another
	}
	return other
}

// rerePlace is the place of a path below rr-cache. No command makes the folder rr-cache,
// since the folder switches rerere on.
func rerePlace(below string) Place {
	hash, name, deep := strings.Cut(below, "/")
	switch {
	case !isHash(hash):
		return Place{}
	case !deep:
		return freeFolder
	}
	stem, variant, ok := strings.Cut(name, ".")
	if (stem == "preimage" || stem == "postimage" || stem == "thisimage") && (!ok || isNumber(variant)) {
		return freeFile
	}
	return Place{}
}

func (a area) infoPlace(name string) Place {
	switch {
	case name == "sparse-checkout":
		return freeFile
	case a.kind == worktreeDir:
		return Place{}
	case name == "refs", strings.HasPrefix(name, "refs_") && isRandom(name[len("refs_"):]):
		return freeFile
	case name == "exclude" && a.fresh:
		return freeFile
	}
	return Place{}
}
