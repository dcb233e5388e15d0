// Package gitdir decides what a confined command may do with the names inside a git
// directory, and whether content may stand at a name. The package allows the names that
// git writes, and looks at content where git on the host would run or follow the content.
// Every answer follows from the arguments alone: package gitdir must never ask a file
// system, start git, or allow a name because nothing is known about the name.
package gitdir

import (
	"errors"
	"fmt"
	"strings"
)

// Class is the purpose of a name in a git directory. The zero value allows nothing.
type Class uint8

const (
	ReadOnly       Class = iota // nothing is made, changed or removed
	Free                        // any content, also written in place
	Log                         // a reflog: appended to; a server keeps the old content at a rename or a removal
	Object                      // a final name in objects: comes by rename, link or O_EXCL, then never changes
	Summary                     // a summary of objects: comes by rename, is replaced by rename, and removed
	Ref                         // by rename: a hash or "ref: NAME"
	Head                        // content like Ref's, also written in place
	Index                       // by rename, as NormalIndex writes the content
	SharedIndex                 // by rename, bytes unchanged: the name has the checksum
	Todo                        // the lines of a rebase or a sequence, also written in place
	Options                     // options with which git goes on, also written in place
	Emptied                     // by rename, and placed without content
	Shallow                     // by rename: hashes, where a list was before
	Config                      // by rename: differs from the old content in harmless keys alone
	WorktreeConfig              // by rename: likewise, with other keys
	PackedRefs                  // by rename: good names, or old names
	CommonDir                   // "../..", also written in place
	GitDir                      // the path of a worktree's .git in the workspace, also written in place
)

// InPlace reports whether bytes may be written to the name at once.
func (c Class) InPlace() bool { return c == Free || c == Log }

// Draft reports whether a write in place is collected, and placed at the close when Check
// allows the whole.
func (c Class) Draft() bool {
	return c == Head || c == Todo || c == Options || c == CommonDir || c == GitDir
}

// Checked reports whether Check looks at the content.
func (c Class) Checked() bool {
	switch c {
	case ReadOnly, Free, Log, Object, Summary:
		return false
	}
	return true
}

// Place is the list of a command's rights at a name. The zero value allows nothing.
type Place struct {
	Class  Class
	Folder bool // a folder may be made
	File   bool // a plain file may be made, under the conditions of the class
	Remove bool // a file or a folder may be removed, or renamed away
	Lock   bool // the name is a lock that git makes and takes away
	Fresh  bool // the git directory that has the name was made during the start
}

// Facts are the properties of a repository at the start.
type Facts struct {
	Workspace string   // absolute path
	GitDir    string   // absolute path of the git directory; with linked worktrees the common one
	HashSize  int      // bytes of an object name: see ReadFormat
	Own       string   // the workspace's own folder, like "worktrees/N", when the workspace is a linked worktree
	Older     []string // older git directories inside: "worktrees/N", "modules/NAME"

	Given []string // protected names that the user has given up: entries at such a name are as good as others

	Nested bool // a new repository below the workspace: the files of its tree are new as well, whatever their names

	// Shared returns the content of a shared index by the path in the git directory, or
	// nil. Without Shared, Check refuses an index with a shared index.
	Shared func(path string) []byte
}

// Rules decide about the names of a git directory. After the last call of Know, several
// goroutines may use the Rules.
type Rules struct {
	facts   Facts
	fresh   bool            // the whole git directory is new
	older   map[string]bool // older git directories inside
	above   map[string]bool // folders on the way to an older module
	entries map[string]bool // entries at protected names at the start
}

// New returns the rules of a git directory.
func New(f Facts) *Rules {
	r := &Rules{facts: f, older: map[string]bool{}, above: map[string]bool{}, entries: map[string]bool{}}
	for _, dir := range f.Older {
		r.older[dir] = true
		for i := strings.LastIndexByte(dir, '/'); i > 0; i = strings.LastIndexByte(dir[:i], '/') {
			r.above[dir[:i]] = true
		}
	}
	return r
}

// Class returns the class of a path relative to the git directory.
func (r *Rules) Class(path string) Class { return r.Place(path).Class }

// MayRename reports whether a file may be renamed. The content is left to Check.
func (r *Rules) MayRename(from, to string) bool {
	a, b := r.Place(from), r.Place(to)
	return a.Remove && a.File && a.Class != ReadOnly && b.File && b.Class != ReadOnly
}

// MayRenameFolder reports whether a folder may be renamed: only inside of objects still on
// the way.
func (r *Rules) MayRenameFolder(from, to string) bool {
	a, b := r.Place(from), r.Place(to)
	return a.Folder && b.Folder && a.Class == Free && isQuarantined(from) && isQuarantined(to)
}

// MayLink reports whether a file may get a second name: an object its final name.
func (r *Rules) MayLink(from, to string) bool {
	a, b := r.Place(from), r.Place(to)
	return a.Class == Free && a.File && isUnfinished(from) && b.Class == Object && b.File
}

// MayTryLink reports whether a symbolic link may be made: "git init" tries links in the new
// git directory, and removes the link.
func (r *Rules) MayTryLink(path, target string) bool {
	p := r.Place(path)
	name := path[strings.LastIndexByte(path, '/')+1:]
	return p.Fresh && p.Class == Free && p.File && target == "testing" && isTrial(name)
}

// MayReplace reports whether a rename may replace a file of the class. A final object
// stays, since the name is the hash of the content.
func (c Class) MayReplace() bool { return c != ReadOnly && c != Object }

// checkShallow allows the hashes at which a shallow repository ends (gitformat-shallow in
// git's documentation). A whole repository stays whole: git on the host would see no older
// commit, and would throw the older ones away in time.
func (r *Rules) checkShallow(a area, content, old []byte) error {
	if old == nil && !a.fresh {
		return errors.New("the repository has its whole history, and keeps it")
	}
	for line := range strings.Lines(string(content)) {
		if hash := strings.TrimSuffix(line, "\n"); len(hash) != 2*r.facts.HashSize || !isHash(hash) {
			return fmt.Errorf("%q is no hash", shorten(hash))
		}
	}
	return nil
}

var errReadOnly = errors.New("git never writes the name")

// Check returns why content may not stand at a path, or nil. old is the content that
// stands there, or nil. For Index, Check looks at the content before NormalIndex.
func (r *Rules) Check(path string, content, old []byte) error {
	a, p := r.find(path)
	switch p.Class {
	case Free, Log, Object, Summary, Emptied:
		return nil
	case Ref, Head:
		return r.checkRef(content)
	case Index:
		return r.checkIndex(a, content)
	case SharedIndex:
		return r.checkSharedIndex(a, content)
	case Todo:
		return checkTodo(content)
	case Options:
		return checkOptions(path, content, old)
	case Shallow:
		return r.checkShallow(a, content, old)
	case Config:
		return r.checkConfig(a, content, old)
	case WorktreeConfig:
		return compareConfig(content, old, isWorktreeKey)
	case PackedRefs:
		return r.checkPackedRefs(content, old)
	case CommonDir:
		return checkCommonDir(content)
	case GitDir:
		return r.checkGitDir(content)
	}
	return errReadOnly
}
