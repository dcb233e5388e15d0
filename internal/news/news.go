// Package news says in few lines what a command has made or changed that programs of the
// host may obey or start, although no guard stands on it. Package news is pure. It must
// never leave out a group without counting it.
package news

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lockstile/lockstile/internal/trustname"
)

// File is a file that is new or changed.
type File struct {
	Root    string // the writable root
	Path    string // below the root, with slashes
	Named   bool   // a guarded file, or the environment, names the file
	Program bool   // the file may be started
}

// Repository is a new repository, with the keys of its configuration that name programs.
type Repository struct {
	Path string   `json:"path"`
	Keys []string `json:"keys,omitempty"`
}

// Group is a folder, or a single file, with the number of files that are new or changed.
type Group struct {
	Path  string `json:"path"`
	Files int    `json:"files,omitempty"` // 0 for a single file
}

// News is what to tell, by reason. Together the lists have at most mostLines entries.
type News struct {
	Named        []string     `json:"named,omitempty"`        // named by guarded files or by the environment
	Repositories []Repository `json:"repositories,omitempty"` // new
	Known        []string     `json:"known,omitempty"`        // hand-off names
	Dot          []Group      `json:"dot,omitempty"`          // names that begin with a dot, by the uppermost such folder
	Programs     []Group      `json:"programs,omitempty"`     // by the uppermost folder
	More         int          `json:"more,omitempty"`         // entries that have no room
	Since        string       `json:"since,omitempty"`        // the time from which on changes are listed, if earlier than the start
}

const mostLines = 20

// Empty reports whether there is nothing to tell.
func (n News) Empty() bool {
	return len(n.Named)+len(n.Repositories)+len(n.Known)+len(n.Dot)+len(n.Programs)+n.More == 0
}

// Of sorts files, repositories and other trusted names into the lists. known are full paths.
func Of(files []File, repositories []Repository, known []string) News {
	n := News{Repositories: repositories, Known: slices.Clone(known)}
	dot, programs := map[string]int{}, map[string]int{}
	for _, f := range files {
		_, known := trustname.HandOff(f.Path)
		at, isDot := dotFolder(f.Path)
		switch {
		case f.Named:
			n.Named = append(n.Named, f.in(f.Path))
		case known:
			n.Known = append(n.Known, f.in(f.Path))
		case isDot && at != "":
			f.count(dot, at)
		case f.Program && !isDot:
			top, _, _ := strings.Cut(f.Path, "/")
			f.count(programs, top)
		}
	}
	n.Dot, n.Programs = groups(dot), groups(programs)
	n.bound()
	return n
}

// in returns the full path of a path below the root of a file.
func (f File) in(path string) string { return filepath.Join(f.Root, filepath.FromSlash(path)) }

// count counts a file in a folder at or above the file; a single file counts as 0.
func (f File) count(files map[string]int, at string) {
	n := files[f.in(at)]
	if at != f.Path {
		n++
	}
	files[f.in(at)] = n
}

// dotFolder returns the uppermost name of a path that begins with a dot; "" if the name is
// harmless.
func dotFolder(path string) (at string, isDot bool) {
	end := 0
	for name := range strings.SplitSeq(path, "/") {
		end += len(name)
		if name != "" && name[0] == '.' {
			if harmless(name, path[end:]) {
				return "", true
			}
			return path[:end], true
		}
		end++
	}
	return "", false
}

// groups lists the groups, the largest first.
func groups(files map[string]int) (out []Group) {
	for path, n := range files {
		out = append(out, Group{path, n})
	}
	slices.SortFunc(out, func(a, b Group) int { return cmp.Or(b.Files-a.Files, strings.Compare(a.Path, b.Path)) })
	return out
}

// bound keeps the first lines.
func (n *News) bound() {
	slices.Sort(n.Named)
	slices.Sort(n.Known)
	n.Named, n.Known = slices.Compact(n.Named), slices.Compact(n.Known)
	left := mostLines
	n.Named = first(n.Named, &left, &n.More)
	n.Repositories = first(n.Repositories, &left, &n.More)
	n.Known = first(n.Known, &left, &n.More)
	n.Dot = first(n.Dot, &left, &n.More)
	n.Programs = first(n.Programs, &left, &n.More)
}

func first[T any](list []T, left, more *int) []T {
	if len(list) > *left {
		*more += len(list) - *left
		list = list[:*left]
	}
	*left -= len(list)
	return list
}

// Paths lists the paths with a line of their own, apart from the groups.
func (n News) Paths() []string {
	out := slices.Clone(n.Named)
	for _, r := range n.Repositories {
		out = append(out, r.Path)
	}
	return append(out, n.Known...)
}

// Lines says the news in one line for each entry.
func (n News) Lines() (out []string) {
	for _, path := range n.Named {
		out = append(out, path+" (a guarded file, or the environment, names it)")
	}
	for _, r := range n.Repositories {
		line := r.Path + " (a new repository)"
		if len(r.Keys) > 0 {
			line = r.Path + " (a new repository, whose configuration names programs or files: " + strings.Join(r.Keys, ", ") + ")"
		}
		out = append(out, line)
	}
	out = append(out, n.Known...)
	for _, g := range n.Dot {
		out = append(out, g.say("file"))
	}
	for _, g := range n.Programs {
		out = append(out, g.say("program"))
	}
	if n.More > 0 {
		out = append(out, fmt.Sprintf("and %d more", n.More))
	}
	return out
}

func (g Group) say(what string) string {
	switch g.Files {
	case 0:
		if what == "program" {
			return g.Path + " (a program)"
		}
		return g.Path
	case 1:
		return fmt.Sprintf("%s (1 %s)", g.Path, what)
	}
	return fmt.Sprintf("%s (%d %ss)", g.Path, g.Files, what)
}
